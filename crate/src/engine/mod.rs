//! A loaded model: its tokenizer, its adapters and what runs it.

mod events;
#[cfg(not(target_arch = "wasm32"))]
pub mod lorahub_search;
mod run;

pub use self::events::{Event, Metrics, PassMetrics, Place, Request};
pub use self::run::Run;
use self::run::RunContext;
use crate::adapters::low_rank::LowRankPairs;
use crate::chat::conversation::Conversation;
use crate::decoder::executor::{Backend, Executor};
use crate::error::Result;
use crate::files::gguf::Header;
use crate::files::source::Source;
use crate::input;
use crate::methods::correction::Correction;
use crate::methods::method::Method;
use crate::methods::plan::plan;
use crate::methods::registry::AdapterRegistry;
use crate::model::config::ModelConfig;
use crate::model::prompt::{Task, Template};
use crate::model::tokenizer::Tokenizer;
use crate::model::weights::Weights;

#[cfg(not(target_arch = "wasm32"))]
/// Tokens of which logits are held together: a row of logits of a large vocabulary is a megabyte.
const SCORED_STEP: usize = 16;

/// Tokens of context that are used unless the caller says otherwise; longer chats are read in parts.
pub const DEFAULT_CONTEXT: usize = 4096;

/// A model with its tokenizer, its adapters and the executor that runs it.
pub struct Engine {
    /// The decoder's description.
    pub config: ModelConfig,
    /// Hash over the tensors without the vocabulary, by which learned files name their base.
    pub base: String,
    /// Text to ids and back.
    pub tokenizer: Tokenizer,
    /// The adapters at hand.
    pub registry: AdapterRegistry,
    template: Template,
    context: usize,
    executor: Executor,
}

impl Engine {
    /// Loads a model from `source`. `template` is the catalog's, where the model is in it; otherwise the file's own chat
    /// template is used. `backend` is where it runs: a mode of the processor, or a GPU. `progress` is told bytes done and
    /// bytes in all.
    ///
    /// # Errors
    /// If the file is broken, not supported, or has no chat template and none was given.
    pub async fn load(
        source: &impl Source,
        template: Option<Template>,
        backend: impl Into<Backend>,
        context: usize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self> {
        let mut header = Header::read(source).await?;
        let config = ModelConfig::from_header(&header)?;
        let template = match (template, header.metadata.text("tokenizer.chat_template")?) {
            (Some(template), _) => template,
            (None, Some(chat)) => Template::Chat(chat.to_owned()),
            // A base model without a template continues text: that is still usable for `logits` and `bench`.
            (None, None) => Template::Plain("{instruction}\n\n{text}\n\n".to_owned()),
        };
        let tokenizer = Tokenizer::from_metadata(&mut header.metadata)?;
        if tokenizer.vocab_size() != config.vocab_size {
            return Err(input!(
                "the tokenizer has {} tokens and the embedding {}; the file is broken",
                tokenizer.vocab_size(),
                config.vocab_size
            ));
        }
        let mut weights = Weights::new(source, &header, progress);
        let context = context.min(config.context);
        let executor = Executor::load(backend.into(), &config, &mut weights, context).await?;
        let base = weights.base_hash().await?;
        Ok(Self { config, base, tokenizer, registry: AdapterRegistry::default(), template, context, executor })
    }

    /// Adds a learned file for summaries from `from` in `to`, in place of one of its method.
    ///
    /// # Errors
    /// If it was made for another base.
    pub fn add_correction(&mut self, from: &str, to: &str, correction: Correction) -> Result<()> {
        correction.provenance().check_base(&format!("{} file", correction.method()), &self.base)?;
        self.registry.add_correction(from, to, correction);
        Ok(())
    }

    /// To be called once all adapters are there: makes room for what any method can make of them.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn reserve_pairs(&mut self) -> Result<()> {
        self.executor.reserve_rank(self.registry.largest_rank())
    }

    /// Why `method` cannot do `task` with the adapters at hand, or `None` if it can.
    pub fn unavailable(&self, method: Method, task: &Task) -> Option<String> {
        plan(method, task, &self.registry, &self.config).err().map(|error| error.to_string())
    }

    /// Puts `pairs` in place of those in use.
    ///
    /// # Errors
    /// If they do not fit the model.
    pub fn set_pairs(&mut self, pairs: &LowRankPairs<'_>) -> Result<()> {
        self.executor.set_pairs(pairs)
    }

    /// Applies what `method` applies in its last pass.
    ///
    /// # Errors
    /// If the method is not available.
    pub fn set_method(&mut self, method: Method, task: &Task) -> Result<()> {
        let last = plan(method, task, &self.registry, &self.config)?.pop();
        last.map_or(Ok(()), |generation| self.executor.set_pairs(&generation.pairs))
    }

    /// Applies what `merge` makes of the adapters at hand.
    ///
    /// # Errors
    /// As `merge`, or if it does not fit the model.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn set_merge(&mut self, merge: impl FnOnce(&AdapterRegistry) -> Result<LowRankPairs<'_>>) -> Result<()> {
        self.executor.set_pairs(&merge(&self.registry)?)
    }

    /// Logits after `ids`, from an empty context.
    ///
    /// # Errors
    /// If `ids` is empty, an id is unknown or the context is too short.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn logits(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        if ids.is_empty() {
            return Err(input!("the prompt is empty; give some text"));
        }
        self.executor.reset();
        self.forward(ids)
    }

    /// Appends `ids` to the context piece by piece, as a run does, and returns the logits after them: the bare executor,
    /// for benchmarks and tests.
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

    /// What runs the model.
    pub fn executor(&mut self) -> &mut Executor {
        &mut self.executor
    }

    /// The ids of the prompt for `task` on `text`.
    ///
    /// # Errors
    /// If a language is not known or the template cannot be rendered.
    pub fn prompt(&self, task: &Task, text: &str) -> Result<Vec<u32>> {
        self.template.encode(task, text, &self.tokenizer)
    }

    /// Natural logarithms of the probabilities of each of `ids` after `prompt` and those before it.
    ///
    /// # Errors
    /// As [`Engine::logits`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn log_probabilities(&mut self, prompt: &[u32], ids: &[u32]) -> Result<Vec<f64>> {
        let mut logits = self.logits(prompt)?;
        let vocab = logits.len();
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(SCORED_STEP) {
            // Each id is judged by the logits after the one before it; the first by those of the step before.
            all.push(log_probability(&logits, chunk[0]));
            logits = pollster::block_on(self.executor.feed_each(chunk))?;
            let judged = logits.chunks_exact(vocab).zip(&chunk[1..]);
            all.extend(judged.map(|(logits, id)| log_probability(logits, *id)));
            logits.drain(..logits.len() - vocab);
        }
        Ok(all)
    }

    /// Forgets the context.
    pub fn reset(&mut self) {
        self.executor.reset();
    }

    /// Begins a run on `chat`. Dropping it cancels it; the engine can be used again at once.
    ///
    /// # Errors
    /// If the method is not available, a setting is out of range, or the context has no room for any part of the chat.
    pub fn start(&mut self, chat: &Conversation, request: &Request) -> Result<Run<'_>> {
        let Self { config, tokenizer, registry, template, context, executor, .. } = self;
        Run::new(RunContext { config, tokenizer, registry, template, context: *context, executor }, chat, request)
    }
}

#[cfg(not(target_arch = "wasm32"))]
/// log softmax of `logits` at `id`.
fn log_probability(logits: &[f32], id: u32) -> f64 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
    f64::from(logits[id as usize] - max) - sum.ln()
}
