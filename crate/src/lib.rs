//! The engine of Pocket Gist: reads a chat and writes its summary in another language, on the device.
//!
//! Data flows one way, and the modules are listed in that order: a model file ([`source`]) is read as a header and
//! tensors ([`gguf`]).

pub mod error;

pub mod source;

pub mod gguf;

pub mod spec;

pub mod weights;

pub mod low_rank;
mod parallel;

pub mod cpu;
pub mod gpu;

pub mod executor;

pub mod sampler;

pub mod tokenizer;

pub mod adapter;
pub mod baked;
pub mod calibration;
pub mod learned;
pub mod projection;
mod safetensors_file;

pub mod merge;

mod archive;
pub mod import;

pub mod chat;
pub mod dialogue;
pub mod prompt;

pub mod library;
pub mod method;

pub mod engine;
pub mod run;
pub mod windows;

pub mod lorahub;

pub mod trial;

pub mod address;
pub mod catalog;
pub mod install;
pub mod own;

pub mod rouge;

pub mod synth;

#[cfg(target_arch = "wasm32")]
pub mod web;
