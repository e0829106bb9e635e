//! The engine: a loaded model with its tokenizer, its adapters and the executor that runs it.

pub mod choice;
mod events;
#[cfg(not(target_arch = "wasm32"))]
pub mod lorahub_search;
mod repetition;
mod run;

pub use self::events::{CAREFUL_CANDIDATES, Event, Metrics, PassMetrics, Progress, Request, milliseconds};
pub use self::run::Run;
use self::run::RunContext;
use crate::adapters::low_rank::LowRankPairs;
use crate::chat::conversation::Conversation;
use crate::decoder::executor::{Backend, Executor};
use crate::error::Result;
use crate::files::source::Source;
use crate::methods::correction::Correction;
use crate::methods::method::Method;
use crate::methods::plan::{default_method, plan};
use crate::methods::registry::AdapterRegistry;
use crate::model::Opened;
use crate::model::config::ModelConfig;
use crate::model::prompt::{Task, Template, ZeroShotInstructions};
use crate::model::tokenizer::Tokenizer;
use crate::model::weights::Weights;

/// Number of tokens whose logits are in memory at once: one row of logits of a large vocabulary takes a megabyte.
#[cfg(not(target_arch = "wasm32"))]
const SCORED_CHUNK: usize = 16;

/// Default context in tokens. Longer chats are read in windows.
pub const DEFAULT_CONTEXT: usize = 4096;

/// A model with its tokenizer, its adapters and the executor that runs it.
///
/// # Examples
///
/// A summary by a small random model, whose words mean nothing. A downloaded model is read from a
/// [`FileSource`](crate::files::source::FileSource) instead.
///
/// ```
/// use std::io::Cursor;
///
/// use gist::chat::conversation::Conversation;
/// use gist::decoder::cpu::Mode;
/// use gist::engine::{DEFAULT_CONTEXT, Engine, Event, Request};
/// use gist::methods::method::Method;
/// use gist::model::prompt::Task;
/// use gist::model::sampler::Sampling;
///
/// # fn main() -> gist::error::Result<()> {
/// let mut file = Cursor::new(Vec::new());
/// gist::synth::write("tiny-llama-q4_k", &mut file)?;
/// let bytes: &[u8] = file.get_ref();
/// let mut progress = |_done, _total| {};
/// let loading = Engine::load(&bytes, None, Mode::Fast, DEFAULT_CONTEXT, &mut progress);
/// let mut engine = pollster::block_on(loading)?;
///
/// let chat = Conversation::parse("Ana: The train is late.\nBen: Then let us meet at seven.")?;
/// let (task, method) = (Task::summary("en", "en")?, Method::ZeroShot);
/// let request = Request { task, method, max_tokens: 16, sampling: Sampling::default(), candidates: 1 };
/// let mut run = engine.start(&chat, &request)?;
/// let mut summary = String::new();
/// while let Some(event) = pollster::block_on(run.next_event())? {
///     match event {
///         Event::Text { delta, .. } => summary.push_str(&delta),
///         Event::Done(metrics) => assert!(metrics.generated_tokens <= 16),
///         Event::Rewritten { text, .. } => summary = text,
///         Event::Notice(_) | Event::Prefill { .. } | Event::Draft { .. } => {}
///     }
/// }
/// println!("{summary}");
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    /// Configuration of the model.
    pub config: ModelConfig,
    /// Hash of the tensors without the vocabulary, by which correction files name their base.
    pub base: String,
    /// Tokenizer of the model.
    pub tokenizer: Tokenizer,
    /// Adapters and corrections that methods use.
    pub registry: AdapterRegistry,
    /// Instructions for passes without adapters; `None` for those that adapters are trained on.
    pub zero_shot: Option<ZeroShotInstructions>,
    template: Template,
    context: usize,
    executor: Executor,
}

impl Engine {
    /// Loads a model from the GGUF file `source`, to run on `backend`: the processor in one of its modes, or a GPU.
    ///
    /// Prompts follow [`Opened::template`]. `context` is the largest number of tokens of a prompt with its answer; the
    /// model's own limit applies too. `progress` is called with the bytes read so far and the bytes of the file.
    ///
    /// # Errors
    /// If the file cannot be read, is broken or of an architecture or type that is not supported, or the device
    /// refuses.
    pub async fn load(
        source: &impl Source,
        template: Option<Template>,
        backend: impl Into<Backend>,
        context: usize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self> {
        let mut model = Opened::read(source).await?;
        let template = model.template(template)?;
        let tokenizer = model.take_tokenizer()?;
        let Opened { header, config } = model;
        let mut weights = Weights::new(source, &header, progress);
        let context = context.min(config.context);
        let executor = Executor::load(backend.into(), &config, &mut weights, context).await?;
        let base = weights.base_hash().await?;
        Ok(Self {
            config,
            base,
            tokenizer,
            registry: AdapterRegistry::default(),
            zero_shot: None,
            template,
            context,
            executor,
        })
    }

    /// Adds a correction for `task`, a summary in another language; replaces one of its method.
    ///
    /// # Errors
    /// If it was made for another base.
    pub fn add_correction(&mut self, task: Task, correction: Correction) -> Result<()> {
        let name = correction.kind().method().map_or("correction", Method::id);
        correction.provenance().check_base(&format!("{name} file"), &self.base)?;
        self.registry.add_correction(task, correction);
        Ok(())
    }

    /// Reserves room for the pairs that any method can make of the registry's adapters, so that changing the method
    /// allocates nothing. Call it after the last adapter.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn reserve_pairs(&mut self) -> Result<()> {
        self.executor.reserve_rank(self.registry.largest_rank())
    }

