//! LoRA files, PEFT and GGUF, read into low-rank pairs for the decoder.

mod adapter;
mod gguf_lora;
pub mod low_rank;
mod peft;
mod row_order;
mod stored;

pub use adapter::{LoraAdapter, PEFT_FILES};
pub use gguf_lora::{read_gguf, write_gguf};
pub use peft::{read_peft, write_peft};
pub use stored::{StoredPair, row_of};
