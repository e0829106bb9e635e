//! Residual additions and RMSNorms, and in decoding the ends of low-rank branches: B of the sublayer before, if it is
//! small, and A of the sublayer after.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::NONE;
use super::branch_input::BranchInput;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::format::WeightFormat;
use crate::decoder::gpu::matrix::Matrix;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};

const THREADS: u32 = 256;

/// Parameters, as `Norm` in `norm.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) width: u32,
    pub(super) post: u32,
    pub(super) weight: u32,
    pub(super) inner_rows: u32,
    pub(super) inner_scales: u32,
    pub(super) epsilon: f32,
}

/// Rank of the pairs whose B a norm adds. Every workgroup reads all of B, so that this pays only for the smallest.
pub const SMALL_RANK: usize = 8;

/// Output of attention or of a feed-forward layer.
pub struct SublayerOutput<'a> {
    /// Values: [tokens, width].
    pub h: &'a Rc<Buffer>,
    /// Offset in `vectors` of the weight of the norm that is applied to it first, if there is one.
    pub post: Option<u32>,
    /// B as f16 [width, SMALL_RANK], for one token only. The output then lacks B (A x), and A x follows it in `h`.
    pub b: Option<Matrix>,
}

/// A residual addition and a norm.
pub struct Norm<'a> {
    /// Width of the residual stream.
    pub width: usize,
    /// Epsilon of the norms.
    pub epsilon: f32,
    /// Offset of the norm's weight in `vectors`.
    pub weight: u32,
    /// Residual stream before: [tokens, width].
    pub x: &'a Rc<Buffer>,
    /// Output that is added to it.
    pub sublayer: Option<SublayerOutput<'a>>,
    /// Residual stream after: [tokens, width].
    pub sum: &'a Rc<Buffer>,
    /// Its norm: [tokens, width].
    pub normalised: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// A of the next sublayer, for one token.
    pub branch: BranchInput<'a>,
    /// Stand-in for buffers that a variant does not read.
    pub placeholder: &'a Rc<Buffer>,
}

