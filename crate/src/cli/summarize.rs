//! `gist summarize`: runs a method on a chat and prints its text.

use std::io::Write;

use clap::Args;
use gist::chat::conversation::Conversation;
use gist::chat::language::{Detected, detect};
use gist::engine::{Event, Metrics, Progress, Request};
use gist::error::Result;
use gist::facts::ChatFacts;
use gist::input;
use gist::methods::method::Method;
use gist::model::prompt::{Form, Task, TaskKind, language};
use gist::model::sampler::Sampling;
use serde_json::json;

use super::import::ChatOptions;
use super::{AdapterOptions, DEFAULT_MODEL, ModelOptions, load, peak_rss_mb};

/// Arguments of `gist summarize`.
#[derive(Args)]
pub struct Summarize {
    #[command(flatten)]
    chat: ChatOptions,
    /// Language of the summary
    #[arg(long)]
    to: String,
    /// Language of the chat, or auto to find it out
    #[arg(long, default_value = "auto")]
    from: String,
    /// Task [default: a summary in the language of --to]
    #[arg(long, value_enum)]
    task: Option<TaskKind>,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    form: Form,
    /// Method that combines the adapters [default: the catalog's for these languages, or else projection; for a task of
    /// one adapter, that adapter]
    #[arg(long, value_parser = clap::value_parser!(Method))]
    method: Option<Method>,
    /// GGUF file or catalog id
    #[arg(long, default_value = DEFAULT_MODEL)]
    model: String,
    /// Print one JSON object at the end instead of streaming text
    #[arg(long)]
    json: bool,
    /// Largest length of the text in tokens
    #[arg(long, default_value_t = 160)]
    max_tokens: usize,
    /// Largest number of texts of a pass: above 1 others are written where the first has a fault, and the best is taken
    #[arg(long, default_value_t = 1)]
    candidates: usize,
    /// Temperature; 0 always takes the most probable token
    #[arg(long, default_value_t = 0.0)]
    temperature: f32,
    /// Number of the most probable tokens to draw from
    #[arg(long, default_value_t = 40)]
    top_k: usize,
    /// Probability that the tokens to draw from reach together
    #[arg(long, default_value_t = 0.95)]
    top_p: f32,
    /// Seed for a temperature above 0; the same seed gives the same text
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    adapters: AdapterOptions,
    #[command(flatten)]
    options: ModelOptions,
}

/// Returns the task that --task, --from, --to and --form ask for.
pub fn task(kind: Option<TaskKind>, from: &str, to: &str, form: Form) -> Result<Task> {
    match (kind, Task::summary(from, to)?.in_form(form)) {
        (None, task) => Ok(task),
        (Some(TaskKind::Translate), _) if !form.is_default() => {
            Err(input!("--form is for summaries; leave out --task or --form"))
        }
        (Some(TaskKind::Translate), _) => Task::translation(from, to),
        (Some(TaskKind::Summarize), task @ Task::Summarize { .. }) => Ok(task),
        (Some(TaskKind::SummarizeTranslate), task @ Task::SummarizeTranslate { .. }) => Ok(task),
        (Some(TaskKind::Summarize), _) => Err(input!(
            "a summary alone is in the language of the chat, {from}, not in {to}; leave out --task or set --to {from}"
        )),
        (Some(TaskKind::SummarizeTranslate), _) => {
            Err(input!("the chat is in {to} already; leave out --task or set --from"))
        }
    }
}

/// Returns the language that --from names or, for `auto`, the one that `chat` is in. A guess is told on standard error.
pub fn from<'a>(option: &'a str, chat: &Conversation) -> Result<&'a str> {
    if option != "auto" {
        return Ok(option);
    }
    let Detected { language: found, is_certain } = detect(chat);
    if !is_certain {
        eprintln!("gist: the chat seems to be in {}; if not, give its language with --from", language(found)?);
    }
    Ok(found)
}

impl Summarize {
    /// Reads the chat, runs the method, and prints the text of the last stage as it comes.
    pub fn run(self) -> Result<()> {
        let chat = self.chat.read()?.conversation;
        language(&self.to)?; // a mistake is told before a guess
        let from = from(&self.from, &chat)?;
        let task = task(self.task, from, &self.to, self.form)?;
        let written = match self.write(&chat, &task) {
            Err(error) if error.is_device() => {
                // Only once: the system restarts a driver that has crashed.
                eprintln!("gist: {error}; the model is loaded again");
                self.write(&chat, &task)?
            }
            result => result?,
        };
        if self.json {
            println!("{}", written.report(&chat, &task)?);
        } else {
            println!();
        }
        Ok(())
    }

