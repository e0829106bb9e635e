//! Matrices in GPU memory: streamed from the source a few rows at a time, repacked, and split where they are too large
//! to be bound.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::buffer::Buffer;
use super::device::Gpu;
use super::format::WeightFormat;
use crate::error::Result;
use crate::files::gguf::Header;
use crate::files::source::Source;
use crate::input;
use crate::model::weights::Weights;

/// Largest number of buffers that one matrix may be split into: products bind five others, and every device allows
/// eight in all.
pub const MAX_SHARDS: usize = 3;

/// Divisor of the rows of a shard: `linear` computes this many rows together.
const ROW_GRAIN: usize = 4;

/// Position of a matrix within its buffer, in words: `Matrix` of `format.wgsl`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Layout {
    /// Start of each of the four arrays.
    pub start: [u32; 4],
    /// Words of a row in each.
    pub row: [u32; 4],
}

impl Layout {
    /// Returns the offset of the scales of an f16 or Q8_0 matrix that is the first in its buffer: 0 for f16, which has
    /// no scales.
    pub fn scales(&self) -> u32 {
        if self.row[2] > 0 { self.start[2] } else { 0 }
    }
}

/// A matrix [rows, columns] on the GPU.
#[derive(Clone)]
pub struct Matrix {
    /// Storage format of its elements.
    pub format: WeightFormat,
    /// Number of rows in all.
    pub rows: usize,
    /// Number of columns, a multiple of 8.
    pub columns: usize,
    /// Number of rows in each buffer but the last.
    pub shard_rows: usize,
    /// Position within each buffer.
    pub layout: Layout,
    /// Buffers that hold the rows, and perhaps other matrices.
    pub shards: Vec<Rc<Buffer>>,
}

impl Matrix {
    /// Returns the layout of `rows` rows whose four arrays follow each other from word `start` on, and the word after
    /// them.
    pub fn layout(format: WeightFormat, rows: usize, columns: usize, start: usize) -> (Layout, usize) {
        let words = format.row_words(columns);
        let mut at = start;
        let starts = words.map(|words| {
            let start = at;
            at += words * rows;
            start as u32
        });
        (Layout { start: starts, row: words.map(|words| words as u32) }, at)
    }

    /// Returns a matrix that is all of `buffer`.
    pub fn whole(format: WeightFormat, rows: usize, columns: usize, buffer: Rc<Buffer>) -> Self {
        let (layout, _) = Self::layout(format, rows, columns, 0);
        Self { format, rows, columns, shard_rows: rows, layout, shards: vec![buffer] }
    }

    /// Returns the bytes that a product reads.
    pub fn bytes(&self) -> u64 {
        self.rows as u64 * self.format.row_bytes(self.columns)
    }

    /// Returns the rows of each shard of a matrix on a device whose bindings have at most `largest` bytes.
    ///
    /// # Errors
    /// If the matrix would take more than [`MAX_SHARDS`] buffers.
    pub fn shard_rows(name: &str, format: WeightFormat, rows: usize, columns: usize, largest: u64) -> Result<usize> {
        let row_bytes = format.row_bytes(columns);
        let fitting = (largest / row_bytes) as usize / ROW_GRAIN * ROW_GRAIN;
        if fitting == 0 || rows.div_ceil(fitting) > MAX_SHARDS {
            return Err(input!(
                "{name} has {} MB on the GPU, more than {MAX_SHARDS} bindings of {} MB; use a smaller model or the \
                 processor",
                rows as u64 * row_bytes / 1_000_000,
                largest / 1_000_000
            ));
        }
        Ok(rows.min(fitting))
    }
}

/// Allocates matrices for the tensors `wanted` (name, rows, columns): in one buffer if that can be bound, otherwise
/// each in as many buffers as it needs.
///
/// # Errors
/// If a tensor is missing, or cannot be on this device.
pub fn allocate(gpu: &Gpu, header: &Header, wanted: &[(String, usize, usize)]) -> Result<Vec<Matrix>> {
    let mut plans = Vec::new();
    let mut end = 0;
    for (name, rows, columns) in wanted {
        let format = WeightFormat::from_dtype(header.tensor(name)?.dtype).map_err(|error| error.at(name))?;
        let (layout, next) = Matrix::layout(format, *rows, *columns, end);
        plans.push((name, format, *rows, *columns, layout));
        end = next;
    }
    let label = wanted.first().map_or("", |(name, ..)| name);
    if 4 * end as u64 <= gpu.largest_binding {
        let buffer = gpu.storage(label, 4 * end as u64)?;
        let matrix = |(_, format, rows, columns, layout)| {
            let shards = vec![buffer.clone()];
            Matrix { format, rows, columns, shard_rows: rows, layout, shards }
        };
        return Ok(plans.into_iter().map(matrix).collect());
    }
    let split = |(name, format, rows, columns, _): (&String, WeightFormat, usize, usize, Layout)| {
        let shard_rows = Matrix::shard_rows(name, format, rows, columns, gpu.largest_binding)?;
        let (layout, end) = Matrix::layout(format, shard_rows, columns, 0);
        let shards = (0..rows.div_ceil(shard_rows)).map(|_| gpu.storage(name, 4 * end as u64));
        let shards = shards.collect::<Result<_>>()?;
        Ok(Matrix { format, rows, columns, shard_rows, layout, shards })
    };
    plans.into_iter().map(split).collect()
}

/// Streams the tensor `name` into `matrix`.
///
/// # Errors
/// If it has another shape or cannot be read.
pub async fn fill<S: Source>(gpu: &Gpu, weights: &mut Weights<'_, S>, name: &str, matrix: &Matrix) -> Result<()> {
    let row_bytes = matrix.format.file_row_bytes(matrix.columns);
    let take = |first: usize, bytes: &[u8]| {
        let (mut row, mut rest) = (first, bytes);
        while !rest.is_empty() {
            let (shard, within) = (row / matrix.shard_rows, row % matrix.shard_rows);
            let count = (matrix.shard_rows - within).min(rest.len() / row_bytes);
            let (piece, after) = rest.split_at(count * row_bytes);
            for (i, array) in matrix.format.repack(piece, matrix.columns).iter().enumerate() {
                let at = u64::from(matrix.layout.start[i]) + within as u64 * u64::from(matrix.layout.row[i]);
                gpu.write(&matrix.shards[shard], 4 * at, array);
            }
            (row, rest) = (row + count, after);
        }
    };
    weights.pieces(name, &[matrix.rows, matrix.columns], take).await
}
