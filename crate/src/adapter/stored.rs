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
            Stored::Q8_0 { rank, a, b } => Cow::Owned(Pair { rank: *rank, a: dequantise(a), b: dequantise(b) }),
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

fn dequantise(blocks: &[u8]) -> Vec<f32> {
    let mut values = Vec::with_capacity(blocks.len() / BLOCK_BYTES * BLOCK);
    for block in blocks.chunks_exact(BLOCK_BYTES) {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        values.extend(block[2..].iter().map(|quantum| scale * f32::from(quantum.cast_signed())));
    }
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
