//! Prefill: the embeddings of tokens.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::EMBED_ROW;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::matrix::{Layout, Matrix};
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};

const THREADS: u32 = 64;

/// Parameters of kernels that read the embedding, as `Embedding` in `embed_row.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) matrix: Layout,
    pub(super) format: u32,
    pub(super) parts: u32,
    pub(super) shard_rows: u32,
    pub(super) vocab: u32,
    pub(super) scale: f32,
    pub(super) tiles: u32,
    pub(super) pad: [u32; 2],
}

impl Params {
    /// Returns the parameters for `embedding`, whose rows are multiplied by `scale`, and `tiles` of the vocabulary.
    pub(super) fn new(embedding: &Matrix, scale: f32, tiles: u32) -> Self {
        Self {
            matrix: embedding.layout,
            format: embedding.format as u32,
            parts: (embedding.columns / 8) as u32,
            shard_rows: embedding.shard_rows as u32,
            vocab: embedding.rows as u32,
            scale,
            tiles,
            pad: [0; 2],
        }
    }
}

/// Records the embedding of `ids: [tokens]`, times `scale`, into `x: [tokens, hidden_size]`.
pub fn op(features: Features, embedding: &Matrix, scale: f32, ids: &Rc<Buffer>, x: &Rc<Buffer>) -> Op {
    let shader = Builder::new("embed", features, THREADS)
        .storage(&[Access::Read, Access::ReadWrite])
        .matrix(embedding.shards.len(), &[embedding.format])
        .include(EMBED_ROW)
        .include(include_str!("embed.wgsl"))
        .finish();
    let mut buffers = vec![ids.clone(), x.clone()];
    buffers.extend(embedding.shards.iter().cloned());
    Op::new(shader, &Params::new(embedding, scale, 0), buffers, (1, Extent::Tokens(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::format::WeightFormat;
    use crate::decoder::gpu::kernels::testing::{compare, each_gpu, matrices, run};
    use crate::decoder::gpu::step_uniforms::StepUniforms;

    #[test]
    fn rows_of_every_format_whole_and_split() {
        each_gpu(async |gpu| {
            for (format, shard_rows) in
                WeightFormat::ALL.map(|format| (format, None)).into_iter().chain([(WeightFormat::Q6_K, Some(8))])
            {
                let (rows, width) = (21, 512);
                let (embedding, values) = matrices(gpu, &[(format, rows, width)], shard_rows);
                let ids = [20_u32, 0, 7, 8];
                let x = gpu.storage("x", (4 * ids.len() * width) as u64).unwrap();
                let ids_buffer = gpu.storage_with("ids", &ids).unwrap();
                let uniforms = StepUniforms::new(0, ids.len());
                run(gpu, uniforms, vec![op(gpu.features, &embedding[0], 3.0, &ids_buffer, &x)]).await;
                let row = |id: &u32| values[0][*id as usize * width..][..width].iter().map(|v| 3.0 * f64::from(*v));
                let expected: Vec<f64> = ids.iter().flat_map(row).collect();
                let label = format!("{format:?}");
                // One product and one sum of numbers below 3, rounded.
                compare(&label, &gpu.read(&x, expected.len()).await.unwrap(), &expected, 2e-6);
            }
        });
    }
}
