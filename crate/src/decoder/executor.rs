//! One interface to the two decoders, that of the processor and that of the GPU.
//!
//! Both read a prompt piece by piece and then return ids. The GPU chooses ids itself and returns several at a time; for
//! the processor the choice is made here.

use std::rc::Rc;

use crate::adapters::low_rank::LowRankPairs;
use crate::decoder::cpu::{self, Mode};
use crate::decoder::gpu::{self, device::Gpu};
use crate::error::Result;
use crate::files::source::Source;
use crate::model::config::ModelConfig;
use crate::model::guide::{Guide, GuideState};
use crate::model::sampler::Sampling;
use crate::model::weights::Weights;

/// Number of prompt tokens that the processor computes at a time: enough for full speed, few enough to stop soon.
const PREFILL_STEP: usize = if cfg!(target_arch = "wasm32") { 32 } else { 128 };

/// The device that a decoder runs on.
#[derive(Clone)]
pub enum Backend {
    /// The processor.
    Cpu(Mode),
    /// A GPU.
    Gpu(Rc<Gpu>),
}

impl From<Mode> for Backend {
    fn from(mode: Mode) -> Self {
        Backend::Cpu(mode)
    }
}

/// A decoder with its weights.
pub enum Executor {
    /// A decoder on the processor.
    Cpu(Box<Cpu>),
    /// A decoder on the GPU.
    Gpu(Box<gpu::Decoder>),
}

/// The processor's decoder and its state between calls.
pub struct Cpu {
    decoder: cpu::Decoder,
    /// Logits after the last token of the context; empty if that is not the end of a prompt.
    logits: Vec<f32>,
    /// Token that was chosen last and is not in the context yet.
    pending: Option<u32>,
    /// Guide to the text, with its state.
    guide: Option<(Guide, GuideState)>,
}

impl Executor {
    /// Loads all weights, for contexts of up to `context` tokens.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape than `config` asks for, cannot be read, or does not fit the device.
    pub async fn load<S: Source>(
        backend: Backend,
        config: &ModelConfig,
        weights: &mut Weights<'_, S>,
        context: usize,
    ) -> Result<Self> {
        Ok(match backend {
            Backend::Cpu(mode) => {
                let decoder = cpu::Decoder::load(config, weights, mode).await?;
                Executor::Cpu(Box::new(Cpu { decoder, logits: Vec::new(), pending: None, guide: None }))
            }
            Backend::Gpu(gpu) => Executor::Gpu(Box::new(gpu::Decoder::load(gpu, config, weights, context).await?)),
        })
    }

    /// Puts `pairs` in place of those in use and forgets the context.
    ///
    /// # Errors
    /// If they do not fit the model.
    pub fn set_pairs(&mut self, pairs: &LowRankPairs<'_>) -> Result<()> {
        match self {
            Executor::Cpu(cpu) => {
                cpu.pending = None;
                cpu.decoder.set_pairs(pairs)
            }
            Executor::Gpu(gpu) => gpu.set_pairs(pairs),
        }
    }

