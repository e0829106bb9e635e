//! Products with one token's vector: all of decoding.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::{ACTIVATION, NONE};
use crate::gpu::device::{Buffer, Features};
use crate::gpu::matrix::{Layout, Matrix};
use crate::gpu::program::{Extent, Op};
use crate::gpu::shader::{Access, Builder};
use crate::spec::Activation;

const THREADS: u32 = 128;
/// Threads that share the rows of a bundle.
const LANES: u32 = 32;
/// Rows of a bundle.
const ROWS: usize = 4;
const MAX_SEGMENTS: usize = 3;

#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
struct Segment {
    layout: Layout,
    rows: u32,
    first: u32,
    format: u32,
    bias: u32,
    out: u32,
    pair_row: u32,
    inner: u32,
    pad: u32,
}

#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
struct Params {
    parts: u32,
    segments: u32,
    shard_rows: u32,
    rank: u32,
    segment: [Segment; MAX_SEGMENTS],
}

/// The low-rank branch beside a product: B of its matrices, row under row, and A x of each, one after the other.
#[derive(Clone)]
pub struct Branch {
    /// Rank, a multiple of 8.
    pub rank: usize,
    /// B as f16, [all rows, rank].
    pub b: Rc<Buffer>,
    /// A x: [matrices, rank].
    pub inner: Rc<Buffer>,
}

/// A product of one token.
pub struct Linear<'a> {
    /// Up to three matrices with the same input.
    pub matrices: &'a [Matrix],
    /// Computes only this one of them, which may be split. Without it they have to lie in one buffer.
    pub only: Option<usize>,
    /// Offsets of their biases in `vectors`, where they have any.
    pub biases: &'a [Option<u32>],
    /// The input: [tokens, columns], of which the last token counts.
    pub x: &'a Rc<Buffer>,
    /// The output: the matrices' rows one after the other, or with `gate` half as many.
    pub y: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// The branch.
    pub branch: Option<Branch>,
    /// The two matrices are gate and up projection, and this is their activation.
    pub gate: Option<Activation>,
    /// Stands in for buffers that a variant does not read.
    pub nothing: &'a Rc<Buffer>,
}

