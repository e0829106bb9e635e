//! Residual additions and RMSNorms, and in decoding the A of the next block's low-rank branches.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::NONE;
use crate::gpu::device::{Buffer, Features};
use crate::gpu::program::{Extent, Op};
use crate::gpu::shader::{Access, Builder};

const THREADS: u32 = 256;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    width: u32,
    post: u32,
    weight: u32,
    inner_rows: u32,
    epsilon: f32,
    pad: [u32; 3],
}

/// A residual addition and a norm.
pub struct Norm<'a> {
    /// Width of the residual stream.
    pub width: usize,
    /// Epsilon of the norms.
    pub epsilon: f32,
    /// Offset of the norm's weight in `vectors`.
    pub weight: u32,
    /// The residual stream before: [tokens, width].
    pub x: &'a Rc<Buffer>,
    /// Output of a block that is added to it, and the offset of the weight of the norm that it gets first.
    pub block: Option<(&'a Rc<Buffer>, Option<u32>)>,
    /// The residual stream after.
    pub sum: &'a Rc<Buffer>,
    /// Its norm.
    pub normalised: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// For one token: A as f16 [rows, width], where A n goes, and rows.
    pub branch: Option<(&'a Rc<Buffer>, &'a Rc<Buffer>, usize)>,
    /// Stand in for buffers that a variant does not read or write.
    pub nothing: (&'a Rc<Buffer>, &'a Rc<Buffer>),
}

impl Norm<'_> {
    /// The dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { width, epsilon, weight, x, block, sum, normalised, vectors, branch, nothing } = self;
        let post = block.and_then(|(_, post)| post);
        let shader = Builder::new("norm", features, THREADS)
            .flag("HAS_BLOCK", block.is_some())
            .flag("POST_NORM", post.is_some())
            .flag("ADAPTED", branch.is_some())
            .reduce(THREADS)
            .storage(&[Access::Read, Access::Read, Access::Read, Access::Write, Access::Write])
            .storage(&[Access::Read, Access::Write])
            .include(include_str!("norm.wgsl"))
            .finish();
        let (a, inner, inner_rows) = branch.unwrap_or((nothing.0, nothing.1, 0));
        let params = Params {
            width: (width / 4) as u32,
            post: post.map_or(NONE, |post| post / 4),
            weight: weight / 4,
            inner_rows: inner_rows as u32,
            epsilon,
            pad: [0; 3],
        };
        let h = block.map_or(nothing.0, |(h, _)| h);
        let buffers = [x, h, vectors, sum, normalised, a, inner].map(Rc::clone).to_vec();
        let groups = 1 + inner_rows.div_ceil(4) as u32;
        Op::new(shader, &params, buffers, (groups, Extent::Tokens(1))).reading((2 * inner_rows * width) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::kernels::testing::{compare, dot, each_gpu, halves, random, run};
    use crate::gpu::program::Step;

    fn rms_norm(row: &[f64], weight: &[f32], epsilon: f64) -> Vec<f64> {
        let mean = row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64;
        row.iter().zip(weight).map(|(x, w)| x / (mean + epsilon).sqrt() * f64::from(*w)).collect()
    }

    async fn check(gpu: &crate::gpu::device::Gpu, width: usize, block: bool, post: bool, inner_rows: usize) {
        let tokens = if inner_rows > 0 { 1 } else { 3 };
        let epsilon = 0.01; // large enough to be seen
        let (x, h) = (random("x", tokens * width), random("h", tokens * width));
        let vectors = random("vectors", 2 * width);
        let (a, a_values) = halves(gpu, &random("a", inner_rows.max(1) * width));
        let upload = |values: &[f32]| gpu.storage_with("input", values).unwrap();
        let empty = |n: usize| gpu.storage("output", 4 * n as u64).unwrap();
        let (sum, normalised, inner) = (empty(tokens * width), empty(tokens * width), empty(inner_rows));
        let h_buffer = upload(&h);
        let norm = Norm {
            width,
            epsilon,
            weight: width as u32,
            x: &upload(&x),
            block: block.then_some((&h_buffer, post.then_some(0))),
            sum: &sum,
            normalised: &normalised,
            vectors: &upload(&vectors),
            branch: (inner_rows > 0).then_some((&a, &inner, inner_rows)),
            nothing: (&empty(4), &empty(4)),
        };
        run(gpu, Step::new(0, tokens), vec![norm.op(gpu.features)]).await;

        let epsilon = f64::from(epsilon);
        let (mut sums, mut norms) = (Vec::new(), Vec::new());
        for (x, h) in x.chunks(width).zip(h.chunks(width)) {
            let mut row: Vec<f64> = x.iter().copied().map(f64::from).collect();
            if block {
                let h: Vec<f64> = h.iter().copied().map(f64::from).collect();
                let h = if post { rms_norm(&h, &vectors[..width], epsilon) } else { h };
                row.iter_mut().zip(h).for_each(|(x, h)| *x += h);
            }
            norms.extend(rms_norm(&row, &vectors[width..], epsilon));
            sums.extend(row);
        }
        let label = format!("width {width}, block {block}, post {post}, {inner_rows} rows of A");
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
            check(gpu, 40, false, false, 0).await;
            check(gpu, 1000, true, false, 0).await;
            check(gpu, 256, true, true, 0).await;
            check(gpu, 640, true, true, 24).await;
            check(gpu, 64, false, false, 6).await;
        });
    }
}
