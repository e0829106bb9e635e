//! `gist merge` and `gist bake`: write the pairs that a method adds to the base as files.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use gist::adapters::{LoraAdapter, PEFT_FILES, write_gguf, write_peft};
use gist::engine::Engine;
use gist::error::Result;
use gist::input;
use gist::methods::baked::{bake, parameters};
use gist::methods::correction::Correction;
use gist::methods::method::Method;
use gist::methods::plan::{plan, task_pair};
use gist::model::prompt::{Form, Task};

use super::{AdapterOptions, DEFAULT_MODEL, ModelOptions, load, write_file};

/// Options for the model and the adapters to merge.
#[derive(Args)]
struct Parts {
    /// Language of the summaries
    #[arg(long)]
    to: String,
    /// Language of the text
    #[arg(long, default_value = "en")]
    from: String,
    /// Form of the summaries
    #[arg(long, value_enum, default_value_t)]
    form: Form,
    /// GGUF file or catalog id
    #[arg(long, default_value = DEFAULT_MODEL)]
    model: String,
    #[command(flatten)]
    adapters: AdapterOptions,
    #[command(flatten)]
    options: ModelOptions,
}

impl Parts {
    fn task(&self) -> Result<Task> {
        Task::summary(&self.from, &self.to).map(|task| task.in_form(self.form))
    }

    fn load(&self) -> Result<Engine> {
        let mut engine = load(&self.model, &self.options)?;
        self.adapters.install(&mut engine, &self.task()?)?;
        Ok(engine)
    }
}

/// Arguments of `gist merge`.
#[derive(Args)]
pub struct Merge {
    /// Method that merges the adapters
    #[arg(long, value_parser = clap::value_parser!(Method))]
    method: Method,
    /// PEFT folder to write, in F32, or a GGUF LoRA, in Q8_0, if it ends in .gguf
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    parts: Parts,
}

impl Merge {
    /// Writes the merged adapter.
    pub fn run(self) -> Result<()> {
        let engine = self.parts.load()?;
        let task = self.parts.task()?;
        let mut passes = plan(self.method, &task, &engine.registry, &engine.config)?;
        let (Some(pass), true) = (passes.pop(), passes.is_empty()) else {
            return Err(input!("{} takes two passes, each with an adapter of its own; it cannot be one", self.method));
        };
        if pass.pairs.rank() == 0 {
            return Err(input!("{} adds nothing to the base; there is nothing to write", self.method));
        }
        let adapter =
            LoraAdapter::from_pairs(&format!("{}-{}", self.method, self.parts.to), &pass.pairs, &engine.config)?;
        if self.out.extension().is_some_and(|extension| extension == "gguf") {
            write_file(&self.out, |out| write_gguf(&adapter, &engine.config, out))?;
        } else {
            write_folder(&self.out, write_peft(&adapter, &engine.config, &self.parts.model)?)?;
        }
        println!("{}: rank {}, {} parameters", self.out.display(), adapter.rank, adapter.parameters());
        Ok(())
    }
}

fn write_folder(folder: &Path, files: [Vec<u8>; 2]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| input!("{}: {error}", folder.display()))?;
    for (name, bytes) in PEFT_FILES.iter().zip(files) {
        write_file(&folder.join(name), |out| Ok(out.write_all(&bytes)?))?;
    }
    Ok(())
}

/// Arguments of `gist bake`.
#[derive(Args)]
pub struct Bake {
    /// File to write
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    parts: Parts,
}

impl Bake {
    /// Writes the baked projection.
    pub fn run(self) -> Result<()> {
        let engine = self.parts.load()?;
        let task = self.parts.task()?;
        let adapters = task_pair(&engine.registry, &task)?;
        let Correction::Projection(projection) = engine.registry.correction(Method::Projection, &task)? else {
            return Err(input!("the projection is baked already; give one that is not with --correction"));
        };
        let bytes = bake(&engine.config, &engine.base, projection, adapters)?;
        write_file(&self.out, |out| Ok(out.write_all(&bytes)?))?;
        let parameters = parameters(&engine.config, projection.s);
        println!("{}: rank {}, {parameters} parameters, {} bytes", self.out.display(), projection.s, bytes.len());
        Ok(())
    }
}
