//! How much memory a model takes on the GPU, known from its header: a model that does not fit is refused before anything
//! is read.

use super::device::Gpu;
use super::format::WeightFormat;
use super::matrix::Matrix;
use super::{cache, pace, record, slots};
use crate::error::Result;
use crate::files::gguf::Header;
use crate::input;
use crate::model::config::ModelConfig;

/// Bytes by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// Weights.
    pub weights: u64,
    /// Keys and values of the whole context.
    pub cache: u64,
    /// Buffers between dispatches.
    pub work: u64,
    /// Low-rank pairs.
    pub pairs: u64,
}

impl Needed {
    /// What a model takes for a context of `positions` and pairs of up to `rank`.
    ///
    /// # Errors
    /// If a tensor's type cannot run on the GPU.
    pub fn new(config: &ModelConfig, header: &Header, positions: usize, rank: usize, f16: bool) -> Result<Self> {
        let mut weights = 0;
        for (name, tensor) in &header.tensors {
            weights += match tensor.shape[..] {
                [rows, columns] => {
                    rows as u64 * WeightFormat::of(tensor.dtype).map_err(|error| error.at(name))?.row_bytes(columns)
                }
                _ => 4 * tensor.shape.iter().product::<usize>() as u64,
            };
        }
        let tokens = pace::MOST_TOKENS.min(config.context);
        Ok(Self {
            weights,
            cache: config.layers as u64 * cache::layer_bytes(config, positions, f16),
            work: record::work_bytes(config, tokens, positions, slots::padded(rank)),
            pairs: slots::bytes(config, rank),
        })
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights + self.cache + self.work + self.pairs
    }
}

/// Whether the model fits the device: each matrix the largest binding, and all together the memory that may be used.
///
/// # Errors
/// With the numbers, if it does not.
pub fn check(gpu: &Gpu, config: &ModelConfig, header: &Header, positions: usize) -> Result<()> {
    for (name, tensor) in &header.tensors {
        if let [rows, columns] = tensor.shape[..] {
            Matrix::shard_rows(name, WeightFormat::of(tensor.dtype)?, rows, columns, gpu.largest_binding)?;
        }
    }
    let needed = Needed::new(config, header, positions, 0, gpu.features.f16)?;
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    match gpu.memory {
        Some(memory) if needed.total() > memory => Err(input!(
            "the model needs {} MB of GPU memory ({} for weights, {} for a context of {positions} tokens, {} for work) and \
             {} MB may be used on {}; use a smaller model, a shorter context or the processor",
            megabytes(needed.total()),
            megabytes(needed.weights),
            megabytes(needed.cache),
            megabytes(needed.work),
            megabytes(memory),
            gpu.name
        )),
        _ => Ok(()),
    }
}
