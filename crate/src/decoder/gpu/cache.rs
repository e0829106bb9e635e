//! The key-value cache in GPU memory, and the rotations of its positions.

use std::rc::Rc;

use super::buffer::Buffer;
use super::device::Gpu;
use super::weights::GpuWeights;
use crate::error::Result;
use crate::model::config::ModelConfig;

/// The cache grows by so many positions: whole pages of `head.wgsl`.
const GRAIN: usize = 512;

/// Keys and values of all layers.
pub struct Cache {
    /// Positions that there is room for.
    pub positions: usize,
    /// Whether elements are f16.
    pub f16: bool,
    /// Keys by layer: pages of 64 positions, [page, kv_heads, head_dim / 4, 64, 4].
    pub keys: Vec<Rc<Buffer>>,
    /// Values by layer: [position, kv_heads, head_dim].
    pub values: Vec<Rc<Buffer>>,
    /// cos and sin of each distinct set of frequencies: [set, position, head_dim / 8, (cos, sin), 4].
    pub rotations: Rc<Buffer>,
    /// Start of each layer's set in `rotations`, in elements.
    pub tables: Vec<u32>,
}

/// Bytes of the cache of one layer, keys and values together.
pub fn layer_bytes(config: &ModelConfig, positions: usize, f16: bool) -> u64 {
    (positions.next_multiple_of(GRAIN) * 2 * config.kv_width() * if f16 { 2 } else { 4 }) as u64
}

impl Cache {
    /// Room for at least `positions`.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, config: &ModelConfig, model: &GpuWeights, positions: usize) -> Result<Self> {
        let positions = positions.next_multiple_of(GRAIN);
        let f16 = gpu.features.f16;
        let half = layer_bytes(config, positions, f16) / 2;
        let buffers = |label| (0..config.layers).map(|_| gpu.storage(label, half)).collect::<Result<Vec<_>>>();
        let (rotations, tables) = rotations(model, positions);
        Ok(Self {
            positions,
            f16,
            keys: buffers("keys")?,
            values: buffers("values")?,
            rotations: gpu.storage_with("rotations", &rotations)?,
            tables,
        })
    }

    /// Takes over what `other`, a smaller cache, holds.
    pub fn copy_from(&self, gpu: &Gpu, other: &Self) {
        let mut encoder = gpu.encoder();
        let pairs = self.keys.iter().zip(&other.keys).chain(self.values.iter().zip(&other.values));
        for (to, from) in pairs {
            encoder.copy_buffer_to_buffer(from.raw(), 0, to.raw(), 0, from.bytes());
        }
        gpu.submit(encoder);
    }
}

/// Tables for all positions, computed here because sines of large angles are not exact on GPUs.
fn rotations(model: &GpuWeights, positions: usize) -> (Vec<f32>, Vec<u32>) {
    let mut sets: Vec<(&[f32], u32)> = Vec::new();
    let mut values: Vec<f32> = Vec::new();
    let tables = model
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
