//! Products of matrices that have the same input: what [`super::linear`] computes for one token and [`super::matmul`] for
//! many.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::{ACTIVATION, NONE};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::format::WeightFormat;
use crate::decoder::gpu::matrix::{Layout, Matrix};
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::Activation;

/// Rows of a bundle, as in `product.wgsl`.
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
    pair_parts: u32,
    y_row: u32,
    inner_row: u32,
    pair_scales: u32,
    splits: u32,
    segment: [Segment; MAX_SEGMENTS],
}

/// What a product has to do with the low-rank branch beside it. Ranks are multiples of 8.
#[derive(Clone)]
pub enum Branch {
    /// B (A x) is added to the products.
    Added {
        /// B of the matrices, row under row, as f16 or Q8_0: [all rows, rank].
        b: Matrix,
        /// A x of each, one after the other, as the sum of `splits`: [splits, tokens, matrices · rank].
        inner: Rc<Buffer>,
        /// See [`Product::splits`].
        splits: usize,
    },
    /// A x is written behind the products; whoever reads them adds B. Only for one matrix and one token.
    Appended {
        /// A as f16: [rank, columns].
        a: Matrix,
    },
}

/// What is done with the products before they are written.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// Biases are added: the offset of each matrix's in `vectors`, where it has one.
    Bias(&'a [Option<u32>]),
    /// The two matrices are gate and up projection, of one shape and format, and activation(gate) · up is written.
    Gate(Activation),
}

/// Up to three matrices times the same vectors.
pub struct Product<'a> {
    /// The matrices.
    pub matrices: &'a [Matrix],
    /// Computes only this one of them, which may be split. Without it they have to lie in one buffer.
    pub only: Option<usize>,
    /// The input: [tokens, columns].
    pub x: &'a Rc<Buffer>,
    /// The output: for each token the matrices' rows one after the other, or half as many of a gate.
    pub y: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// The branch.
    pub branch: Option<Branch>,
    /// How it ends.
    pub epilogue: Epilogue<'a>,
    /// Workgroups that share the columns, where that is not 1: each writes an output of its own, and the product is their
    /// sum. Only for many tokens, without a branch.
    pub splits: usize,
    /// Stands in for buffers that a variant does not read.
    pub nothing: &'a Rc<Buffer>,
}

