//! Codec of ggml's quantised blocks, as far as more than one reader takes them apart.
//!
//! A block holds 32 elements (Q4_0 to Q8_0) or 256 in eight sub-blocks of 32 (the K types). Layouts, in bytes:
//!
//! | type | block | element |
//! |---|---|---|
//! | Q4_0 | d f16, nibbles 16 | d · (q − 8) |
//! | Q4_1 | d f16, m f16, nibbles 16 | d · q + m |
//! | Q5_0 | d f16, fifth bits 4, nibbles 16 | d · (q − 16) |
//! | Q5_1 | d f16, m f16, fifth bits 4, nibbles 16 | d · q + m |
//! | Q8_0 | d f16, q 32 × i8 | d · q |
//! | Q4_K | d f16, dmin f16, scales and minima 12, nibbles 128 | d · scale · q − dmin · minimum |
//! | Q5_K | d f16, dmin f16, scales and minima 12, fifth bits 32, nibbles 128 | d · scale · q − dmin · minimum |

use half::f16;

/// Elements of a [`Q8Block`].
pub const Q8_BLOCK: usize = 32;

/// A block of Q8_0: the scale d as little-endian f16, then a signed byte for each element.
pub type Q8Block = [u8; 2 + Q8_BLOCK];

/// Unit that matrices are made of: a value, or a block of values.
pub trait Element: Copy {
    /// Values in one unit. The rows of a matrix are a multiple of this long.
    const VALUES: usize;
}

impl Element for f32 {
    const VALUES: usize = 1;
}

impl Element for Q8Block {
    const VALUES: usize = Q8_BLOCK;
}

/// Returns the scale d of a block of Q8_0.
pub fn q8_scale(block: &Q8Block) -> f32 {
    half_at(block, 0)
}

/// Returns the elements of a block of Q8_0.
pub fn q8_values(block: &Q8Block) -> [f32; Q8_BLOCK] {
    let scale = q8_scale(block);
    std::array::from_fn(|i| scale * f32::from(block[2 + i].cast_signed()))
}

/// Returns `factor` times a block of Q8_0. Only its scale changes, and it is rounded to f16.
pub fn q8_scaled(block: &Q8Block, factor: f32) -> Q8Block {
    let mut scaled = *block;
    let [low, high] = f16::from_f32(factor * q8_scale(block)).to_le_bytes();
    (scaled[0], scaled[1]) = (low, high);
    scaled
}

/// Returns the f16 at byte `at` of `block` as f32.
pub fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Returns the 4-bit quants in the 16 bytes of `nibbles`: the low nibble of each byte, then the high ones.
pub fn quants4(nibbles: &[u8]) -> [u8; 32] {
    std::array::from_fn(|i| nibbles[i % 16] >> (4 * (i / 16)) & 15)
}

/// Returns the 5-bit quants in `bits`: the fifth bits in 4 bytes, then the nibbles in 16, as in Q5_0 and Q5_1.
pub fn quants5(bits: &[u8]) -> [u8; 32] {
    let low = quants4(&bits[4..]);
    std::array::from_fn(|i| low[i] | (bits[i / 8] >> (i % 8) & 1) << 4)
}

/// Returns the scale and the minimum of sub-block `sub`, of 6 bits each, from the 12 bytes of a block of Q4_K or Q5_K.
pub fn scale_and_minimum(packed: &[u8], sub: usize) -> (u8, u8) {
    if sub < 4 {
        (packed[sub] & 63, packed[sub + 4] & 63)
    } else {
        let (low, high) = (packed[sub + 4], |i: usize| packed[i] >> 6 << 4);
        (low & 15 | high(sub - 4), low >> 4 | high(sub))
    }
}

/// Returns the 4-bit quants of sub-block `sub` from the 128 bytes of nibbles of a block of Q4_K or Q5_K.
pub fn sub_quants4(nibbles: &[u8], sub: usize) -> [u8; 32] {
    std::array::from_fn(|i| nibbles[sub / 2 * 32 + i] >> (4 * (sub % 2)) & 15)
}

