//! Decode: the parts of attention over splits of the context, brought together.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use crate::gpu::device::{Buffer, Features};
use crate::gpu::program::{Extent, Op, SPLIT};
use crate::gpu::shader::{Access, Builder};
use crate::spec::Spec;

const THREADS: u32 = 64;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    heads: u32,
    window: u32,
    pad: [u32; 2],
}

/// Bytes of the parts for a context of `positions`.
pub fn part_bytes(spec: &Spec, positions: usize) -> u64 {
    (positions.div_ceil(SPLIT as usize) * spec.heads * (4 + spec.head_dim) * 4) as u64
}

/// `out` [heads, head_dim] of `parts`, which [`super::rope::Heads::attend_one`] wrote.
pub fn op(features: Features, spec: &Spec, window: u32, parts: &Rc<Buffer>, out: &Rc<Buffer>) -> Op {
    let shader = Builder::new("combine", features, THREADS)
        .number("HEAD", spec.head_dim as u32)
        .number("SPLIT", SPLIT)
        .storage(&[Access::Read, Access::Write])
        .include(include_str!("combine.wgsl"))
        .finish();
    let params = Params { heads: spec.heads as u32, window, pad: [0; 2] };
    Op::new(shader, &params, vec![parts.clone(), out.clone()], (spec.heads as u32, Extent::One))
}
