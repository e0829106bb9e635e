//! `gist summarize` and `gist logits`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use gist::engine::{Event, Metrics, Request};
use gist::error::Result;
use gist::merge;
use gist::method::Method;
use gist::prompt::Task;
use gist::sampler::Sampling;
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
    /// How the adapters are combined
    #[arg(long, default_value_t = Method::Projection, value_parser = clap::value_parser!(Method))]
    method: Method,
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

impl Summarize {
    /// Reads the chat, runs the method, streams the last pass.
    pub fn run(self) -> Result<()> {
        let chat = self.chat.read()?.conversation;
        let task = Task::summary(&self.from, &self.to)?;
        let mut engine = load(&self.model, &self.options)?;
        self.own.install(&mut engine, &self.from, &self.to)?;
        let sampling =
            Sampling { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p, seed: self.seed };
        let request = Request { task, method: self.method, max_tokens: self.max_tokens, sampling };
        let mut run = engine.start(&chat, &request)?;
        let last_pass = self.method.passes() - 1;
        let mut text = String::new();
        let mut metrics = Metrics::default();
        while let Some(event) = pollster::block_on(run.step())? {
            match event {
                Event::Notice(notice) => eprintln!("gist: {notice}"),
                Event::Text { pass, delta } if pass == last_pass => {
                    text.push_str(&delta);
                    if !self.json {
                        print!("{delta}");
                        std::io::stdout().flush()?;
                    }
                }
                Event::Prefill { .. } | Event::Text { .. } => {}
                Event::Done(done) => metrics = done,
            }
        }
        if !self.json {
            println!();
            return Ok(());
        }
        let report = json!({
            "text": text.trim(),
            "method": self.method.id(),
            "prompt_tokens": metrics.prompt_tokens,
            "generated_tokens": metrics.generated_tokens,
            "time_to_first_token_ms": metrics.time_to_first_token_ms,
            "prefill_ms": metrics.prefill_ms,
            "decode_ms": metrics.decode_ms,
            "passes": metrics.passes,
            "passes_cut": metrics.passes_cut,
            "peak_rss_mb": peak_rss_mb(),
        });
        println!("{report}");
        Ok(())
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
    /// Adapter to apply alone: a PEFT folder or a GGUF LoRA
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
            let adapter = read_adapter(path, &engine.spec)?;
            engine.set_pairs(merge::single(&adapter))?;
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
