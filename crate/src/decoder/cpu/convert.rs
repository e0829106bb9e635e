//! Exact rewriting of quantised blocks into types that candle has fast dot products for.
//!
//! candle multiplies Q4_0, Q8_0, Q4_K and Q6_K with SIMD everywhere, and on x86 fastest by far from repacked Q8_0, Q4_K
//! and Q6_K. The other types would be scalar. Each of them is a symmetric type plus one constant per 32 elements:
//!
//! `w[i] = d·q[i] + m = d·(q[i] − z) + c`, with `c = m + z·d`,
//!
//! so `y = W x` is a product of the symmetric blocks, plus `C s` with the sums `s` of x over each 32 elements. Nothing
//! is rounded: q − z fits the symmetric type, scales are copied, and C is kept in f32.

use crate::model::quant::{half_at, quants4, quants5, scale_and_minimum, sub_quants5};
use crate::model::weights::Raw;
use candle_core::quantized::GgmlDType;

/// Elements that share one entry of the shift C.
pub const SHIFT_BLOCK: usize = 32;

/// A matrix in a type with fast dot products, and its shift.
pub struct Converted {
    /// The symmetric blocks, [rows, columns].
    pub raw: Raw,
    /// C, row-major [rows, columns / 32], where the original type has minima.
    pub shift: Option<Vec<f32>>,
}

/// Rewrites `raw` where its type has no fast dot product on this machine.
pub fn convert(raw: Raw) -> Converted {
    // Only Q8_0 is repacked on x86; elsewhere 4-bit blocks are kept, which are half as many bytes to read.
    let wide = cfg!(target_arch = "x86_64");
    match raw.dtype {
        GgmlDType::Q4_0 if wide => rewrite(raw, GgmlDType::Q8_0, q4_0_to_q8_0),
        GgmlDType::Q4_1 if wide => rewrite(raw, GgmlDType::Q8_0, q4_1_to_q8_0),
        GgmlDType::Q4_1 => rewrite(raw, GgmlDType::Q4_0, q4_1_to_q4_0),
        GgmlDType::Q5_0 => rewrite(raw, GgmlDType::Q8_0, q5_0_to_q8_0),
        GgmlDType::Q5_1 => rewrite(raw, GgmlDType::Q8_0, q5_1_to_q8_0),
        GgmlDType::Q5K => rewrite(raw, GgmlDType::Q6K, q5k_to_q6k),
        _ => Converted { raw, shift: None },
    }
}

/// Rewrites every block of `raw` by `block`, which appends the new block and its shifts.
fn rewrite(raw: Raw, dtype: GgmlDType, block: fn(&[u8], &mut Vec<u8>, &mut Vec<f32>)) -> Converted {
    let blocks = raw.bytes.len() / raw.dtype.type_size();
    let mut bytes = Vec::with_capacity(blocks * dtype.type_size());
    let mut shift = Vec::new();
    for old in raw.bytes.chunks_exact(raw.dtype.type_size()) {
        block(old, &mut bytes, &mut shift);
    }
    Converted { raw: Raw { dtype, shape: raw.shape, bytes }, shift: (!shift.is_empty()).then_some(shift) }
}

/// Rewrites a block of Q4_0: its zero of 8 is taken off.
fn q4_0_to_q8_0(block: &[u8], bytes: &mut Vec<u8>, _shift: &mut Vec<f32>) {
    bytes.extend_from_slice(&block[..2]);
    bytes.extend(quants4(&block[2..]).map(|q| q.wrapping_sub(8)));
}

/// Rewrites a block of Q4_1: 8 is taken off and added to the minimum.
fn q4_1_to_q8_0(block: &[u8], bytes: &mut Vec<u8>, shift: &mut Vec<f32>) {
    bytes.extend_from_slice(&block[..2]);
    bytes.extend(quants4(&block[4..]).map(|q| q.wrapping_sub(8)));
    shift.push(half_at(block, 2) + 8.0 * half_at(block, 0));
}

/// Rewrites a block of Q4_1: its nibbles stay, and the zero of Q4_0 is added to the minimum.
fn q4_1_to_q4_0(block: &[u8], bytes: &mut Vec<u8>, shift: &mut Vec<f32>) {
    bytes.extend_from_slice(&block[..2]);
    bytes.extend_from_slice(&block[4..20]);
    shift.push(half_at(block, 2) + 8.0 * half_at(block, 0));
}

