//! The decoder on the GPU: the same steps as [`crate::decoder::cpu`], as WGSL kernels through wgpu, natively and in a browser.
//!
//! In reading order: [`device`] opens a GPU; [`mod@format`] and [`matrix`] bring weights into its memory; [`kernels`] are the
//! steps; [`record`](self) says which of them a pass takes, as data; [`program`] encodes that. This file runs passes:
//! prefill in pieces of bounded time, and decoding without waiting for the processor between tokens.

pub mod bandwidth;
pub mod buffer;
mod cache;
pub mod device;
pub mod faults;
pub mod features;
pub mod format;
pub mod kernels;
pub mod matrix;
pub mod memory;
mod pace;
pub mod pipeline;
pub mod program;
mod readback;
mod record;
pub mod self_test;
pub mod shader;
mod slots;
mod weights;

use std::collections::VecDeque;
use std::rc::Rc;

use web_time::Instant;

use self::buffer::Buffer;
use self::cache::Cache;
use self::device::Gpu;
use self::kernels::attend::MAX_HEAD;
use self::kernels::sample::RING;
use self::pace::Pace;
use self::program::{Program, StepUniforms};
use self::record::{Activations, PassRecorder};
use self::slots::Slots;
use self::weights::GpuWeights;
use crate::adapters::low_rank::LowRankPairs;
use crate::error::Result;
use crate::files::source::Source;
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::sampler::Sampling;
use crate::model::weights::Weights;

/// The decoder with its weights, the pairs in use and the key-value cache in GPU memory.
pub struct Decoder {
    config: ModelConfig,
    gpu: Rc<Gpu>,
    model: GpuWeights,
    cache: Cache,
    activations: Activations,
    slots: Option<Slots>,
    adapted: bool,
    step: Rc<Buffer>,
    programs: Programs,
    pace: Pace,
    /// Tokens in the cache, counting those whose computation is under way.
    position: usize,
    /// The last pass.
    last: StepUniforms,
    /// Tokens chosen since the last prompt, counting those under way.
    chosen: usize,
    flights: VecDeque<Flight>,
    /// When ids came back last, or generating began.
    landed: Instant,
    counters: Counters,
}

/// What a decoder runs.
struct Programs {
    embed: Program,
    decode: Program,
    prefill: Program,
    head: Program,
    choose: Program,
}

/// Ids on their way back.
struct Flight {
    staging: Rc<Buffer>,
    first: usize,
    count: usize,
}

/// What decoding has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Tokens that went through the decoder one at a time.
    pub tokens: u64,
    /// Dispatches for them.
    pub dispatches: u64,
    /// Compute passes for them.
    pub passes: u64,
    /// Submits for them.
    pub submits: u64,
    /// Readbacks of their ids.
    pub readbacks: u64,
    /// Bytes of weights, low-rank pairs and cache that they read.
    pub bytes: u64,
}

impl Counters {
    /// What was added since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            tokens: self.tokens - before.tokens,
            dispatches: self.dispatches - before.dispatches,
            passes: self.passes - before.passes,
            submits: self.submits - before.submits,
            readbacks: self.readbacks - before.readbacks,
            bytes: self.bytes - before.bytes,
        }
    }
}

