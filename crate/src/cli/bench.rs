//! `gist bench`: measures the speed of prefill and decode, the time to load, and the time to change adapters.

use std::time::Instant;

use clap::Args;
use gist::decoder::gpu::{Counters, bandwidth};
use gist::engine::{Engine, milliseconds};
use gist::error::Result;
use gist::input;
use gist::methods::method::Method;
use gist::model::prompt::Task;
use gist::model::sampler::Sampling;
use serde_json::json;

use super::{AdapterOptions, DEFAULT_MODEL, ModelOptions, load, peak_rss_mb};

/// Arguments of `gist bench`.
#[derive(Args)]
pub struct Bench {
    /// GGUF file or catalog id
    #[arg(default_value = DEFAULT_MODEL)]
    model: String,
    /// Length of the prompt in tokens
    #[arg(long, default_value_t = 240)]
    prompt_tokens: usize,
    /// Number of tokens to generate
    #[arg(long, default_value_t = 32)]
    tokens: usize,
    /// Number of repetitions; the fastest counts
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Method whose adapters are used
    #[arg(long, default_value_t = Method::ZeroShot, value_parser = clap::value_parser!(Method))]
    method: Method,
    /// Compare methods in one run: names separated by commas, or all that have their adapters
    #[arg(long, value_name = "all|A,B", conflicts_with = "method")]
    methods: Option<String>,
    /// Target language of the adapters
    #[arg(long, default_value = "es")]
    to: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    adapters: AdapterOptions,
    #[command(flatten)]
    options: ModelOptions,
}

impl Bench {
    /// Measures and prints a report.
    pub fn run(self) -> Result<()> {
        if self.prompt_tokens == 0 || self.tokens == 0 || self.repeat == 0 {
            return Err(input!("prompt tokens, tokens and repetitions have to be at least 1"));
        }
        let started = Instant::now();
        let mut engine = load(&self.model, &self.options)?;
        let task = Task::summary("en", &self.to)?;
        self.adapters.install(&mut engine, &task)?;
        let load_ms = milliseconds(started);
        if let Some(names) = &self.methods {
            return self.compare(&mut engine, &task, names);
        }
        let before = counters(&mut engine);
        let mut best = Speed::default();
        for _ in 0..self.repeat {
            best = best.best(self.measure(&mut engine, self.method, &task)?);
        }
        let Speed { prefill_s, decode_s, switch_ms } = best;
        let (prefill, decode) = (self.prompt_tokens as f64 / prefill_s, self.tokens as f64 / decode_s);
        let cost = counters(&mut engine).since(before);
        let per_token = |n: u64| n as f64 / cost.tokens.max(1) as f64;
        let bandwidth = match engine.executor().gpu() {
            Some(gpu) => Some(pollster::block_on(bandwidth::measure(gpu.gpu()))?),
            None => None,
        };
        let bandwidth_share = bandwidth.map(|bytes_s| per_token(cost.bytes) * decode / bytes_s);
        if !self.json {
            println!("prefill         {prefill:8.1} tokens/s  ({} tokens)", self.prompt_tokens);
            println!("decode          {decode:8.1} tokens/s  ({} tokens)", self.tokens);
            println!("load            {load_ms:8.0} ms");
            println!("adapter switch  {switch_ms:8.1} ms  ({})", self.method);
            if let (Some(bandwidth), Some(share)) = (bandwidth, bandwidth_share) {
                println!(
                    "dispatches      {:8.1} a token, {:.2} submits, {:.2} readbacks",
                    per_token(cost.dispatches),
                    per_token(cost.submits),
                    per_token(cost.readbacks)
                );
                println!(
                    "bytes           {:8.1} MB a token: {share:.2} of the copy bandwidth of {:.1} GB/s",
                    per_token(cost.bytes) / 1e6,
                    bandwidth / 1e9
                );
            }
            return Ok(());
        }
        let report = json!({
            "model": self.model,
            "method": self.method.id(),
            "backend": engine.executor().name(),
            "prompt_tokens": self.prompt_tokens,
            "tokens": self.tokens,
            "prefill_tok_s": prefill,
            "decode_tok_s": decode,
            "load_ms": load_ms,
            "adapter_switch_ms": switch_ms,
            // The CPU has no command queue.
            "dispatches_per_token": per_token(cost.dispatches),
            "passes_per_token": per_token(cost.passes),
            "submits_per_token": per_token(cost.submits),
            "readbacks_per_token": per_token(cost.readbacks),
            "bytes_per_token": per_token(cost.bytes),
            "bandwidth_share": bandwidth_share,
            "gpu_mb": engine.executor().gpu().map(|gpu| gpu.gpu().allocated() as f64 / 1e6),
            "peak_rss_mb": peak_rss_mb(),
        });
        println!("{report}");
        Ok(())
    }

