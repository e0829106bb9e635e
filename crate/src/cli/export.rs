//! `gist export`: converts an adapter to a GGUF LoRA.

use std::path::PathBuf;

use clap::Args;
use gist::adapters::write_gguf;
use gist::error::Result;
use gist::files::source::FileSource;
use gist::model::Opened;

use super::{read_adapter, write_file};

/// Arguments of `gist export`.
#[derive(Args)]
pub struct Export {
    /// Adapter to convert: a PEFT folder or a GGUF LoRA
    adapter: PathBuf,
    /// Base model of the adapter: a GGUF file
    #[arg(long)]
    base: PathBuf,
    /// GGUF file to write
    #[arg(long)]
    out: PathBuf,
    /// Name to write into the file [default: its catalog id or file name]
    #[arg(long)]
    name: Option<String>,
}

impl Export {
    /// Writes a GGUF LoRA in Q8_0, the form that the project ships.
    pub fn run(self) -> Result<()> {
        let source = FileSource::open(&self.base)?;
        let Opened { config, .. } =
            pollster::block_on(Opened::read(&source)).map_err(|error| error.at(self.base.display()))?;
        let mut adapter = read_adapter(&self.adapter, &config)?;
        if let Some(name) = self.name {
            adapter.name = name;
        }
        write_file(&self.out, |out| write_gguf(&adapter, &config, out))
    }
}
