//! Products with one token's vector: all of decoding.

use super::product::Product;
use crate::gpu::device::Features;
use crate::gpu::program::{Extent, Op};
use crate::gpu::shader::Builder;

const THREADS: u32 = 128;
/// Threads that share the rows of a bundle.
const LANES: u32 = 32;

/// The dispatch that computes `product` of the last token into the first row of its output.
pub fn op(product: Product<'_>, features: Features) -> Op {
    let builder = Builder::new("linear", features, THREADS).reduce(LANES);
    let builder = product.shader(builder, include_str!("linear.wgsl")).by_format(
        "fn accumulate(format: u32, a: Matrix, b: Matrix, rows: vec4<u32>, start: u32, lane: u32) -> vec4<f32>",
        "accumulate_FORMAT(a, b, rows, start, lane)",
        include_str!("accumulate.wgsl"),
        &product.formats(),
    );
    product.op(builder, (THREADS / LANES) as usize, false, Extent::One)
}
