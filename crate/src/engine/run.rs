//! A run of a loaded model: the loop from a chat to text, one event at a time.
//!
//! Callers drive a [`Run`] event by event. In between they can draw the page, notice a cancel (they drop the run) or do
//! nothing; no callback and no thread is involved, so the same loop serves the command line and a browser's worker.
//!
//! A run is a sequence of stages, each of which reads the text that the one before it wrote. A text that is too long
//! for the context is read in windows, with one pass of the model for each. A translation needs no more than that. For
//! a summary, a stage first summarises each window in its own language; the stage of the request then reads those
//! summaries, which may take windows again.

use std::collections::{HashSet, VecDeque};

use web_time::Instant;

use super::choice::{Candidate, best};
use super::events::{Event, Metrics, PassMetrics, Progress, Request, milliseconds};
use super::repetition::loop_at_end;
use crate::chat::conversation::{Conversation, Message};
use crate::chat::windows::{WindowLimits, divide};
use crate::decoder::executor::Executor;
use crate::error::Result;
use crate::facts::ChatFacts;
use crate::input;
use crate::methods::plan::{Stage, plan, shorten};
use crate::methods::registry::AdapterRegistry;
use crate::model::config::ModelConfig;
use crate::model::guide::{Guide, LineOrder};
use crate::model::prompt::{Form, Task, Template, ZeroShotInstructions};
use crate::model::sampler::Sampling;
use crate::model::tokenizer::{TextDecoder, Tokenizer};

/// Temperature of further candidates of a greedy run. Chosen on val.
const CANDIDATE_TEMPERATURE: f32 = 0.7;

/// Parts of a loaded model that a run works with.
pub(crate) struct RunContext<'a> {
    pub config: &'a ModelConfig,
    pub tokenizer: &'a Tokenizer,
    pub registry: &'a AdapterRegistry,
    /// Instructions for passes without adapters.
    pub zero_shot: Option<&'a ZeroShotInstructions>,
    pub template: &'a Template,
    /// Context in tokens.
    pub context: usize,
    pub executor: &'a mut Executor,
}

impl RunContext<'_> {
    /// Returns the instruction of a stage.
    fn instruction(&self, stage: &Stage<'_>) -> Result<String> {
        match self.zero_shot {
            Some(words) if stage.pairs.rank() == 0 => words.instruction(&stage.task),
            _ => stage.task.instruction(),
        }
    }

    /// Returns the number of tokens of a prompt beside its text.
    fn frame_tokens(&self, instruction: &str) -> Result<usize> {
        Ok(self.template.encode(instruction, "", self.tokenizer)?.len())
    }
}

/// State of the current pass.
enum State {
    /// The model reads the prompt, of which it has read `done` tokens.
    Prefill { done: usize },
    /// The model writes: `generated` tokens are out, of at most `limit`, and `ready` are the ids that come next.
    Decode { ready: VecDeque<u32>, generated: usize, limit: usize },
    /// The run is over.
    Over,
}

/// A run in progress.
pub struct Run<'a> {
    model: RunContext<'a>,
    request: Request,
    limits: WindowLimits,
    started: Instant,
    /// Stages that are left.
    stages: VecDeque<Stage<'a>>,
    at: Progress,
    /// Instruction of the current stage.
    instruction: String,
    /// Language that the current stage writes.
    language: String,
    /// Order of the current stage's lines, where it writes one for each person.
    line_order: LineOrder,
    /// Windows that are left of the text that the current stage reads.
    windows: VecDeque<String>,
    /// Text that the current stage has written.
    text: String,
    /// Where in it the text of the current pass begins.
    pass_start: usize,
    /// Ids that the current pass has written.
    ids: Vec<u32>,
    /// Prompt of the current pass.
    prompt: Vec<u32>,
    /// Texts that the current pass has written before, to choose from.
    candidates: Vec<Candidate>,
    chat: &'a Conversation,
    /// Facts of the chat, found when the first text is checked.
    facts: Option<ChatFacts<'a>>,
    text_decoder: TextDecoder<'a>,
    state: State,
    events: VecDeque<Event>,
    metrics: Metrics,
    pass_metrics: PassMetrics,
}