impl Product<'_> {
    /// Adds the code of products to a shader, `code` last.
    pub fn shader(&self, builder: Builder, code: &str) -> Builder {
        builder
            .flag("SPLIT", self.splits > 1)
            .flag("GATED", matches!(self.epilogue, Epilogue::Gate(_)))
            .flag("GELU", matches!(self.epilogue, Epilogue::Gate(Activation::GeluTanh)))
            .flag("ADAPTED", matches!(self.branch, Some(Branch::Added { .. })))
            .flag("APPENDED", matches!(self.branch, Some(Branch::Appended { .. })))
            .storage(&[Access::Read, Access::Write, Access::Read, Access::Read, Access::Read])
            .matrix(self.first().shards.len(), &self.formats())
            .include(ACTIVATION)
            .include(include_str!("product.wgsl"))
            .include(code)
    }

    /// The dispatch that runs `builder`'s shader with `bundles` bundles to a workgroup. In each workgroup there are bundles
    /// of one segment only if `apart`.
    pub fn op(self, builder: Builder, bundles: usize, apart: bool, extent: Extent) -> Op {
        let Self { matrices, x, y, vectors, branch, epilogue, splits, nothing, .. } = &self;
        let first = self.first();
        let (rank, pairs, inner, pair_row_bytes, inner_splits) = match branch {
            None => (0, None, *nothing, 0, 1),
            Some(Branch::Added { b, inner, splits }) => {
                (b.columns, Some(b), inner, b.format.row_bytes(b.columns), *splits)
            }
            Some(Branch::Appended { a }) => (0, Some(a), *nothing, 0, 1),
        };
        let whole = *splits == 1 && inner_splits == 1;
        assert!(whole || extent != Extent::One, "products of one token are not split, nor A x that they add");
        assert!(*splits == 1 || branch.is_none(), "products that are split have no branch");
        let biases = if let Epilogue::Bias(biases) = epilogue { biases } else { &[][..] };
        let mut params = Params {
            parts: (first.columns / 8) as u32,
            shard_rows: first.shard_rows as u32,
            pair_parts: pairs.map_or(0, |pairs| pairs.columns / 8) as u32,
            inner_row: (matrices.len() * rank / 4) as u32,
            pair_scales: pairs.map_or(0, |pairs| pairs.layout.scales()),
            splits: (splits * inner_splits) as u32,
            ..Params::default()
        };
        let (mut end, mut out, mut bytes) = (0, 0, 0);
        for (i, matrix) in matrices.iter().enumerate() {
            if self.has(i) {
                params.segment[params.segments as usize] = Segment {
                    layout: matrix.layout,
                    rows: matrix.rows as u32,
                    first: end as u32,
                    format: matrix.format as u32,
                    bias: biases.get(i).copied().flatten().unwrap_or(NONE),
                    out: out as u32,
                    pair_row: out as u32,
                    inner: (i * rank / 4) as u32,
                    pad: 0,
                };
                params.segments += 1;
                end += matrix.rows.div_ceil(ROWS);
                if apart {
                    end = end.next_multiple_of(bundles);
                }
                bytes += matrix.bytes() + matrix.rows as u64 * pair_row_bytes;
            }
            out += matrix.rows;
        }
        params.y_row = out as u32;
        if let Epilogue::Gate(_) = epilogue {
            // One bundle has two rows of each.
            params.y_row = first.rows as u32;
            end = first.rows.div_ceil(ROWS / 2);
        }
        if let Some(Branch::Appended { a }) = branch {
            let gated = matches!(epilogue, Epilogue::Gate(_));
            assert!(
                matrices.len() == 1 && !gated && extent == Extent::One && a.format == WeightFormat::F16,
                "A x is appended, for A in f16, to one product of one token"
            );
            params.segment[params.segments as usize] = Segment {
                rows: a.rows as u32,
                first: end as u32,
                format: NONE,
                bias: NONE,
                out: out as u32,
                ..Segment::default()
            };
            params.segments += 1;
            end += a.rows.div_ceil(ROWS);
            bytes += a.bytes();
        }
        let mut buffers =
            [*x, *y, *vectors, pairs.map_or(*nothing, |pairs| &pairs.shards[0]), inner].map(Rc::clone).to_vec();
        buffers.extend(first.shards.iter().cloned());
        Op::new(builder.finish(), &params, buffers, ((end.div_ceil(bundles) * splits) as u32, extent)).reading(bytes)
    }

    /// Formats of the matrices, each once.
    pub fn formats(&self) -> Vec<WeightFormat> {
        let used = self.matrices.iter().enumerate().filter(|(i, _)| self.has(*i));
        let mut formats: Vec<WeightFormat> = used.map(|(_, matrix)| matrix.format).collect();
        formats.sort();
        formats.dedup();
        formats
    }

    fn has(&self, i: usize) -> bool {
        self.only.is_none_or(|only| only == i)
    }

    fn first(&self) -> &Matrix {
        &self.matrices[self.only.unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::device::Gpu;
    use crate::decoder::gpu::kernels::testing::{compare, dot, each_gpu, matrices, pair_matrix, random, run};
    use crate::decoder::gpu::kernels::{linear, matmul};
    use crate::decoder::gpu::program::StepUniforms;

    #[derive(Clone, Copy)]
    struct Case<'a> {
        shapes: &'a [(WeightFormat, usize, usize)],
        shard_rows: Option<usize>,
        tokens: usize,
        rank: usize,
        in_blocks: bool,
        gate: Option<Activation>,
        only: Option<usize>,
    }

    /// What is where nothing was written.
    const UNTOUCHED: f32 = 7.0;

    async fn check(gpu: &Gpu, case: Case<'_>) {
        let Case { shapes, shard_rows, tokens, rank, in_blocks, gate, only } = case;
        let (matrices, values) = matrices(gpu, shapes, shard_rows);
        let columns = shapes[0].2;
        let rows: usize = shapes.iter().map(|shape| shape.1).sum();
        let y_row = if gate.is_some() { shapes[0].1 } else { rows };
        let x = random("x", tokens * columns);
        let bias = random("bias", rows);
        let (b, b_values) = pair_matrix(gpu, in_blocks, rows, rank.max(8));
        let inner_row = shapes.len() * rank.max(8);
        let inner = random("inner", tokens * inner_row);
        let biased = gate.is_none();
        let mut at = 0;
        let biases = shapes.iter().map(|shape| {
            at += shape.1 as u32;
            biased.then_some(at - shape.1 as u32)
        });
        let biases: Vec<Option<u32>> = biases.collect();
        let x_buffer = gpu.storage_with("x", &x).unwrap();
        let vectors = gpu.storage_with("bias", &bias).unwrap();
        let nothing = gpu.storage("nothing", 16).unwrap();
        let product = |y, inner: &[f32]| Product {
            matrices: &matrices,
            only,
            x: &x_buffer,
            y,
            vectors: &vectors,
            branch: (rank > 0).then(|| Branch::Added {
                b: b.clone(),
                inner: gpu.storage_with("inner", inner).unwrap(),
                splits: 1,
            }),
            epilogue: gate.map_or(Epilogue::Bias(&biases), Epilogue::Gate),
            splits: 1,
            nothing: &nothing,
        };
        // The last token's A x is all that decoding has.
        let last_inner = &inner[(tokens - 1) * inner_row..];
        let many = gpu.storage_with("y", &vec![UNTOUCHED; tokens * y_row]).unwrap();
        let one = gpu.storage_with("y", &vec![UNTOUCHED; y_row]).unwrap();
        let ops =
            vec![matmul::op(product(&many, &inner), gpu.features), linear::op(product(&one, last_inner), gpu.features)];
        run(gpu, StepUniforms::new(3, tokens), ops).await;

        let written = |row: usize| {
            let end = |i: usize| shapes[..i].iter().map(|shape| shape.1).sum::<usize>();
            only.is_none_or(|only| (end(only)..end(only + 1)).contains(&row))
        };
        let mut expected = Vec::new();
        for token in 0..tokens {
            let mut products = Vec::new();
            for (i, (shape, values)) in shapes.iter().zip(&values).enumerate() {
                for row in 0..shape.1 {
                    let at = products.len();
                    let mut product = dot(&values[row * columns..][..columns], &x[token * columns..][..columns]);
                    if rank > 0 {
                        product += dot(&b_values[at * rank..][..rank], &inner[token * inner_row + i * rank..][..rank]);
                    }
                    products.push(product + if biased { f64::from(bias[at]) } else { 0.0 });
                }
            }
            expected.extend((0..y_row).map(|row| match gate {
                None if written(row) => products[row],
                None => f64::from(UNTOUCHED),
                Some(activation) => activate(activation, products[row]) * products[row + y_row],
            }));
        }
        let label = format!(
            "{shapes:?}, {tokens} tokens, shards of {shard_rows:?}, B {:?} of rank {rank}, {gate:?}, only {only:?}",
            b.format
        );
        // f32: rounding of at most 512 products below 1. f16: factors and sums of eight are rounded to 11 bits, and such
        // errors of 512 random terms add up to a few times 2^-11 · √512 · 0.3. Gated ones are times a number up to 100.
        let [f32s, f16s] = if gate.is_some() { [1e-2, 2.0] } else { [1e-4, 0.02] };
        let got: Vec<f32> = gpu.read(&many, expected.len()).await.unwrap();
        compare(&format!("matmul {label}"), &got, &expected, if gpu.features.f16 { f16s } else { f32s });
        let got: Vec<f32> = gpu.read(&one, y_row).await.unwrap();
        compare(&format!("linear {label}"), &got, &expected[(tokens - 1) * y_row..], f32s);
    }

    /// A x behind W x.
    async fn check_appended(gpu: &Gpu, shape: (WeightFormat, usize, usize), shard_rows: Option<usize>, rank: usize) {
        let (format, rows, columns) = shape;
        let (matrices, values) = matrices(gpu, &[shape], shard_rows);
        let x = random("x", columns);
        let (a, a_values) = pair_matrix(gpu, false, rank, columns);
        let nothing = gpu.storage("nothing", 16).unwrap();
        let y = gpu.storage_with("y", &vec![UNTOUCHED; rows + rank + 1]).unwrap();
        let product = Product {
            matrices: &matrices,
            only: None,
            x: &gpu.storage_with("x", &x).unwrap(),
            y: &y,
            vectors: &nothing,
            branch: Some(Branch::Appended { a }),
            epilogue: Epilogue::Bias(&[]),
            splits: 1,
            nothing: &nothing,
        };
        run(gpu, StepUniforms::new(3, 1), vec![linear::op(product, gpu.features)]).await;
        let all = values[0].chunks(columns).chain(a_values.chunks(columns));
        let mut expected: Vec<f64> = all.map(|row| dot(row, &x)).collect();
        expected.push(f64::from(UNTOUCHED));
        let label = format!("{format:?}, {rows} rows, shards of {shard_rows:?}, rank {rank} behind");
        compare(&label, &gpu.read(&y, expected.len()).await.unwrap(), &expected, 1e-4);
    }

    /// W x + B (A x), where several workgroups share A's columns.
    async fn check_split(gpu: &Gpu, shape: (WeightFormat, usize, usize), tokens: usize, rank: usize, in_blocks: bool) {
        let (_, rows, columns) = shape;
        let (matrices, values) = matrices(gpu, &[shape], None);
        let x = random("x", tokens * columns);
        let (a, a_values) = pair_matrix(gpu, in_blocks, rank, columns);
        let (b, b_values) = pair_matrix(gpu, in_blocks, rows, rank);
        let splits = matmul::splits(columns);
        assert!(splits > 1);
        let x_buffer = gpu.storage_with("x", &x).unwrap();
        let nothing = gpu.storage("nothing", 16).unwrap();
        let written = splits * tokens * rank;
        let inner = gpu.storage_with("inner", &vec![UNTOUCHED; written + 1]).unwrap();
        let y = gpu.storage("y", 4 * (tokens * rows) as u64).unwrap();
        let op = |matrices: &[Matrix], y, splits, branch| {
            let (x, vectors, nothing, epilogue) = (&x_buffer, &nothing, &nothing, Epilogue::Bias(&[]));
            let product = Product { matrices, only: None, x, y, vectors, branch, epilogue, splits, nothing };
            matmul::op(product, gpu.features)
        };
        let branch = Branch::Added { b, inner: inner.clone(), splits };
        let ops = vec![op(&[a], &inner, splits, None), op(&matrices, &y, 1, Some(branch))];
        run(gpu, StepUniforms::new(3, tokens), ops).await;

        let got: Vec<f32> = gpu.read(&inner, written + 1).await.unwrap();
        assert_eq!(got[written], UNTOUCHED, "nothing is written behind the last split");
        let mut expected = Vec::new();
        for x in x.chunks(columns) {
            let inner: Vec<f32> = a_values.chunks(columns).map(|row| dot(row, x) as f32).collect();
            let rows = values[0].chunks(columns).zip(b_values.chunks(rank));
            expected.extend(rows.map(|(w, b)| dot(w, x) + dot(b, &inner)));
        }
        let label = format!("{shape:?}, {tokens} tokens, A x in {splits} splits, rank {rank}");
        // As in `check`, with twice the columns; and A x, of tens at most, has the same errors, of which B adds up as many
        // as the rank.
        let tolerance = if gpu.features.f16 { 0.2 } else { 1e-3 };
        compare(&label, &gpu.read(&y, expected.len()).await.unwrap(), &expected, tolerance);
    }

    fn activate(activation: Activation, x: f64) -> f64 {
        let argument = match activation {
            Activation::Silu => x,
            Activation::GeluTanh => 1.595_769_121_605_73 * (x + 0.044_715 * x * x * x),
        };
        x / (1.0 + (-argument).exp())
    }

    #[test]
    fn every_format_is_the_dequantised_product() {
        each_gpu(async |gpu| {
            for format in WeightFormat::ALL {
                let shapes = &[(format, 70, 512)];
                check(
                    gpu,
                    Case { shapes, shard_rows: None, tokens: 37, rank: 0, in_blocks: false, gate: None, only: None },
                )
                .await;
            }
        });
    }

    #[test]
    fn segments_branches_gates_and_splits() {
        use WeightFormat::{F16, F32, Q4_K, Q5_0, Q8_0};
        each_gpu(async |gpu| {
            let shapes = &[(F32, 5, 40)];
            let plain = Case { shapes, shard_rows: None, tokens: 2, rank: 0, in_blocks: false, gate: None, only: None };
            let qkv = [(Q5_0, 78, 96), (Q8_0, 7, 96), (F16, 9, 96)];
            check(gpu, plain).await;
            check(gpu, Case { shapes: &[(F16, 65, 24)], tokens: 70, rank: 8, ..plain }).await;
            check(gpu, Case { shapes: &qkv, ..plain }).await;
            check(gpu, Case { shapes: &qkv, tokens: 65, rank: 24, ..plain }).await;
            check(gpu, Case { shapes: &qkv, rank: 8, only: Some(1), ..plain }).await;
            check(gpu, Case { shapes: &[(Q8_0, 130, 64)], shard_rows: Some(68), rank: 40, ..plain }).await;
            let gate = [(Q4_K, 37, 256), (Q4_K, 37, 256)];
            check(gpu, Case { shapes: &gate, tokens: 9, gate: Some(Activation::Silu), ..plain }).await;
            check(gpu, Case { shapes: &gate, rank: 16, gate: Some(Activation::GeluTanh), ..plain }).await;
            let blocks = Case { in_blocks: true, ..plain };
            check(gpu, Case { shapes: &qkv, tokens: 65, rank: 32, ..blocks }).await;
            check(gpu, Case { shapes: &qkv, rank: 96, only: Some(1), ..blocks }).await;
            check(gpu, Case { shapes: &gate, rank: 64, gate: Some(Activation::Silu), ..blocks }).await;
            // A vocabulary's.
            check(gpu, Case { shapes: &[(Q8_0, 65_541, 32)], shard_rows: Some(32_772), ..plain }).await;
            check_split(gpu, (Q8_0, 70, 640), 67, 8, false).await;
            check_split(gpu, (Q8_0, 9, 1024), 5, 32, true).await;
            check_appended(gpu, (Q4_K, 36, 512), None, 8).await;
            check_appended(gpu, (Q8_0, 68, 96), Some(36), 24).await;
        });
    }
}