impl Decoder {
    /// Streams all weights to the GPU, for contexts of up to `context` tokens.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape than `config` asks for or cannot be read, if the model does not fit the
    /// device, or if the device computes wrongly.
    pub async fn load<S: Source>(
        gpu: Rc<Gpu>,
        config: &ModelConfig,
        weights: &mut Weights<'_, S>,
        context: usize,
    ) -> Result<Self> {
        check(config)?;
        memory::check(&gpu, config, weights.header(), context)?;
        use wgpu::BufferUsages as Usage;
        let step = gpu.buffer("step", size_of::<StepUniforms>() as u64, Usage::UNIFORM | Usage::COPY_DST)?;
        let load = async || {
            let model = GpuWeights::allocate(&gpu, config, weights).await?;
            let cache = Cache::new(&gpu, config, &model, 1)?;
            let activations =
                Activations::new(&gpu, config, pace::MOST_TOKENS.min(config.context), cache.positions, 0)?;
            let recorder = PassRecorder {
                features: gpu.features,
                config,
                model: &model,
                activations: &activations,
                cache: &cache,
                slots: None,
            };
            let programs = Programs::new(&gpu, &step, &recorder)?;
            // Compilers activations while weights stream in.
            programs.warm(&gpu, &step);
            self_test::run(&gpu, &model.formats()).await?;
            model.fill(&gpu, weights).await?;
            gpu.finish().await?;
            Ok((model, cache, activations, programs))
        };
        let (model, cache, activations, programs) = gpu.check_memory(load).await?;
        gpu.check()?;
        Ok(Self {
            config: config.clone(),
            pace: Pace::new(config.layers, activations.tokens()),
            model,
            cache,
            activations,
            slots: None,
            adapted: false,
            step,
            programs,
            position: 0,
            last: StepUniforms::new(0, 1),
            chosen: 0,
            flights: VecDeque::new(),
            landed: Instant::now(),
            counters: Counters::default(),
            gpu,
        })
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// What decoding has cost so far.
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
        let before = (self.adapted, self.slots.as_ref().map(|slots| slots.stored));
        self.adapted = false;
        let mut written = Ok(());
        if let Some(slots) = self.slots.as_mut().filter(|_| pairs.rank() > 0) {
            // If that fails, the slots hold some of both, and the base alone is what is left.
            written = slots.write(&self.gpu, &self.config, pairs);
            self.adapted = written.is_ok();
        }
        if before != (self.adapted, self.slots.as_ref().map(|slots| slots.stored)) {
            self.rebuild()?;
        }
        written?;
        self.gpu.check()
    }

