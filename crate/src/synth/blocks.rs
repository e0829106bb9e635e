//! Random blocks of quants, made as bytes: nothing has to be quantised, and every byte is valid.
//!
//! Quants and sub-block scales are uniform over all values of their bits. The scales of a block, in f16, are set so
//! that elements have a mean of 0 and a deviation of about 1.5/√columns: a product then keeps the size of its input,
//! and logits are finite and differ. Trained weights of the same width are about as large, so the f16 scales are too:
//! those of Q6_K are subnormal numbers here as they are there.

use candle_core::quantized::GgmlDType;
use half::f16;

use super::stream::Stream;

/// Type of quantised blocks that can be made at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    Q4K,
    Q6K,
    Q8_0,
}

impl Blocks {
    /// Returns candle's type.
    pub fn dtype(self) -> GgmlDType {
        match self {
            Blocks::Q4K => GgmlDType::Q4K,
            Blocks::Q6K => GgmlDType::Q6K,
            Blocks::Q8_0 => GgmlDType::Q8_0,
        }
    }

    /// Fills `row` with the blocks of one row of a matrix.
    pub fn fill(self, row: &mut [u8], random: &mut Stream) {
        random.fill(row);
        let columns = row.len() / self.dtype().type_size() * self.dtype().block_size();
        let deviation = 1.5 / (columns as f32).sqrt();
        for block in row.chunks_exact_mut(self.dtype().type_size()) {
            let scale = deviation * (0.75 + 0.5 * random.fraction());
            match self {
                Blocks::Q4K => finish_q4_k(block, scale),
                Blocks::Q6K => finish_q6_k(block, scale),
                Blocks::Q8_0 => finish_q8_0(block, scale),
            }
        }
    }
}

/// Sets the scales of a block of Q4_K. Layout: d (2 bytes), dmin (2), scales and mins of 8 sub-blocks (12), quants
/// (128): x = d · scale · quant − dmin · min.
fn finish_q4_k(block: &mut [u8], deviation: f32) {
    // Root mean square of scale · (quant − 7.5), with scales of 0 to 63 and quants of 0 to 15.
    let d = deviation / (1333.5_f32 * 21.25).sqrt();
    block[..2].copy_from_slice(&f16::from_f32(d).to_le_bytes());
    // Each min is its sub-block's scale, so that 7.5, the middle of the quants, is 0. The bytes hold four scales and
    // the top bits of the other four, the same of the mins, and the other four's low halves.
    block[2..4].copy_from_slice(&f16::from_f32(7.5 * d).to_le_bytes());
    block.copy_within(4..8, 8);
    for low_halves in &mut block[12..16] {
        *low_halves = (*low_halves & 0xf) * 0x11;
    }
}

/// Sets the scale of a block of Q6_K. Layout: quants (128 bytes of low halves, 64 of top bits), scales of 16 sub-blocks
/// (16), d (2): x = d · scale · (quant − 32).
fn finish_q6_k(block: &mut [u8], deviation: f32) {
    // Root mean square of scale · (quant − 32), with scales of −128 to 127 and quants of 0 to 63.
    let d = deviation / (5461.5_f32 * 341.5).sqrt();
    block[208..].copy_from_slice(&f16::from_f32(d).to_le_bytes());
}

/// Sets the scale of a block of Q8_0. Layout: d (2 bytes), quants (32): x = d · quant.
fn finish_q8_0(block: &mut [u8], deviation: f32) {
    // Root mean square of quants of −128 to 127.
    let d = deviation / 5461.5_f32.sqrt();
    block[..2].copy_from_slice(&f16::from_f32(d).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::weights::Raw;

    #[test]
    fn elements_are_centred_and_as_large_as_said() {
        let wide = [Blocks::Q4K, Blocks::Q6K, Blocks::Q8_0].map(|blocks| [(blocks, 2048), (blocks, 8192)]);
        for (blocks, columns) in wide.into_iter().flatten().chain([(Blocks::Q8_0, 32)]) {
            let mut random = Stream::new("blocks");
            let rows = 262_144 / columns;
            let row_bytes = columns / blocks.dtype().block_size() * blocks.dtype().type_size();
            let mut bytes = vec![0; rows * row_bytes];
            bytes.chunks_exact_mut(row_bytes).for_each(|row| blocks.fill(row, &mut random));
            let elements = Raw { dtype: blocks.dtype(), shape: vec![rows, columns], bytes }.into_f32().unwrap();
            let n = elements.len() as f64;
            let mean = elements.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
            let deviation = (elements.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / n).sqrt();
            let wanted = 1.5 / (columns as f64).sqrt();
            // Over 1,024 blocks whose scales differ by a quarter; five times what chance allows.
            assert!(mean.abs() < 0.02 * wanted, "{blocks:?} {columns}: mean {mean:e}");
            assert!((deviation / wanted - 1.0).abs() < 0.05, "{blocks:?} {columns}: {deviation:e}, not {wanted:e}");
        }
    }
}
