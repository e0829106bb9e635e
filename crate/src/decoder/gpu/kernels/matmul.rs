//! Products with many tokens' vectors: all of prefill.

use super::product::Product;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::Builder;

const THREADS: u32 = 128;
/// What a workgroup computes, as in `matmul.wgsl`.
const TOKENS: u32 = 64;
const BUNDLES: usize = 16;

/// Columns that are worth a workgroup of their own, and how many workgroups share columns at most.
const SPLIT_COLUMNS: usize = 256;
const MOST_SPLITS: usize = 8;

/// [`Product::splits`] of an A of `columns`. It has few rows, so that workgroups of 64 leave most of a GPU idle, and take as
/// long as those of the W beside it.
pub fn splits(columns: usize) -> usize {
    (columns / SPLIT_COLUMNS).clamp(1, MOST_SPLITS)
}

/// The dispatch that computes `product` of all tokens.
pub fn op(product: Product<'_>, features: Features) -> Op {
    let builder = Builder::new("matmul", features, THREADS)
        .flag("HALF", features.f16)
        // Inputs of some layers exceed the range of f16 (65,504); a power of two changes nothing else.
        .declare("X_SCALE", if features.f16 { "0.0625f" } else { "1f" })
        .element();
    let builder = product.shader(builder, include_str!("matmul.wgsl")).by_format(
        "fn weight_columns(format: u32, m: Matrix, rows: vec2<u32>, part: u32) -> Columns",
        "weight_columns_FORMAT(m, rows, part)",
        include_str!("weight_columns.wgsl"),
        &product.formats(),
    );
    product.op(builder, BUNDLES, true, Extent::Tokens(TOKENS))
}