    /// Makes room for pairs of up to `rank` and compiles what they need, so that changing to them only writes. Where there
    /// was none, there are no pairs afterwards.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn reserve_rank(&mut self, rank: usize) -> Result<()> {
        if rank > 0 && !self.slots.as_ref().is_some_and(|slots| slots.fit(rank)) {
            self.reset();
            let mut slots = Slots::new(&self.gpu, &self.config, rank)?;
            let activations = self.new_work(self.cache.positions, slots.capacity)?;
            for stored in slots.ways() {
                slots.stored = stored;
                self.programs(&activations, Some(&slots))?.warm(&self.gpu, &self.step);
            }
            self.programs = self.programs(&activations, None)?;
            (self.activations, self.slots, self.adapted) = (activations, Some(slots), false);
        }
        self.gpu.check()
    }

    /// Forgets the context. Ids that are on their way are not waited for.
    pub fn reset(&mut self) {
        self.flights.clear();
        self.position = 0;
        self.chosen = 0;
    }

    /// Number of tokens in the context.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Appends some of `ids`, from the first on, to the context: as many as take a fraction of a second. Returns how many.
    ///
    /// # Errors
    /// If an id is not in the vocabulary, the context is full, or the device fails.
    pub async fn feed(&mut self, ids: &[u32]) -> Result<usize> {
        let count = self.pace.tokens().min(ids.len());
        let ids = &ids[..count];
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.config.vocab_size) {
            return Err(input!("token {id} is not in the vocabulary of {}", self.config.vocab_size));
        }
        self.flights.clear();
        self.chosen = 0;
        self.reserve(self.position + count)?;
        let step = StepUniforms::new(self.position, count);
        let started = Instant::now();
        self.gpu.write(&self.activations.ids, 0, ids);
        self.gpu.write(&self.step, 0, &[step]);

        let layers = if count == 1 { &self.programs.decode } else { &self.programs.prefill };
        let each = layers.len().div_ceil(self.config.layers) * self.pace.layers();
        let mut start = 0;
        while start < layers.len() {
            let end = layers.len().min(start + each);
            let mut encoder = self.gpu.encoder();
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                if start == 0 {
                    self.programs.embed.encode(&mut pass, 0..self.programs.embed.len(), &step);
                }
                layers.encode(&mut pass, start..end, &step);
            }
            self.gpu.submit(encoder);
            start = end;
        }
        self.gpu.finish().await?;
        self.pace.took(count, started.elapsed());
        self.position += count;
        self.last = step;
        Ok(count)
    }

    /// The logits, one per token, after what was fed last.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn logits(&mut self) -> Result<Vec<f32>> {
        let mut encoder = self.gpu.encoder();
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.programs.head.encode(&mut pass, 0..self.programs.head.len(), &self.last);
        }
        self.gpu.submit(encoder);
        self.gpu.read(&self.activations.logits, self.config.vocab_size).await
    }

    /// The next ids after what was fed: those of one group, while the group after it is being computed. `taken` were
    /// taken before, and never more than `limit` are computed in all.
    ///
    /// # Errors
    /// If the context is full or the device fails.
    pub async fn next(&mut self, sampling: &Sampling, taken: usize, limit: usize) -> Result<Vec<u32>> {
        if self.flights.is_empty() {
            // The first alone: the reader waits for it.
            self.landed = Instant::now();
            self.launch(sampling, if taken == 0 { 1 } else { self.pace.group() }, limit)?;
        }
        self.launch(sampling, self.pace.group(), limit)?;
        let Some(flight) = self.flights.pop_front() else { return Ok(Vec::new()) };
        let ring: Vec<u32> = self.gpu.map(&flight.staging).await?;
        if flight.first > 0 {
            self.pace.generated(flight.count, self.landed.elapsed());
        }
        self.landed = Instant::now();
        Ok((flight.first..flight.first + flight.count).map(|i| ring[i % RING as usize]).collect())
    }

    /// Submits the computation of up to `count` more tokens, one submit each, and the way back of their ids.
    fn launch(&mut self, sampling: &Sampling, count: usize, limit: usize) -> Result<()> {
        let count = count.min(limit.saturating_sub(self.chosen));
        if count == 0 {
            return Ok(());
        }
        self.reserve(self.position + count)?;
        use wgpu::BufferUsages as Usage;
        let staging = self.gpu.buffer("ids", 4 * u64::from(RING), Usage::MAP_READ | Usage::COPY_DST)?;
        for i in 0..count {
            let first = self.chosen == 0;
            // The first token is chosen after the prompt's last pass; each other one after the pass of the one before.
            let pass = if first { self.last } else { StepUniforms::new(self.position, 1) };
            let step = with_sampling(pass, sampling, self.chosen);
            self.gpu.write(&self.step, 0, &[step]);
            let mut encoder = self.gpu.encoder();
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                let Programs { decode, head, choose, .. } = &self.programs;
                if !first {
                    decode.encode(&mut pass, 0..decode.len(), &step);
                    self.counters.tokens += 1;
                    self.counters.passes += 1;
                    self.counters.submits += 1;
                    self.counters.dispatches += (decode.len() + head.len() + choose.len()) as u64;
                    self.counters.bytes += decode.bytes + head.bytes + self.cache_bytes();
                    self.position += 1;
                }
                head.encode(&mut pass, 0..head.len(), &step);
                choose.encode(&mut pass, 0..choose.len(), &step);
            }
            if i + 1 == count {
                encoder.copy_buffer_to_buffer(self.activations.chosen.raw(), 0, staging.raw(), 0, staging.bytes());
                self.counters.readbacks += 1;
            }
            self.gpu.submit(encoder);
            self.chosen += 1;
        }
        self.flights.push_back(Flight { staging, first: self.chosen - count, count });
        Ok(())
    }

    /// Bytes of keys and values that one token reads at the current position.
    fn cache_bytes(&self) -> u64 {
        let each = 2 * self.config.kv_width() * if self.cache.f16 { 2 } else { 4 };
        let seen = |layer| self.config.layer_window(layer).unwrap_or(usize::MAX).min(self.position + 1);
        (0..self.config.layers).map(|layer| (seen(layer) * each) as u64).sum()
    }

    /// Makes room for `positions` tokens.
    fn reserve(&mut self, positions: usize) -> Result<()> {
        if positions > self.config.context {
            return Err(input!("the context of {} tokens is full; shorten the text", self.config.context));
        }
        if positions <= self.cache.positions {
            return Ok(());
        }
        let cache = Cache::new(&self.gpu, &self.config, &self.model, positions)?;
        cache.copy_from(&self.gpu, &self.cache);
        // What is under way goes on in the old buffers, whose end the queue waits for; x and h are what it leaves.
        let rank = self.slots.as_ref().map_or(0, |slots| slots.capacity);
        let activations = self.new_work(cache.positions, rank)?;
        activations.take_over(&self.gpu, &self.activations);
        (self.cache, self.activations) = (cache, activations);
        self.rebuild()
    }

    fn new_work(&self, positions: usize, rank: usize) -> Result<Activations> {
        Activations::new(&self.gpu, &self.config, self.activations.tokens(), positions, rank)
    }

    /// Records all programs again, after buffers or the rank have changed. Pipelines are known.
    fn rebuild(&mut self) -> Result<()> {
        self.programs = self.programs(&self.activations, self.slots.as_ref().filter(|_| self.adapted))?;
        Ok(())
    }

    fn programs(&self, activations: &Activations, slots: Option<&Slots>) -> Result<Programs> {
        let (features, config) = (self.gpu.features, &self.config);
        let recorder = PassRecorder { features, config, model: &self.model, activations, cache: &self.cache, slots };
        Programs::new(&self.gpu, &self.step, &recorder)
    }
}

