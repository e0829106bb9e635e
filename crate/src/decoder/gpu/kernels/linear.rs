//! Decode: products of matrices with the vector of one token.

use super::product::Product;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::Builder;

const THREADS: u32 = 128;
/// Numbers of threads that share the rows of a bundle. With fewer, each spends less of its time on preparation, but
/// filling a GPU takes more rows, as many as a vocabulary has.
const LANES: [u32; 2] = [32, 16];
/// Number of rows from which on the smaller number of threads is used.
const MANY_ROWS: usize = 1 << 16;

/// Records `product` of the last token, into the first row of its output.
pub fn op(product: Product<'_>, features: Features) -> Op {
    let rows: usize = product.matrices.iter().map(|matrix| matrix.rows).sum();
    let lanes = LANES[usize::from(rows >= MANY_ROWS)];
    let builder = Builder::new("linear", features, THREADS).reduce(lanes);
    let builder = product.shader(builder, include_str!("linear.wgsl")).by_format(
        "fn accumulate(format: u32, a: Matrix, b: Matrix, rows: vec4<u32>, start: u32, lane: u32) -> vec4<f32>",
        "accumulate_FORMAT(a, b, rows, start, lane)",
        include_str!("accumulate.wgsl"),
        &product.formats(),
    );
    product.op(builder, (THREADS / lanes) as usize, false, Extent::One)
}
