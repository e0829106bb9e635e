//! Contents of a model file: configuration, tokenizer, weights and prompts. Nothing here runs the model.

pub mod config;
pub mod guide;
mod opened;
pub mod prompt;
pub mod quant;
pub mod sampler;
pub mod tokenizer;
#[cfg(not(target_arch = "wasm32"))]
pub mod trim;
pub mod weights;

pub use opened::Opened;