impl Programs {
    /// Runs one workgroup of each pipeline: drivers compile at the first use, not when they are told of a shader. What it
    /// writes is overwritten by whatever comes first.
    fn warm(&self, gpu: &Gpu, step: &Buffer) {
        let mut encoder = gpu.encoder();
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for program in [&self.embed, &self.prefill, &self.decode, &self.head, &self.choose] {
                program.warm(&mut pass);
            }
        }
        gpu.write(step, 0, &[StepUniforms::new(0, 1)]);
        gpu.submit(encoder);
    }

    fn new(gpu: &Gpu, step: &Buffer, recorder: &PassRecorder<'_>) -> Result<Self> {
        Ok(Self {
            embed: Program::new(gpu, step, recorder.embed())?,
            decode: Program::new(gpu, step, recorder.decode())?,
            prefill: Program::new(gpu, step, recorder.prefill())?,
            head: Program::new(gpu, step, recorder.head())?,
            choose: Program::new(gpu, step, recorder.choose())?,
        })
    }
}

pub(crate) fn with_sampling(step: StepUniforms, sampling: &Sampling, generated: usize) -> StepUniforms {
    let greedy = sampling.temperature == 0.0;
    StepUniforms {
        generated: generated as u32,
        top_k: if greedy { 1 } else { sampling.top_k as u32 },
        seed: [sampling.seed as u32, (sampling.seed >> 32) as u32],
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        ..step
    }
}

/// Whether the kernels can run the model at all.
fn check(config: &ModelConfig) -> Result<()> {
    let ModelConfig { head_dim, hidden_size, intermediate_size, .. } = *config;
    if !head_dim.is_multiple_of(8) || head_dim > MAX_HEAD {
        return Err(input!(
            "heads of {head_dim} elements cannot run on the GPU (multiples of 8 up to {MAX_HEAD} can); use the processor"
        ));
    }
    if !hidden_size.is_multiple_of(8) || !intermediate_size.is_multiple_of(8) {
        return Err(input!(
            "widths of {hidden_size} and {intermediate_size} cannot run on the GPU (multiples of 8 can); use the processor"
        ));
    }
    Ok(())
}
