//! The kernels: each is a WGSL file and, beside it, its parameters, its variants and its test against a definition in
//! f64.

pub mod attend;
pub mod branch_input;
pub mod combine;
pub mod embed;
pub mod gated;
pub mod guide;
pub mod linear;
pub mod matmul;
pub mod norm;
pub mod product;
pub mod rope;
pub mod sample;
pub mod top_k;

#[cfg(test)]
mod product_tests;
#[cfg(test)]
mod shader_tests;
#[cfg(test)]
pub mod testing;

/// Offset of an optional vector that is absent, as `none` in `step_uniforms.wgsl`.
pub const NONE: u32 = u32::MAX;

const ACTIVATION: &str = include_str!("activation.wgsl");
const HEAD: &str = include_str!("head.wgsl");
const EMBED_ROW: &str = include_str!("embed_row.wgsl");
const BEST: &str = include_str!("best.wgsl");

/// Returns the code for elements of the key-value cache.
fn cached(f16: bool) -> &'static str {
    if f16 { include_str!("kv_f16.wgsl") } else { include_str!("kv_f32.wgsl") }
}
