//! A few products with known results, computed before a GPU is trusted with a model, because some drivers compile
//! shaders wrongly.

use std::borrow::Cow;

use candle_core::quantized::{QStorage, QTensor};
use candle_core::{Device, Tensor};

use super::device::Gpu;
use super::faults::device_error;
use super::format::WeightFormat;
use super::kernels::product::{Epilogue, Product};
use super::kernels::{linear, matmul};
use super::matrix::Matrix;
use super::program::Program;
use super::step_uniforms::StepUniforms;
use crate::error::{DeviceFault, Result};
use crate::random::random;

const ROWS: usize = 24;
const COLUMNS: usize = 256;
const TOKENS: usize = 5;

/// Returns a random matrix as its values after quantisation and as the bytes of a file. Every third row is so small
/// that the f16 scales of its blocks are subnormal, which some devices take for zero.
///
/// # Errors
/// If candle cannot quantise it.
pub fn quantised(format: WeightFormat, rows: usize, columns: usize) -> Result<(Vec<f32>, Vec<u8>)> {
    let mut values = random(&format!("{format:?} {rows} {columns}"), rows * columns, 0.0, 1.0);
    for row in values.chunks_exact_mut(columns).skip(2).step_by(3) {
        row.iter_mut().for_each(|value| *value *= 2e-4);
    }
    let values = Tensor::from_vec(values, (rows, columns), &Device::Cpu)?;
    let bytes = QTensor::quantize(&values, format.dtype())?.data()?.into_owned();
    let storage = QStorage::from_data(Cow::Borrowed(&bytes), &Device::Cpu, format.dtype())?;
    let values = QTensor::new(storage, (rows, columns))?.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
    Ok((values, bytes))
}

/// Checks products with matrices of `formats` by the kernels of decoding and of prefill.
///
/// # Errors
/// If a result is wrong, with the name of the kernel and both numbers.
pub async fn run(gpu: &Gpu, formats: &[WeightFormat]) -> Result<()> {
    for format in formats {
        check(gpu, *format).await?;
    }
    Ok(())
}

async fn check(gpu: &Gpu, format: WeightFormat) -> Result<()> {
    let (values, bytes) = quantised(format, ROWS, COLUMNS)?;
    let (layout, words) = Matrix::layout(format, ROWS, COLUMNS, 0);
    let buffer = gpu.storage("self-test matrix", 4 * words as u64)?;
    for (array, start) in format.repack(&bytes, COLUMNS).iter().zip(layout.start) {
        gpu.write(&buffer, 4 * u64::from(start), array);
    }
    let matrix = Matrix { format, rows: ROWS, columns: COLUMNS, shard_rows: ROWS, layout, shards: vec![buffer] };
    let x = random("self-test x", TOKENS * COLUMNS, 0.0, 1.0);
    let x_buffer = gpu.storage_with("self-test x", &x)?;
    let y = gpu.storage("self-test y", (4 * (TOKENS + 1) * ROWS) as u64)?;
    let one = gpu.storage("self-test y", (4 * ROWS) as u64)?;
    let placeholder = gpu.storage("placeholder", 16)?;

    let product = |y| Product {
        matrices: std::slice::from_ref(&matrix),
        index: None,
        x: &x_buffer,
        y,
        vectors: &placeholder,
        branch: None,
        epilogue: Epilogue::Bias(&[]),
        splits: 1,
        placeholder: &placeholder,
    };
    let ops = vec![matmul::op(product(&y), gpu.features), linear::op(product(&one), gpu.features)];
    use wgpu::BufferUsages as Usage;
    let buffer = gpu.buffer("uniforms", size_of::<StepUniforms>() as u64, Usage::UNIFORM | Usage::COPY_DST)?;
    let uniforms = StepUniforms::new(0, TOKENS);
    gpu.write(&buffer, 0, &[uniforms]);
    let program = Program::new(gpu, &buffer, ops)?;
    gpu.submit_pass(|pass| program.encode_all(pass, &uniforms));

    let many: Vec<f32> = gpu.read(&y, TOKENS * ROWS).await?;
    let last: Vec<f32> = gpu.read(&one, ROWS).await?;
    // Relative to the row, because rows differ by orders of magnitude: f16 rounds to 11 bits, f32 to 24.
    let tolerances = [("matmul", if gpu.features.f16 { 5e-3 } else { 1e-5 }), ("linear", 1e-5)];
    for (row, weights) in values.chunks_exact(COLUMNS).enumerate() {
        let size = weights.iter().map(|w| f64::from(w.abs())).fold(0.0, f64::max) * (COLUMNS as f64).sqrt();
        for (token, x) in x.chunks_exact(COLUMNS).enumerate() {
            let expected: f64 = weights.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
            let last = (token + 1 == TOKENS).then(|| last[row]);
            for ((kernel, tolerance), got) in tolerances.iter().zip([Some(many[token * ROWS + row]), last]) {
                let Some(got) = got else { continue };
                // NaN is not within the tolerance either.
                if (f64::from(got) - expected).abs() <= tolerance * size {
                    continue;
                }
                let (format, name) = (format.name(), &gpu.name);
                let text = format!("the GPU {name} computes wrongly: {kernel} of {format} gives {got} for {expected}");
                return Err(device_error(DeviceFault::Validation, text));
            }
        }
    }
    Ok(())
}