impl Norm<'_> {
    /// Records the dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { width, epsilon, weight, x, sublayer, sum, normalised, vectors, branch, placeholder } = self;
        let post = sublayer.as_ref().and_then(|sublayer| sublayer.post);
        let b = sublayer.as_ref().and_then(|sublayer| sublayer.b.as_ref());
        assert!(b.is_none_or(|b| b.format == WeightFormat::F16 && b.columns == SMALL_RANK), "B is small");
        let builder = Builder::new("norm", features, THREADS)
            .flag("HAS_SUBLAYER", sublayer.is_some())
            .flag("POST_NORM", post.is_some())
            .flag("SUBLAYER_ADAPTED", b.is_some())
            .number("FOURS", (width / 4).div_ceil(THREADS as usize) as u32)
            .reduce(THREADS)
            .storage(&[Access::Read, Access::Read, Access::Read, Access::ReadWrite, Access::ReadWrite, Access::Read])
            .include(include_str!("norm.wgsl"));
        let params = Params {
            width: (width / 4) as u32,
            post: post.map_or(NONE, |post| post / 4),
            weight: weight / 4,
            inner_rows: branch.rows(),
            inner_scales: branch.scales(),
            epsilon,
        };
        let h = sublayer.as_ref().map_or(placeholder, |sublayer| sublayer.h);
        let sublayer_pairs = b.map_or(placeholder, |b| &b.shards[0]);
        let pairs = &branch.a.shards[0];
        let buffers = [x, h, vectors, sum, normalised, sublayer_pairs, pairs, branch.inner].map(Rc::clone).to_vec();
        let bytes = branch.a.bytes() + b.map_or(0, Matrix::bytes);
        let shader = branch.declare(builder).finish();
        Op::new(shader, &params, buffers, (1 + branch.workgroups(), Extent::Tokens(1))).reading(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::device::Gpu;
    use crate::decoder::gpu::kernels::testing::{compare, dot, each_gpu, pair_matrix, random, run};
    use crate::decoder::gpu::step_uniforms::StepUniforms;

    fn rms_norm(row: &[f64], weight: &[f32], epsilon: f64) -> Vec<f64> {
        let mean = row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64;
        row.iter().zip(weight).map(|(x, w)| x / (mean + epsilon).sqrt() * f64::from(*w)).collect()
    }

    /// Optional parts of a norm.
    #[derive(Debug, Clone, Copy)]
    struct Parts {
        sublayer: bool,
        post: bool,
        sublayer_branch: bool,
        inner_rows: usize,
        in_blocks: bool,
    }

    async fn check(gpu: &Gpu, width: usize, parts: Parts) {
        let Parts { sublayer, post, sublayer_branch, inner_rows, in_blocks } = parts;
        let tokens = if inner_rows > 0 || sublayer_branch { 1 } else { 3 };
        let epsilon = 0.01; // large enough to be seen
        let (x, h) = (random("x", tokens * width), random("h", tokens * width + SMALL_RANK));
        let vectors = random("vectors", 2 * width);
        let (a, a_values) = pair_matrix(gpu, in_blocks, inner_rows.max(1), width);
        let (b, b_values) = pair_matrix(gpu, false, width, SMALL_RANK);
        let upload = |values: &[f32]| gpu.storage_with("input", values).unwrap();
        let empty = |n: usize| gpu.storage("output", 4 * n as u64).unwrap();
        let (sum, normalised, inner) = (empty(tokens * width), empty(tokens * width), empty(inner_rows.max(1)));
        let h_buffer = upload(&h);
        let norm = Norm {
            width,
            epsilon,
            weight: width as u32,
            x: &upload(&x),
            sublayer: sublayer.then_some(SublayerOutput {
                h: &h_buffer,
                post: post.then_some(0),
                b: sublayer_branch.then_some(b),
            }),
            sum: &sum,
            normalised: &normalised,
            vectors: &upload(&vectors),
            branch: BranchInput { a: Matrix { rows: inner_rows, ..a }, inner: &inner },
            placeholder: &empty(4),
        };
        run(gpu, StepUniforms::new(0, tokens), vec![norm.op(gpu.features)]).await;

        let epsilon = f64::from(epsilon);
        let (mut sums, mut norms) = (Vec::new(), Vec::new());
        let (h, behind) = h.split_at(tokens * width);
        for (x, h) in x.chunks(width).zip(h.chunks(width)) {
            let mut row: Vec<f64> = x.iter().copied().map(f64::from).collect();
            if sublayer {
                let mut h: Vec<f64> = h.iter().copied().map(f64::from).collect();
                if sublayer_branch {
                    h.iter_mut().zip(b_values.chunks(SMALL_RANK)).for_each(|(h, b)| *h += dot(b, behind));
                }
                let h = if post { rms_norm(&h, &vectors[..width], epsilon) } else { h };
                row.iter_mut().zip(h).for_each(|(x, h)| *x += h);
            }
            norms.extend(rms_norm(&row, &vectors[width..], epsilon));
            sums.extend(row);
        }
        let label = format!("width {width}, {parts:?}");
        // A sum of at most 1,000 squares and a root, rounded to f32.
        compare(&label, &gpu.read(&sum, sums.len()).await.unwrap(), &sums, 1e-5);
        compare(&label, &gpu.read(&normalised, norms.len()).await.unwrap(), &norms, 1e-5);
        if inner_rows > 0 {
            let n: Vec<f32> = norms.iter().map(|n| *n as f32).collect();
            let expected: Vec<f64> = a_values.chunks(width).map(|row| dot(row, &n)).collect();
            compare(&label, &gpu.read(&inner, inner_rows).await.unwrap(), &expected, 1e-4);
        }
    }

    #[test]
    fn sums_norms_and_branches() {
        each_gpu(async |gpu| {
            let plain = Parts { sublayer: false, post: false, sublayer_branch: false, inner_rows: 0, in_blocks: false };
            let sublayer = Parts { sublayer: true, ..plain };
            check(gpu, 40, plain).await;
            check(gpu, 1000, sublayer).await;
            check(gpu, 256, Parts { post: true, ..sublayer }).await;
            check(gpu, 640, Parts { post: true, inner_rows: 24, ..sublayer }).await;
            check(gpu, 640, Parts { post: true, inner_rows: 34, in_blocks: true, ..sublayer }).await;
            check(gpu, 96, Parts { inner_rows: 3, in_blocks: true, ..plain }).await;
            check(gpu, 64, Parts { inner_rows: 6, ..plain }).await;
            check(gpu, 2048, Parts { sublayer_branch: true, inner_rows: 24, ..sublayer }).await;
            check(gpu, 640, Parts { post: true, sublayer_branch: true, ..sublayer }).await;
        });
    }
}
