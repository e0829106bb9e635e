//! The decoder on the GPU: the same steps as [`crate::decoder::cpu`], as WGSL kernels through wgpu, natively and in a
//! browser.
//!
//! In reading order: [`device`] opens a GPU; [`mod@format`] and [`matrix`] bring weights into its memory; [`kernels`]
//! are the steps; [`record`](self) lists the kernels of a pass as data, which [`program`] encodes. This file runs
//! passes: prefill in pieces of bounded time, and decoding without waiting for the processor between tokens.

mod activations;
pub mod bandwidth;
pub mod buffer;
mod cache;
mod counters;
pub mod device;
pub mod faults;
pub mod features;
pub mod format;
mod generation;
pub mod kernels;
pub mod matrix;
pub mod memory;
mod pace;
pub mod pipeline;
pub mod program;
mod programs;
mod readback;
mod record;
pub mod self_test;
pub mod shader;
mod slots;
pub mod step_uniforms;
mod weights;

use std::rc::Rc;

use web_time::Instant;

use self::activations::Activations;
use self::buffer::Buffer;
use self::cache::Cache;
pub use self::counters::Counters;
use self::device::{Gpu, encode_pass};
use self::generation::Generation;
use self::kernels::attend::MAX_HEAD;
use self::kernels::guide::GuideBuffers;
use self::kernels::sample::RING;
use self::pace::Pace;
use self::programs::Programs;
use self::record::PassRecorder;
use self::slots::Slots;
use self::step_uniforms::StepUniforms;
use self::weights::GpuWeights;
use crate::adapters::low_rank::LowRankPairs;
use crate::error::Result;
use crate::files::source::Source;
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::guide::Guide;
use crate::model::sampler::Sampling;
use crate::model::weights::Weights;

/// The decoder with its weights, the low-rank pairs in use and the key-value cache in GPU memory.
pub struct Decoder {
    config: ModelConfig,
    gpu: Rc<Gpu>,
    weights: GpuWeights,
    cache: Cache,
    activations: Activations,
    slots: Option<Slots>,
    /// True if the pairs in `slots` are in use.
    adapted: bool,
    guide: Option<GuideBuffers>,
    /// The [`StepUniforms`] of the pass that is submitted next.
    uniforms: Rc<Buffer>,
    programs: Programs,
    pace: Pace,
    /// Tokens in the cache, counting those whose computation is under way.
    position: usize,
    /// Uniforms of the last pass over a prompt.
    last_pass: StepUniforms,
    generation: Generation,
    counters: Counters,
}

impl Decoder {
    /// Streams all weights to the GPU, for contexts of up to `context` tokens.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape than `config` asks for or cannot be read, if the model does not fit
    /// the device, or if the device computes wrongly.
    pub async fn load<S: Source>(
        gpu: Rc<Gpu>,
        config: &ModelConfig,
        weights: &mut Weights<'_, S>,
        context: usize,
    ) -> Result<Self> {
        check_widths(config)?;
        memory::check(&gpu, config, weights.header(), context)?;
        use wgpu::BufferUsages as Usage;
        let uniforms = gpu.buffer("uniforms", size_of::<StepUniforms>() as u64, Usage::UNIFORM | Usage::COPY_DST)?;
        let load = async || {
            let gpu_weights = GpuWeights::allocate(&gpu, config, weights).await?;
            let cache = Cache::new(&gpu, config, &gpu_weights, 1)?;
            let activations =
                Activations::new(&gpu, config, pace::MOST_TOKENS.min(config.context), cache.positions, 0)?;
            let recorder = PassRecorder {
                features: gpu.features,
                config,
                weights: &gpu_weights,
                activations: &activations,
                cache: &cache,
                slots: None,
                guide: None,
            };
            let programs = Programs::new(&gpu, &uniforms, &recorder)?;
            // Drivers compile while weights stream in.
            programs.warm(&gpu, &uniforms);
            self_test::run(&gpu, &gpu_weights.formats()).await?;
            gpu_weights.fill(&gpu, weights).await?;
            gpu.finish().await?;
            Ok((gpu_weights, cache, activations, programs))
        };
        let (weights, cache, activations, programs) = gpu.check_memory(load).await?;
        gpu.check()?;
        Ok(Self {
            config: config.clone(),
            pace: Pace::new(config.layers, activations.tokens()),
            weights,
            cache,
            activations,
            slots: None,
            adapted: false,
            guide: None,
            uniforms,
            programs,
            position: 0,
            last_pass: StepUniforms::new(0, 1),
            generation: Generation::new(),
            counters: Counters::default(),
            gpu,
        })
    }