    /// Returns the reason why `method` cannot do `task` with the registry's adapters, or `None` if it can.
    pub fn unavailable(&self, method: Method, task: &Task) -> Option<String> {
        plan(method, task, &self.registry, &self.config).err().map(|error| error.to_string())
    }

    /// Returns the method to do `task` with unless the user names another: without adapters for it, zero-shot by a
    /// model that follows instructions, and else `None`.
    pub fn default_method(&self, task: &Task) -> Option<Method> {
        let instructed = self.zero_shot.as_ref().map(|_| Method::ZeroShot);
        default_method(task, &self.registry, &self.config).or(instructed)
    }

    /// Adds `pairs` to the base, in place of those in use.
    ///
    /// # Errors
    /// If they do not fit the model.
    pub fn set_pairs(&mut self, pairs: &LowRankPairs<'_>) -> Result<()> {
        self.executor.set_pairs(pairs)
    }

    /// Adds the pairs of the last pass of `method` to the base.
    ///
    /// # Errors
    /// If the method is not available.
    pub fn set_method(&mut self, method: Method, task: &Task) -> Result<()> {
        let last = plan(method, task, &self.registry, &self.config)?.pop();
        last.map_or(Ok(()), |pass| self.executor.set_pairs(&pass.pairs))
    }

    /// Adds the pairs that `merge` makes of the registry's adapters to the base.
    ///
    /// # Errors
    /// As `merge`, or if the pairs do not fit the model.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn set_merge(&mut self, merge: impl FnOnce(&AdapterRegistry) -> Result<LowRankPairs<'_>>) -> Result<()> {
        self.executor.set_pairs(&merge(&self.registry)?)
    }

    /// Returns the logits after `ids`, one for each token of the vocabulary, from an empty context.
    ///
    /// # Errors
    /// If `ids` is empty, an id is unknown or the context is too short.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn logits(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        if ids.is_empty() {
            return Err(crate::input!("the prompt is empty; give some text"));
        }
        self.executor.reset();
        self.forward(ids)
    }

    /// Appends `ids` to the context, piece by piece as a run does, and returns the logits after them, one for each
    /// token of the vocabulary. For callers that choose tokens themselves, benchmarks and tests.
    ///
    /// # Errors
    /// As [`Executor::feed`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn forward(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        pollster::block_on(async {
            self.feed(ids).await?;
            self.executor.logits().await
        })
    }

    /// Appends `ids` to the context, piece by piece.
    ///
    /// # Errors
    /// As [`Executor::feed`].
    pub async fn feed(&mut self, ids: &[u32]) -> Result<()> {
        let mut rest = ids;
        while !rest.is_empty() {
            let count = self.executor.feed(rest).await?;
            rest = &rest[count..];
        }
        Ok(())
    }

    /// Returns the executor that runs the model.
    pub fn executor(&mut self) -> &mut Executor {
        &mut self.executor
    }

    /// Returns the ids of the prompt for `task` on `text`.
    ///
    /// # Errors
    /// If a language is not known or the template cannot be rendered.
    pub fn prompt(&self, task: &Task, text: &str) -> Result<Vec<u32>> {
        self.template.encode(&task.instruction()?, text, &self.tokenizer)
    }

    /// Returns the natural logarithm of the probability of each of `ids` after `prompt` and the ids before it.
    ///
    /// # Errors
    /// As [`Engine::logits`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn log_probabilities(&mut self, prompt: &[u32], ids: &[u32]) -> Result<Vec<f64>> {
        let mut logits = self.logits(prompt)?;
        let vocab = logits.len();
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(SCORED_CHUNK) {
            // Each id is scored by the logits after the one before it; the first by the last of the chunk before.
            all.push(log_probability(&logits, chunk[0]));
            logits = pollster::block_on(self.executor.feed_each(chunk))?;
            let scored = logits.chunks_exact(vocab).zip(&chunk[1..]);
            all.extend(scored.map(|(logits, id)| log_probability(logits, *id)));
            logits.drain(..logits.len() - vocab);
        }
        Ok(all)
    }

    /// Forgets the context.
    pub fn reset(&mut self) {
        self.executor.reset();
    }

    /// Starts a run on `chat`. Dropping the run cancels it; the engine is free again at once.
    ///
    /// # Errors
    /// If the method is not available, a setting is out of range, or the context has no room for any part of the chat.
    pub fn start<'a>(&'a mut self, chat: &'a Conversation, request: &Request) -> Result<Run<'a>> {
        let Self { config, tokenizer, registry, zero_shot, template, context, executor, .. } = self;
        let zero_shot = zero_shot.as_ref();
        let context = RunContext { config, tokenizer, registry, zero_shot, template, context: *context, executor };
        Run::new(context, chat, request)
    }
}

/// Returns the log softmax of `logits` at `id`.
#[cfg(not(target_arch = "wasm32"))]
fn log_probability(logits: &[f32], id: u32) -> f64 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
    f64::from(logits[id as usize] - max) - sum.ln()
}
