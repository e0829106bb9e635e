//! Containers of bytes, which know nothing of models.

pub mod gguf;
pub(crate) mod safetensors;
pub mod source;
pub(crate) mod zip;
