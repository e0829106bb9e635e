//! The two ways of computing products with weights.

/// Arithmetic of products with weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Integer dot products with activations rounded to 8 bits.
    Fast,
    /// Products with weights dequantised to f32: slow and large, and the oracle of all tests.
    Exact,
}
