//! A loaded model, and a run of it: the loop from a chat to text, one short step at a time.
//!
//! Callers drive a [`Run`] step by step. Between steps they can draw the page, notice a cancel (they drop the run) or do
//! nothing; no callback and no thread is involved, so the same loop serves the command line and a browser's worker.

use std::collections::VecDeque;

use serde::Serialize;
use web_time::Instant;

use crate::chat::Conversation;
use crate::error::Result;
use crate::executor::{Backend, Executor};
use crate::gguf::Header;
use crate::input;
use crate::low_rank::Pairs;
use crate::method::{Correction, Generation, Library, Method, plan};
use crate::prompt::{Task, Template};
use crate::sampler::Sampling;
use crate::source::Source;
use crate::spec::Spec;
use crate::tokenizer::{TextDecoder, Tokenizer};
use crate::weights::Weights;

#[cfg(not(target_arch = "wasm32"))]
/// Tokens of which logits are held together: a row of logits of a large vocabulary is a megabyte.
const SCORED_STEP: usize = 16;

/// Tokens of context that are used unless the caller says otherwise; longer chats lose their oldest messages.
pub const DEFAULT_CONTEXT: usize = 4096;

/// A model with its tokenizer, its adapters and the executor that runs it.
pub struct Engine {
    /// The decoder's description.
    pub spec: Spec,
    /// Hash over the tensors without the vocabulary, by which learned files name their base.
    pub base: String,
    /// Text to ids and back.
    pub tokenizer: Tokenizer,
    /// The adapters at hand.
    pub library: Library,
    template: Template,
    context: usize,
    executor: Executor,
}

/// What is wanted of a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked.
    pub task: Task,
    /// How.
    pub method: Method,
    /// Longest text of each pass, in tokens.
    pub max_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something the user should know, in plain words.
    Notice(String),
    /// Part of the prompt of pass `pass` (from 0) was read.
    Prefill {
        /// Pass, from 0.
        pass: usize,
        /// Tokens read.
        done: usize,
        /// Tokens in all.
        total: usize,
    },
    /// More text of pass `pass`: only what is new, and never half a character.
    Text {
        /// Pass, from 0.
        pass: usize,
        /// The new text.
        delta: String,
    },
    /// The run is over.
    Done(Metrics),
}

/// What a run cost. Tokens and times are sums over its passes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Tokens of the prompts.
    pub prompt_tokens: usize,
    /// Tokens generated, the one that ends a text not counted.
    pub generated_tokens: usize,
    /// From the start to the first text of the last pass, which is the one that is shown.
    pub time_to_first_token_ms: f64,
    /// Reading prompts.
    pub prefill_ms: f64,
    /// Generating.
    pub decode_ms: f64,
    /// Passes of the model.
    pub passes: usize,
    /// Passes that ended at `max_tokens` rather than by themselves.
    pub passes_cut: usize,
    /// The passes one by one.
    pub per_pass: Vec<PassMetrics>,
}

/// What one pass of a run cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PassMetrics {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens generated, the one that ends the text not counted.
    pub generated_tokens: usize,
    /// Reading the prompt.
    pub prefill_ms: f64,
    /// Generating.
    pub decode_ms: f64,
    /// Whether it ended at `max_tokens` rather than by itself.
    pub cut: bool,
}

