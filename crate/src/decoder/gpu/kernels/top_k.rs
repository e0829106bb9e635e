//! Decode: the candidates for the next token in each tile of the vocabulary.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};

use super::BEST;

const THREADS: u32 = 256;
/// Number of logits of a tile.
const TILE: u32 = 4096;

/// Parameters, as `TopK` in `top_k.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) vocab: u32,
    pub(super) tile: u32,
}

/// Returns the number of tiles of a vocabulary.
pub fn tiles(vocab: usize) -> u32 {
    (vocab as u32).div_ceil(TILE)
}

/// Records the candidates of `logits: [vocab]` into `candidates: [tiles, top_k]`, each a logit and an id.
pub fn op(features: Features, vocab: usize, logits: &Rc<Buffer>, candidates: &Rc<Buffer>) -> Op {
    let shader = Builder::new("top_k", features, THREADS)
        .include(BEST)
        .storage(&[Access::Read, Access::ReadWrite])
        .include(include_str!("top_k.wgsl"))
        .finish();
    let params = Params { vocab: vocab as u32, tile: TILE };
    Op::new(shader, &params, vec![logits.clone(), candidates.clone()], (tiles(vocab), Extent::One))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::kernels::NONE;
    use crate::decoder::gpu::kernels::testing::{each_gpu, random, run};
    use crate::decoder::gpu::step_uniforms::StepUniforms;
    use crate::model::sampler::MAX_TOP_K;

    /// Logits of candidates that a tile lacks, as `no_candidate` in `best.wgsl`.
    const NO_LOGIT: f32 = -3e38;

    /// Returns the largest logits of each tile, in order, the lower id first on ties.
    fn expected(logits: &[f32], top_k: usize) -> Vec<(f32, u32)> {
        let all: Vec<(f32, u32)> = logits.iter().copied().zip(0..).collect();
        let mut candidates = Vec::new();
        for tile in all.chunks(TILE as usize) {
            let mut tile = tile.to_vec();
            tile.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            tile.resize(tile.len().max(top_k), (NO_LOGIT, NONE));
            candidates.extend(&tile[..top_k]);
        }
        candidates
    }

    #[test]
    fn the_largest_logits_of_each_tile_in_order() {
        each_gpu(async |gpu| {
            let tile = TILE as usize;
            // A vocabulary smaller than a tile, one whose last tile is a single token, and several tiles.
            for vocab in [37, tile + 1, 2 * tile + 100] {
                // Many are equal; none is -0, which equals 0 for a shader and not for `total_cmp`.
                let logits: Vec<f32> =
                    random("logits", vocab).iter().map(|x| (x * 200.0).round() / 4.0 + 0.0).collect();
                let buffer = gpu.storage_with("logits", &logits).unwrap();
                let count = tiles(vocab) as usize;
                let candidates = gpu.storage("candidates", (8 * count * MAX_TOP_K) as u64).unwrap();
                for top_k in [1, 7, MAX_TOP_K] {
                    let uniforms = StepUniforms { top_k: top_k as u32, ..StepUniforms::new(3, 1) };
                    run(gpu, uniforms, vec![op(gpu.features, vocab, &buffer, &candidates)]).await;
                    let got: Vec<[u32; 2]> = gpu.read(&candidates, count * top_k).await.unwrap();
                    let got: Vec<(f32, u32)> = got.iter().map(|[logit, id]| (f32::from_bits(*logit), *id)).collect();
                    // Logits are copied, so nothing is rounded.
                    assert_eq!(got, expected(&logits, top_k), "top {top_k} of {vocab}");
                }
            }
        });
    }
}
