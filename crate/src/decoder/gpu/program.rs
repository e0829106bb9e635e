//! Dispatches as plain data, and programs that run them.
//!
//! The decoder records a pass as a list of [`Op`]s; a [`Program`] compiles their pipelines and keeps their bind groups,
//! so that encoding a pass is three calls a dispatch and allocates nothing.

use std::collections::HashMap;
use std::rc::Rc;

use super::buffer::Buffer;
use super::device::Gpu;
use super::pipeline::Pipeline;
use super::shader::Shader;
use super::step_uniforms::StepUniforms;
use crate::error::Result;

/// Positions that one workgroup of decoding attention takes.
pub const SPLIT: u32 = 128;

/// Number of storage buffers that every device allows in a shader.
const MAX_STORAGE_BUFFERS: usize = 8;

/// Alignment of parameters within a buffer, in bytes.
const PARAMS_ALIGNMENT: usize = 256;

/// Second dimension of a dispatch, in workgroups; the first is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One workgroup.
    One,
    /// A workgroup for each group of this many tokens.
    Tokens(u32),
    /// A workgroup for each [`SPLIT`] positions that a token sees, at most `window` if that is not 0.
    Splits {
        /// Positions that the layer sees.
        window: u32,
    },
}

impl Extent {
    fn workgroups(self, uniforms: &StepUniforms) -> u32 {
        match self {
            Extent::One => 1,
            Extent::Tokens(each) => uniforms.tokens.div_ceil(each),
            Extent::Splits { window: 0 } => (uniforms.position + 1).div_ceil(SPLIT),
            Extent::Splits { window } => (uniforms.position + 1).min(window).div_ceil(SPLIT),
        }
    }
}

/// One dispatch.
pub struct Op {
    /// Shader that runs.
    pub shader: Shader,
    /// Its parameters, as the shader declares them.
    pub params: Vec<u8>,
    /// Its storage buffers.
    pub buffers: Vec<Rc<Buffer>>,
    /// Numbers of workgroups.
    pub grid: (u32, Extent),
    /// Bytes of weights and low-rank pairs that it reads. Reading them is most of the time of decoding.
    pub bytes: u64,
}

impl Op {
    /// Returns an op, after checking that it has the buffers that its shader declares.
    pub fn new(
        shader: Shader,
        params: &impl bytemuck::NoUninit,
        buffers: Vec<Rc<Buffer>>,
        grid: (u32, Extent),
    ) -> Self {
        assert_eq!(shader.storage.len(), buffers.len(), "{}: one buffer per binding", shader.label);
        assert!(buffers.len() <= MAX_STORAGE_BUFFERS, "{}: {} storage buffers", shader.label, buffers.len());
        Self { shader, params: bytemuck::bytes_of(params).to_vec(), buffers, grid, bytes: 0 }
    }

    /// Returns the same op, counted as reading `bytes` bytes of weights.
    pub fn reading(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }
}

/// An op that is ready to be encoded.
struct PreparedOp {
    pipeline: Rc<Pipeline>,
    bind_group: wgpu::BindGroup,
    grid: (u32, Extent),
    /// Keeps the buffers alive, because a buffer without an owner is destroyed.
    _buffers: Vec<Rc<Buffer>>,
}

/// Ops that are ready to be encoded.
pub struct Program {
    ops: Vec<PreparedOp>,
    /// Bytes that its ops read together.
    pub bytes: u64,
    /// Keeps the parameters alive.
    _params: Rc<Buffer>,
}

impl Program {
    /// Compiles the shaders of `ops` that are new and binds their buffers.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, uniforms: &Buffer, ops: Vec<Op>) -> Result<Self> {
        let mut packed = PackedParams::default();
        let offsets: Vec<u64> = ops.iter().map(|op| packed.place(&op.params)).collect();
        use wgpu::BufferUsages as Usage;
        let params = gpu.buffer("parameters", packed.bytes.len() as u64, Usage::UNIFORM | Usage::COPY_DST)?;
        gpu.write(&params, 0, &packed.bytes);
        let bytes = ops.iter().map(|op| op.bytes).sum();
        let prepared = ops.into_iter().zip(offsets).map(|(op, offset)| {
            let pipeline = gpu.pipeline(&op.shader);
            let length = op.params.len().next_multiple_of(16) as u64;
            let bind_group = gpu.bind_group(&pipeline, uniforms, (&params, offset, length), &op.buffers);
            PreparedOp { pipeline, bind_group, grid: op.grid, _buffers: op.buffers }
        });
        Ok(Self { ops: prepared.collect(), bytes, _params: params })
    }

    /// Returns the number of dispatches.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Returns true if there are no dispatches.
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

    /// Encodes all ops of a pass with these uniforms.
    pub fn encode_all(&self, pass: &mut wgpu::ComputePass<'_>, uniforms: &StepUniforms) {
        self.encode(pass, 0..self.len(), uniforms);
    }

    /// Encodes the ops `range` of a pass with these uniforms.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>, range: std::ops::Range<usize>, uniforms: &StepUniforms) {
        for op in &self.ops[range] {
            pass.set_pipeline(&op.pipeline.pipeline);
            pass.set_bind_group(0, &op.bind_group, &[]);
            let (x, y) = op.grid;
            pass.dispatch_workgroups(x, y.workgroups(uniforms), 1);
        }
    }
}

/// Parameters of all ops in one buffer; equal ones are stored once.
#[derive(Default)]
struct PackedParams {
    bytes: Vec<u8>,
    offsets: HashMap<Vec<u8>, u64>,
}

impl PackedParams {
    /// Adds `params` and returns their offset in bytes.
    fn place(&mut self, params: &[u8]) -> u64 {
        if let Some(offset) = self.offsets.get(params) {
            return *offset;
        }
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(params);
        self.bytes.resize(self.bytes.len().next_multiple_of(PARAMS_ALIGNMENT), 0);
        self.offsets.insert(params.to_vec(), offset as u64);
        offset as u64
    }
}
