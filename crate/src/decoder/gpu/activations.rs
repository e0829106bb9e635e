//! The buffers between dispatches.

use std::rc::Rc;

use super::buffer::Buffer;
use super::device::Gpu;
use super::kernels::norm::SMALL_RANK;
use super::kernels::{combine, sample, top_k};
use super::slots;
use crate::error::Result;
use crate::model::config::ModelConfig;
use crate::model::sampler::MAX_TOP_K;

/// Buffers between dispatches, for up to `tokens` tokens.
pub struct Activations {
    tokens: usize,
    /// Ids of a pass: `[tokens]`.
    pub ids: Rc<Buffer>,
    /// Residual stream before a layer: [tokens, hidden_size].
    pub x: Rc<Buffer>,
    /// Residual stream between attention and feed-forward layer: [tokens, hidden_size].
    pub y: Rc<Buffer>,
    /// Output of a norm: [tokens, hidden_size].
    pub normalised: Rc<Buffer>,
    /// Queries, keys and values: [tokens, q | k | v].
    pub qkv: Rc<Buffer>,
    /// Attention over splits of the context, see [`combine`].
    pub partials: Rc<Buffer>,
    /// Output of attention: [tokens, heads · head_dim].
    pub attention: Rc<Buffer>,
    /// Output of a sublayer: [tokens, hidden_size]. A x of one token follows it where the rank is small.
    pub h: Rc<Buffer>,
    /// Gate and up projection: [tokens, gate | up].
    pub gate_and_up: Rc<Buffer>,
    /// activation(gate) · up: [tokens, intermediate_size].
    pub gated: Rc<Buffer>,
    /// A x of low-rank branches: [splits, tokens, targets · rank].
    pub inner: Rc<Buffer>,
    /// Logits of the last token: `[vocab_size]`.
    pub logits: Rc<Buffer>,
    /// Candidates (logit, id) for the next token: [tiles, top_k].
    pub candidates: Rc<Buffer>,
    /// Chosen ids: [`sample::RING`].
    pub chosen: Rc<Buffer>,
    /// Stand-ins for buffers that a shader variant declares and does not use: one that is read and one that is written,
    /// because a dispatch may not bind one buffer in both ways.
    pub placeholders: [Rc<Buffer>; 2],
}

/// Returns the bytes of [`Activations`], but for a few thousand.
pub fn bytes(config: &ModelConfig, tokens: usize, positions: usize, rank: usize) -> u64 {
    let row = 4 * config.hidden_size
        + 2 * config.q_width()
        + 2 * config.kv_width()
        + 3 * config.intermediate_size
        + slots::inner_values(config) * rank;
    (4 * (tokens * row + SMALL_RANK + config.vocab_size)) as u64 + combine::partials_bytes(config, positions)
}

impl Activations {
    /// Allocates buffers for passes of up to `tokens` tokens over a context of `positions`, with pairs of up to `rank`.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, config: &ModelConfig, tokens: usize, positions: usize, rank: usize) -> Result<Self> {
        let per_token = |label, n: usize| gpu.storage(label, (4 * tokens * n) as u64);
        let tiles = top_k::tiles(config.vocab_size) as usize;
        Ok(Self {
            tokens,
            ids: per_token("ids", 1)?,
            x: per_token("x", config.hidden_size)?,
            y: per_token("y", config.hidden_size)?,
            normalised: per_token("normalised", config.hidden_size)?,
            qkv: per_token("qkv", config.q_width() + 2 * config.kv_width())?,
            partials: gpu.storage("attention partials", combine::partials_bytes(config, positions))?,
            attention: per_token("attention", config.q_width())?,
            h: gpu.storage("h", (4 * (tokens * config.hidden_size + SMALL_RANK)) as u64)?,
            gate_and_up: per_token("gate and up", 2 * config.intermediate_size)?,
            gated: per_token("gated", config.intermediate_size)?,
            inner: per_token("inner", slots::inner_values(config) * rank.max(1))?,
            logits: gpu.storage("logits", 4 * config.vocab_size as u64)?,
            candidates: gpu.storage("candidates", (8 * tiles * MAX_TOP_K) as u64)?,
            chosen: gpu.storage("chosen", 4 * u64::from(sample::RING))?,
            placeholders: [gpu.storage("placeholder", 16)?, gpu.storage("placeholder", 16)?],
        })
    }

    /// Copies from `other` what a pass leaves for the next: the residual stream, a sublayer's output, and chosen ids.
    pub fn copy_from(&self, gpu: &Gpu, other: &Self) {
        gpu.submit_copies([(&other.x, &self.x), (&other.h, &self.h), (&other.chosen, &self.chosen)]);
    }

    /// Returns the tokens of the longest pass.
    pub fn tokens(&self) -> usize {
        self.tokens
    }
}
