//! How the matrices of an adapter lie in memory: as in its file where those are a quarter of f32.

use std::borrow::Cow;

use half::f16;

use crate::adapters::low_rank::{LowRankPair, Q8_BLOCK, Q8Block};

/// A and B of one weight, unscaled.
#[derive(Debug, Clone)]
pub enum StoredPair {
    /// As values.
    F32(LowRankPair),
    /// As blocks of GGUF's Q8_0.
    Q8_0(LowRankPair<Q8Block>),
}

impl StoredPair {
    /// The matrices as values.
    pub fn pair(&self) -> Cow<'_, LowRankPair> {
        match self {
            StoredPair::F32(pair) => Cow::Borrowed(pair),
            StoredPair::Q8_0(LowRankPair { rank, a, b }) => {
                Cow::Owned(LowRankPair { rank: *rank, a: values(a), b: values(b) })
            }
        }
    }

    /// The matrices as blocks, if they are such.
    pub fn blocks(&self) -> Option<&LowRankPair<Q8Block>> {
        match self {
            StoredPair::F32(_) => None,
            StoredPair::Q8_0(pair) => Some(pair),
        }
    }

    /// Rank r.
    pub fn rank(&self) -> usize {
        match self {
            StoredPair::F32(pair) => pair.rank,
            StoredPair::Q8_0(pair) => pair.rank,
        }
    }

    /// Outputs d and inputs k of the weight.
    pub fn shape(&self) -> (usize, usize) {
        let (a, b) = self.lengths();
        (b / self.rank(), a / self.rank())
    }

    /// Appends A, row-major [r, k].
    pub fn extend_a(&self, to: &mut Vec<f32>) {
        match self {
            StoredPair::F32(pair) => to.extend_from_slice(&pair.a),
            StoredPair::Q8_0(pair) => pair.a.iter().for_each(|block| to.extend(dequantised(block))),
        }
    }

    /// Appends row `row` of `scale` · B.
    pub fn extend_b_row(&self, row: usize, scale: f32, to: &mut Vec<f32>) {
        match self {
            StoredPair::F32(pair) => to.extend(row_of(&pair.b, row, pair.rank).iter().map(|value| scale * value)),
            StoredPair::Q8_0(pair) => {
                for block in row_of(&pair.b, row, pair.rank / Q8_BLOCK) {
                    to.extend(dequantised(block).map(|value| scale * value));
                }
            }
        }
    }

    /// Number of values.
    pub fn parameters(&self) -> usize {
        let (a, b) = self.lengths();
        a + b
    }

    /// Values of A and of B.
    fn lengths(&self) -> (usize, usize) {
        match self {
            StoredPair::F32(pair) => (pair.a.len(), pair.b.len()),
            StoredPair::Q8_0(pair) => (pair.a.len() * Q8_BLOCK, pair.b.len() * Q8_BLOCK),
        }
    }
}

/// Row `row` of a matrix whose rows have `length` elements.
pub fn row_of<T>(matrix: &[T], row: usize, length: usize) -> &[T] {
    &matrix[row * length..(row + 1) * length]
}

/// `factor` times a block, but for rounding of its scale.
pub fn scaled(block: &Q8Block, factor: f32) -> Q8Block {
    let mut scaled = *block;
    let [low, high] = f16::from_f32(factor * scale_of(block)).to_le_bytes();
    (scaled[0], scaled[1]) = (low, high);
    scaled
}

fn scale_of(block: &Q8Block) -> f32 {
    f16::from_le_bytes([block[0], block[1]]).to_f32()
}

fn dequantised(block: &Q8Block) -> [f32; Q8_BLOCK] {
    let scale = scale_of(block);
    std::array::from_fn(|i| scale * f32::from(block[2 + i].cast_signed()))
}

fn values(blocks: &[Q8Block]) -> Vec<f32> {
    let mut values = Vec::with_capacity(blocks.len() * Q8_BLOCK);
    blocks.iter().for_each(|block| values.extend(dequantised(block)));
    values
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::random::random;

    #[test]
    fn blocks_have_the_values_that_candle_reads() {
        let random = random("stored", 4 * 64, 0.0, 3.0);
        let tensor = Tensor::from_vec(random, (4, 64), &Device::Cpu).unwrap();
        let quantised = QTensor::quantize(&tensor, GgmlDType::Q8_0).unwrap();
        let expected: Vec<f32> = quantised.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let blocks: Vec<Q8Block> = quantised.data().unwrap().as_chunks().0.to_vec();
        let stored = StoredPair::Q8_0(LowRankPair { rank: 32, a: blocks.clone(), b: blocks.clone() });
        assert_eq!(stored.pair().a, expected);
        assert_eq!(stored.parameters(), 2 * 4 * 64);
        assert_eq!(stored.shape(), (8, 8));
        let mut b = Vec::new();
        (0..8).for_each(|row| stored.extend_b_row(row, 0.5, &mut b));
        let halves: Vec<f32> = expected.iter().map(|value| 0.5 * value).collect();
        assert_eq!(b, halves);
        // A power of two, so that nothing is rounded.
        let blocks: Vec<Q8Block> = blocks.iter().map(|block| scaled(block, 0.5)).collect();
        assert_eq!(values(&blocks), halves);
        let mut a = Vec::new();
        stored.extend_a(&mut a);
        assert_eq!(a, expected);
    }
}
