//! Prefill: norms and rotations of q and k, and the way of k and v into the cache.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::{HEAD, NONE, cached};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::{ModelConfig, RopeStyle};

const THREADS: u32 = 32;

/// Parameters of what works on heads, as in `head.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    heads: u32,
    kv_heads: u32,
    window: u32,
    row: u32,
    q_norm: u32,
    k_norm: u32,
    table: u32,
    epsilon: f32,
    scale: f32,
    pad: [u32; 3],
}

/// What a layer's attention works on.
#[derive(Clone)]
pub struct Heads<'a> {
    /// The decoder's description.
    pub config: &'a ModelConfig,
    /// Positions that a query sees; 0 for all.
    pub window: u32,
    /// Offsets of the weights of q's and k's norms in `vectors`.
    pub norms: Option<(u32, u32)>,
    /// Start of the layer's rotations, in elements.
    pub table: u32,
    /// [tokens, q | k | v]
    pub qkv: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// cos and sin by position.
    pub rotations: &'a Rc<Buffer>,
    /// The layer's keys.
    pub keys: &'a Rc<Buffer>,
    /// The layer's values.
    pub values: &'a Rc<Buffer>,
    /// Whether the cache holds f16.
    pub cache_f16: bool,
}

impl Heads<'_> {
    pub(super) fn params(&self) -> Params {
        let config = self.config;
        let (q_norm, k_norm) = self.norms.map_or((NONE, NONE), |(q, k)| (q / 4, k / 4));
        Params {
            heads: config.heads as u32,
            kv_heads: config.kv_heads as u32,
            window: self.window,
            row: ((config.q_width() + 2 * config.kv_width()) / 4) as u32,
            q_norm,
            k_norm,
            table: self.table / 4,
            epsilon: config.epsilon,
            scale: config.attention_scale,
            pad: [0; 3],
        }
    }

    /// Code and constants of what works on heads: `rows` of them in workgroup memory, a run of `lanes` threads each.
    pub(super) fn builder(&self, label: &str, features: Features, threads: u32, lanes: u32, rows: u32) -> Builder {
        Builder::new(label, features, threads)
            .number("HEAD", self.config.head_dim as u32)
            .number("ROWS", rows)
            .flag("QK_NORM", self.norms.is_some())
            .flag("INTERLEAVED", self.config.rope_style == RopeStyle::Interleaved)
            .include(cached(self.cache_f16))
            .reduce(lanes)
            .include(HEAD)
    }

    /// Prefill: prepares q, k and v of all tokens.
    pub fn rope(&self, features: Features) -> Op {
        let shader = self
            .builder("rope", features, THREADS, THREADS, 1)
            .include(include_str!("rope.wgsl"))
            .storage(&[Access::Write, Access::Read, Access::Read, Access::Write, Access::Write])
            .finish();
        let buffers = [self.qkv, self.vectors, self.rotations, self.keys, self.values].map(Rc::clone).to_vec();
        let heads = (self.config.heads + 2 * self.config.kv_heads) as u32;
        Op::new(shader, &self.params(), buffers, (heads, Extent::Tokens(1)))
    }
}
