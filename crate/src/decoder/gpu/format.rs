//! Quantised matrices in GPU memory: GGUF's blocks taken apart into arrays of 32-bit words.
//!
//! Blocks of 18, 22, 34 or 210 bytes cannot be read as words, and a thread that reads a whole block leaves the memory
//! bus idle. So every matrix becomes up to four arrays, one after the other, each with the same number of words for
//! each row: quants, high bits, scales, and scales of super-blocks. Neighbouring threads then read neighbouring words.
//! Values stay the same: [`format.wgsl`](self) turns the words into the numbers that ggml computes from the blocks, up
//! to f32 rounding.
//!
//! Rows are read in parts of eight elements. In a word of 4-bit quants the low nibbles of its bytes are elements 0 to 3
//! of a part and the high nibbles are elements 4 to 7. Higher bits are placed so that a mask and a shift put them above
//! all four nibbles at once. 8-bit quants are stored plus 128, because GPUs convert unsigned bytes faster.

use candle_core::quantized::GgmlDType;
use half::f16;

use crate::error::Result;
use crate::input;
use crate::model::quant::{quants4, scale_and_minimum, sub_quants4};

/// Number of elements of a row that a thread reads at once.
pub const PART: usize = 8;

/// WGSL functions that turn words into numbers, one per format. They use [`BYTES`].
pub const WGSL: &str = include_str!("format.wgsl");

/// WGSL function that turns a word into its bytes.
pub const BYTES: &str = include_str!("bytes.wgsl");

/// A storage format on the GPU. Shaders branch on its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
#[allow(missing_docs, non_camel_case_types)] // ggml's names
pub enum WeightFormat {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4_K,
    Q5_K,
    Q6_K,
}

impl WeightFormat {
    /// All formats.
    pub const ALL: [WeightFormat; 11] = [
        WeightFormat::F32,
        WeightFormat::F16,
        WeightFormat::BF16,
        WeightFormat::Q4_0,
        WeightFormat::Q4_1,
        WeightFormat::Q5_0,
        WeightFormat::Q5_1,
        WeightFormat::Q8_0,
        WeightFormat::Q4_K,
        WeightFormat::Q5_K,
        WeightFormat::Q6_K,
    ];