impl<'a> Run<'a> {
    pub(crate) fn new(model: RunContext<'a>, chat: &'a Conversation, request: &Request) -> Result<Self> {
        request.sampling.check()?;
        if request.max_tokens == 0 {
            return Err(input!("at most 0 tokens are asked for; give a larger limit"));
        }
        if request.candidates == 0 {
            return Err(input!("at most 0 texts are asked for; give a larger number of candidates"));
        }
        if request.task.form() == Some(Form::People) && chat.messages().iter().all(|message| message.speaker.is_empty())
        {
            return Err(input!(
                "a summary by person needs a chat with names; give lines of the form `Name: text`, or take the other form"
            ));
        }
        let stages: VecDeque<Stage<'a>> = plan(request.method, &request.task, model.registry, model.config)?.into();
        let mut run = Self {
            limits: limits(&model, &stages, request)?,
            request: request.clone(),
            started: Instant::now(),
            stages,
            at: Progress::default(),
            instruction: String::new(),
            language: String::new(),
            line_order: LineOrder::Free,
            windows: VecDeque::new(),
            text: String::new(),
            pass_start: 0,
            ids: Vec::new(),
            prompt: Vec::new(),
            candidates: Vec::new(),
            chat,
            facts: None,
            text_decoder: model.tokenizer.decoder(),
            state: State::Over,
            events: VecDeque::new(),
            metrics: Metrics::default(),
            pass_metrics: PassMetrics::default(),
            model,
        };
        run.begin_stage(chat.messages())?;
        run.metrics.windows = run.at.windows;
        Ok(run)
    }

