//! Products with many tokens' vectors: all of prefill.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::NONE;
use crate::gpu::device::{Buffer, Features};
use crate::gpu::matrix::{Layout, Matrix};
use crate::gpu::program::{Extent, Op};
use crate::gpu::shader::{Access, Builder};

/// Rows of the output that a workgroup computes.
const ROWS: usize = 64;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    layout: Layout,
    format: u32,
    rows: u32,
    parts: u32,
    bias: u32,
    x_row: u32,
    x_start: u32,
    y_row: u32,
    y_start: u32,
    shard_rows: u32,
    rank: u32,
    pair_start: u32,
    inner_row: u32,
    inner_start: u32,
    pad: [u32; 3],
}

/// Some columns of the rows of a buffer.
#[derive(Clone)]
pub struct Columns<'a> {
    /// [tokens, row]
    pub buffer: &'a Rc<Buffer>,
    /// Elements from token to token.
    pub row: usize,
    /// First element within a row.
    pub start: usize,
}

/// A product of many tokens.
pub struct Matmul<'a> {
    /// W.
    pub matrix: &'a Matrix,
    /// Offset of the bias in `vectors`.
    pub bias: Option<u32>,
    /// Input; row and start are multiples of 4.
    pub x: Columns<'a>,
    /// Output.
    pub y: Columns<'a>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// The low-rank branch: B, [rows, rank] in f16 with a rank that is a multiple of 8, and X Aᵀ.
    pub branch: Option<(Matrix, Columns<'a>)>,
    /// Stands in for buffers that a variant does not read.
    pub nothing: &'a Rc<Buffer>,
}

impl Matmul<'_> {
    /// The dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { matrix, bias, x, y, vectors, branch, nothing } = self;
        // With f16 the tiles are half as large, so twice the tokens share a dequantised tile.
        let tokens = if features.f16 { 64 } else { 32 };
        let threads = tokens / 4 * (ROWS as u32 / 4);
        let shader = Builder::new("matmul", features, threads)
            .number("TOKENS", tokens)
            .flag("ADAPTED", branch.is_some())
            // Inputs of some layers exceed the range of f16 (65,504); a power of two changes nothing else.
            .declare("X_SCALE", if features.f16 { "0.0625f" } else { "1f" })
            .element()
            .storage(&[Access::Read, Access::Write, Access::Read, Access::Read, Access::Read])
            .matrix(matrix.shards.len(), &[matrix.format])
            .include(include_str!("matmul.wgsl"))
            .finish();
        let mut params = Params {
            layout: matrix.layout,
            format: matrix.format as u32,
            rows: matrix.rows as u32,
            parts: (matrix.columns / 8) as u32,
            bias: bias.unwrap_or(NONE),
            x_row: (x.row / 4) as u32,
            x_start: (x.start / 4) as u32,
            y_row: y.row as u32,
            y_start: y.start as u32,
            shard_rows: matrix.shard_rows as u32,
            ..Params::zeroed()
        };
        let mut bytes = matrix.bytes();
        let (mut pairs, mut inner) = (nothing, nothing);
        if let Some((b, a_x)) = &branch {
            params.rank = b.columns as u32;
            params.pair_start = b.layout.start[0];
            params.inner_row = (a_x.row / 4) as u32;
            params.inner_start = (a_x.start / 4) as u32;
            bytes += b.bytes();
            (pairs, inner) = (&b.shards[0], a_x.buffer);
        }
        let mut buffers = [x.buffer, y.buffer, vectors, pairs, inner].map(Rc::clone).to_vec();
        buffers.extend(matrix.shards.iter().cloned());
        let grid = (matrix.rows.div_ceil(ROWS) as u32, Extent::Tokens(tokens));
        Op::new(shader, &params, buffers, grid).reading(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::format::Format;
    use crate::gpu::kernels::testing::{compare, dot, each_gpu, halves, matrices, random, run};
    use crate::gpu::program::Step;

    async fn check(
        gpu: &crate::gpu::device::Gpu,
        shape: (Format, usize, usize),
        shard_rows: Option<usize>,
        tokens: usize,
        rank: usize,
    ) {
        let (matrices, values) = matrices(gpu, &[shape], shard_rows);
        let (_, rows, columns) = shape;
        let (x_row, x_start, y_row, y_start) = (columns + 12, 4, rows + 5, 3);
        let x = random("x", tokens * x_row);
        let before = random("y", tokens * y_row);
        let bias = random("bias", rows);
        let (inner_row, inner_start, first) = (rank + 8, 8, 3);
        let inner = random("inner", tokens * inner_row);
        let (b, b_values) = halves(gpu, &random("b", (first + rows) * rank.max(8)));
        let b = Matrix {
            format: Format::F16,
            rows,
            columns: rank,
            shard_rows: rows,
            layout: Layout { start: [(first * rank / 2) as u32, 0, 0, 0], row: [rank as u32 / 2, 0, 0, 0] },
            shards: vec![b],
        };
        let y = gpu.storage_with("y", &before).unwrap();
        let a_x = gpu.storage_with("inner", &inner).unwrap();
        let product = Matmul {
            matrix: &matrices[0],
            bias: Some(0),
            x: Columns { buffer: &gpu.storage_with("x", &x).unwrap(), row: x_row, start: x_start },
            y: Columns { buffer: &y, row: y_row, start: y_start },
            vectors: &gpu.storage_with("bias", &bias).unwrap(),
            branch: (rank > 0).then_some((b, Columns { buffer: &a_x, row: inner_row, start: inner_start })),
            nothing: &gpu.storage("nothing", 16).unwrap(),
        };
        run(gpu, Step::new(3, tokens), vec![product.op(gpu.features)]).await;
        let got: Vec<f32> = gpu.read(&y, before.len()).await.unwrap();
        let mut expected: Vec<f64> = before.iter().copied().map(f64::from).collect();
        for (token, row) in (0..tokens).flat_map(|token| (0..rows).map(move |row| (token, row))) {
            let at = token * y_row + y_start + row;
            let x = &x[token * x_row + x_start..][..columns];
            let product = dot(&values[0][row * columns..][..columns], x) + f64::from(bias[row]);
            let branch =
                dot(&b_values[(first + row) * rank..][..rank], &inner[token * inner_row + inner_start..][..rank]);
            expected[at] = product + branch;
        }
        // f32: rounding of at most 512 products below 1. f16: both factors and sums of four are rounded to 11 bits, and
        // such errors of 512 random terms add up to a few times 2^-11 · √512 · 0.3.
        let tolerance = if gpu.features.f16 { 0.02 } else { 1e-4 };
        compare(
            &format!("{shape:?}, {tokens} tokens, shards of {shard_rows:?}, rank {rank}"),
            &got,
            &expected,
            tolerance,
        );
    }

    #[test]
    fn every_format_is_the_dequantised_product() {
        each_gpu(async |gpu| {
            for format in Format::ALL {
                check(gpu, (format, 70, 512), None, 37, 0).await;
            }
        });
    }

    #[test]
    fn odd_sizes_branches_and_splits() {
        each_gpu(async |gpu| {
            check(gpu, (Format::F32, 3, 8), None, 1, 0).await;
            check(gpu, (Format::F16, 65, 24), None, 70, 8).await;
            check(gpu, (Format::Q8_0, 130, 96), Some(68), 2, 40).await;
        });
    }
}