impl Metrics {
    /// Ends a pass.
    fn add(&mut self, pass: PassMetrics) {
        self.prompt_tokens += pass.prompt_tokens;
        self.generated_tokens += pass.generated_tokens;
        self.prefill_ms += pass.prefill_ms;
        self.decode_ms += pass.decode_ms;
        self.passes += 1;
        self.passes_cut += usize::from(pass.cut);
        self.per_pass.push(pass);
    }
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
        let spec = Spec::from_header(&header)?;
        let template = match (template, header.metadata.text("tokenizer.chat_template")?) {
            (Some(template), _) => template,
            (None, Some(chat)) => Template::Chat(chat.to_owned()),
            // A base model without a template continues text: that is still usable for `logits` and `bench`.
            (None, None) => Template::Plain("{instruction}\n\n{text}\n\n".to_owned()),
        };
        let tokenizer = Tokenizer::from_metadata(&mut header.metadata)?;
        if tokenizer.vocab_size() != spec.vocab {
            return Err(input!(
                "the tokenizer has {} tokens and the embedding {}; the file is broken",
                tokenizer.vocab_size(),
                spec.vocab
            ));
        }
        let mut weights = Weights::new(source, &header, progress);
        let context = context.min(spec.context);
        let executor = Executor::load(backend.into(), &spec, &mut weights, context).await?;
        let base = weights.base_hash().await?;
        Ok(Self { spec, base, tokenizer, library: Library::default(), template, context, executor })
    }

    /// Adds a learned file for summaries from `from` in `to`, in place of one of its method.
    ///
    /// # Errors
    /// If it was made for another base.
    pub fn add_correction(&mut self, from: &str, to: &str, correction: Correction) -> Result<()> {
        correction.made_for().check_base(&format!("{} file", correction.method()), &self.base)?;
        self.library.add_correction(from, to, correction);
        Ok(())
    }

    /// To be called once all adapters are there: makes room for what any method can make of them.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn reserve_pairs(&mut self) -> Result<()> {
        self.executor.reserve_rank(self.library.largest_rank())
    }

    /// Why `method` cannot do `task` with the adapters at hand, or `None` if it can.
    pub fn unavailable(&self, method: Method, task: &Task) -> Option<String> {
        plan(method, task, &self.library, &self.spec).err().map(|error| error.to_string())
    }

    /// Puts `pairs`, which are in Hugging Face's layout, in place of those in use.
    ///
    /// # Errors
    /// If they do not fit the model.
    pub fn set_pairs(&mut self, pairs: Pairs) -> Result<()> {
        self.executor.set_pairs(pairs.into_base_layout(&self.spec))
    }

    /// Applies what `method` applies in its last pass.
    ///
    /// # Errors
    /// If the method is not available.
    pub fn set_method(&mut self, method: Method, task: &Task) -> Result<()> {
        let last = plan(method, task, &self.library, &self.spec)?.pop();
        self.set_pairs(last.map_or_else(|| Pairs::none(&self.spec), |generation| generation.pairs))
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
    /// If the method is not available, a setting is out of range, or not even the newest message fits the context.
    pub fn start(&mut self, chat: &Conversation, request: &Request) -> Result<Run<'_>> {
        request.sampling.check()?;
        if request.max_tokens == 0 {
            return Err(input!("at most 0 tokens are asked for; give a larger limit"));
        }
        let generations = plan(request.method, &request.task, &self.library, &self.spec)?;
        let first = &generations[0].task;
        let (chat, dropped) = self.fit(chat, first, request.max_tokens)?;
        let mut events = VecDeque::new();
        if dropped > 0 {
            let all = dropped + chat.messages().len();
            events.push_back(Event::Notice(format!(
                "the chat is too long for the context of {} tokens: the {dropped} oldest of {all} messages were left out",
                self.context
            )));
        }
        let Self { spec, tokenizer, template, context, executor, .. } = self;
        let mut run = Run {
            text_decoder: tokenizer.decoder(),
            spec,
            tokenizer,
            template,
            executor,
            context: *context,
            generations: generations.into(),
            sampling: request.sampling,
            max_tokens: request.max_tokens,
            started: Instant::now(),
            pass: 0,
            text: chat.to_string(),
            state: State::Over,
            events,
            metrics: Metrics::default(),
            pass_metrics: PassMetrics::default(),
        };
        run.next_pass()?;
        Ok(run)
    }

    /// The newest messages of `chat` for which prompt and answer fit the context, and how many were dropped.
    fn fit(&self, chat: &Conversation, task: &Task, max_tokens: usize) -> Result<(Conversation, usize)> {
        let frame = self.template.encode(task, "", &self.tokenizer)?.len();
        let taken = frame + max_tokens;
        let budget = self.context.checked_sub(taken).filter(|budget| *budget > 0).ok_or_else(|| {
            input!(
                "the context of {} tokens has no room beside {max_tokens} tokens of answer and {frame} of prompt; ask for \
                 fewer",
                self.context
            )
        })?;
        // One more for each message's line break: a little too much, so that the sum holds for the whole.
        let cost = |message: &crate::chat::Message| Ok(self.tokenizer.encode(&message.to_string())?.len() + 1);
        chat.newest_within(budget, cost)
    }
}

