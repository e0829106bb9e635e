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
        let (a, b) = match self {
            Stored::F32(pair) => (pair.a.len(), pair.b.len()),
            Stored::Q8_0 { a, b, .. } => (a.len() / BLOCK_BYTES * BLOCK, b.len() / BLOCK_BYTES * BLOCK),
        };
        (b / self.rank(), a / self.rank())
    }

    /// Writes A, row-major [r, k].
    pub fn write_a(&self, to: &mut [f32]) {
        match self {
            Stored::F32(pair) => to.copy_from_slice(&pair.a),
            Stored::Q8_0 { a, .. } => dequantise(a, 1.0, to.as_chunks_mut::<BLOCK>().0.iter_mut()),
        }
    }

    /// Writes `scale` · B into columns `column` to `column + r` of `to`, row-major [d, width].
    pub fn write_b(&self, scale: f32, to: &mut [f32], width: usize, column: usize) {
        let rank = self.rank();
        let mut rows = to.chunks_exact_mut(width).map(|row| &mut row[column..][..rank]);
        match self {
            Stored::Q8_0 { b, .. } if rank.is_multiple_of(BLOCK) => {
                dequantise(b, scale, rows.flat_map(|row| row.as_chunks_mut::<BLOCK>().0));
            }
            _ => {
                for (from, to) in self.pair().b.chunks_exact(rank).zip(&mut rows) {
                    from.iter().zip(to).for_each(|(from, to)| *to = scale * from);
                }
            }
        }
    }

    /// Number of values.
    pub fn parameters(&self) -> usize {
        match self {
            Stored::F32(pair) => pair.a.len() + pair.b.len(),
            Stored::Q8_0 { a, b, .. } => (a.len() + b.len()) / BLOCK_BYTES * BLOCK,
        }
    }
}

/// Writes `scale` times the values of `blocks` to as many `places`.
fn dequantise<'a>(blocks: &[u8], scale: f32, places: impl Iterator<Item = &'a mut [f32; BLOCK]>) {
    for (block, place) in blocks.as_chunks::<BLOCK_BYTES>().0.iter().zip(places) {
        let scale = scale * f16::from_le_bytes([block[0], block[1]]).to_f32();
        for (quantum, value) in block[2..].iter().zip(place) {
            *value = scale * f32::from(quantum.cast_signed());
        }
    }
}

fn values(blocks: &[u8]) -> Vec<f32> {
    let mut values = vec![0.0; blocks.len() / BLOCK_BYTES * BLOCK];
    dequantise(blocks, 1.0, values.as_chunks_mut::<BLOCK>().0.iter_mut());
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
    }
}