/// Rewrites a block of Q5_0: its zero of 16 is taken off.
fn q5_0_to_q8_0(block: &[u8], bytes: &mut Vec<u8>, _shift: &mut Vec<f32>) {
    bytes.extend_from_slice(&block[..2]);
    bytes.extend(quants5(&block[2..]).map(|q| q.wrapping_sub(16)));
}

/// Rewrites a block of Q5_1: 16 is taken off and added to the minimum.
fn q5_1_to_q8_0(block: &[u8], bytes: &mut Vec<u8>, shift: &mut Vec<f32>) {
    bytes.extend_from_slice(&block[..2]);
    bytes.extend(quants5(&block[4..]).map(|q| q.wrapping_sub(16)));
    shift.push(half_at(block, 2) + 16.0 * half_at(block, 0));
}

/// Rewrites a block of Q5_K as one of Q6_K: 256 × 4 bits, 256 × 2 bits, 16 scales i8, d f16, zero at 32.
fn q5k_to_q6k(block: &[u8], bytes: &mut Vec<u8>, shift: &mut Vec<f32>) {
    let (d, dmin) = (half_at(block, 0), half_at(block, 2));
    let (scales, fifth_bits, nibbles) = (&block[4..16], &block[16..48], &block[48..]);
    let mut six = [0_u8; 210];
    for sub in 0..8 {
        let (scale, minimum) = scale_and_minimum(scales, sub);
        shift.push(16.0 * d * f32::from(scale) - dmin * f32::from(minimum));
        six[192 + 2 * sub] = scale;
        six[192 + 2 * sub + 1] = scale;
        let (half, quarter) = (sub / 4, sub % 4);
        for (i, q) in sub_quants5(fifth_bits, nibbles, sub).into_iter().enumerate() {
            let q = q + 16; // less 16, plus Q6_K's zero of 32
            six[half * 64 + quarter % 2 * 32 + i] |= (q & 15) << (4 * (quarter / 2));
            six[128 + half * 32 + i] |= (q >> 4) << (2 * quarter);
        }
    }
    six[208..].copy_from_slice(&block[..2]);
    bytes.extend_from_slice(&six);
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};

    fn random(rows: usize, columns: usize, dtype: GgmlDType) -> Raw {
        let values: Vec<f32> = (0..rows * columns).map(|i| ((i * 7919 % 1009) as f32 / 504.5 - 1.0).powi(3)).collect();
        let tensor = Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap();
        let quantised = QTensor::quantize(&tensor, dtype).unwrap();
        Raw { dtype, shape: vec![rows, columns], bytes: quantised.data().unwrap().into_owned() }
    }

    #[test]
    fn every_conversion_keeps_every_value() {
        type Rewrite = fn(&[u8], &mut Vec<u8>, &mut Vec<f32>);
        let cases: [(GgmlDType, GgmlDType, Rewrite); 6] = [
            (GgmlDType::Q4_0, GgmlDType::Q8_0, q4_0_to_q8_0),
            (GgmlDType::Q4_1, GgmlDType::Q8_0, q4_1_to_q8_0),
            (GgmlDType::Q4_1, GgmlDType::Q4_0, q4_1_to_q4_0),
            (GgmlDType::Q5_0, GgmlDType::Q8_0, q5_0_to_q8_0),
            (GgmlDType::Q5_1, GgmlDType::Q8_0, q5_1_to_q8_0),
            (GgmlDType::Q5K, GgmlDType::Q6K, q5k_to_q6k),
        ];
        for (from, to, block) in cases {
            let (rows, columns) = (3, 512);
            let expected = random(rows, columns, from).into_f32().unwrap();
            let Converted { raw, shift } = rewrite(random(rows, columns, from), to, block);
            assert_eq!(raw.dtype, to);
            let symmetric = raw.into_f32().unwrap();
            for (i, (expected, symmetric)) in expected.iter().zip(symmetric).enumerate() {
                let value = symmetric + shift.as_ref().map_or(0.0, |shift| shift[i / SHIFT_BLOCK]);
                // d·(q − z) and c are each rounded once in f32, candle's d·q + m too: a few units in the last place of
                // the largest term.
                assert!((value - expected).abs() < 1e-6, "{from:?} as {to:?}, element {i}: {value} for {expected}");
            }
        }
    }
}
