//! Decode: the parts of attention over splits of the context, brought together, and the A of the low-rank branch that has
//! them as input.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::branch_input::BranchInput;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op, SPLIT};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::ModelConfig;

/// Enough for a head, or for all of them where each workgroup of a branch goes through them.
const THREADS: [u32; 2] = [64, 256];

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    heads: u32,
    window: u32,
    inner_rows: u32,
    inner_scales: u32,
}

/// Bytes of the parts for a context of `positions`.
pub fn part_bytes(config: &ModelConfig, positions: usize) -> u64 {
    (positions.div_ceil(SPLIT as usize) * config.heads * (4 + config.head_dim) * 4) as u64
}

/// Brings the parts of one token together.
pub struct Combine<'a> {
    /// The decoder's description.
    pub config: &'a ModelConfig,
    /// Positions that the layer sees; 0 for all.
    pub window: u32,
    /// What [`super::rope::Heads::attend_one`] wrote.
    pub parts: &'a Rc<Buffer>,
    /// Attention's output: [heads, head_dim].
    pub out: &'a Rc<Buffer>,
    /// A of the output projection.
    pub branch: BranchInput<'a>,
}

impl Combine<'_> {
    /// The dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { config, window, parts, out, branch } = self;
        let threads = THREADS[usize::from(branch.rows() > 0)];
        let builder = Builder::new("combine", features, threads)
            .number("HEAD", config.head_dim as u32)
            .number("SPLIT", SPLIT)
            .reduce(threads)
            .storage(&[Access::Read, Access::Write])
            .include(include_str!("combine.wgsl"));
        let (inner_rows, inner_scales) = (branch.rows(), branch.scales());
        let params = Params { heads: config.heads as u32, window, inner_rows, inner_scales };
        let buffers = [parts, out, &branch.a.shards[0], branch.inner].map(Rc::clone).to_vec();
        let groups = config.heads as u32 + branch.groups();
        let shader = branch.declare(builder).finish();
        Op::new(shader, &params, buffers, (groups, Extent::One)).reading(branch.a.bytes())
    }
}