    /// Returns the next event, after a short piece of work: one piece of a prompt, or one token. Returns `None` when
    /// the run is over.
    ///
    /// # Errors
    /// If the executor fails, or a stage writes nothing that the next one could read.
    pub async fn next_event(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(None),
                State::Prefill { done } => self.prefill(done).await?,
                State::Decode { ready, generated, limit } => self.decode(ready, generated, limit).await?,
            }
        }
    }

    /// Begins the next stage, which reads `text`.
    fn begin_stage(&mut self, text: &[Message]) -> Result<()> {
        let Some(mut stage) = self.stages.pop_front() else { return Ok(()) };
        let windows = divide(text, self.limits.room, |text| self.model.tokenizer.count(text))?;
        if windows.len() > 1 && !matches!(stage.task, Task::Translate { .. }) {
            match shorten(self.request.method, &self.request.task, self.model.registry, self.model.config) {
                Some(first) => {
                    self.limits.check_shrinks(windows.len(), self.at.windows)?;
                    self.stages.push_front(std::mem::replace(&mut stage, first));
                }
                None => self.events.push_back(Event::Notice(format!(
                    "the chat was read in {} parts, and no summarization adapter is installed to make one summary of \
                     them: each part's is given after the other",
                    windows.len()
                ))),
            }
        }
        self.instruction = self.model.instruction(&stage)?;
        stage.task.to().clone_into(&mut self.language);
        // A translation has the lines of its text.
        let is_translation = matches!(stage.task, Task::Translate { .. });
        self.line_order = if is_translation { LineOrder::Given } else { LineOrder::Free };
        self.model.executor.set_pairs(&stage.pairs)?;
        let number = if self.at.windows == 0 { 0 } else { self.at.stage + 1 };
        self.at =
            Progress { stage: number, window: 0, windows: windows.len(), last: self.stages.is_empty(), ..self.at };
        self.windows = windows.into();
        self.begin_pass()
    }

    /// Begins the pass over the next window of the current stage.
    fn begin_pass(&mut self) -> Result<()> {
        let Some(window) = self.windows.pop_front() else { return Ok(()) };
        self.model.executor.reset();
        self.set_guide(&window)?;
        let ids = self.model.template.encode(&self.instruction, window.trim(), self.model.tokenizer)?;
        self.pass_metrics.prompt_tokens = ids.len();
        self.pass_start = self.text.len();
        self.prompt = ids;
        self.ids.clear();
        self.state = State::Prefill { done: 0 };
        Ok(())
    }

    /// Begins another text of the same prompt, of which only the last token is read again.
    fn begin_candidate(&mut self) -> Result<()> {
        self.text.truncate(self.pass_start);
        self.ids.clear();
        let done = self.prompt.len() - 1;
        self.model.executor.rewind(done)?;
        self.state = State::Prefill { done };
        Ok(())
    }

    /// Returns the sampling of the current text: the request's for the first of a pass; for further ones the same, or
    /// where that is greedy an ordinary one, each with a seed of its own.
    fn sampling(&self) -> Sampling {
        let number = self.candidates.len() as u64;
        match self.request.sampling {
            first if number == 0 => first,
            Sampling { temperature: 0.0, seed, .. } => {
                Sampling { temperature: CANDIDATE_TEMPERATURE, seed: seed.wrapping_add(number), ..Sampling::default() }
            }
            warm => Sampling { seed: warm.seed.wrapping_add(number), ..warm },
        }
    }

    /// Guides the text of the pass over `window`, if it has a line for each person.
    fn set_guide(&mut self, window: &str) -> Result<()> {
        let guide = match self.request.task.form() {
            Some(Form::People) => {
                let speakers = self.chat.messages().iter().map(|message| message.speaker.as_str());
                let mut left: HashSet<&str> = speakers.filter(|name| !name.is_empty()).collect();
                let names = window.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim_end());
                Some(Guide::new(names.filter(|name| left.remove(name)), self.line_order, self.model.tokenizer)?)
            }
            _ => None,
        };
        self.model.executor.set_guide(guide)
    }

    async fn prefill(&mut self, done: usize) -> Result<()> {
        let (started, total) = (Instant::now(), self.prompt.len());
        let end = done + self.model.executor.feed(&self.prompt[done..]).await?;
        self.pass_metrics.prefill_ms += milliseconds(started);
        if self.candidates.is_empty() {
            self.events.push_back(Event::Prefill { at: self.at, done: end, total });
        }
        self.state = if end == total {
            // The last token of a text is not read again, so it needs no room.
            let limit = self.request.max_tokens.min(self.model.context.saturating_sub(total) + 1);
            State::Decode { ready: VecDeque::new(), generated: 0, limit }
        } else {
            State::Prefill { done: end }
        };
        Ok(())
    }

    async fn decode(&mut self, mut ready: VecDeque<u32>, generated: usize, limit: usize) -> Result<()> {
        let started = Instant::now();
        if ready.is_empty() {
            ready = self.model.executor.next(&self.sampling(), generated, limit).await?.into();
        }
        let id = ready.pop_front().ok_or_else(|| crate::failure!("the decoder returned no token"))?;
        let ended = self.model.tokenizer.is_end(id);
        if !ended {
            if generated == 0 && self.at.window == 0 && self.candidates.is_empty() {
                self.metrics.time_to_first_token_ms = milliseconds(self.started);
            }
            self.pass_metrics.generated_tokens += 1;
            self.ids.push(id);
            let delta = self.text_decoder.push(id);
            self.emit(delta);
        }
        self.pass_metrics.decode_ms += milliseconds(started);
        let period = loop_at_end(&self.ids);
        if !ended && period.is_none() && generated + 1 < limit {
            self.state = State::Decode { ready, generated: generated + 1, limit };
            return Ok(());
        }
        let decoder = std::mem::replace(&mut self.text_decoder, self.model.tokenizer.decoder());
        self.emit(decoder.finish());
        if let Some(period) = period {
            self.cut_loop(period);
        }
        self.pass_metrics.looped = period.is_some();
        self.pass_metrics.cut = !ended && period.is_none();
        self.finish_text()
    }

    /// Leaves the first of the three loops of `period` tokens that the text ends in.
    fn cut_loop(&mut self, period: usize) {
        let kept = self.ids.len() - 2 * period;
        let mut decoder = self.model.tokenizer.decoder();
        let text: String = self.ids[..kept].iter().map(|id| decoder.push(*id)).collect();
        self.rewrite(&(text + &decoder.finish()));
    }

    /// Puts `text` in place of what the pass has written.
    fn rewrite(&mut self, text: &str) {
        self.text.truncate(self.pass_start);
        self.text.push_str(text);
        if self.candidates.is_empty() {
            let (text, start) = (self.text.clone(), self.pass_start);
            self.events.push_back(Event::Rewritten { at: self.at, text, start });
        }
    }

    /// Takes the text of the pass, begins another one, or chooses among those that were written.
    fn finish_text(&mut self) -> Result<()> {
        let PassMetrics { cut, looped, .. } = self.pass_metrics;
        let most = self.request.candidates;
        if most == 1 {
            self.pass_metrics.candidates = 1;
            return self.finish_pass();
        }
        let text = self.text[self.pass_start..].to_owned();
        let facts = match self.facts.take() {
            Some(facts) => facts,
            None => ChatFacts::new(self.chat, self.request.task.from())?,
        };
        let check = self.facts.insert(facts).check(&text, &self.language)?;
        self.candidates.push(Candidate::new(text, &check, &self.language, cut, looped));
        let written = self.candidates.len();
        let passed = written == 1 && self.candidates[0].faults == 0;
        if !passed && written < most {
            self.events.push_back(Event::Draft { at: self.at, written, total: most });
            return self.begin_candidate();
        }
        let mut candidates = std::mem::take(&mut self.candidates);
        let chosen = best(&candidates);
        let Candidate { text, cut, looped, faults } = candidates.swap_remove(chosen);
        let pass = &mut self.pass_metrics;
        (pass.cut, pass.looped, pass.candidates, pass.faults) = (cut, looped, written, Some(faults));
        if written > 1 {
            self.rewrite(&text);
        }
        self.finish_pass()
    }

    /// Adds `delta` to the text. Of further candidates nothing is told before one is chosen.
    fn emit(&mut self, delta: String) {
        if !delta.is_empty() {
            self.text.push_str(&delta);
            if self.candidates.is_empty() {
                self.events.push_back(Event::Text { at: self.at, delta });
            }
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
        if self.stages.is_empty() {
            self.events.push_back(Event::Done(self.metrics.clone()));
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return Err(input!(
                "the model wrote nothing in step {}, so there is nothing to go on with; try another method",
                self.at.stage + 1
            ));
        }
        // Lines without a speaker print unchanged, and a text that is too long is divided between them.
        let line = |line: &str| Message { speaker: String::new(), text: line.to_owned(), time: None };
        self.begin_stage(&text.trim().lines().map(line).collect::<Vec<_>>())
    }
}

/// Returns the limits of windows that fit beside the longest instructions of any stage.
fn limits(model: &RunContext<'_>, stages: &VecDeque<Stage<'_>>, request: &Request) -> Result<WindowLimits> {
    let mut longest = 0;
    // Any method may have to summarise windows first.
    if let Some(summary) = request.task.primary() {
        longest = model.frame_tokens(&summary.instruction()?)?;
        if let Some(words) = model.zero_shot {
            longest = longest.max(model.frame_tokens(&words.instruction(&summary)?)?);
        }
    }
    for stage in stages {
        longest = longest.max(model.frame_tokens(&model.instruction(stage)?)?);
    }
    let limits = WindowLimits::new(model.context, longest, request.max_tokens)?;
    Ok(match request.task {
        Task::Translate { .. } => limits.for_translation(),
        Task::Summarize { .. } | Task::SummarizeTranslate { .. } => limits,
    })
}
