//! Prefill: the gate's activation times the up projection.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::ACTIVATION;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::Activation;

const THREADS: u32 = 128;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    width: u32,
    pad: [u32; 3],
}

/// `out` [tokens, width] of `both` [tokens, gate | up].
pub fn op(features: Features, activation: Activation, width: usize, both: &Rc<Buffer>, out: &Rc<Buffer>) -> Op {
    let shader = Builder::new("gated", features, THREADS)
        .flag("GELU", activation == Activation::GeluTanh)
        .include(ACTIVATION)
        .storage(&[Access::Read, Access::Write])
        .include(include_str!("gated.wgsl"))
        .finish();
    let params = Params { width: width as u32, pad: [0; 3] };
    let groups = (width as u32).div_ceil(THREADS);
    Op::new(shader, &params, vec![both.clone(), out.clone()], (groups, Extent::Tokens(1)))
}