    /// Returns the format for a type of GGUF files.
    ///
    /// # Errors
    /// If the GPU has no format for it.
    pub fn from_dtype(dtype: GgmlDType) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.dtype() == dtype)
            .ok_or_else(|| input!("tensors of type {dtype:?} cannot run on the GPU; use another quantisation"))
    }

    /// Returns the type in GGUF files.
    pub fn dtype(self) -> GgmlDType {
        match self {
            WeightFormat::F32 => GgmlDType::F32,
            WeightFormat::F16 => GgmlDType::F16,
            WeightFormat::BF16 => GgmlDType::BF16,
            WeightFormat::Q4_0 => GgmlDType::Q4_0,
            WeightFormat::Q4_1 => GgmlDType::Q4_1,
            WeightFormat::Q5_0 => GgmlDType::Q5_0,
            WeightFormat::Q5_1 => GgmlDType::Q5_1,
            WeightFormat::Q8_0 => GgmlDType::Q8_0,
            WeightFormat::Q4_K => GgmlDType::Q4K,
            WeightFormat::Q5_K => GgmlDType::Q5K,
            WeightFormat::Q6_K => GgmlDType::Q6K,
        }
    }

    /// Returns the name in shaders, as in `dequant_q4_0`.
    pub fn name(self) -> &'static str {
        match self {
            WeightFormat::F32 => "f32",
            WeightFormat::F16 => "f16",
            WeightFormat::BF16 => "bf16",
            WeightFormat::Q4_0 => "q4_0",
            WeightFormat::Q4_1 => "q4_1",
            WeightFormat::Q5_0 => "q5_0",
            WeightFormat::Q5_1 => "q5_1",
            WeightFormat::Q8_0 => "q8_0",
            WeightFormat::Q4_K => "q4_k",
            WeightFormat::Q5_K => "q5_k",
            WeightFormat::Q6_K => "q6_k",
        }
    }

    /// Returns the words of one row of `columns` elements in each of the four arrays.
    pub fn row_words(self, columns: usize) -> [usize; 4] {
        let blocks = columns / 32;
        match self {
            WeightFormat::F32 => [columns, 0, 0, 0],
            WeightFormat::F16 | WeightFormat::BF16 => [columns / 2, 0, 0, 0],
            WeightFormat::Q4_0 => [blocks * 4, 0, blocks.div_ceil(2), 0],
            WeightFormat::Q4_1 => [blocks * 4, 0, blocks, 0],
            WeightFormat::Q5_0 => [blocks * 4, blocks, blocks.div_ceil(2), 0],
            WeightFormat::Q5_1 => [blocks * 4, blocks, blocks, 0],
            WeightFormat::Q8_0 => [blocks * 8, 0, blocks.div_ceil(2), 0],
            WeightFormat::Q4_K => [blocks * 4, 0, blocks / 2, blocks / 8],
            WeightFormat::Q5_K => [blocks * 4, blocks, blocks / 2, blocks / 8],
            WeightFormat::Q6_K => [blocks * 4, blocks * 2, blocks / 2, blocks / 8],
        }
    }

    /// Returns the bytes of a row of `columns` elements on the GPU.
    pub fn row_bytes(self, columns: usize) -> u64 {
        4 * self.row_words(columns).iter().sum::<usize>() as u64
    }

    /// Returns the bytes of a row of `columns` elements in the file.
    pub fn file_row_bytes(self, columns: usize) -> usize {
        columns / self.dtype().block_size() * self.dtype().type_size()
    }

    /// Takes rows of `columns` elements apart, and returns the four arrays of the rows in `bytes`.
    ///
    /// # Panics
    /// If `bytes` is not a whole number of rows; callers read whole rows.
    pub fn repack(self, bytes: &[u8], columns: usize) -> [Vec<u32>; 4] {
        let row_bytes = self.file_row_bytes(columns);
        assert!(bytes.len().is_multiple_of(row_bytes), "whole rows are repacked");
        let rows = bytes.len() / row_bytes;
        let mut arrays = self.row_words(columns).map(|words| Vec::with_capacity(rows * words));
        for row in bytes.chunks_exact(row_bytes) {
            self.repack_row(row, &mut arrays);
        }
        arrays
    }

    fn repack_row(self, row: &[u8], arrays: &mut [Vec<u32>; 4]) {
        let [quants, high, scales, supers] = arrays;
        let mut pairs = Halves::default();
        match self {
            WeightFormat::F32 | WeightFormat::F16 | WeightFormat::BF16 => {
                quants.extend(row.as_chunks::<4>().0.iter().map(word))
            }
            WeightFormat::Q8_0 => {
                for block in row.as_chunks::<34>().0 {
                    pairs.push(u16::from_le_bytes([block[0], block[1]]), scales);
                    quants.extend(block[2..].as_chunks::<4>().0.iter().map(|bytes| word(bytes) ^ 0x8080_8080));
                }
            }
            WeightFormat::Q4_0 | WeightFormat::Q4_1 | WeightFormat::Q5_0 | WeightFormat::Q5_1 => {
                let with_minimum = matches!(self, WeightFormat::Q4_1 | WeightFormat::Q5_1);
                let with_high = matches!(self, WeightFormat::Q5_0 | WeightFormat::Q5_1);
                for block in row.chunks_exact(self.dtype().type_size()) {
                    let mut at = 2;
                    if with_minimum {
                        scales.push(word(&[block[0], block[1], block[2], block[3]]));
                        at = 4;
                    } else {
                        pairs.push(u16::from_le_bytes([block[0], block[1]]), scales);
                    }
                    if with_high {
                        high.push(fifth_bits(|i| block[at + i / 8] >> (i % 8) & 1));
                        at += 4;
                    }
                    push_nibbles(&quants4(&block[at..]), quants);
                }
            }
            WeightFormat::Q4_K | WeightFormat::Q5_K => {
                for block in row.chunks_exact(self.dtype().type_size()) {
                    supers.push(word(&[block[0], block[1], block[2], block[3]]));
                    for j in 0..8 {
                        let (scale, minimum) = scale_and_minimum(&block[4..16], j);
                        pairs.push(u16::from_le_bytes([scale, minimum]), scales);
                    }
                    let nibbles = &block[block.len() - 128..];
                    for j in 0..8 {
                        push_nibbles(&sub_quants4(nibbles, j), quants);
                        if self == WeightFormat::Q5_K {
                            high.push(fifth_bits(|i| block[16 + i] >> j & 1));
                        }
                    }
                }
            }
            WeightFormat::Q6_K => {
                for block in row.as_chunks::<210>().0 {
                    let (low, two_bits, sub_scales) = (&block[..128], &block[128..192], &block[192..208]);
                    let scale = f16::from_le_bytes([block[208], block[209]]);
                    supers.push(scale.to_f32().to_bits());
                    scales.extend(sub_scales.as_chunks::<4>().0.iter().map(word));
                    for j in 0..8 {
                        let (half, quarter) = (j / 4, j % 4); // 32 elements: quarter j % 4 of half j / 4
                        let mut q = [0; 32];
                        let mut bits = [0_u32; 2];
                        for (i, q) in q.iter_mut().enumerate() {
                            *q = low[half * 64 + quarter % 2 * 32 + i] >> (4 * (quarter / 2)) & 15;
                            let top = two_bits[half * 32 + i] >> (2 * quarter) & 3;
                            // Byte i % 4 has two bits of each half of both parts.
                            bits[i / 16] |= u32::from(top) << (8 * (i % 4) + 2 * (i % 16 / 4));
                        }
                        push_nibbles(&q, quants);
                        high.extend(bits);
                    }
                }
            }
        }
        pairs.finish(scales);
    }
}