/// Where a pass stands.
enum State {
    /// `ids` is the prompt, of which `done` were read.
    Prefill { ids: Vec<u32>, done: usize },
    /// Text is being generated: `generated` tokens so far, and `ready` are the ids after them that are known.
    Decode { ready: VecDeque<u32>, generated: usize, limit: usize },
    /// Nothing more will come.
    Over,
}

/// A run in progress.
pub struct Run<'a> {
    spec: &'a Spec,
    tokenizer: &'a Tokenizer,
    template: &'a Template,
    executor: &'a mut Executor,
    context: usize,
    generations: VecDeque<Generation>,
    sampling: Sampling,
    max_tokens: usize,
    started: Instant,
    pass: usize,
    /// The text that the next pass reads; while a pass generates, the text it has written.
    text: String,
    text_decoder: TextDecoder<'a>,
    state: State,
    events: VecDeque<Event>,
    metrics: Metrics,
    pass_metrics: PassMetrics,
}

impl Run<'_> {
    /// Does a little more work: one piece of the prompt, or one token. `None` when the run is over.
    ///
    /// # Errors
    /// If the executor fails.
    pub async fn step(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(None),
                State::Prefill { ids, done } => self.prefill(ids, done).await?,
                State::Decode { ready, generated, limit } => self.decode(ready, generated, limit).await?,
            }
        }
    }

    async fn prefill(&mut self, ids: Vec<u32>, done: usize) -> Result<()> {
        let started = Instant::now();
        let end = done + self.executor.feed(&ids[done..]).await?;
        self.pass_metrics.prefill_ms += milliseconds(started);
        self.events.push_back(Event::Prefill { pass: self.pass, done: end, total: ids.len() });
        self.state = if end == ids.len() {
            // The last token of a text is not read again, so it needs no room.
            let limit = self.max_tokens.min(self.context.saturating_sub(ids.len()) + 1);
            State::Decode { ready: VecDeque::new(), generated: 0, limit }
        } else {
            State::Prefill { ids, done: end }
        };
        Ok(())
    }

    async fn decode(&mut self, mut ready: VecDeque<u32>, generated: usize, limit: usize) -> Result<()> {
        let started = Instant::now();
        if ready.is_empty() {
            ready = self.executor.next(&self.sampling, generated, limit).await?.into();
        }
        let id = ready.pop_front().ok_or_else(|| crate::failure!("the decoder returned no token"))?;
        let ended = self.tokenizer.is_end(id);
        if !ended {
            if generated == 0 {
                self.metrics.time_to_first_token_ms = milliseconds(self.started);
            }
            self.pass_metrics.generated_tokens += 1;
            let delta = self.text_decoder.push(id);
            self.emit(delta);
        }
        self.pass_metrics.decode_ms += milliseconds(started);
        if ended || generated + 1 >= limit {
            self.pass_metrics.cut = !ended;
            let decoder = std::mem::replace(&mut self.text_decoder, self.tokenizer.decoder());
            self.emit(decoder.finish());
            return self.finish_pass();
        }
        self.state = State::Decode { ready, generated: generated + 1, limit };
        Ok(())
    }

    fn emit(&mut self, delta: String) {
        if !delta.is_empty() {
            self.text.push_str(&delta);
            self.events.push_back(Event::Text { pass: self.pass, delta });
        }
    }

    fn finish_pass(&mut self) -> Result<()> {
        self.pass += 1;
        self.metrics.add(std::mem::take(&mut self.pass_metrics));
        if self.generations.is_empty() {
            self.events.push_back(Event::Done(self.metrics.clone()));
            return Ok(());
        }
        if self.text.trim().is_empty() {
            return Err(input!("the first pass wrote nothing, so there is nothing to translate; try another method"));
        }
        self.next_pass()
    }

    /// Sets up the next generation on the text at hand.
    fn next_pass(&mut self) -> Result<()> {
        let Some(Generation { task, pairs }) = self.generations.pop_front() else { return Ok(()) };
        self.executor.set_pairs(pairs.into_base_layout(self.spec))?;
        let ids = self.template.encode(&task, self.text.trim(), self.tokenizer)?;
        self.text.clear();
        self.pass_metrics.prompt_tokens = ids.len();
        self.state = State::Prefill { ids, done: 0 };
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
/// log softmax of `logits` at `id`.
fn log_probability(logits: &[f32], id: u32) -> f64 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
    f64::from(logits[id as usize] - max) - sum.ln()
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
