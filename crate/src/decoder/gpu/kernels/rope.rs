//! Prefill: normalises and rotates q and k, and puts k and v into the cache.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::{HEAD, NONE, cached};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::{ModelConfig, RopeStyle};

const THREADS: u32 = 32;

/// Parameters of kernels that work on heads, as `Heads` in `head.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) heads: u32,
    pub(super) kv_heads: u32,
    pub(super) window: u32,
    pub(super) row: u32,
    pub(super) q_norm: u32,
    pub(super) k_norm: u32,
    pub(super) table: u32,
    pub(super) epsilon: f32,
    pub(super) scale: f32,
}

/// The heads of a layer's attention and the buffers that they are in.
#[derive(Clone)]
pub struct Heads<'a> {
    /// Configuration of the model.
    pub config: &'a ModelConfig,
    /// Number of positions that a query sees; 0 for all.
    pub window: u32,
    /// Offsets of the weights of q's and k's norms in `vectors`.
    pub norms: Option<(u32, u32)>,
    /// Offset of the layer's rotations, in elements.
    pub table: u32,
    /// Queries, keys and values: [tokens, q | k | v].
    pub qkv: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// cos and sin by position: [position, head_dim / 8, (cos, sin), 4] for each set of frequencies.
    pub rotations: &'a Rc<Buffer>,
    /// Keys of the layer, as `head.wgsl` lays them out.
    pub keys: &'a Rc<Buffer>,
    /// Values of the layer, as `head.wgsl` lays them out.
    pub values: &'a Rc<Buffer>,
    /// True if the cache holds f16.
    pub cache_f16: bool,
}

impl Heads<'_> {
    /// Returns the parameters.
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
        }
    }

    /// Begins a kernel that works on heads: `rows` of them in workgroup memory, a run of `lanes` threads for each.
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

    /// Records the preparation of q, k and v of all tokens: q stays in `qkv`, k and v go to the cache.
    pub fn rope(&self, features: Features) -> Op {
        let shader = self
            .builder("rope", features, THREADS, THREADS, 1)
            .include(include_str!("rope.wgsl"))
            .storage(&[Access::ReadWrite, Access::Read, Access::Read, Access::ReadWrite, Access::ReadWrite])
            .finish();
        let buffers = [self.qkv, self.vectors, self.rotations, self.keys, self.values].map(Rc::clone).to_vec();
        let heads = (self.config.heads + 2 * self.config.kv_heads) as u32;
        Op::new(shader, &self.params(), buffers, (heads, Extent::Tokens(1)))
    }
}
