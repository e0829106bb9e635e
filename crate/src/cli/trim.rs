//! `gist trim`: a model without the tokens that a set of languages does not need.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use gist::catalog::CatalogModel;
use gist::error::Result;
use gist::files::source::FileSource;
use gist::input;
use gist::model::Opened;
use gist::model::tokenizer::Tokenizer;
use gist::model::trim::{KeptTokens, TokenCounts, prompt_tokens, write_trimmed};

use super::model::locate;
use super::{read_dialogues, read_file, write_file};

/// Arguments of `gist trim`.
#[derive(Args)]
pub struct Trim {
    /// GGUF file or catalog id
    model: String,
    /// Texts whose most frequent tokens stay: dialogues as JSON lines (.jsonl), or any text
    #[arg(long, num_args = 1.., required_unless_present = "keep", conflicts_with = "keep")]
    corpus: Vec<PathBuf>,
    /// Number of tokens that stay at most
    #[arg(long, default_value_t = 65536)]
    tokens: usize,
    /// List of tokens to keep, as --list writes it, instead of a corpus
    #[arg(long)]
    keep: Option<PathBuf>,
    /// File to write
    #[arg(long)]
    out: PathBuf,
    /// File to write the list of kept tokens to: a line for each run of ids
    #[arg(long)]
    list: Option<PathBuf>,
    /// Texts to report how many of their tokens stay the same
    #[arg(long, num_args = 1..)]
    check: Vec<PathBuf>,
}

impl Trim {
    /// Writes the trimmed model, and prints its size and what it covers.
    pub fn run(self) -> Result<()> {
        let (_, path, entry) = locate(&self.model)?;
        let source = FileSource::open(&path)?;
        let mut model = pollster::block_on(Opened::read(&source))?;
        let template = model.template(entry.as_ref().and_then(CatalogModel::template))?;
        let tokenizer = model.take_tokenizer()?;
        let kept = match &self.keep {
            Some(list) => {
                let text = read_text(list)?;
                KeptTokens::from_list(&text, &tokenizer).map_err(|error| error.at(list.display()))?
            }
            None => {
                let counts = count(&tokenizer, &self.corpus)?;
                KeptTokens::most_frequent(&tokenizer, &prompt_tokens(&template, &tokenizer)?, &counts, self.tokens)?
            }
        };
        write_file(&self.out, |out| write_trimmed(&source, &kept, out))?;
        if let Some(list) = &self.list {
            write_file(list, |out| Ok(out.write_all(kept.to_list().as_bytes())?))?;
        }
        println!("{}: {} of {} tokens", self.out.display(), kept.ids().len(), tokenizer.vocab_size());
        for path in &self.check {
            let (all, same) = count(&tokenizer, std::slice::from_ref(path))?.coverage(&kept);
            println!(
                "{}: {same} of {all} tokens stay, {:.2}%",
                path.display(),
                100.0 * same as f64 / all.max(1) as f64
            );
        }
        Ok(())
    }
}

/// Counts the tokens of the texts in `paths`, line by line.
fn count(tokenizer: &Tokenizer, paths: &[PathBuf]) -> Result<TokenCounts> {
    let mut counts = TokenCounts::new(tokenizer);
    for path in paths {
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for dialogue in read_dialogues(path, None, usize::MAX)? {
                dialogue.chat().lines().try_for_each(|line| counts.add(tokenizer, line))?;
                dialogue.summary.values().try_for_each(|summary| counts.add(tokenizer, summary))?;
            }
        } else {
            read_text(path)?.lines().try_for_each(|line| counts.add(tokenizer, line))?;
        }
    }
    Ok(counts)
}

fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_file(path)?).map_err(|_| input!("{} is not UTF-8 text", path.display()))
}
