//! Decode: combines the partial results of attention over splits of the context, and computes the A of the low-rank branch
//! whose input the result is.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::branch_input::BranchInput;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op, SPLIT};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::ModelConfig;

/// Threads of a workgroup: enough for one head, or with a branch, whose workgroups go through all heads, enough for these.
const THREADS: [u32; 2] = [64, 256];

/// Parameters, as `Combine` in `combine.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) heads: u32,
    pub(super) window: u32,
    pub(super) inner_rows: u32,
    pub(super) inner_scales: u32,
}

/// Returns the bytes of the partial results for a context of `positions`.
pub fn partials_bytes(config: &ModelConfig, positions: usize) -> u64 {
    (positions.div_ceil(SPLIT as usize) * config.heads * (4 + config.head_dim) * 4) as u64
}

/// Combines the partial results of one token.
pub struct Combine<'a> {
    /// Configuration of the model.
    pub config: &'a ModelConfig,
    /// Number of positions that the layer sees; 0 for all.
    pub window: u32,
    /// Partial results from [`super::rope::Heads::attend_one`]: [splits, heads, 4 + head_dim].
    pub partials: &'a Rc<Buffer>,
    /// Output of attention: [heads, head_dim].
    pub out: &'a Rc<Buffer>,
    /// A of the output projection.
    pub branch: BranchInput<'a>,
}

impl Combine<'_> {
    /// Records the dispatch.
    pub fn op(self, features: Features) -> Op {
        let Self { config, window, partials, out, branch } = self;
        let threads = THREADS[usize::from(branch.rows() > 0)];
        let builder = Builder::new("combine", features, threads)
            .number("HEAD", config.head_dim as u32)
            .number("SPLIT", SPLIT)
            .reduce(threads)
            .storage(&[Access::Read, Access::ReadWrite])
            .include(include_str!("combine.wgsl"));
        let (inner_rows, inner_scales) = (branch.rows(), branch.scales());
        let params = Params { heads: config.heads as u32, window, inner_rows, inner_scales };
        let buffers = [partials, out, &branch.a.shards[0], branch.inner].map(Rc::clone).to_vec();
        let workgroups = config.heads as u32 + branch.workgroups();
        let shader = branch.declare(builder).finish();
        Op::new(shader, &params, buffers, (workgroups, Extent::One)).reading(branch.a.bytes())
    }
}
