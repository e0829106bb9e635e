//! The engine of Pocket Gist: reads a chat and writes its summary in another language, on the device.
//!
//! [`engine::Engine`] loads a model and runs it; its documentation has an example. `crate/examples` has more. The
//! command `gist` and the page's worker are two thin users of this crate.
//!
//! The modules below are in layers, listed from the bottom up: each imports only from itself and those above it in this
//! list, and none in a circle. `tests/layers.rs` reads this list and checks both.

/// Errors: one line that tells the user what happened, where, and what to do.
pub mod error;

/// SHA-256 in hexadecimal.
pub mod hash;

/// Work on several threads where there are any.
mod parallel;

/// Random numbers that are the same everywhere.
mod random;

/// ROUGE scores.
pub mod rouge;

/// Containers of bytes: GGUF, safetensors, zip, and the sources that they are read from.
pub mod files;

/// The contents of a model file: configuration, weights, tokenizer; with the prompts and the sampling of tokens.
pub mod model;

/// LoRA files, read into low-rank pairs.
pub mod adapters;

/// The methods of the paper: each merges two adapters to at most one low-rank pair for each weight.
pub mod methods;

/// One forward pass, on the processor and on the GPU.
pub mod decoder;

/// Conversations: messages, their import from other programs, their language, and windows of long chats.
pub mod chat;

/// Facts of conversations and summaries, found by rule, and checks of a summary against its conversation.
pub mod facts;

/// The loop from a chat to the text of its summary.
pub mod engine;

/// The models and adapters that can be installed: those of the catalog, and those that the user adds.
pub mod catalog;

/// Random models for tests and measurements.
#[cfg(any(test, feature = "synth"))]
pub mod synth;

/// The engine in a browser's worker.
#[cfg(target_arch = "wasm32")]
pub mod web;
