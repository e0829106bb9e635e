//! Prefill: products of matrices with the vectors of many tokens.

use super::product::Product;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::Builder;

const THREADS: u32 = 128;
/// Number of tokens that a workgroup computes, as in `matmul.wgsl`.
const TOKENS: u32 = 64;
/// Number of bundles that a workgroup computes, as in `matmul.wgsl`.
const BUNDLES: usize = 16;

/// Number of columns that are worth a workgroup of their own.
const SPLIT_COLUMNS: usize = 256;
/// Largest number of workgroups that share the columns.
const MAX_SPLITS: usize = 8;

/// Returns [`Product::splits`] of an A of `columns`. An A has few rows: without splits, its few workgroups would leave
/// most of a GPU idle and take as long as those of the W beside it.
pub fn splits(columns: usize) -> usize {
    (columns / SPLIT_COLUMNS).clamp(1, MAX_SPLITS)
}

/// Records `product` of all tokens.
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
