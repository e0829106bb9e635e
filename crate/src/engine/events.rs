//! The request that starts a run, and the events that it reports.

use serde::Serialize;
use web_time::Instant;

use crate::methods::method::Method;
use crate::model::prompt::Task;
use crate::model::sampler::Sampling;

/// A request for a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Task of the answer.
    pub task: Task,
    /// Method that makes the answer.
    pub method: Method,
    /// Largest number of tokens that each pass writes.
    pub max_tokens: usize,
    /// Choice of tokens from the logits.
    pub sampling: Sampling,
    /// Largest number of texts of each pass. Above 1 each text is checked, and where the first one has a fault, others
    /// are written and the best is taken, see [`choice`](super::choice).
    pub candidates: usize,
}

/// Number of texts that a careful run writes at most.
pub const CAREFUL_CANDIDATES: usize = 6;

/// Progress of a run: the pass that an event belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of the pass of the model, from 0.
    pub pass: usize,
    /// Number of the stage, from 0. The text of a stage is that of its passes, one after the other; the text of the
    /// last stage is the answer.
    pub stage: usize,
    /// Number of the window within the text that the stage reads, from 0.
    pub window: usize,
    /// Number of windows of that text.
    pub windows: usize,
    /// `true` in the last stage.
    pub last: bool,
}

/// Something that happened during a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message for the user, in plain words.
    Notice(String),
    /// The model has read part of a pass's prompt.
    Prefill {
        /// Pass that it belongs to.
        at: Progress,
        /// Number of tokens read.
        done: usize,
        /// Number of tokens of the prompt.
        total: usize,
    },
    /// The model has written more text. A character whose bytes are not complete yet comes with a later event.
    Text {
        /// Pass that it belongs to.
        at: Progress,
        /// Text that is new since the last event.
        delta: String,
    },
    /// The text of the stage so far has become another: a loop was cut off, or another text was chosen.
    Rewritten {
        /// Pass that it belongs to.
        at: Progress,
        /// Whole text of the stage.
        text: String,
        /// Byte of it where the text of the pass begins.
        start: usize,
    },
    /// The text did not pass its check, and others are written to choose from; the text so far is a draft.
    Draft {
        /// Pass that it belongs to.
        at: Progress,
        /// Number of texts written.
        written: usize,
        /// Largest number of texts.
        total: usize,
    },
    /// The run is over.
    Done(Metrics),
}

/// Cost of a run. Tokens and times are sums over its passes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Metrics {
    /// Number of tokens of the prompts.
    pub prompt_tokens: usize,
    /// Number of tokens generated, without the token that ends a text.
    pub generated_tokens: usize,
    /// Time from the start to the first token of the last stage, whose text is the answer, in milliseconds.
    pub time_to_first_token_ms: f64,
    /// Time spent reading prompts, in milliseconds.
    pub prefill_ms: f64,
    /// Time spent generating, in milliseconds.
    pub decode_ms: f64,
    /// Number of windows that the chat was divided into.
    pub windows: usize,
    /// Number of passes of the model.
    pub passes: usize,
    /// Number of passes that ended at `max_tokens` rather than with an end token.
    pub passes_cut: usize,
    /// Number of passes that were ended because their text repeated itself.
    pub passes_looped: usize,
    /// Cost of each pass.
    pub per_pass: Vec<PassMetrics>,
}

/// Cost of one pass of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct PassMetrics {
    /// Number of tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens generated, the one that ends the text not counted.
    pub generated_tokens: usize,
    /// Time spent reading the prompt, in milliseconds.
    pub prefill_ms: f64,
    /// Time spent generating, in milliseconds.
    pub decode_ms: f64,
    /// `true` if the pass ended at `max_tokens` rather than with an end token.
    pub cut: bool,
    /// `true` if the pass was ended because its text repeated itself.
    pub looped: bool,
    /// Number of texts that were written to choose from, 1 where the first one was taken.
    pub candidates: usize,
    /// Faults that the check found in the text that was taken; `None` where nothing was checked.
    pub faults: Option<usize>,
}

impl Metrics {
    /// Adds the cost of a pass.
    pub(super) fn add(&mut self, pass: PassMetrics) {
        self.prompt_tokens += pass.prompt_tokens;
        self.generated_tokens += pass.generated_tokens;
        self.prefill_ms += pass.prefill_ms;
        self.decode_ms += pass.decode_ms;
        self.passes += 1;
        self.passes_cut += usize::from(pass.cut);
        self.passes_looped += usize::from(pass.looped);
        self.per_pass.push(pass);
    }
}

/// Returns the milliseconds since `start`.
pub fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