    /// Measures one round: changes to `method`, reads the prompt, generates.
    fn measure(&self, engine: &mut Engine, method: Method, task: &Task) -> Result<Speed> {
        // Ordinary tokens, none of them special: the speed does not depend on which.
        let prompt: Vec<u32> = (0..self.prompt_tokens)
            .map(|i| (engine.config.vocab_size / 2 + i * 7919 % (engine.config.vocab_size / 4)) as u32)
            .collect();
        let started = Instant::now();
        // Of a method of two passes the last is measured; the first has another adapter of the same size.
        engine.set_method(method, task)?;
        let switch_ms = milliseconds(started);

        let started = Instant::now();
        pollster::block_on(engine.feed(&prompt))?;
        let prefill_s = started.elapsed().as_secs_f64();

        let started = Instant::now();
        let mut taken = 0;
        while taken < self.tokens {
            taken += pollster::block_on(engine.executor().next(&Sampling::default(), taken, self.tokens))?.len();
        }
        Ok(Speed { prefill_s, decode_s: started.elapsed().as_secs_f64(), switch_ms })
    }

    /// Compares methods in a table. They take turns within each round, so that a busy machine slows them all alike.
    fn compare(&self, engine: &mut Engine, task: &Task, names: &str) -> Result<()> {
        let wanted: Vec<Method> = match names {
            "all" => Method::ALL.into_iter().filter(|method| engine.unavailable(*method, task).is_none()).collect(),
            names => names.split(',').map(str::parse).collect::<Result<_>>()?,
        };
        let mut methods = vec![(Method::ZeroShot, Speed::default())];
        methods.extend(wanted.iter().filter(|m| **m != Method::ZeroShot).map(|m| (*m, Speed::default())));
        for _ in 0..self.repeat {
            for (method, best) in &mut methods {
                *best = best.best(self.measure(engine, *method, task)?);
            }
        }
        let base = methods[0].1;
        let rows = methods.iter().map(|(method, speed)| {
            let (prefill, decode) = (base.prefill_s / speed.prefill_s, base.decode_s / speed.decode_s);
            if !self.json {
                return format!(
                    "{:16} {:6} {prefill:9.2} {decode:8.2} {:10.1}",
                    method.id(),
                    method.passes(),
                    speed.switch_ms
                );
            }
            let row = json!({
                "method": method.id(),
                "passes": method.passes(),
                "prefill_relative": prefill,
                "decode_relative": decode,
                "decode_tok_s": self.tokens as f64 / speed.decode_s,
                "adapter_switch_ms": speed.switch_ms,
            });
            row.to_string()
        });
        let rows: Vec<String> = rows.collect();
        match self.json {
            true => println!("[{}]", rows.join(",")),
            false => println!("method           passes   prefill   decode  switch ms\n{}", rows.join("\n")),
        }
        Ok(())
    }
}

/// Returns the counters of the GPU's decoder; zeros on the processor.
fn counters(engine: &mut Engine) -> Counters {
    engine.executor().gpu().map(|gpu| gpu.counters()).unwrap_or_default()
}

/// Times of one round.
#[derive(Clone, Copy)]
struct Speed {
    prefill_s: f64,
    decode_s: f64,
    switch_ms: f64,
}

impl Default for Speed {
    fn default() -> Self {
        Self { prefill_s: f64::INFINITY, decode_s: f64::INFINITY, switch_ms: f64::INFINITY }
    }
}

impl Speed {
    fn best(self, other: Self) -> Self {
        Self {
            prefill_s: self.prefill_s.min(other.prefill_s),
            decode_s: self.decode_s.min(other.decode_s),
            switch_ms: self.switch_ms.min(other.switch_ms),
        }
    }
}
