//! The engine of Pocket Gist: reads a chat and writes its summary in another language, on the device.
//!
//! The modules are listed from the bottom up: each imports only from those above it in this list, which
//! `tests/layers.rs` checks.

pub mod error;
pub mod hash;
mod parallel;
mod random;

pub mod rouge;

/// Containers of bytes: GGUF, safetensors, zip, and where their bytes come from.
pub mod files;

/// What a model file holds: configuration, weights, tokenizer, prompts, sampling.
pub mod model;

/// LoRA files, read into low-rank pairs.
pub mod adapters;

/// The methods: two adapters come down to at most one low-rank pair for each weight.
pub mod methods;

/// One forward pass, on the processor and on the GPU.
pub mod decoder;

/// Conversations, wherever they come from.
pub mod chat;

/// The loop from a chat to the text of its summary.
pub mod engine;

/// What can be installed: models and adapters of the catalog, and those that the user adds.
pub mod catalog;

/// Random models for tests and measurements.
pub mod synth;

/// The engine in a browser's worker.
#[cfg(target_arch = "wasm32")]
pub mod web;
