//! A run of a loaded model: the loop from a chat to text, one short step at a time.
//!
//! Callers drive a [`Run`] event by event. In between they can draw the page, notice a cancel (they drop the run) or do
//! nothing; no callback and no thread is involved, so the same loop serves the command line and a browser's worker.
//!
//! A run is a row of steps, each of which reads what the one before it wrote. What is too long for the context is read in
//! windows, one pass for each. For a translation that is all. For a summary, each window is summarised in its own language
//! first, and what was asked is then done with those summaries, which may take windows again.

use std::collections::VecDeque;

use web_time::Instant;

use super::events::{Event, Metrics, PassMetrics, Place, Request};
use crate::chat::conversation::{Conversation, Message};
use crate::chat::windows::divide;
use crate::decoder::executor::Executor;
use crate::error::Result;
use crate::input;
use crate::methods::plan::{PlannedPass, plan, shorten};
use crate::methods::registry::AdapterRegistry;
use crate::model::config::ModelConfig;
use crate::model::prompt::{Task, Template};
use crate::model::tokenizer::{TextDecoder, Tokenizer};

/// A translation has room for half as many tokens again as its text: other languages need more of them than English.
const TRANSLATED: (usize, usize) = (3, 2);

/// Texts to translate are not divided further than this, however few tokens are asked for: a name alone may have twenty.
const SMALLEST_WINDOW: usize = 32;

/// The parts of a loaded model that a run works with.
pub(crate) struct RunContext<'a> {
    pub config: &'a ModelConfig,
    pub tokenizer: &'a Tokenizer,
    pub registry: &'a AdapterRegistry,
    pub template: &'a Template,
    pub context: usize,
    pub executor: &'a mut Executor,
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
    model: RunContext<'a>,
    request: Request,
    /// The most tokens of text that one prompt has room for.
    room: usize,
    started: Instant,
    /// The steps that are left.
    generations: VecDeque<PlannedPass<'a>>,
    at: Place,
    /// What the step under way asks.
    task: Task,
    /// The windows of its text that are left.
    windows: VecDeque<String>,
    /// What it has written.
    text: String,
    text_decoder: TextDecoder<'a>,
    state: State,
    events: VecDeque<Event>,
    metrics: Metrics,
    pass_metrics: PassMetrics,
}

impl<'a> Run<'a> {
    pub(crate) fn new(model: RunContext<'a>, chat: &Conversation, request: &Request) -> Result<Self> {
        request.sampling.check()?;
        if request.max_tokens == 0 {
            return Err(input!("at most 0 tokens are asked for; give a larger limit"));
        }
        let generations: VecDeque<PlannedPass<'a>> =
            plan(request.method, &request.task, model.registry, model.config)?.into();
        let mut run = Self {
            room: room(&model, &generations, request)?,
            request: request.clone(),
            started: Instant::now(),
            generations,
            at: Place::default(),
            task: request.task.clone(),
            windows: VecDeque::new(),
            text: String::new(),
            text_decoder: model.tokenizer.decoder(),
            state: State::Over,
            events: VecDeque::new(),
            metrics: Metrics::default(),
            pass_metrics: PassMetrics::default(),
            model,
        };
        run.begin_step(chat.messages())?;
        run.metrics.windows = run.at.windows;
        Ok(run)
    }

    /// Does a little more work: one piece of a prompt, or one token. `None` when the run is over.
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

    /// Sets up the next step on `text`.
    fn begin_step(&mut self, text: &[Message]) -> Result<()> {
        let Some(mut generation) = self.generations.pop_front() else { return Ok(()) };
        let windows = divide(text, self.room, |text| self.model.tokenizer.count(text))?;
        if windows.len() > 1 && !matches!(generation.task, Task::Translate { .. }) {
            match shorten(self.request.method, self.model.registry, self.model.config) {
                Some(first) => {
                    self.check_shrinks(windows.len())?;
                    self.generations.push_front(std::mem::replace(&mut generation, first));
                }
                None => self.events.push_back(Event::Notice(format!(
                    "the chat was read in {} parts, and no summarization adapter is installed to make one summary of \
                     them: each part's is given after the other",
                    windows.len()
                ))),
            }
        }
        self.task = generation.task;
        self.model.executor.set_pairs(&generation.pairs)?;
        let step = if self.at.windows == 0 { 0 } else { self.at.step + 1 };
        self.at = Place { step, window: 0, windows: windows.len(), last: self.generations.is_empty(), ..self.at };
        self.windows = windows.into();
        self.begin_pass()
    }

