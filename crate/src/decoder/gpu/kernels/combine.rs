//! Decode: combines the partial results of attention over splits of the context, and computes the A of the low-rank
//! branch whose input the result is.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::branch_input::BranchInput;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op, SPLIT};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::ModelConfig;

/// Threads of a workgroup: enough for one head, or with a branch, whose workgroups go through all heads, enough for
/// these.
const THREADS: [u32; 2] = [64, 256];

/// Parameters, as `Combine` in `combine.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) heads: u32,
    pub(super) window: u32,
    pub(super) inner_rows: u32,
    pub(super) inner_scales: u32,
}

/// Returns the bytes of the partial results for a context of `positions`.
pub fn partials_bytes(config: &ModelConfig, positions: usize) -> u64 {
    (positions.div_ceil(SPLIT as usize) * config.heads * (4 + config.head_dim) * 4) as u64
}

/// Combines the partial results of one token.
pub struct Combine<'a> {
    /// Configuration of the model.
    pub config: &'a ModelConfig,
    /// Number of positions that the layer sees; 0 for all.
    pub window: u32,
    /// Partial results from [`super::rope::Heads::attend_one`]: [splits, heads, 4 + head_dim].
    pub partials: &'a Rc<Buffer>,
    /// Output of attention: [heads, head_dim].
    pub out: &'a Rc<Buffer>,
    /// A of the output projection.
    pub branch: BranchInput<'a>,
}

impl Combine<'_> {
    /// Records the dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { config, window, partials, out, branch } = self;
        let threads = THREADS[usize::from(branch.rows() > 0)];
        let builder = Builder::new("combine", features, threads)
            .number("HEAD", config.head_dim as u32)
            .number("SPLIT", SPLIT)
            .reduce(threads)
            .storage(&[Access::Read, Access::ReadWrite])
            .include(include_str!("combine.wgsl"));
        let (inner_rows, inner_scales) = (branch.rows(), branch.scales());
        let params = Params { heads: config.heads as u32, window, inner_rows, inner_scales };
        let buffers = [partials, out, &branch.a.shards[0], branch.inner].map(Rc::clone).to_vec();
        let workgroups = config.heads as u32 + branch.workgroups();
        let shader = branch.declare(builder).finish();
        Op::new(shader, &params, buffers, (workgroups, Extent::One)).reading(branch.a.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::device::Gpu;
    use crate::decoder::gpu::kernels::testing::{compare, config, dot, each_gpu, pair_matrix, random, run};
    use crate::decoder::gpu::matrix::Matrix;
    use crate::decoder::gpu::step_uniforms::StepUniforms;
    use crate::model::config::RopeStyle;

    /// Numbers of heads and of their elements, position of the token, window (0 for none), and branch.
    #[derive(Debug, Clone, Copy)]
    struct Case {
        heads: usize,
        head_dim: usize,
        position: usize,
        window: usize,
        inner_rows: usize,
        in_blocks: bool,
    }

    /// Returns Σ_s exp(m_s − max m) · sums_s / Σ_s exp(m_s − max m) · total_s, over the splits s that the token sees.
    fn expected(case: Case, partials: &[f32]) -> Vec<f64> {
        let Case { heads, head_dim, position, window, .. } = case;
        let seen = if window == 0 { position + 1 } else { window.min(position + 1) };
        let row = 4 + head_dim;
        let partial = |split: usize, head: usize| &partials[(split * heads + head) * row..][..row];
        let mut out = Vec::new();
        for head in 0..heads {
            let splits: Vec<&[f32]> = (0..seen.div_ceil(SPLIT as usize)).map(|split| partial(split, head)).collect();
            let largest = splits.iter().map(|partial| f64::from(partial[0])).fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = splits.iter().map(|partial| (f64::from(partial[0]) - largest).exp()).collect();
            let sum = |i: usize| weights.iter().zip(&splits).map(|(w, partial)| w * f64::from(partial[i])).sum::<f64>();
            out.extend((0..head_dim).map(|d| sum(4 + d) / sum(1)));
        }
        out
    }

    async fn check(gpu: &Gpu, case: Case) {
        let Case { heads, head_dim, position, window, inner_rows, in_blocks } = case;
        let (config, width, row) = (config(heads, 1, head_dim, RopeStyle::NeoX), heads * head_dim, 4 + head_dim);
        // A split more than the token sees: it must not count.
        let splits = position / SPLIT as usize + 2;
        let mut partials = random("partials", splits * heads * row);
        for partial in partials.chunks_exact_mut(row) {
            // A maximum in [-8, 8], a sum of SPLIT exponentials of which the largest is 1, and unused elements.
            partial[0] *= 8.0;
            partial[1] = 1.0 + 60.0 * partial[1].abs();
            partial[2..4].fill(f32::NAN);
        }
        let (a, a_values) = pair_matrix(gpu, in_blocks, inner_rows.max(1), width);
        let out = gpu.storage("out", (4 * width) as u64).unwrap();
        let inner = gpu.storage("inner", (4 * inner_rows) as u64).unwrap();
        let combine = Combine {
            config: &config,
            window: window as u32,
            partials: &gpu.storage_with("partials", &partials).unwrap(),
            out: &out,
            branch: BranchInput { a: Matrix { rows: inner_rows, ..a }, inner: &inner },
        };
        run(gpu, StepUniforms::new(position, 1), vec![combine.op(gpu.features)]).await;

        let expected = expected(case, &partials);
        // Quotients below 1 of sums of at most four products, each with an exponential of 16 at most, whose last few
        // bits may be wrong.
        compare(&format!("{case:?}"), &gpu.read(&out, width).await.unwrap(), &expected, 1e-5);
        if inner_rows > 0 {
            let n: Vec<f32> = expected.iter().map(|n| *n as f32).collect();
            let products: Vec<f64> = a_values.chunks(width).map(|row| dot(row, &n)).collect();
            // Sums of at most 1,024 products, whose errors cancel in part.
            compare(&format!("A n, {case:?}"), &gpu.read(&inner, inner_rows).await.unwrap(), &products, 1e-4);
        }
    }

    #[test]
    fn partial_results_of_splits_are_combined() {
        each_gpu(async |gpu| {
            let plain = Case { heads: 3, head_dim: 24, position: 299, window: 0, inner_rows: 0, in_blocks: false };
            check(gpu, plain).await;
            check(gpu, Case { position: 0, ..plain }).await;
            // The last position of a split, and the first of the next.
            check(gpu, Case { position: 127, ..plain }).await;
            check(gpu, Case { position: 128, ..plain }).await;
            check(gpu, Case { window: 200, ..plain }).await;
            check(gpu, Case { heads: 4, head_dim: 256, window: 512, inner_rows: 8, ..plain }).await;
            check(gpu, Case { heads: 5, head_dim: 8, inner_rows: 3, ..plain }).await;
            check(gpu, Case { heads: 4, inner_rows: 6, in_blocks: true, ..plain }).await;
        });
    }
}
