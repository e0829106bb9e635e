//! What a summary cost, as the page is told.

use serde::Serialize;
use tsify::Tsify;

use crate::decoder::gpu::{self, Counters};
use crate::engine;

/// What a summary cost. Tokens and times are sums over its passes.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Tokens of the prompts.
    pub prompt_tokens: usize,
    /// Tokens generated.
    pub generated_tokens: usize,
    /// Until the first text of the last step.
    pub time_to_first_token_ms: f64,
    /// Reading prompts.
    pub prefill_ms: f64,
    /// Generating.
    pub decode_ms: f64,
    /// From request to answer.
    pub total_ms: f64,
    /// Passes of the model.
    pub passes: usize,
    /// Passes that ended at `maxTokens`.
    pub passes_cut: usize,
    /// The passes one by one.
    pub per_pass: Vec<PassMetrics>,
    /// Size of the WebAssembly memory.
    pub wasm_bytes: u64,
    /// What the GPU did; null if it had no part in it.
    pub gpu: Option<GpuMetrics>,
}

/// What the GPU did. Counts are of the tokens that were generated one by one.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
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
    /// What `decoder` did since its counters were `before`.
    pub fn since(before: Counters, decoder: &gpu::Decoder) -> Self {
        let Counters { tokens, dispatches, passes, submits, readbacks, bytes } = decoder.counters().since(before);
        let allocated = decoder.gpu().allocated();
        Self { bytes: allocated, tokens, dispatches, passes, submits, readbacks, bytes_read: bytes }
    }
}

/// What one pass of the model cost.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct PassMetrics {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens generated.
    pub generated_tokens: usize,
    /// Reading the prompt.
    pub prefill_ms: f64,
    /// Generating.
    pub decode_ms: f64,
    /// Whether it ended at `maxTokens`.
    pub cut: bool,
}

impl From<engine::PassMetrics> for PassMetrics {
    fn from(of: engine::PassMetrics) -> Self {
        Self {
            prompt_tokens: of.prompt_tokens,
            generated_tokens: of.generated_tokens,
            prefill_ms: of.prefill_ms,
            decode_ms: of.decode_ms,
            cut: of.cut,
        }
    }
}

impl Metrics {
    /// The engine's own figures, with those that only the worker knows.
    pub fn new(of: engine::Metrics, total_ms: f64, wasm_bytes: u64, gpu: Option<GpuMetrics>) -> Self {
        Self {
            prompt_tokens: of.prompt_tokens,
            generated_tokens: of.generated_tokens,
            time_to_first_token_ms: of.time_to_first_token_ms,
            prefill_ms: of.prefill_ms,
            decode_ms: of.decode_ms,
            total_ms,
            passes: of.passes,
            passes_cut: of.passes_cut,
            per_pass: of.per_pass.into_iter().map(Into::into).collect(),
            wasm_bytes,
            gpu,
        }
    }
}