impl Linear<'_> {
    /// The dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { matrices, only, biases, x, y, vectors, branch, gate, nothing } = self;
        let first = &matrices[only.unwrap_or(0)];
        let rows_each = if gate.is_some() { ROWS / 2 } else { ROWS };
        let mut params = Params {
            parts: (first.columns / 8) as u32,
            segments: 0,
            shard_rows: first.shard_rows as u32,
            rank: branch.as_ref().map_or(0, |branch| branch.rank as u32),
            ..Params::default()
        };
        let (mut bundles, mut out, mut bytes) = (0, 0, 0);
        let mut formats = Vec::new();
        for (i, matrix) in matrices.iter().enumerate() {
            if only.is_none_or(|only| only == i) {
                params.segment[params.segments as usize] = Segment {
                    layout: matrix.layout,
                    rows: matrix.rows as u32,
                    first: bundles,
                    format: matrix.format as u32,
                    bias: biases.get(i).copied().flatten().unwrap_or(NONE),
                    out,
                    pair_row: out,
                    inner: i as u32 * params.rank / 4,
                    pad: 0,
                };
                params.segments += 1;
                bundles += matrix.rows.div_ceil(rows_each) as u32;
                bytes += matrix.bytes() + 2 * matrix.rows as u64 * u64::from(params.rank);
                formats.push(matrix.format);
            }
            out += matrix.rows as u32;
        }
        formats.sort();
        formats.dedup();
        if params.segments > 1 {
            params.shard_rows = u32::MAX; // several matrices lie in one buffer
        }
        if gate.is_some() {
            bundles /= 2;
        }
        let shader = Builder::new("linear", features, THREADS)
            .flag("GATED", gate.is_some())
            .flag("GELU", gate == Some(Activation::GeluTanh))
            .flag("ADAPTED", branch.is_some())
            .reduce(LANES)
            .storage(&[Access::Read, Access::Write, Access::Read, Access::Read, Access::Read])
            .matrix(first.shards.len(), &formats)
            .include(ACTIVATION)
            .include(include_str!("linear.wgsl"))
            .accumulate(include_str!("accumulate.wgsl"), &formats)
            .finish();
        let (b, inner) = branch.map_or((nothing.clone(), nothing.clone()), |branch| (branch.b, branch.inner));
        let mut buffers = vec![x.clone(), y.clone(), vectors.clone(), b, inner];
        buffers.extend(first.shards.iter().cloned());
        Op::new(shader, &params, buffers, (bundles.div_ceil(THREADS / LANES), Extent::One)).reading(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::format::Format;
    use crate::gpu::kernels::testing::{compare, dot, each_gpu, halves, matrices, random, run};
    use crate::gpu::program::Step;

    /// At most 512 products of numbers below 1, each rounded to f32, in another order.
    const TOLERANCE: f64 = 1e-4;

    struct Case<'a> {
        shapes: &'a [(Format, usize, usize)],
        shard_rows: Option<usize>,
        rank: usize,
        gate: Option<Activation>,
        only: Option<usize>,
    }

    async fn check(gpu: &crate::gpu::device::Gpu, case: Case<'_>) {
        let Case { shapes, shard_rows, rank, gate, only } = case;
        let (matrices, values) = matrices(gpu, shapes, shard_rows);
        let columns = shapes[0].2;
        let rows: usize = shapes.iter().map(|shape| shape.1).sum();
        let tokens = 2; // the last one counts
        let x = random("x", tokens * columns);
        let bias = random("bias", rows);
        let (b, b_values) = halves(gpu, &random("b", rows * rank.max(8)));
        let inner = random("inner", shapes.len() * rank.max(8));
        let y = gpu.storage_with("y", &vec![7.0_f32; rows]).unwrap();
        let biased = gate.is_none();
        let mut at = 0;
        let biases = shapes.iter().map(|shape| {
            at += shape.1 as u32;
            biased.then_some(at - shape.1 as u32)
        });
        let op = Linear {
            matrices: &matrices,
            only,
            biases: &biases.collect::<Vec<_>>(),
            x: &gpu.storage_with("x", &x).unwrap(),
            y: &y,
            vectors: &gpu.storage_with("bias", &bias).unwrap(),
            branch: (rank > 0).then(|| Branch { rank, b, inner: gpu.storage_with("inner", &inner).unwrap() }),
            gate,
            nothing: &gpu.storage("nothing", 16).unwrap(),
        };
        run(gpu, Step::new(0, tokens), vec![op.op(gpu.features)]).await;
        let mut products = Vec::new();
        for (i, (shape, values)) in shapes.iter().zip(&values).enumerate() {
            for row in 0..shape.1 {
                let at = products.len();
                let mut product = dot(&values[row * columns..][..columns], &x[columns..]);
                if rank > 0 {
                    product += dot(&b_values[at * rank..][..rank], &inner[i * rank..][..rank]);
                }
                products.push(product + if biased { f64::from(bias[at]) } else { 0.0 });
            }
        }
        let expected: Vec<f64> = match gate {
            None => products,
            Some(activation) => (0..shapes[0].1)
                .map(|row| {
                    let x = products[row];
                    let argument = match activation {
                        Activation::Silu => x,
                        Activation::GeluTanh => 1.595_769_121_605_73 * (x + 0.044_715 * x * x * x),
                    };
                    x / (1.0 + (-argument).exp()) * products[row + shapes[0].1]
                })
                .collect(),
        };
        let got: Vec<f32> = gpu.read(&y, expected.len()).await.unwrap();
        let label = format!("{shapes:?}, shards of {shard_rows:?}, rank {rank}, {gate:?}, only {only:?}");
        match only {
            None => compare(&label, &got, &expected, if gate.is_some() { 100.0 * TOLERANCE } else { TOLERANCE }),
            Some(only) => {
                let start: usize = shapes[..only].iter().map(|shape| shape.1).sum();
                let range = start..start + shapes[only].1;
                compare(&label, &got[range.clone()], &expected[range], TOLERANCE);
                assert!(start == 0 || got[..start].iter().all(|y| *y == 7.0), "{label}: other rows are left alone");
            }
        }
    }

    #[test]
    fn every_format_is_the_dequantised_product() {
        each_gpu(async |gpu| {
            for format in Format::ALL {
                let plain = Case { shapes: &[(format, 37, 512)], shard_rows: None, rank: 0, gate: None, only: None };
                check(gpu, plain).await;
            }
        });
    }

    #[test]
    fn segments_branches_gates_and_splits() {
        use Format::{F16, F32, Q4_K, Q5_0, Q8_0};
        each_gpu(async |gpu| {
            let plain = Case { shapes: &[(F32, 5, 40)], shard_rows: None, rank: 0, gate: None, only: None };
            let qkv = [(Q5_0, 18, 96), (Q8_0, 7, 96), (F16, 9, 96)];
            check(gpu, Case { ..plain }).await;
            check(gpu, Case { shapes: &qkv, ..plain }).await;
            check(gpu, Case { shapes: &qkv, rank: 24, ..plain }).await;
            check(gpu, Case { shapes: &qkv, rank: 8, only: Some(1), ..plain }).await;
            check(gpu, Case { shapes: &[(Q8_0, 30, 64)], shard_rows: Some(12), ..plain }).await;
            let gate = [(Q4_K, 21, 256), (Q4_K, 21, 256)];
            check(gpu, Case { shapes: &gate, gate: Some(Activation::Silu), ..plain }).await;
            check(gpu, Case { shapes: &gate, rank: 16, gate: Some(Activation::GeluTanh), ..plain }).await;
        });
    }
}