    /// Loads the model and runs it; prints text as it comes unless the output is JSON.
    fn write(&self, chat: &Conversation, task: &Task) -> Result<Written> {
        let mut engine = load(&self.model, &self.options)?;
        self.adapters.install(&mut engine, task)?;
        let method = self.method.or_else(|| engine.default_method(task)).unwrap_or(match task {
            // No method has its adapters. The error of the usual one names what is missing.
            Task::Summarize { .. } => Method::Primary,
            Task::Translate { .. } => Method::Secondary,
            Task::SummarizeTranslate { .. } => Method::Projection,
        });
        let sampling =
            Sampling { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p, seed: self.seed };
        let (max_tokens, candidates) = (self.max_tokens, self.candidates);
        let mut run = engine.start(chat, &Request { task: task.clone(), method, max_tokens, sampling, candidates })?;
        let (mut text, mut texts) = (String::new(), Vec::<String>::new());
        let (mut metrics, mut reading) = (Metrics::default(), Progress::default());
        // What may be a draft is printed when it is chosen.
        let streams = !self.json && candidates == 1;
        while let Some(event) = pollster::block_on(run.next_event())? {
            match event {
                Event::Notice(notice) => eprintln!("gist: {notice}"),
                Event::Text { at, delta } => {
                    texts.resize_with(at.pass + 1, String::new);
                    texts[at.pass].push_str(&delta);
                    if at.last {
                        text.push_str(&delta);
                        if streams {
                            print!("{delta}");
                            std::io::stdout().flush()?;
                        }
                    }
                }
                Event::Rewritten { at, text: whole, start } => {
                    texts.resize_with(at.pass + 1, String::new);
                    whole[start..].clone_into(&mut texts[at.pass]);
                    if at.last {
                        text = whole;
                    }
                    if streams {
                        eprintln!(
                            "gist: the text repeats itself, and was ended; the last repetitions are to be left out"
                        );
                    }
                }
                Event::Draft { written, total, .. } => {
                    eprintln!("gist: the text has a fault; text {} of at most {total} is written", written + 1);
                }
                Event::Prefill { at, .. } => {
                    if at != reading {
                        report_part(reading, at);
                    }
                    reading = at;
                }
                Event::Done(done) => metrics = done,
            }
        }
        if !self.json && !streams {
            print!("{}", text.trim());
        }
        texts.resize_with(metrics.passes, String::new); // the last may have written nothing
        Ok(Written { method, text, texts, metrics })
    }
}

/// Texts and cost of a run.
struct Written {
    method: Method,
    /// Text of the last stage.
    text: String,
    /// Text of each pass.
    texts: Vec<String>,
    metrics: Metrics,
}

impl Written {
    fn report(&self, chat: &Conversation, task: &Task) -> Result<serde_json::Value> {
        let Self { method, text, texts, metrics } = self;
        let per_pass = metrics.per_pass.iter().zip(texts).map(|(pass, text)| {
            json!({
                "text": text.trim(),
                "prompt_tokens": pass.prompt_tokens,
                "generated_tokens": pass.generated_tokens,
                "prefill_ms": pass.prefill_ms,
                "decode_ms": pass.decode_ms,
                "cut": pass.cut,
                "looped": pass.looped,
                "candidates": pass.candidates,
                "faults": pass.faults,
            })
        });
        let check = ChatFacts::new(chat, task.from())?.check(text.trim(), task.to())?;
        Ok(json!({
            "text": text.trim(),
            "check": check,
            "from": task.from(),
            "to": task.to(),
            "method": method.id(),
            "prompt_tokens": metrics.prompt_tokens,
            "generated_tokens": metrics.generated_tokens,
            "time_to_first_token_ms": metrics.time_to_first_token_ms,
            "prefill_ms": metrics.prefill_ms,
            "decode_ms": metrics.decode_ms,
            "windows": metrics.windows,
            "passes": metrics.passes,
            "passes_cut": metrics.passes_cut,
            "per_pass": per_pass.collect::<Vec<_>>(),
            "peak_rss_mb": peak_rss_mb(),
        }))
    }
}

/// Prints on standard error that a pass reads one of several parts, or their summaries.
fn report_part(before: Progress, at: Progress) {
    if at.windows > 1 {
        eprintln!("gist: reading part {} of {}", at.window + 1, at.windows);
    } else if before.windows > 1 {
        eprintln!("gist: reading the summaries of {} parts", before.windows);
    }
}
