//! What the integration tests share.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // each test file uses a part of it

use std::path::{Path, PathBuf};

use gist::cpu::Mode;
use gist::engine::{DEFAULT_CONTEXT, Engine};
use gist::source::FileSource;

/// The file of a model that `pkg-scripts/models` fetches. Tests without it fail: they would show nothing.
pub fn model(id: &str) -> PathBuf {
    let file = match id {
        "gemma-3-270m" => "gemma-3-270m-q4_k_m.gguf",
        "smollm2-135m" => "smollm2-135m-instruct-q4_1.gguf",
        other => panic!("no file is known for {other}"),
    };
    let folder = std::env::var_os("POCKET_GIST_MODELS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(&std::env::var_os("HOME").expect("HOME is set")).join(".cache/pocket-gist"));
    let path = folder.join(file);
    assert!(path.exists(), "{} is missing; run pkg-scripts/models {id}", path.display());
    path
}

pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(path)
}

pub fn engine(path: &Path, mode: Mode) -> Engine {
    let source = FileSource::open(path).unwrap();
    pollster::block_on(Engine::load(&source, None, mode, DEFAULT_CONTEXT, &mut |_, _| {})).unwrap()
}

/// log-softmax.
pub fn log_probabilities(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
    logits.iter().map(|logit| f64::from(logit - max) - sum.ln()).collect()
}
