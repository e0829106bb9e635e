//! The model that a command runs: where it is, and how it is loaded.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use gist::catalog::install::{configure, install};
use gist::catalog::{self, Catalog};
use gist::decoder::cpu::Mode;
use gist::decoder::executor;
use gist::decoder::gpu::{self, device::Gpu};
use gist::engine::{DEFAULT_CONTEXT, Engine};
use gist::error::Result;
use gist::files::source::FileSource;
use gist::input;

use super::{progress_bar, read_file};

/// Catalog id of the model that commands run where none is named.
pub const DEFAULT_MODEL: &str = "gemma-3-270m-64k";

/// Options of the commands that run a model.
#[derive(Args)]
pub struct ModelOptions {
    /// Convert all weights to f32: slow, and the most exact
    #[arg(long)]
    pub exact: bool,
    /// Device that runs the model
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    pub backend: Backend,
    /// Number of threads [default: one for each core]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Largest context in tokens; longer chats are read in parts
    #[arg(long, default_value_t = DEFAULT_CONTEXT)]
    pub context: usize,
}

/// Values of --backend.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// Processor
    Cpu,
    /// GPU
    Gpu,
}

impl ModelOptions {
    fn backend(&self) -> Result<executor::Backend> {
        match (self.backend, self.exact) {
            (Backend::Cpu, false) => Ok(Mode::Fast.into()),
            (Backend::Cpu, true) => Ok(Mode::Exact.into()),
            (Backend::Gpu, false) => {
                let gpu = pollster::block_on(Gpu::open(gpu::features::Options::default()))?;
                Ok(executor::Backend::Gpu(Rc::new(gpu)))
            }
            (Backend::Gpu, true) => Err(input!("--exact is of the processor; leave out --exact or --backend gpu")),
        }
    }

    /// Sets the number of threads of candle and rayon. It must come before the first tensor.
    fn set_threads(&self) {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = self.threads.unwrap_or(cores).max(1).to_string();
        // SAFETY: no other thread runs yet; candle reads these when its pool is first used.
        unsafe {
            std::env::set_var("CANDLE_NUM_THREADS", &threads);
            std::env::set_var("RAYON_NUM_THREADS", &threads);
        }
    }
}

/// Returns the folder of `catalog.json` and the shipped adapters.
pub fn data_folder() -> PathBuf {
    match std::env::var_os("POCKET_GIST_DATA") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"),
    }
}

/// Returns the folder that `pkg-scripts/models` fetches base models to.
fn models_folder() -> PathBuf {
    match (std::env::var_os("POCKET_GIST_MODELS"), std::env::var_os("HOME")) {
        (Some(folder), _) => folder.into(),
        (None, Some(home)) => Path::new(&home).join(".cache/pocket-gist"),
        (None, None) => PathBuf::from("."),
    }
}

/// Returns `true` if `model` is the path of a file, not a catalog id.
pub fn is_path(model: &str) -> bool {
    Path::new(model).exists() || model.ends_with(".gguf") || model.contains(std::path::MAIN_SEPARATOR)
}

/// Returns the catalog, the file that a path or a catalog id names, and the catalog's entry for it, if there is one.
pub fn locate(model: &str) -> Result<(Catalog, PathBuf, Option<catalog::CatalogModel>)> {
    let catalog = Catalog::parse(&read_file(&data_folder().join("catalog.json"))?)?;
    let path = Path::new(model);
    if is_path(model) {
        let file = path.file_name().and_then(|name| name.to_str());
        let entry = catalog.models.iter().find(|entry| Some(entry.file.as_str()) == file).cloned();
        return Ok((catalog, path.to_owned(), entry));
    }
    let entry = catalog.model(model)?.clone();
    let path = models_folder().join(&entry.file);
    if !path.exists() {
        return Err(input!("model {model} is not on this machine; run pkg-scripts/models {model}"));
    }
    Ok((catalog, path, Some(entry)))
}

/// Loads the model that a path or a catalog id names, with the adapters of the catalog for it.
pub fn load(model: &str, options: &ModelOptions) -> Result<Engine> {
    options.set_threads();
    let (catalog, path, entry) = locate(model)?;
    let source = FileSource::open(&path)?;
    let bar = progress_bar();
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let template = entry.as_ref().and_then(catalog::CatalogModel::template);
    let loading = Engine::load(&source, template, options.backend()?, options.context, &mut progress);
    let mut engine = pollster::block_on(loading).map_err(|error| error.at(path.display()))?;
    bar.finish_and_clear();
    if let Some(entry) = entry {
        // What baked projections are made of is here.
        for adapter in catalog.adapters_of(&entry.id).filter(|adapter| !adapter.is_derived()) {
            let file = read_file(&data_folder().join(&adapter.path))?;
            pollster::block_on(install(&mut engine, adapter, &file))?;
        }
        configure(&mut engine, &catalog, &entry)?;
    }
    engine.reserve_pairs()?;
    Ok(engine)
}