    /// Whether the summaries of `windows` windows will be shorter than what they are of, so that there is an end to it.
    fn check_shrinks(&self, windows: usize) -> Result<()> {
        let (max_tokens, context) = (self.request.max_tokens, self.model.context);
        if self.room < 2 * (max_tokens + 1) {
            // Room is what is left beside one answer, so three answers have to share what is there.
            let most = (self.room + max_tokens).saturating_sub(2) / 3;
            return Err(input!(
                "the chat is longer than the context of {context} tokens, and summaries of its parts of up to \
                 {max_tokens} tokens are too long to be put together; ask for at most {most}"
            ));
        }
        if self.at.windows > 0 && windows >= self.at.windows {
            return Err(input!(
                "the summaries of the chat's {} parts are as long as the parts; ask for fewer than {max_tokens} tokens",
                self.at.windows
            ));
        }
        Ok(())
    }

    /// Sets up the pass on the step's next window.
    fn begin_pass(&mut self) -> Result<()> {
        let Some(window) = self.windows.pop_front() else { return Ok(()) };
        self.model.executor.reset();
        let ids = self.model.template.encode(&self.task, window.trim(), self.model.tokenizer)?;
        self.pass_metrics.prompt_tokens = ids.len();
        self.state = State::Prefill { ids, done: 0 };
        Ok(())
    }

    async fn prefill(&mut self, ids: Vec<u32>, done: usize) -> Result<()> {
        let started = Instant::now();
        let end = done + self.model.executor.feed(&ids[done..]).await?;
        self.pass_metrics.prefill_ms += milliseconds(started);
        self.events.push_back(Event::Prefill { at: self.at, done: end, total: ids.len() });
        self.state = if end == ids.len() {
            // The last token of a text is not read again, so it needs no room.
            let limit = self.request.max_tokens.min(self.model.context.saturating_sub(ids.len()) + 1);
            State::Decode { ready: VecDeque::new(), generated: 0, limit }
        } else {
            State::Prefill { ids, done: end }
        };
        Ok(())
    }

    async fn decode(&mut self, mut ready: VecDeque<u32>, generated: usize, limit: usize) -> Result<()> {
        let started = Instant::now();
        if ready.is_empty() {
            ready = self.model.executor.next(&self.request.sampling, generated, limit).await?.into();
        }
        let id = ready.pop_front().ok_or_else(|| crate::failure!("the decoder returned no token"))?;
        let ended = self.model.tokenizer.is_end(id);
        if !ended {
            if generated == 0 && self.at.window == 0 {
                self.metrics.time_to_first_token_ms = milliseconds(self.started);
            }
            self.pass_metrics.generated_tokens += 1;
            let delta = self.text_decoder.push(id);
            self.emit(delta);
        }
        self.pass_metrics.decode_ms += milliseconds(started);
        if ended || generated + 1 >= limit {
            self.pass_metrics.cut = !ended;
            let decoder = std::mem::replace(&mut self.text_decoder, self.model.tokenizer.decoder());
            self.emit(decoder.finish());
            return self.finish_pass();
        }
        self.state = State::Decode { ready, generated: generated + 1, limit };
        Ok(())
    }

    fn emit(&mut self, delta: String) {
        if !delta.is_empty() {
            self.text.push_str(&delta);
            self.events.push_back(Event::Text { at: self.at, delta });
        }
    }

    fn finish_pass(&mut self) -> Result<()> {
        self.metrics.add(std::mem::take(&mut self.pass_metrics));
        self.at.pass += 1;
        if !self.windows.is_empty() {
            self.at.window += 1;
            if !self.text.trim().is_empty() {
                self.emit("\n".to_owned());
            }
            return self.begin_pass();
        }
        if self.generations.is_empty() {
            self.events.push_back(Event::Done(self.metrics.clone()));
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return Err(input!(
                "the model wrote nothing in step {}, so there is nothing to go on with; try another method",
                self.at.step + 1
            ));
        }
        // Lines of nobody's: they come out as they went in, and are where a text that is too long is divided.
        let line = |line: &str| Message { speaker: String::new(), text: line.to_owned(), time: None };
        self.begin_step(&text.trim().lines().map(line).collect::<Vec<_>>())
    }
}

/// The most tokens of text that there is room for beside the instructions and an answer.
fn room(model: &RunContext<'_>, generations: &VecDeque<PlannedPass<'_>>, request: &Request) -> Result<usize> {
    let frame = |task: &Task| model.template.encode(task, "", model.tokenizer).map(|ids| ids.len());
    // Summaries of parts are asked for whatever the method is.
    let mut longest = frame(&Task::Summarize)?;
    for generation in generations {
        longest = longest.max(frame(&generation.task)?);
    }
    let (context, max_tokens) = (model.context, request.max_tokens);
    let room = context.checked_sub(longest.saturating_add(max_tokens)).filter(|room| *room > 0).ok_or_else(|| {
        input!(
            "the context of {context} tokens has no room beside {max_tokens} tokens of answer and {longest} of prompt; ask \
             for fewer"
        )
    })?;
    Ok(match request.task {
        Task::Translate { .. } => room.min((max_tokens * TRANSLATED.1 / TRANSLATED.0).max(SMALLEST_WINDOW)),
        Task::Summarize | Task::SummarizeTranslate { .. } => room,
    })
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
