//! Containers of bytes: GGUF, safetensors and zip files. Nothing here knows what a model is.

pub mod gguf;
pub(crate) mod safetensors;
pub mod source;
pub(crate) mod zip;
