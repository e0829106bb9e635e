//! Dispatches as plain data, and what runs them.
//!
//! The decoder records what a pass does as a list of [`Op`]s; [`Program`] compiles the pipelines it needs and keeps bind
//! groups, so that encoding a pass is three calls a dispatch and allocates nothing.

use std::collections::HashMap;
use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::buffer::Buffer;
use super::device::Gpu;
use super::pipeline::Pipeline;
use super::shader::Shader;
use crate::error::Result;

/// Positions that one workgroup of decoding attention takes.
pub const SPLIT: u32 = 128;

/// Storage buffers that every device allows in a shader.
const MOST_BUFFERS: usize = 8;

/// Where parameters may begin within a buffer.
const PARAMS_ALIGNMENT: usize = 256;

/// What changes from one pass to the next, as in `step.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct StepUniforms {
    /// Tokens in the cache before the pass.
    pub position: u32,
    /// Tokens of the pass.
    pub tokens: u32,
    /// Tokens generated before the one that the pass chooses.
    pub generated: u32,
    /// Candidates that are drawn from; 1 for greedy.
    pub top_k: u32,
    /// Seed, low word first.
    pub seed: [u32; 2],
    /// 0 for greedy.
    pub temperature: f32,
    /// Probability that the candidates together reach.
    pub top_p: f32,
}

impl StepUniforms {
    /// A pass that chooses greedily.
    pub fn new(position: usize, tokens: usize) -> Self {
        let (position, tokens) = (position as u32, tokens as u32);
        Self { position, tokens, generated: 0, top_k: 1, seed: [0; 2], temperature: 0.0, top_p: 1.0 }
    }
}

/// Second dimension of a dispatch; the first is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One.
    One,
    /// A workgroup for each so many tokens.
    Tokens(u32),
    /// A workgroup for each [`SPLIT`] positions that a token sees, at most `window` if that is not 0.
    Splits {
        /// Positions that the layer sees.
        window: u32,
    },
}

impl Extent {
    fn of(self, step: &StepUniforms) -> u32 {
        match self {
            Extent::One => 1,
            Extent::Tokens(each) => step.tokens.div_ceil(each),
            Extent::Splits { window: 0 } => (step.position + 1).div_ceil(SPLIT),
            Extent::Splits { window } => (step.position + 1).min(window).div_ceil(SPLIT),
        }
    }
}

/// One dispatch.
pub struct Op {
    /// What runs.
    pub shader: Shader,
    /// Its parameters, as the shader declares them.
    pub params: Vec<u8>,
    /// Its storage buffers.
    pub buffers: Vec<Rc<Buffer>>,
    /// Workgroups.
    pub grid: (u32, Extent),
    /// Bytes of weights and low-rank pairs that it reads: what decoding is bound by.
    pub bytes: u64,
}

impl Op {
    /// An op, checked for having the buffers that its shader declares.
    pub fn new(
        shader: Shader,
        params: &impl bytemuck::NoUninit,
        buffers: Vec<Rc<Buffer>>,
        grid: (u32, Extent),
    ) -> Self {
        assert_eq!(shader.storage.len(), buffers.len(), "{}: one buffer per binding", shader.label);
        assert!(buffers.len() <= MOST_BUFFERS, "{}: {} storage buffers", shader.label, buffers.len());
        Self { shader, params: bytemuck::bytes_of(params).to_vec(), buffers, grid, bytes: 0 }
    }

    /// The same, reading `bytes` bytes of weights.
    pub fn reading(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }
}

struct Prepared {
    pipeline: Rc<Pipeline>,
    bind_group: wgpu::BindGroup,
    grid: (u32, Extent),
    /// Kept alive: a buffer that nobody holds is destroyed.
    _buffers: Vec<Rc<Buffer>>,
}

/// Ops that are ready to be encoded.
pub struct Program {
    ops: Vec<Prepared>,
    /// Sum of what its ops read.
    pub bytes: u64,
    /// Keeps the parameters alive.
    _params: Rc<Buffer>,
}

impl Program {
    /// Compiles what is new and binds the buffers.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, step: &Buffer, ops: Vec<Op>) -> Result<Self> {
        let mut slots = Slots::default();
        let offsets: Vec<u64> = ops.iter().map(|op| slots.place(&op.params)).collect();
        use wgpu::BufferUsages as Usage;
        let params = gpu.buffer("parameters", slots.bytes.len() as u64, Usage::UNIFORM | Usage::COPY_DST)?;
        gpu.write(&params, 0, &slots.bytes);
        let bytes = ops.iter().map(|op| op.bytes).sum();
        let prepared = ops.into_iter().zip(offsets).map(|(op, offset)| {
            let pipeline = gpu.pipeline(&op.shader);
            let length = op.params.len().next_multiple_of(16) as u64;
            let bind_group = gpu.bind_group(&pipeline, step, (&params, offset, length), &op.buffers);
            Prepared { pipeline, bind_group, grid: op.grid, _buffers: op.buffers }
        });
        Ok(Self { ops: prepared.collect(), bytes, _params: params })
    }

    /// Number of dispatches.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Encodes one workgroup of the first op of each pipeline.
    pub fn warm(&self, pass: &mut wgpu::ComputePass<'_>) {
        let mut known: Vec<*const Pipeline> = Vec::new();
        for op in &self.ops {
            if !known.contains(&Rc::as_ptr(&op.pipeline)) {
                known.push(Rc::as_ptr(&op.pipeline));
                pass.set_pipeline(&op.pipeline.pipeline);
                pass.set_bind_group(0, &op.bind_group, &[]);
                pass.dispatch_workgroups(1, 1, 1);
            }
        }
    }

    /// Encodes the ops `range` for a pass with the numbers of `step`.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>, range: std::ops::Range<usize>, step: &StepUniforms) {
        for op in &self.ops[range] {
            pass.set_pipeline(&op.pipeline.pipeline);
            pass.set_bind_group(0, &op.bind_group, &[]);
            let (x, y) = op.grid;
            pass.dispatch_workgroups(x, y.of(step), 1);
        }
    }
}

/// Parameters of all ops in one buffer, equal ones once.
#[derive(Default)]
struct Slots {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u64>,
}

impl Slots {
    fn place(&mut self, params: &[u8]) -> u64 {
        if let Some(offset) = self.known.get(params) {
            return *offset;
        }
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(params);
        self.bytes.resize(self.bytes.len().next_multiple_of(PARAMS_ALIGNMENT), 0);
        self.known.insert(params.to_vec(), offset as u64);
        offset as u64
    }
}
