//! The candidates for the next token, of each block of the vocabulary.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};

use super::BEST;

const THREADS: u32 = 256;
/// Logits of a block.
const BLOCK: u32 = 4096;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    vocab: u32,
    block: u32,
    pad: [u32; 2],
}

/// Blocks of a vocabulary.
pub fn blocks(vocab: usize) -> u32 {
    (vocab as u32).div_ceil(BLOCK)
}

/// `candidates: [blocks, top_k]` of `logits: [vocab]`.
pub fn op(features: Features, vocab: usize, logits: &Rc<Buffer>, candidates: &Rc<Buffer>) -> Op {
    let shader = Builder::new("top_k", features, THREADS)
        .include(BEST)
        .storage(&[Access::Read, Access::Write])
        .include(include_str!("top_k.wgsl"))
        .finish();
    let params = Params { vocab: vocab as u32, block: BLOCK, pad: [0; 2] };
    Op::new(shader, &params, vec![logits.clone(), candidates.clone()], (blocks(vocab), Extent::One))
}
