//! `gist bench`: speed of prefill and decode, load time, and time to change the adapters.

use std::time::Instant;

use clap::Args;
use gist::error::Result;
use gist::input;
use gist::method::{Method, plan};
use gist::prompt::Task;
use gist::sampler::argmax;
use serde_json::json;

use super::{ModelOptions, load, peak_rss_mb};

/// Arguments of `gist bench`.
#[derive(Args)]
pub struct Bench {
    /// GGUF file or catalog id
    #[arg(default_value = "gemma-3-270m")]
    model: String,
    /// Length of the prompt
    #[arg(long, default_value_t = 240)]
    prompt_tokens: usize,
    /// Tokens to generate, greedily
    #[arg(long, default_value_t = 32)]
    tokens: usize,
    /// Repetitions, of which the fastest counts
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Method whose adapters are applied
    #[arg(long, default_value_t = Method::ZeroShot, value_parser = clap::value_parser!(Method))]
    method: Method,
    /// Target language of the adapters
    #[arg(long, default_value = "es")]
    to: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: ModelOptions,
}

impl Bench {
    /// Measures and reports.
    pub fn run(self) -> Result<()> {
        if self.prompt_tokens == 0 || self.tokens == 0 || self.repeat == 0 {
            return Err(input!("prompt tokens, tokens and repetitions have to be at least 1"));
        }
        let started = Instant::now();
        let mut engine = load(&self.model, &self.options)?;
        let load_ms = milliseconds(started);

        let task = Task::summary("en", &self.to)?;
        let mut switch_ms = f64::INFINITY;
        let (mut prefill_s, mut decode_s) = (f64::INFINITY, f64::INFINITY);
        // Ordinary tokens, none of them special: the speed does not depend on which.
        let prompt: Vec<u32> = (0..self.prompt_tokens)
            .map(|i| (engine.spec.vocab / 2 + i * 7919 % (engine.spec.vocab / 4)) as u32)
            .collect();
        for _ in 0..self.repeat {
            let started = Instant::now();
            let generations = plan(self.method, &task, &engine.library, &engine.spec)?;
            // Of two passes the first is measured; the second has another adapter of the same size.
            if let Some(generation) = generations.into_iter().next() {
                engine.set_pairs(generation.pairs)?;
            }
            switch_ms = switch_ms.min(milliseconds(started));

            let started = Instant::now();
            let mut logits = engine.prefill(&prompt)?;
            prefill_s = prefill_s.min(started.elapsed().as_secs_f64());

            let started = Instant::now();
            for _ in 0..self.tokens {
                logits = engine.forward(&[argmax(&logits)])?;
            }
            decode_s = decode_s.min(started.elapsed().as_secs_f64());
        }
        let (prefill, decode) = (self.prompt_tokens as f64 / prefill_s, self.tokens as f64 / decode_s);
        if !self.json {
            println!("prefill         {prefill:8.1} tokens/s  ({} tokens)", self.prompt_tokens);
            println!("decode          {decode:8.1} tokens/s  ({} tokens)", self.tokens);
            println!("load            {load_ms:8.0} ms");
            println!("adapter switch  {switch_ms:8.1} ms  ({})", self.method);
            return Ok(());
        }
        let report = json!({
            "model": self.model,
            "method": self.method.id(),
            "backend": "cpu",
            "prompt_tokens": self.prompt_tokens,
            "tokens": self.tokens,
            "prefill_tok_s": prefill,
            "decode_tok_s": decode,
            "load_ms": load_ms,
            "adapter_switch_ms": switch_ms,
            // The CPU has no command queue.
            "dispatches_per_token": 0,
            "submits_per_token": 0,
            "readbacks_per_token": 0,
            "peak_rss_mb": peak_rss_mb(),
        });
        println!("{report}");
        Ok(())
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
