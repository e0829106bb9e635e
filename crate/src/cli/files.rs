//! `gist export`, `gist synth` and `gist rouge`: commands that run no model.

use std::fs::File;
use std::io::{BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use gist::adapters::write_gguf;
use gist::error::Result;
use gist::files::gguf::Header;
use gist::files::source::FileSource;
use gist::input;
use gist::model::config::ModelConfig;
use gist::rouge::rouge;
use gist::synth;
use serde::Deserialize;

use super::read_adapter;

/// Arguments of `gist export`.
#[derive(Args)]
pub struct Export {
    /// PEFT folder or GGUF LoRA
    adapter: PathBuf,
    /// Base model that it was made for: a GGUF file
    #[arg(long)]
    base: PathBuf,
    /// GGUF file to write
    #[arg(long)]
    out: PathBuf,
    /// Name to write into it [default: the path it was read from]
    #[arg(long)]
    name: Option<String>,
}

impl Export {
    /// Writes a GGUF LoRA in Q8_0: what the project ships.
    pub fn run(self) -> Result<()> {
        let source = FileSource::open(&self.base)?;
        let header = pollster::block_on(Header::read(&source)).map_err(|error| error.at(self.base.display()))?;
        let config = ModelConfig::from_header(&header).map_err(|error| error.at(self.base.display()))?;
        let mut adapter = read_adapter(&self.adapter, &config)?;
        if let Some(name) = self.name {
            adapter.name = name;
        }
        write_file(&self.out, |out| write_gguf(&adapter, &config, out))
    }
}

/// Arguments of `gist synth`.
#[derive(Args)]
pub struct Synth {
    /// llama-3.2-1b (808 MB), tiny-ARCHITECTURE-TYPE, for instance tiny-llama-q4_k, or an adapter for the former:
    /// llama-3.2-1b-primary or -secondary (24 MB), llama-3.2-1b-projection
    name: String,
    /// File to write: GGUF, a projection as safetensors
    #[arg(long)]
    out: PathBuf,
}

impl Synth {
    /// Writes a random model or adapter.
    pub fn run(self) -> Result<()> {
        write_file(&self.out, |out| synth::write(&self.name, out))
    }
}

/// Writes through a buffer, naming the file in errors, and leaves nothing half-written behind.
pub fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let file = File::create(path).map_err(|error| input!("{}: {error}", path.display()))?;
    let mut out = BufWriter::new(file);
    let result = write(&mut out).and_then(|()| Ok(out.flush()?));
    if result.is_err() {
        let _ = std::fs::remove_file(path); // the first error is the one to report
    }
    result.map_err(|error| error.at(path.display()))
}

/// Arguments of `gist rouge`.
#[derive(Args)]
pub struct Rouge {
    /// The output is JSON with or without this
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct LowRankPair {
    reference: String,
    candidate: String,
}

impl Rouge {
    /// Reads JSON lines and prints one score object per line.
    pub fn run(self) -> Result<()> {
        for (number, line) in std::io::stdin().lock().lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let pair: LowRankPair = serde_json::from_str(&line).map_err(|error| {
                input!("line {}: {error}; each line is {{\"reference\": …, \"candidate\": …}}", number + 1)
            })?;
            let scores = serde_json::to_string(&rouge(&pair.reference, &pair.candidate));
            println!("{}", scores.map_err(|error| gist::failure!("scores cannot be written: {error}"))?);
        }
        Ok(())
    }
}
