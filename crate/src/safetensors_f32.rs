//! Safetensors values as f32.

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::error::Result;
use crate::input;

/// The values of `view`, which has to be F32, F16 or BF16; `name` is for the message.
///
/// # Errors
/// If it holds another type.
pub fn to_f32(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
    let data = view.data();
    let pairs = || data.chunks_exact(2).map(|bytes| [bytes[0], bytes[1]]);
    match view.dtype() {
        Dtype::F32 => Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Ok(pairs().map(|bytes| f16::from_le_bytes(bytes).to_f32()).collect()),
        Dtype::BF16 => Ok(pairs().map(|bytes| bf16::from_le_bytes(bytes).to_f32()).collect()),
        other => Err(input!("tensor {name} has type {other:?}; F32, F16 and BF16 are supported")),
    }
}
