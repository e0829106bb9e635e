//! `gist rouge`: scores texts against references.

use std::io::BufRead;

use clap::Args;
use gist::error::Result;
use gist::input;
use gist::rouge::rouge;
use serde::Deserialize;

/// Arguments of `gist rouge`.
#[derive(Args)]
pub struct Rouge {
    /// Ignored: the output is always JSON
    #[arg(long)]
    json: bool,
}

/// A line of the input.
#[derive(Deserialize)]
struct Line {
    reference: String,
    candidate: String,
}

impl Rouge {
    /// Reads JSON lines and prints an object of scores for each.
    pub fn run(self) -> Result<()> {
        for (number, line) in std::io::stdin().lock().lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let pair: Line = serde_json::from_str(&line).map_err(|error| {
                input!("line {}: {error}; each line is {{\"reference\": …, \"candidate\": …}}", number + 1)
            })?;
            let scores = serde_json::to_string(&rouge(&pair.reference, &pair.candidate));
            println!("{}", scores.map_err(|error| gist::failure!("scores cannot be written: {error}"))?);
        }
        Ok(())
    }
}
