//! Decode: the mask of tokens that a guide does not allow next.

use std::rc::Rc;

use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::device::Gpu;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::error::Result;
use crate::model::guide::Guide;

use super::sample::RING;

const THREADS: u32 = 256;

/// Words of a state of the guide.
const STATE_WORDS: u64 = 3;

/// A guide in GPU memory, with its states after the last two tokens.
pub struct GuideBuffers {
    guide: Rc<Buffer>,
    states: Rc<Buffer>,
}

impl GuideBuffers {
    /// Writes `guide` to a buffer of its length.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, guide: &Guide) -> Result<Self> {
        Ok(Self {
            guide: gpu.storage_with("guide", &guide.to_words())?,
            states: gpu.storage("guide states", 2 * 4 * STATE_WORDS)?,
        })
    }

    /// Records the mask of `logits: [vocab]` after the last of the ids in `chosen: [RING]`.
    pub fn op(&self, features: Features, vocab: usize, chosen: &Rc<Buffer>, logits: &Rc<Buffer>) -> Op {
        let shader = Builder::new("guide", features, THREADS)
            .number("RING", RING)
            .storage(&[Access::Read, Access::Read, Access::ReadWrite, Access::ReadWrite])
            .include(include_str!("guide.wgsl"))
            .finish();
        let buffers = vec![self.guide.clone(), chosen.clone(), self.states.clone(), logits.clone()];
        Op::new(shader, &[vocab as u32, 0, 0, 0], buffers, ((vocab as u32).div_ceil(THREADS), Extent::One))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::kernels::testing::{each_gpu, random, run};
    use crate::decoder::gpu::step_uniforms::StepUniforms;
    use crate::model::guide::{GuideState, LineOrder};
    use crate::model::sampler::argmax;
    use crate::model::tokenizer::testing::gemma_like;

    #[test]
    fn the_mask_is_the_processor_s_token_by_token() {
        let tokenizer = gemma_like(&["A", "B", "n", "a", ":", "\n", "x", "An", "<end_of_turn>"]);
        // The last names have their bits in the high word.
        let many: Vec<String> = (0..40).map(|i| "nax".chars().cycle().skip(i % 3).take(1 + i / 3).collect()).collect();
        let few = ["Ana", "An", "B"].map(str::to_owned).to_vec();
        let guides =
            [(&few, LineOrder::Free), (&few, LineOrder::Given), (&many, LineOrder::Free), (&many, LineOrder::Given)]
                .map(|(names, order)| Guide::new(names.iter().map(String::as_str), order, &tokenizer).unwrap());
        each_gpu(async |gpu| {
            let vocab = tokenizer.vocab_size();
            for (number, guide) in guides.iter().enumerate() {
                let buffers = GuideBuffers::new(gpu, guide).unwrap();
                let chosen = gpu.storage("chosen", 4 * u64::from(RING)).unwrap();
                let mut state = GuideState::START;
                // Longer than the ring of ids.
                for step in 0..90 {
                    let mut logits = random(&format!("{number}, {step}"), vocab);
                    let buffer = gpu.storage_with("logits", &logits).unwrap();
                    let uniforms = StepUniforms { generated: step, ..StepUniforms::new(0, 1) };
                    run(gpu, uniforms, vec![buffers.op(gpu.features, vocab, &chosen, &buffer)]).await;
                    guide.mask(state, &mut logits);
                    let masked: Vec<f32> = gpu.read(&buffer, vocab).await.unwrap();
                    assert_eq!(masked, logits, "guide {number}, token {step}");
                    let id = argmax(&logits);
                    gpu.write(&chosen, u64::from(4 * (step % RING)), &[id]);
                    state = guide.after(state, id);
                }
                assert_ne!(state.used, 0);
            }
        });
    }
}
