//! Figures of a summary, as the page gets them. Their names are those of `gist summarize --json`.

use serde::Serialize;
use tsify::Tsify;

use crate::decoder::gpu::{Counters, Decoder};
use crate::engine::Metrics;

/// Figures of a summary: those of the engine, and those that only the worker knows.
#[derive(Debug, Serialize, Tsify)]
pub struct SummaryMetrics {
    /// Figures of the engine.
    #[serde(flatten)]
    pub run: Metrics,
    /// Time from request to answer, in milliseconds.
    pub total_ms: f64,
    /// Size of the WebAssembly memory in bytes.
    pub wasm_bytes: u64,
    /// Figures of the GPU; null if the model ran on the processor.
    pub gpu: Option<GpuMetrics>,
}

/// Figures of the GPU. Counts are of the tokens that were generated one by one.
#[derive(Debug, Serialize, Tsify)]
pub struct GpuMetrics {
    /// Bytes of all its buffers.
    pub bytes: u64,
    /// Tokens that were computed one by one.
    pub tokens: u64,
    /// Dispatches for them.
    pub dispatches: u64,
    /// Compute passes for them.
    pub passes: u64,
    /// Submits for them.
    pub submits: u64,
    /// Readbacks of their ids.
    pub readbacks: u64,
    /// Bytes of weights, low-rank pairs and cache that they read.
    pub bytes_read: u64,
}

impl GpuMetrics {
    /// Returns the figures of `decoder` since its counters were `before`.
    pub fn since(before: Counters, decoder: &Decoder) -> Self {
        let Counters { tokens, dispatches, passes, submits, readbacks, bytes } = decoder.counters().since(before);
        let allocated = decoder.gpu().allocated();
        Self { bytes: allocated, tokens, dispatches, passes, submits, readbacks, bytes_read: bytes }
    }
}
