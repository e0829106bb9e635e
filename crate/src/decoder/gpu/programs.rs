//! The programs that a decoder runs.

use super::buffer::Buffer;
use super::device::Gpu;
use super::program::Program;
use super::record::PassRecorder;
use super::step_uniforms::StepUniforms;
use crate::error::Result;

/// The parts of a pass, each ready to be encoded.
pub struct Programs {
    /// Embeds the tokens of a prompt.
    pub embed: Program,
    /// Runs all layers for one token.
    pub decode: Program,
    /// Runs all layers for many tokens.
    pub prefill: Program,
    /// Computes the logits of the last token.
    pub head: Program,
    /// Chooses the next token and embeds it.
    pub choose: Program,
}

impl Programs {
    /// Compiles the passes that `recorder` records.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, uniforms: &Buffer, recorder: &PassRecorder<'_>) -> Result<Self> {
        Ok(Self {
            embed: Program::new(gpu, uniforms, recorder.embed())?,
            decode: Program::new(gpu, uniforms, recorder.decode())?,
            prefill: Program::new(gpu, uniforms, recorder.prefill())?,
            head: Program::new(gpu, uniforms, recorder.head())?,
            choose: Program::new(gpu, uniforms, recorder.choose())?,
        })
    }

    /// Runs one workgroup of each pipeline, because drivers compile a shader at its first use. The next pass overwrites
    /// the results.
    pub fn warm(&self, gpu: &Gpu, uniforms: &Buffer) {
        gpu.write(uniforms, 0, &[StepUniforms::new(0, 1)]);
        gpu.submit_pass(|pass| {
            for program in [&self.embed, &self.prefill, &self.decode, &self.head, &self.choose] {
                program.warm(pass);
            }
        });
    }
}
