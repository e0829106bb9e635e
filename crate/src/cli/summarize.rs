//! `gist summarize` and `gist logits`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use gist::chat::conversation::Conversation;
use gist::engine::{Event, Metrics, Progress, Request};
use gist::error::{Error, Result};
use gist::input;
use gist::methods::merge;
use gist::methods::method::Method;
use gist::model::prompt::Task;
use gist::model::sampler::Sampling;
use serde_json::json;

use super::import::ChatOptions;
use super::{ModelOptions, OwnAdapters, load, peak_rss_mb, read_adapter};

/// Arguments of `gist summarize`.
#[derive(Args)]
pub struct Summarize {
    #[command(flatten)]
    chat: ChatOptions,
    /// Language of the summary
    #[arg(long)]
    to: String,
    /// Language of the chat
    #[arg(long, default_value = "en")]
    from: String,
    /// What is made of the chat [default: a summary in the language of --to]
    #[arg(long, value_enum)]
    task: Option<TaskKind>,
    /// How the adapters are combined [default: projection; for a task of one adapter, that adapter]
    #[arg(long, value_parser = clap::value_parser!(Method))]
    method: Option<Method>,
    /// GGUF file or catalog id
    #[arg(long, default_value = "gemma-3-270m")]
    model: String,
    /// Print one JSON object at the end instead of streaming text
    #[arg(long)]
    json: bool,
    /// Longest summary in tokens
    #[arg(long, default_value_t = 160)]
    max_tokens: usize,
    /// 0 always takes the most probable token
    #[arg(long, default_value_t = 0.0)]
    temperature: f32,
    /// Only so many of the most probable tokens are drawn from
    #[arg(long, default_value_t = 40)]
    top_k: usize,
    /// Only the most probable tokens that together reach this are drawn from
    #[arg(long, default_value_t = 0.95)]
    top_p: f32,
    /// Another seed, another text, where the temperature is above 0
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    own: OwnAdapters,
    #[command(flatten)]
    options: ModelOptions,
}

/// What is made of a chat.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TaskKind {
    /// A summary in the chat's language
    Summarize,
    /// A summary in another language
    SummarizeTranslate,
    /// The whole chat in another language
    Translate,
}

/// What is asked for by --task, --from and --to.
pub fn task(kind: Option<TaskKind>, from: &str, to: &str) -> Result<Task> {
    match (kind, Task::summary(from, to)?) {
        (None, task) => Ok(task),
        (Some(TaskKind::Translate), _) => Task::translation(from, to),
        (Some(TaskKind::Summarize), task @ Task::Summarize) => Ok(task),
        (Some(TaskKind::SummarizeTranslate), task @ Task::SummarizeTranslate { .. }) => Ok(task),
        (Some(TaskKind::Summarize), _) => Err(input!(
            "a summary alone is in the language of the chat, {from}, not in {to}; leave out --task or set --to {from}"
        )),
        (Some(TaskKind::SummarizeTranslate), _) => {
            Err(input!("the chat is in {to} already; leave out --task or set --from"))
        }
    }
}

impl Summarize {
    /// Reads the chat, runs the method, streams the last pass.
    pub fn run(self) -> Result<()> {
        let chat = self.chat.read()?.conversation;
        let task = task(self.task, &self.from, &self.to)?;
        let method = self.method.unwrap_or(Method::default_for(&task));
        let sampling =
            Sampling { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p, seed: self.seed };
        let request = Request { task, method, max_tokens: self.max_tokens, sampling };
        let written = match self.write(&chat, &request) {
            Err(error @ Error::Device(..)) => {
                // Once: drivers that crash are started again by the system.
                eprintln!("gist: {error}; the model is loaded again");
                self.write(&chat, &request)?
            }
            result => result?,
        };
        if self.json {
            println!("{}", written.report(method));
        } else {
            println!();
        }
        Ok(())
    }

    /// Loads the model and runs it; text is printed as it comes, unless JSON is wanted.
    fn write(&self, chat: &Conversation, request: &Request) -> Result<Written> {
        let mut engine = load(&self.model, &self.options)?;
        self.own.install(&mut engine, &self.from, &self.to)?;
        let mut run = engine.start(chat, request)?;
        let (mut text, mut texts) = (String::new(), Vec::<String>::new());
        let (mut metrics, mut reading) = (Metrics::default(), Progress::default());
        while let Some(event) = pollster::block_on(run.next_event())? {
            match event {
                Event::Notice(notice) => eprintln!("gist: {notice}"),
                Event::Text { at, delta } => {
                    texts.resize_with(at.pass + 1, String::new);
                    texts[at.pass].push_str(&delta);
                    if at.last {
                        text.push_str(&delta);
                        if !self.json {
                            print!("{delta}");
                            std::io::stdout().flush()?;
                        }
                    }
                }
                Event::Prefill { at, .. } => {
                    if at != reading {
                        tell_part(reading, at);
                    }
                    reading = at;
                }
                Event::Done(done) => metrics = done,
            }
        }
        texts.resize_with(metrics.passes, String::new); // where the last wrote nothing
        Ok(Written { text, texts, metrics })
    }
}

/// What a run wrote.
struct Written {
    /// The answer.
    text: String,
    /// What each pass wrote.
    texts: Vec<String>,
    metrics: Metrics,
}

impl Written {
    fn report(&self, method: Method) -> serde_json::Value {
        let Self { text, texts, metrics } = self;
        let per_pass = metrics.per_pass.iter().zip(texts).map(|(pass, text)| {
            json!({
                "text": text.trim(),
                "prompt_tokens": pass.prompt_tokens,
                "generated_tokens": pass.generated_tokens,
                "prefill_ms": pass.prefill_ms,
                "decode_ms": pass.decode_ms,
                "cut": pass.cut,
            })
        });
        json!({
            "text": text.trim(),
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
        })
    }
}

/// Tells on standard error of a pass that reads one of several parts, or what was written about them.
fn tell_part(before: Progress, at: Progress) {
    if at.windows > 1 {
        eprintln!("gist: reading part {} of {}", at.window + 1, at.windows);
    } else if before.windows > 1 {
        eprintln!("gist: reading the summaries of {} parts", before.windows);
    }
}

/// Arguments of `gist logits`.
#[derive(Args)]
pub struct Logits {
    /// GGUF file or catalog id
    model: String,
    /// Raw text: no template, special tokens parsed, begin token as the model wants it
    #[arg(long)]
    prompt: String,
    /// LoraAdapter to apply alone: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH", conflicts_with = "method")]
    adapter: Option<PathBuf>,
    /// What this method applies in its last pass
    #[arg(long, requires = "to")]
    method: Option<Method>,
    /// Language of the summary, for --method
    #[arg(long)]
    to: Option<String>,
    /// Language of the text, for --method
    #[arg(long, default_value = "en")]
    from: String,
    /// The output is JSON with or without this
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: ModelOptions,
}

impl Logits {
    /// Prints `{tokens, logits}`, the logits after the last token.
    pub fn run(self) -> Result<()> {
        let mut engine = load(&self.model, &self.options)?;
        if let Some(path) = &self.adapter {
            let adapter = read_adapter(path, &engine.config)?;
            engine.set_pairs(&merge::single(&adapter))?;
        }
        if let (Some(method), Some(to)) = (self.method, &self.to) {
            engine.set_method(method, &Task::summary(&self.from, to)?)?;
        }
        let tokens = engine.tokenizer.encode_with_bos(&self.prompt)?;
        let logits = engine.logits(&tokens)?;
        println!("{}", json!({ "tokens": tokens, "logits": logits }));
        Ok(())
    }
}
