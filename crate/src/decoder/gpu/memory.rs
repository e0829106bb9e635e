//! The GPU memory that a model takes, computed from its header, so that a model that does not fit is refused before its
//! weights are read.

use super::device::Gpu;
use super::format::WeightFormat;
use super::matrix::Matrix;
use super::{activations, cache, pace, slots};
use crate::error::Result;
use crate::files::gguf::Header;
use crate::input;
use crate::model::config::ModelConfig;

/// GPU memory that a model takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryUse {
    /// Bytes of weights.
    pub weights: u64,
    /// Bytes of keys and values of the whole context.
    pub cache: u64,
    /// Bytes of buffers between dispatches.
    pub activations: u64,
    /// Bytes of slots for low-rank pairs.
    pub pairs: u64,
}

impl MemoryUse {
    /// Returns the memory that a model takes for a context of `positions` and pairs of up to `rank`.
    ///
    /// # Errors
    /// If a tensor's type cannot run on the GPU.
    pub fn new(config: &ModelConfig, header: &Header, positions: usize, rank: usize, f16: bool) -> Result<Self> {
        let mut weights = 0;
        for (name, tensor) in &header.tensors {
            weights += match tensor.shape[..] {
                [rows, columns] => {
                    rows as u64
                        * WeightFormat::from_dtype(tensor.dtype).map_err(|error| error.at(name))?.row_bytes(columns)
                }
                _ => 4 * tensor.shape.iter().product::<usize>() as u64,
            };
        }
        let tokens = pace::MOST_TOKENS.min(config.context);
        Ok(Self {
            weights,
            cache: config.layers as u64 * cache::layer_bytes(config, positions, f16),
            activations: activations::bytes(config, tokens, positions, slots::padded_rank(rank)),
            pairs: slots::bytes(config, rank),
        })
    }

    /// Returns the sum in bytes.
    pub fn total(&self) -> u64 {
        self.weights + self.cache + self.activations + self.pairs
    }
}

/// Checks that the model fits the device: each matrix its largest bindings, and all together the memory that may be
/// used.
///
/// # Errors
/// If it does not, with the numbers.
pub fn check(gpu: &Gpu, config: &ModelConfig, header: &Header, positions: usize) -> Result<()> {
    for (name, tensor) in &header.tensors {
        if let [rows, columns] = tensor.shape[..] {
            Matrix::shard_rows(name, WeightFormat::from_dtype(tensor.dtype)?, rows, columns, gpu.largest_binding)?;
        }
    }
    let needed = MemoryUse::new(config, header, positions, 0, gpu.features.f16)?;
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    match gpu.memory {
        Some(memory) if needed.total() > memory => Err(input!(
            "the model needs {} MB of GPU memory ({} for weights, {} for a context of {positions} tokens, {} for work) \
             and {} MB may be used on {}; use a smaller model, a shorter context or the processor",
            megabytes(needed.total()),
            megabytes(needed.weights),
            megabytes(needed.cache),
            megabytes(needed.activations),
            megabytes(memory),
            gpu.name
        )),
        _ => Ok(()),
    }
}
