//! The uniforms that change from one pass to the next; the parameters of dispatches stay the same.

use bytemuck::{Pod, Zeroable};

use crate::model::sampler::Sampling;

/// Uniforms of a pass, as in `step_uniforms.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct StepUniforms {
    /// Tokens in the cache before the pass.
    pub position: u32,
    /// Tokens of the pass.
    pub tokens: u32,
    /// Tokens generated before the one that the pass chooses.
    pub generated: u32,
    /// Number of most probable tokens that the choice is among; 1 for greedy.
    pub top_k: u32,
    /// Seed, low word first.
    pub seed: [u32; 2],
    /// Temperature; 0 for greedy.
    pub temperature: f32,
    /// Probability that the candidates reach together.
    pub top_p: f32,
}

impl StepUniforms {
    /// Returns the uniforms of a pass of `tokens` tokens from `position` on that chooses greedily.
    pub fn new(position: usize, tokens: usize) -> Self {
        let (position, tokens) = (position as u32, tokens as u32);
        Self { position, tokens, generated: 0, top_k: 1, seed: [0; 2], temperature: 0.0, top_p: 1.0 }
    }

    /// Returns the same for a pass that chooses by `sampling` after `generated` generated tokens.
    pub fn with_sampling(self, sampling: &Sampling, generated: usize) -> Self {
        let greedy = sampling.temperature == 0.0;
        Self {
            generated: generated as u32,
            top_k: if greedy { 1 } else { sampling.top_k as u32 },
            seed: [sampling.seed as u32, (sampling.seed >> 32) as u32],
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            ..self
        }
    }
}
