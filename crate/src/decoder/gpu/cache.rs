//! The key-value cache in GPU memory, and the rotations of its positions.

use std::rc::Rc;

use super::buffer::Buffer;
use super::device::Gpu;
use super::weights::GpuWeights;
use crate::error::Result;
use crate::model::config::ModelConfig;

/// Number of positions that the cache grows by: whole pages of `head.wgsl`.
const GRAIN: usize = 512;

/// Keys and values of all layers.
pub struct Cache {
    /// Number of positions that fit.
    pub positions: usize,
    /// True if elements are f16.
    pub f16: bool,
    /// Keys by layer: pages of 64 positions, [page, kv_heads, head_dim / 4, 64, 4].
    pub keys: Vec<Rc<Buffer>>,
    /// Values by layer: [position, kv_heads, head_dim].
    pub values: Vec<Rc<Buffer>>,
    /// cos and sin of each distinct set of frequencies: [set, position, head_dim / 8, (cos, sin), 4].
    pub rotations: Rc<Buffer>,
    /// Offset of each layer's set in `rotations`, in elements.
    pub tables: Vec<u32>,
}

/// Returns the bytes of the cache of one layer, keys and values together.
pub fn layer_bytes(config: &ModelConfig, positions: usize, f16: bool) -> u64 {
    (positions.next_multiple_of(GRAIN) * 2 * config.kv_width() * if f16 { 2 } else { 4 }) as u64
}

impl Cache {
    /// Allocates a cache for at least `positions`.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, config: &ModelConfig, weights: &GpuWeights, positions: usize) -> Result<Self> {
        let positions = positions.next_multiple_of(GRAIN);
        let f16 = gpu.features.f16;
        let half = layer_bytes(config, positions, f16) / 2;
        let buffers = |label| (0..config.layers).map(|_| gpu.storage(label, half)).collect::<Result<Vec<_>>>();
        let (rotations, tables) = rotations(weights, positions);
        Ok(Self {
            positions,
            f16,
            keys: buffers("keys")?,
            values: buffers("values")?,
            rotations: gpu.storage_with("rotations", &rotations)?,
            tables,
        })
    }

    /// Copies the contents of `other`, a smaller cache.
    pub fn copy_from(&self, gpu: &Gpu, other: &Self) {
        gpu.submit_copies(other.keys.iter().zip(&self.keys).chain(other.values.iter().zip(&self.values)));
    }

    /// Returns the bytes of keys and values that a token at `position` reads.
    pub fn bytes_read(&self, config: &ModelConfig, position: usize) -> u64 {
        let bytes_per_position = 2 * config.kv_width() * if self.f16 { 2 } else { 4 };
        let seen = |layer| config.layer_window(layer).unwrap_or(usize::MAX).min(position + 1);
        (0..config.layers).map(|layer| (seen(layer) * bytes_per_position) as u64).sum()
    }
}

/// Returns the rotations of all positions and the offset of each layer's, computed here because sines of large angles
/// are not exact on GPUs.
fn rotations(weights: &GpuWeights, positions: usize) -> (Vec<f32>, Vec<u32>) {
    let mut sets: Vec<(&[f32], u32)> = Vec::new();
    let mut values: Vec<f32> = Vec::new();
    let tables = weights
        .layers
        .iter()
        .map(|layer| {
            if let Some((_, start)) = sets.iter().find(|(known, _)| *known == layer.frequencies) {
                return *start;
            }
            let start = values.len() as u32;
            for position in 0..positions {
                for four in layer.frequencies.chunks(4) {
                    let angles = four.iter().map(|frequency| position as f32 * frequency);
                    let mut table = [0.0; 8];
                    for (i, angle) in angles.enumerate() {
                        (table[4 + i], table[i]) = angle.sin_cos();
                    }
                    values.extend(table);
                }
            }
            sets.push((&layer.frequencies, start));
            start
        })
        .collect();
    (values, tables)
}
