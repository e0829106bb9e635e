//! `gist lorahub`: searches for the weights of two adapters.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use gist::chat::dialogue::Dialogue;
use gist::engine::lorahub_search::{self, Example};
use gist::error::Result;
use gist::input;
use gist::model::prompt::Task;

use super::{AdapterOptions, DEFAULT_MODEL, ModelOptions, load, read_dialogues, write_file};

/// Arguments of `gist lorahub`.
#[derive(Args)]
pub struct Search {
    /// Dialogues with summaries, as JSON lines
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Number of dialogues to use, the first in the language of --from
    #[arg(long, default_value_t = 5)]
    limit: usize,
    /// Language of the summaries
    #[arg(long)]
    to: String,
    /// Language of the chats
    #[arg(long, default_value = "en")]
    from: String,
    /// Number of pairs of weights to try
    #[arg(long, default_value_t = 60)]
    tries: usize,
    /// Seed of the search; the same seed gives the same weights
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// File to write
    #[arg(long)]
    out: PathBuf,
    /// GGUF file or catalog id
    #[arg(long, default_value = DEFAULT_MODEL)]
    model: String,
    #[command(flatten)]
    adapters: AdapterOptions,
    #[command(flatten)]
    options: ModelOptions,
}

impl Search {
    /// Searches, with its progress on standard error, and writes the weights.
    pub fn run(self) -> Result<()> {
        let task = Task::summary(&self.from, &self.to)?;
        let examples = self.examples()?;
        let mut engine = load(&self.model, &self.options)?;
        self.adapters.install(&mut engine, &task)?;
        let shown = std::io::stderr().is_terminal();
        let mut progress = |tried: usize, [one, two]: [f32; 2], loss: f64| {
            if shown {
                eprint!("\r{tried}/{}: weights {one:.3} {two:.3}, loss {loss:.4}", self.tries);
            }
        };
        let search = lorahub_search::Search { tries: self.tries, seed: self.seed };
        let found = search.run(&mut engine, &task, &examples, &mut progress)?;
        if shown {
            eprintln!();
        }
        let json = found.to_json()?;
        write_file(&self.out, |out| Ok(out.write_all(json.as_bytes())?))?;
        let [one, two] = found.weights;
        println!(
            "{}: weights {one:.3} {two:.3}, loss {:.4}, of the base {:.4}",
            self.out.display(),
            found.loss,
            found.loss_of_base
        );
        Ok(())
    }

    fn examples(&self) -> Result<Vec<Example>> {
        let dialogues = read_dialogues(&self.data, Some(&self.from), self.limit)?;
        let example = |dialogue: Dialogue| {
            let summary = dialogue.summary.get(&self.to).cloned();
            let summary = summary.ok_or_else(|| input!("{}: there is no summary in {}", dialogue.id, self.to))?;
            Ok(Example { chat: dialogue.chat(), id: dialogue.id, summary })
        };
        dialogues.into_iter().map(example).collect()
    }
}
