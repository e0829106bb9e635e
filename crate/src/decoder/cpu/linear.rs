//! Matrix products with quantised weights, by candle.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

use super::convert::{Converted, SHIFT_BLOCK, convert};
use super::mode::Mode;
use super::ops::add;
use super::products::matmul_transposed_add;
use crate::error::Result;
use crate::model::weights::Raw;

/// Divisor of the row lengths for which candle repacks Q8_0 weights on x86.
const REPACKED_COLUMNS: usize = 256;

/// `y = W x (+ b)`, W [rows, columns].
pub struct Linear {
    product: QMatMul,
    /// Shift C of a rewritten type; see [`convert`].
    shift: Option<Vec<f32>>,
    bias: Option<Vec<f32>>,
    columns: usize,
    /// Columns of `product`: more than `columns` where zeros were added so that a faster kernel applies.
    padded: usize,
}

impl Linear {
    /// Prepares `raw` [rows, columns] for products, exactly (f32) or by integer dot products.
    ///
    /// # Errors
    /// If candle refuses the tensor.
    pub fn new(raw: Raw, bias: Option<Vec<f32>>, mode: Mode) -> Result<Self> {
        let columns = raw.shape[1];
        if mode == Mode::Exact {
            let product = QMatMul::Tensor(raw.into_qtensor()?.dequantize(&Device::Cpu)?);
            return Ok(Self { product, shift: None, bias, columns, padded: columns });
        }
        let Converted { raw, shift } = convert(raw);
        let raw = if cfg!(target_arch = "x86_64") && raw.dtype == GgmlDType::Q8_0 { pad_columns(raw) } else { raw };
        let padded = raw.shape[1];
        Ok(Self { product: QMatMul::from_qtensor(raw.into_qtensor()?)?, shift, bias, columns, padded })
    }

    /// Prepares products with a matrix that is the embedding as well. It is shared, so neither rewritten nor padded.
    ///
    /// # Errors
    /// If candle cannot dequantise it.
    pub fn tied(embedding: &Arc<QTensor>, mode: Mode) -> Result<Self> {
        let columns = embedding.shape().dims2()?.1;
        let product = match mode {
            Mode::Exact => QMatMul::Tensor(embedding.dequantize(&Device::Cpu)?),
            Mode::Fast => QMatMul::from_arc(embedding.clone())?,
        };
        Ok(Self { product, shift: None, bias: None, columns, padded: columns })
    }

    /// Returns y [n, rows] for x [n, columns].
    ///
    /// # Errors
    /// If candle fails.
    pub fn forward(&self, x: &[f32]) -> Result<Vec<f32>> {
        let n = x.len() / self.columns;
        let input = if self.padded == self.columns { Cow::Borrowed(x) } else { Cow::Owned(self.pad(x)) };
        let input = Tensor::from_vec(input.into_owned(), (n, self.padded), &Device::Cpu)?;
        let mut y = self.product.forward(&input)?.flatten_all()?.to_vec1()?;
        if let Some(shift) = &self.shift {
            let sums: Vec<f32> = x.chunks_exact(SHIFT_BLOCK).map(|block| block.iter().sum()).collect();
            matmul_transposed_add(&sums, shift, &mut y, self.columns / SHIFT_BLOCK);
        }
        if let Some(bias) = &self.bias {
            y.chunks_exact_mut(bias.len()).for_each(|row| add(row, bias));
        }
        Ok(y)
    }

    /// Appends zeros to each row of x [n, columns]: [n, padded].
    fn pad(&self, x: &[f32]) -> Vec<f32> {
        let mut padded = Vec::with_capacity(x.len() / self.columns * self.padded);
        for row in x.chunks_exact(self.columns) {
            padded.extend_from_slice(row);
            padded.resize(padded.len() + self.padded - self.columns, 0.0);
        }
        padded
    }
}

/// Appends blocks of zeros to each row of a Q8_0 matrix, up to a length that candle repacks.
fn pad_columns(raw: Raw) -> Raw {
    let (rows, columns) = (raw.shape[0], raw.shape[1]);
    let padded = columns.next_multiple_of(REPACKED_COLUMNS);
    let row_bytes = |columns: usize| columns / raw.dtype.block_size() * raw.dtype.type_size();
    let mut bytes = Vec::with_capacity(rows * row_bytes(padded));
    for row in raw.bytes.chunks_exact(row_bytes(columns)) {
        bytes.extend_from_slice(row);
        bytes.resize(bytes.len() + row_bytes(padded) - row_bytes(columns), 0);
    }
    Raw { dtype: raw.dtype, shape: vec![rows, padded], bytes }
}