    /// Returns the device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Returns the counters of decoding since the model was loaded.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Puts `pairs` in place of those in use and forgets the context.
    ///
    /// # Errors
    /// If they do not fit the model or the device.
    pub fn set_pairs(&mut self, pairs: &LowRankPairs<'_>) -> Result<()> {
        pairs.check_layers(&self.config)?;
        self.reset();
        self.reserve_rank(pairs.rank())?;
        let before = (self.adapted, self.slots.as_ref().map(|slots| slots.format));
        self.adapted = false;
        let mut written = Ok(());
        if let Some(slots) = self.slots.as_mut().filter(|_| pairs.rank() > 0) {
            // If that fails, the slots hold some of both, and only the base model can be used.
            written = slots.write(&self.gpu, &self.config, pairs);
            self.adapted = written.is_ok();
        }
        if before != (self.adapted, self.slots.as_ref().map(|slots| slots.format)) {
            self.rebuild()?;
        }
        written?;
        self.gpu.check()
    }

    /// Sets the guide to the texts that follow; `None` for free texts.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn set_guide(&mut self, guide: Option<&Guide>) -> Result<()> {
        if guide.is_none() && self.guide.is_none() {
            return Ok(());
        }
        self.guide = guide.map(|guide| GuideBuffers::new(&self.gpu, guide)).transpose()?;
        self.rebuild()
    }

    /// Allocates slots for pairs of up to `rank` and compiles their shaders, so that changing to such pairs only
    /// writes. Where slots are allocated, no pairs are in use afterwards.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn reserve_rank(&mut self, rank: usize) -> Result<()> {
        if rank > 0 && !self.slots.as_ref().is_some_and(|slots| slots.holds(rank)) {
            self.reset();
            let mut slots = Slots::new(&self.gpu, &self.config, rank)?;
            let activations = self.new_activations(self.cache.positions, slots.capacity)?;
            for format in slots.possible_formats() {
                slots.format = format;
                self.programs(&activations, Some(&slots))?.warm(&self.gpu, &self.uniforms);
            }
            self.programs = self.programs(&activations, None)?;
            (self.activations, self.slots, self.adapted) = (activations, Some(slots), false);
        }
        self.gpu.check()
    }

    /// Forgets the context. Ids that are on their way are not waited for.
    pub fn reset(&mut self) {
        self.generation.reset();
        self.position = 0;
    }

    /// Forgets all of the context but its first `tokens` tokens, of which there are at least so many. Ids that are on
    /// their way are not waited for.
    pub fn rewind(&mut self, tokens: usize) {
        self.generation.reset();
        self.position = tokens;
    }

    /// Returns the number of tokens in the context.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Appends some of `ids`, from the first on, to the context: as many as take a fraction of a second. Returns their
    /// number.
    ///
    /// # Errors
    /// If an id is not in the vocabulary, the context is full, or the device fails.
    pub async fn feed(&mut self, ids: &[u32]) -> Result<usize> {
        let count = self.pace.tokens().min(ids.len());
        let ids = &ids[..count];
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.config.vocab_size) {
            return Err(input!("token {id} is not in the vocabulary of {}", self.config.vocab_size));
        }
        self.generation.reset();
        self.reserve(self.position + count)?;
        let uniforms = StepUniforms::new(self.position, count);
        let started = Instant::now();
        self.gpu.write(&self.activations.ids, 0, ids);
        self.gpu.write(&self.uniforms, 0, &[uniforms]);

        let layers = if count == 1 { &self.programs.decode } else { &self.programs.prefill };
        let ops_per_submit = layers.len().div_ceil(self.config.layers) * self.pace.layers();
        let mut start = 0;
        while start < layers.len() {
            let end = layers.len().min(start + ops_per_submit);
            self.gpu.submit_pass(|pass| {
                if start == 0 {
                    self.programs.embed.encode_all(pass, &uniforms);
                }
                layers.encode(pass, start..end, &uniforms);
            });
            start = end;
        }
        self.gpu.finish().await?;
        self.pace.took(count, started.elapsed());
        self.position += count;
        self.last_pass = uniforms;
        Ok(count)
    }

    /// Returns the logits, `[vocab_size]`, after the end of the fed prompt.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn logits(&mut self) -> Result<Vec<f32>> {
        self.gpu.submit_pass(|pass| self.programs.head.encode_all(pass, &self.last_pass));
        self.gpu.read(&self.activations.logits, self.config.vocab_size).await
    }

    /// Returns the next ids after the prompt: those of one group, while the GPU computes the group after it. `taken`
    /// ids were taken before, and never more than `limit` are computed in all.
    ///
    /// # Errors
    /// If the context is full or the device fails.
    pub async fn next(&mut self, sampling: &Sampling, taken: usize, limit: usize) -> Result<Vec<u32>> {
        if self.generation.is_idle() {
            // The first alone: the reader waits for it.
            self.generation.start_clock();
            self.submit(sampling, if taken == 0 { 1 } else { self.pace.group() }, limit)?;
        }
        self.submit(sampling, self.pace.group(), limit)?;
        self.generation.next_group(&self.gpu, &mut self.pace).await
    }

    /// Submits the computation of up to `count` more tokens, one submit each, and the readback of their ids.
    fn submit(&mut self, sampling: &Sampling, count: usize, limit: usize) -> Result<()> {
        let count = count.min(limit.saturating_sub(self.generation.chosen()));
        if count == 0 {
            return Ok(());
        }
        self.reserve(self.position + count)?;
        use wgpu::BufferUsages as Usage;
        let staging = self.gpu.buffer("ids", 4 * u64::from(RING), Usage::MAP_READ | Usage::COPY_DST)?;
        let Programs { decode, head, choose, .. } = &self.programs;
        for i in 0..count {
            // The first token is chosen after the prompt's last pass; each other one after the pass of the one before.
            let first = self.generation.chosen() == 0;
            let programs = if first { &[head, choose][..] } else { &[decode, head, choose] };
            let pass = if first { self.last_pass } else { StepUniforms::new(self.position, 1) };
            let uniforms = pass.with_sampling(sampling, self.generation.chosen());
            self.gpu.write(&self.uniforms, 0, &[uniforms]);
            let mut encoder = self.gpu.encoder();
            encode_pass(&mut encoder, |pass| {
                programs.iter().for_each(|program| program.encode_all(pass, &uniforms));
            });
            if i + 1 == count {
                encoder.copy_buffer_to_buffer(self.activations.chosen.raw(), 0, staging.raw(), 0, staging.bytes());
                self.counters.readbacks += 1;
            }
            self.gpu.submit(encoder);
            if !first {
                self.counters.add_token(programs, self.cache.bytes_read(&self.config, self.position));
                self.position += 1;
            }
            self.generation.add_chosen();
        }
        self.generation.push(staging, count);
        Ok(())
    }

    /// Makes room for `positions` tokens.
    fn reserve(&mut self, positions: usize) -> Result<()> {
        if positions > self.config.context {
            return Err(input!("the context of {} tokens is full; shorten the text", self.config.context));
        }
        if positions <= self.cache.positions {
            return Ok(());
        }
        let cache = Cache::new(&self.gpu, &self.config, &self.weights, positions)?;
        cache.copy_from(&self.gpu, &self.cache);
        // Submitted work goes on in the old buffers, and the queue runs these copies after it.
        let rank = self.slots.as_ref().map_or(0, |slots| slots.capacity);
        let activations = self.new_activations(cache.positions, rank)?;
        activations.copy_from(&self.gpu, &self.activations);
        (self.cache, self.activations) = (cache, activations);
        self.rebuild()
    }

    fn new_activations(&self, positions: usize, rank: usize) -> Result<Activations> {
        Activations::new(&self.gpu, &self.config, self.activations.tokens(), positions, rank)
    }

    /// Records all programs again, after buffers or the rank have changed. Their pipelines are compiled already.
    fn rebuild(&mut self) -> Result<()> {
        self.programs = self.programs(&self.activations, self.slots.as_ref().filter(|_| self.adapted))?;
        Ok(())
    }

    fn programs(&self, activations: &Activations, slots: Option<&Slots>) -> Result<Programs> {
        let Self { gpu, config, weights, cache, uniforms, guide, .. } = self;
        let guide = guide.as_ref();
        let recorder = PassRecorder { features: gpu.features, config, weights, activations, cache, slots, guide };
        Programs::new(gpu, uniforms, &recorder)
    }
}

/// Checks that the kernels can run a model of these widths.
fn check_widths(config: &ModelConfig) -> Result<()> {
    let ModelConfig { head_dim, hidden_size, intermediate_size, .. } = *config;
    if !head_dim.is_multiple_of(8) || head_dim > MAX_HEAD {
        return Err(input!(
            "heads of {head_dim} elements cannot run on the GPU (multiples of 8 up to {MAX_HEAD} can); use the \
             processor"
        ));
    }
    if !hidden_size.is_multiple_of(8) || !intermediate_size.is_multiple_of(8) {
        return Err(input!(
            "widths of {hidden_size} and {intermediate_size} cannot run on the GPU (multiples of 8 can); use the \
             processor"
        ));
    }
    Ok(())
}
