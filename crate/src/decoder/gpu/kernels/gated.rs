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

/// Parameters, as `Gated` in `gated.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) width: u32,
}

/// Records activation(gate) · up of `gate_and_up` [tokens, gate | up] into `out` [tokens, width].
pub fn op(features: Features, activation: Activation, width: usize, gate_and_up: &Rc<Buffer>, out: &Rc<Buffer>) -> Op {
    let shader = Builder::new("gated", features, THREADS)
        .flag("GELU", activation == Activation::GeluTanh)
        .include(ACTIVATION)
        .storage(&[Access::Read, Access::ReadWrite])
        .include(include_str!("gated.wgsl"))
        .finish();
    let params = Params { width: width as u32 };
    let workgroups = (width as u32).div_ceil(THREADS);
    Op::new(shader, &params, vec![gate_and_up.clone(), out.clone()], (workgroups, Extent::Tokens(1)))
}
