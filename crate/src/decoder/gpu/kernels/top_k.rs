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

/// Records the candidates of `logits` [vocab] into `candidates` [tiles, top_k], each a logit and an id.
pub fn op(features: Features, vocab: usize, logits: &Rc<Buffer>, candidates: &Rc<Buffer>) -> Op {
    let shader = Builder::new("top_k", features, THREADS)
        .include(BEST)
        .storage(&[Access::Read, Access::ReadWrite])
        .include(include_str!("top_k.wgsl"))
        .finish();
    let params = Params { vocab: vocab as u32, tile: TILE };
    Op::new(shader, &params, vec![logits.clone(), candidates.clone()], (tiles(vocab), Extent::One))
}
