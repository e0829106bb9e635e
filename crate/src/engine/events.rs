//! What a run is asked for and what it reports.

use serde::Serialize;

use crate::methods::method::Method;
use crate::model::prompt::Task;
use crate::model::sampler::Sampling;

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

/// Where a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Pass of the model, from 0.
    pub pass: usize,
    /// Step, from 0. The text of a step is that of its passes, one after the other; the last step's is the answer.
    pub step: usize,
    /// Window of the step's text, from 0.
    pub window: usize,
    /// Windows that the step's text has.
    pub windows: usize,
    /// Whether this is the last step.
    pub last: bool,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something the user should know, in plain words.
    Notice(String),
    /// Part of a pass's prompt was read.
    Prefill {
        /// Where.
        at: Place,
        /// Tokens read.
        done: usize,
        /// Tokens in all.
        total: usize,
    },
    /// More text of a step: only what is new, and never half a character.
    Text {
        /// Where.
        at: Place,
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
    /// From the start to the first text of the last step, which is the one that is shown.
    pub time_to_first_token_ms: f64,
    /// Reading prompts.
    pub prefill_ms: f64,
    /// Generating.
    pub decode_ms: f64,
    /// Windows that the chat was read in.
    pub windows: usize,
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
    pub(super) fn add(&mut self, pass: PassMetrics) {
        self.prompt_tokens += pass.prompt_tokens;
        self.generated_tokens += pass.generated_tokens;
        self.prefill_ms += pass.prefill_ms;
        self.decode_ms += pass.decode_ms;
        self.passes += 1;
        self.passes_cut += usize::from(pass.cut);
        self.per_pass.push(pass);
    }
}
