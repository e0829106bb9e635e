//! How the matrices of an adapter lie in memory: as in its file where those are a quarter of f32.

use std::borrow::Cow;

use half::f16;

use crate::low_rank::Pair;

/// Values of a block of Q8_0, and its bytes: a scale and a byte for each.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 2 + BLOCK;

/// A and B of one weight, unscaled.
#[derive(Debug, Clone)]
pub enum Stored {
    /// As values.
    F32(Pair),
    /// As blocks of GGUF's Q8_0.
    Q8_0 {
        /// Rank r.
        rank: usize,
        /// A, row-major [r, k].
        a: Vec<u8>,
        /// B, row-major [d, r].
        b: Vec<u8>,
    },
}

impl Stored {
    /// The matrices as values.
    pub fn pair(&self) -> Cow<'_, Pair> {
        match self {
            Stored::F32(pair) => Cow::Borrowed(pair),
            Stored::Q8_0 { rank, a, b } => Cow::Owned(Pair { rank: *rank, a: values(a), b: values(b) }),
        }
    }

    /// Rank r.
    pub fn rank(&self) -> usize {
        match self {
            Stored::F32(pair) => pair.rank,
            Stored::Q8_0 { rank, .. } => *rank,
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
            Stored::F32(pair) => to.extend_from_slice(&pair.a),
            Stored::Q8_0 { a, .. } => blocks(a).for_each(|block| to.extend(dequantised(block))),
        }
    }

    /// Appends row `row` of `scale` · B.
    pub fn extend_b_row(&self, row: usize, scale: f32, to: &mut Vec<f32>) {
        let (start, end) = (row * self.rank(), (row + 1) * self.rank());
        match self {
            Stored::F32(pair) => to.extend(pair.b[start..end].iter().map(|value| scale * value)),
            Stored::Q8_0 { b, .. } => {
                // Rows of ranks that are no multiple of a block's length begin and end within one.
                let first = start / BLOCK;
                for (i, block) in (first..end.div_ceil(BLOCK)).zip(blocks(b).skip(first)) {
                    let at = i * BLOCK;
                    let within = start.max(at) - at..end.min(at + BLOCK) - at;
                    to.extend(dequantised(block)[within].iter().map(|value| scale * value));
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
            Stored::F32(pair) => (pair.a.len(), pair.b.len()),
            Stored::Q8_0 { a, b, .. } => (count(a), count(b)),
        }
    }
}

fn blocks(bytes: &[u8]) -> impl Iterator<Item = &[u8; BLOCK_BYTES]> {
    bytes.as_chunks().0.iter()
}

/// Values of all blocks.
fn count(bytes: &[u8]) -> usize {
    bytes.len() / BLOCK_BYTES * BLOCK
}

fn dequantised(block: &[u8; BLOCK_BYTES]) -> [f32; BLOCK] {
    let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
    std::array::from_fn(|i| scale * f32::from(block[2 + i].cast_signed()))
}

fn values(bytes: &[u8]) -> Vec<f32> {
    let mut values = Vec::with_capacity(count(bytes));
    blocks(bytes).for_each(|block| values.extend(dequantised(block)));
    values
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::synth;

    #[test]
    fn blocks_have_the_values_that_candle_reads() {
        let values = synth::random("stored", 4 * 64, 0.0, 3.0);
        let tensor = Tensor::from_vec(values, (4, 64), &Device::Cpu).unwrap();
        let quantised = QTensor::quantize(&tensor, GgmlDType::Q8_0).unwrap();
        let expected: Vec<f32> = quantised.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let blocks = quantised.data().unwrap().into_owned();
        let stored = Stored::Q8_0 { rank: 4, a: blocks.clone(), b: blocks };
        assert_eq!(stored.pair().a, expected);
        assert_eq!(stored.parameters(), 2 * 4 * 64);
        assert_eq!(stored.shape(), (64, 64));
        // Rows that are a part of a block, begin within one, or are whole ones.
        for (rank, rows) in [(4, 64), (48, 5), (64, 4)] {
            let Stored::Q8_0 { a, b, .. } = stored.clone() else { panic!() };
            let stored = Stored::Q8_0 { rank, a, b };
            let mut b = Vec::new();
            (0..rows).for_each(|row| stored.extend_b_row(row, 0.5, &mut b));
            let expected: Vec<f32> = expected[..rank * rows].iter().map(|value| 0.5 * value).collect();
            assert_eq!(b, expected, "rank {rank}");
        }
        let mut a = Vec::new();
        stored.extend_a(&mut a);
        assert_eq!(a, expected);
    }
}