fn word(bytes: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*bytes)
}

/// Appends four words of eight 4-bit quants each, in the order that the module's head describes.
fn push_nibbles(q: &[u8; 32], words: &mut Vec<u32>) {
    for part in q.as_chunks::<PART>().0 {
        let byte = |i: usize| u32::from(part[i] | part[i + 4] << 4) << (8 * i);
        words.push(byte(0) | byte(1) | byte(2) | byte(3));
    }
}

/// Returns the word of 32 fifth bits: byte i % 4 has one bit of each half of four parts.
fn fifth_bits(bit: impl Fn(usize) -> u8) -> u32 {
    (0..32).map(|i| u32::from(bit(i)) << (8 * (i % 4) + i / 4)).sum()
}

/// Packs 16-bit values into words, two in each; the last of an odd number has a word to itself.
#[derive(Default)]
struct Halves {
    waiting: Option<u16>,
}

impl Halves {
    fn push(&mut self, half: u16, words: &mut Vec<u32>) {
        match self.waiting.take() {
            Some(first) => words.push(u32::from(first) | u32::from(half) << 16),
            None => self.waiting = Some(half),
        }
    }

    fn finish(&mut self, words: &mut Vec<u32>) {
        words.extend(self.waiting.take().map(u32::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_announced_number_of_words() {
        for format in WeightFormat::ALL {
            for columns in [256, 768] {
                let row = format.file_row_bytes(columns);
                let arrays = format.repack(&vec![0; 3 * row], columns);
                let expected = format.row_words(columns).map(|words| 3 * words);
                assert_eq!(arrays.map(|array| array.len()), expected, "{format:?}");
                assert_eq!(WeightFormat::from_dtype(format.dtype()).unwrap(), format);
            }
        }
    }

    #[test]
    fn rows_are_little_larger_than_in_the_file() {
        for format in WeightFormat::ALL {
            let overhead = format.row_bytes(2048) as f64 / format.file_row_bytes(2048) as f64;
            assert!((1.0..1.03).contains(&overhead), "{format:?}: {overhead}");
        }
    }
}
