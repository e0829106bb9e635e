//! `gist logits`: prints the logits after a prompt.

use std::path::PathBuf;

use clap::Args;
use gist::error::Result;
use gist::methods::merge;
use gist::methods::method::Method;
use gist::model::prompt::Task;
use serde_json::json;

use super::{ModelOptions, load, read_adapter};

/// Arguments of `gist logits`.
#[derive(Args)]
pub struct Logits {
    /// GGUF file or catalog id
    model: String,
    /// Raw text: without a template, with special tokens, and with a begin token if the model uses one
    #[arg(long)]
    prompt: String,
    /// Adapter to add alone: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH", conflicts_with = "method")]
    adapter: Option<PathBuf>,
    /// Method whose last pass is used
    #[arg(long, requires = "to")]
    method: Option<Method>,
    /// Language of the summary, for --method
    #[arg(long)]
    to: Option<String>,
    /// Language of the text, for --method
    #[arg(long, default_value = "en")]
    from: String,
    /// Ignored: the output is always JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: ModelOptions,
}

impl Logits {
    /// Prints an object with `tokens`, the ids of the prompt, and `logits`, the logits after the last of them.
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
