//! `gist synth`: writes random models and adapters.

use std::path::PathBuf;

use clap::Args;
use gist::error::Result;
use gist::synth;

use super::write_file;

/// Arguments of `gist synth`.
#[derive(Args)]
pub struct Synth {
    /// Model or adapter: llama-3.2-1b (808 MB); llama-3.2-1b-primary or -secondary (24 MB) and llama-3.2-1b-projection
    /// for it; or tiny-ARCHITECTURE-TYPE, for instance tiny-llama-q4_k
    name: String,
    /// File to write: GGUF, or safetensors for a projection
    #[arg(long)]
    out: PathBuf,
}

impl Synth {
    /// Writes a random model or adapter.
    pub fn run(self) -> Result<()> {
        write_file(&self.out, |out| synth::write(&self.name, out))
    }
}
