//! Matrices of an adapter in memory: in Q8_0 where its file has them so, which is a quarter of f32.

use std::borrow::Cow;

use super::low_rank::LowRankPair;
use crate::model::quant::{Q8_BLOCK, Q8Block, q8_values};

/// A and B of one weight, unscaled.
#[derive(Debug, Clone)]
pub enum StoredPair {
    /// Values in f32.
    F32(LowRankPair),
    /// Blocks of GGUF's Q8_0.
    Q8_0(LowRankPair<Q8Block>),
}

impl StoredPair {
    /// Returns the matrices in f32.
    pub fn pair(&self) -> Cow<'_, LowRankPair> {
        match self {
            StoredPair::F32(pair) => Cow::Borrowed(pair),
            StoredPair::Q8_0(LowRankPair { rank, a, b }) => {
                Cow::Owned(LowRankPair { rank: *rank, a: values(a), b: values(b) })
            }
        }
    }

    /// Returns the matrices in Q8_0 if they are stored so.
    pub fn blocks(&self) -> Option<&LowRankPair<Q8Block>> {
        match self {
            StoredPair::F32(_) => None,
            StoredPair::Q8_0(pair) => Some(pair),
        }
    }

    /// Returns the rank r.
    pub fn rank(&self) -> usize {
        match self {
            StoredPair::F32(pair) => pair.rank,
            StoredPair::Q8_0(pair) => pair.rank,
        }
    }

    /// Returns outputs d and inputs k of the weight.
    pub fn shape(&self) -> (usize, usize) {
        let (a, b) = self.lengths();
        (b / self.rank(), a / self.rank())
    }

    /// Appends A, row-major [r, k].
    pub fn extend_a(&self, to: &mut Vec<f32>) {
        match self {
            StoredPair::F32(pair) => to.extend_from_slice(&pair.a),
            StoredPair::Q8_0(pair) => pair.a.iter().for_each(|block| to.extend(q8_values(block))),
        }
    }

    /// Appends row `row` of `scale` · B.
    pub fn extend_b_row(&self, row: usize, scale: f32, to: &mut Vec<f32>) {
        match self {
            StoredPair::F32(pair) => to.extend(row_of(&pair.b, row, pair.rank).iter().map(|value| scale * value)),
            StoredPair::Q8_0(pair) => {
                for block in row_of(&pair.b, row, pair.rank / Q8_BLOCK) {
                    to.extend(q8_values(block).map(|value| scale * value));
                }
            }
        }
    }

    /// Returns the number of values of A and B together.
    pub fn parameters(&self) -> usize {
        let (a, b) = self.lengths();
        a + b
    }

    /// Returns the number of values of A and of B.
    fn lengths(&self) -> (usize, usize) {
        match self {
            StoredPair::F32(pair) => (pair.a.len(), pair.b.len()),
            StoredPair::Q8_0(pair) => (pair.a.len() * Q8_BLOCK, pair.b.len() * Q8_BLOCK),
        }
    }
}

/// Returns row `row` of a matrix whose rows have `length` elements.
pub fn row_of<T>(matrix: &[T], row: usize, length: usize) -> &[T] {
    &matrix[row * length..(row + 1) * length]
}

/// Returns the elements of `blocks`.
fn values(blocks: &[Q8Block]) -> Vec<f32> {
    let mut values = Vec::with_capacity(blocks.len() * Q8_BLOCK);
    blocks.iter().for_each(|block| values.extend(q8_values(block)));
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
        let mut a = Vec::new();
        stored.extend_a(&mut a);
        assert_eq!(a, expected);
    }
}