    /// Sets the guide to the texts that follow; `None` for free texts.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn set_guide(&mut self, guide: Option<Guide>) -> Result<()> {
        match self {
            Executor::Cpu(cpu) => {
                cpu.guide = guide.map(|guide| (guide, GuideState::START));
                Ok(())
            }
            Executor::Gpu(gpu) => gpu.set_guide(guide.as_ref()),
        }
    }

    /// Makes room for pairs of up to `rank`, so that changing to such pairs takes no longer than writing them.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn reserve_rank(&mut self, rank: usize) -> Result<()> {
        match self {
            Executor::Cpu(_) => Ok(()),
            Executor::Gpu(gpu) => gpu.reserve_rank(rank),
        }
    }

    /// Forgets the context.
    pub fn reset(&mut self) {
        match self {
            Executor::Cpu(cpu) => {
                cpu.pending = None;
                cpu.decoder.reset();
            }
            Executor::Gpu(gpu) => gpu.reset(),
        }
    }

    /// Forgets all of the context but its first `tokens` tokens.
    ///
    /// # Errors
    /// If the context is shorter.
    pub fn rewind(&mut self, tokens: usize) -> Result<()> {
        let length = match self {
            Executor::Cpu(cpu) => cpu.decoder.position(),
            Executor::Gpu(gpu) => gpu.position(),
        };
        if tokens > length {
            return Err(crate::failure!("the context has {length} tokens, fewer than the {tokens} to go back to"));
        }
        match self {
            Executor::Cpu(cpu) => {
                cpu.pending = None;
                cpu.decoder.rewind(tokens);
            }
            Executor::Gpu(gpu) => gpu.rewind(tokens),
        }
        Ok(())
    }

    /// Appends some of `ids`, from the first on, to the context, as many as take a short time, and returns their
    /// number.
    ///
    /// # Errors
    /// If an id is not in the vocabulary, the context is full, or the device fails.
    pub async fn feed(&mut self, ids: &[u32]) -> Result<usize> {
        match self {
            Executor::Cpu(cpu) => {
                let count = ids.len().min(PREFILL_STEP);
                let last = count == ids.len();
                cpu.logits = cpu.decoder.forward(&ids[..count], last)?.unwrap_or_default();
                cpu.pending = None;
                Ok(count)
            }
            Executor::Gpu(gpu) => gpu.feed(ids).await,
        }
    }

    /// Returns the logits, `[vocab_size]`, after the end of the fed prompt.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn logits(&mut self) -> Result<Vec<f32>> {
        match self {
            Executor::Cpu(cpu) => Ok(cpu.logits.clone()),
            Executor::Gpu(gpu) => gpu.logits().await,
        }
    }

    /// Appends `ids` to the context and returns the logits after each: [ids, vocab_size].
    ///
    /// # Errors
    /// As [`Executor::feed`].
    pub async fn feed_each(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        match self {
            Executor::Cpu(cpu) => {
                cpu.pending = None;
                cpu.decoder.forward_all(ids)
            }
            Executor::Gpu(gpu) => {
                let mut all = Vec::new();
                for id in ids {
                    gpu.feed(&[*id]).await?;
                    all.extend(gpu.logits().await?);
                }
                Ok(all)
            }
        }
    }

    /// Returns one or a few ids that follow the prompt. `taken` ids were taken before, and never more than `limit` are
    /// computed in all.
    ///
    /// # Errors
    /// If the context is full or the device fails.
    pub async fn next(&mut self, sampling: &Sampling, taken: usize, limit: usize) -> Result<Vec<u32>> {
        match self {
            Executor::Cpu(cpu) => {
                if let Some(id) = cpu.pending.take() {
                    cpu.logits = cpu.decoder.forward(&[id], true)?.unwrap_or_default();
                }
                if let Some((guide, state)) = &mut cpu.guide {
                    if taken == 0 {
                        *state = GuideState::START;
                    }
                    guide.mask(*state, &mut cpu.logits);
                }
                let id = sampling.choose(&cpu.logits, taken as u32);
                if let Some((guide, state)) = &mut cpu.guide {
                    *state = guide.after(*state, id);
                }
                cpu.pending = Some(id);
                Ok(vec![id])
            }
            Executor::Gpu(gpu) => gpu.next(sampling, taken, limit).await,
        }
    }

    /// Returns the name of the backend, `cpu` or `gpu`.
    pub fn name(&self) -> &'static str {
        match self {
            Executor::Cpu(_) => "cpu",
            Executor::Gpu(_) => "gpu",
        }
    }

    /// Returns the GPU's decoder, if the model runs there.
    pub fn gpu(&self) -> Option<&gpu::Decoder> {
        match self {
            Executor::Cpu(_) => None,
            Executor::Gpu(gpu) => Some(gpu),
        }
    }
}
