//! What a model file holds, before anything runs.

pub mod config;
pub mod prompt;
pub mod sampler;
pub mod tokenizer;
pub mod weights;