/// Returns the 5-bit quants of sub-block `sub` of a block of Q5_K, from its 32 bytes of fifth bits and 128 of nibbles.
pub fn sub_quants5(fifth_bits: &[u8], nibbles: &[u8], sub: usize) -> [u8; 32] {
    let low = sub_quants4(nibbles, sub);
    std::array::from_fn(|i| low[i] | (fifth_bits[i] >> sub & 1) << 4)
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::random::random;

    /// Blocks of random values in `dtype`, and the elements that candle reads from them.
    fn quantised(dtype: GgmlDType) -> (Vec<u8>, Vec<f32>) {
        let values = Tensor::from_vec(random("quant", 3 * 512, 0.1, 3.0), (3, 512), &Device::Cpu).unwrap();
        let tensor = QTensor::quantize(&values, dtype).unwrap();
        let elements = tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        (tensor.data().unwrap().into_owned(), elements)
    }

    /// Checks that `decode` reads each block of `dtype` as candle does.
    fn equals_candle(dtype: GgmlDType, decode: impl Fn(&[u8]) -> Vec<f32>) {
        let (bytes, expected) = quantised(dtype);
        let found: Vec<f32> = bytes.chunks_exact(dtype.type_size()).flat_map(decode).collect();
        assert_eq!(found.len(), expected.len(), "{dtype:?}");
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            // Values are below 4; two products and a sum may be rounded to f32 in another order.
            assert!((found - expected).abs() < 1e-6, "{dtype:?}, element {i}: {found} for {expected}");
        }
    }

    #[test]
    fn q4_0_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q4_0, |b| quants4(&b[2..]).map(|q| half_at(b, 0) * (f32::from(q) - 8.0)).into());
    }

    #[test]
    fn q4_1_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q4_1, |b| {
            quants4(&b[4..]).map(|q| half_at(b, 0) * f32::from(q) + half_at(b, 2)).into()
        });
    }

    #[test]
    fn q5_0_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q5_0, |b| quants5(&b[2..]).map(|q| half_at(b, 0) * (f32::from(q) - 16.0)).into());
    }

    #[test]
    fn q5_1_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q5_1, |b| {
            quants5(&b[4..]).map(|q| half_at(b, 0) * f32::from(q) + half_at(b, 2)).into()
        });
    }

    #[test]
    fn q8_0_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q8_0, |b| q8_values(b.try_into().unwrap()).into());
    }

    /// Elements of a K block whose sub-block `sub` has the quants `quants(sub)`.
    fn k_values(block: &[u8], quants: impl Fn(usize) -> [u8; 32]) -> Vec<f32> {
        let sub_block = |sub: usize| {
            let (scale, minimum) = scale_and_minimum(&block[4..16], sub);
            let (scale, minimum) = (half_at(block, 0) * f32::from(scale), half_at(block, 2) * f32::from(minimum));
            quants(sub).map(|q| scale * f32::from(q) - minimum)
        };
        (0..8).flat_map(sub_block).collect()
    }

    #[test]
    fn q4_k_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q4K, |block| k_values(block, |sub| sub_quants4(&block[16..], sub)));
    }

    #[test]
    fn q5_k_is_read_as_candle_reads_it() {
        equals_candle(GgmlDType::Q5K, |block| k_values(block, |sub| sub_quants5(&block[16..48], &block[48..], sub)));
    }

    #[test]
    fn scaled_blocks_are_scaled_values() {
        let (bytes, expected) = quantised(GgmlDType::Q8_0);
        let blocks: &[Q8Block] = bytes.as_chunks().0;
        // A power of two, so that nothing is rounded.
        let halves: Vec<f32> = blocks.iter().flat_map(|block| q8_values(&q8_scaled(block, 0.5))).collect();
        assert_eq!(halves, expected.iter().map(|value| 0.5 * value).collect::<Vec<f32>>());
    }
}
