//! What the commands of `gist` share: finding models and adapters, a progress bar, memory.

pub mod bench;
pub mod eval;
pub mod files;
pub mod import;
pub mod inspect;
pub mod lorahub;
pub mod merge;
pub mod summarize;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use gist::adapters::{LoraAdapter, PEFT_FILES};
use gist::adapters::{read_gguf, read_peft};
use gist::catalog::install::install;
use gist::catalog::{self, Catalog};
use gist::chat::dialogue::Dialogue;
use gist::decoder::cpu::Mode;
use gist::decoder::executor;
use gist::decoder::gpu::{self, device::Gpu};
use gist::engine::{DEFAULT_CONTEXT, Engine};
use gist::error::Result;
use gist::files::source::FileSource;
use gist::input;
use gist::methods::correction::Correction;
use gist::methods::correction::CorrectionInfo;
use gist::methods::method::Method;
use gist::model::config::ModelConfig;
use gist::model::prompt::Task;

/// Options of every command that runs a model.
#[derive(Args)]
pub struct ModelOptions {
    /// Dequantise all weights to f32: slow, and as exact as it gets
    #[arg(long)]
    pub exact: bool,
    /// Where the model runs
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    pub backend: Backend,
    /// Threads to use [default: one per core]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Longest context in tokens; longer chats are read in parts
    #[arg(long, default_value_t = DEFAULT_CONTEXT)]
    pub context: usize,
}

/// Executors that this build has.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// The processor
    Cpu,
    /// The GPU
    Gpu,
}

impl ModelOptions {
    fn backend(&self) -> Result<executor::Backend> {
        match (self.backend, self.exact) {
            (Backend::Cpu, false) => Ok(Mode::Fast.into()),
            (Backend::Cpu, true) => Ok(Mode::Exact.into()),
            (Backend::Gpu, false) => {
                let gpu = pollster::block_on(Gpu::open(gpu::device::Options::default()))?;
                Ok(executor::Backend::Gpu(Rc::new(gpu)))
            }
            (Backend::Gpu, true) => Err(input!("--exact is of the processor; leave out --exact or --backend gpu")),
        }
    }

    /// Tells candle how many threads to use. Has to come before the first tensor.
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

/// The folder with `catalog.json` and the shipped adapters.
fn data_folder() -> PathBuf {
    match std::env::var_os("POCKET_GIST_DATA") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"),
    }
}

/// The folder that `pkg-scripts/models` fetches base models to.
fn models_folder() -> PathBuf {
    match (std::env::var_os("POCKET_GIST_MODELS"), std::env::var_os("HOME")) {
        (Some(folder), _) => folder.into(),
        (None, Some(home)) => Path::new(&home).join(".cache/pocket-gist"),
        (None, None) => PathBuf::from("."),
    }
}

/// Reads a whole file, naming it in the error.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| input!("{}: {error}", path.display()))
}

/// The catalog, the file that a path or a catalog id names, and what the catalog has for it.
fn locate(model: &str) -> Result<(Catalog, PathBuf, Option<catalog::CatalogModel>)> {
    let catalog = Catalog::parse(&read_file(&data_folder().join("catalog.json"))?)?;
    let path = Path::new(model);
    let is_path = path.exists() || model.ends_with(".gguf") || model.contains(std::path::MAIN_SEPARATOR);
    if is_path {
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

/// Loads the model that a path or a catalog id names, with the adapters that the catalog has for it.
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
        for adapter in catalog.adapters_of(&entry.id) {
            let file = read_file(&data_folder().join(&adapter.path))?;
            pollster::block_on(install(&mut engine, adapter, &file))?;
        }
    }
    engine.reserve_pairs()?;
    Ok(engine)
}

/// Reads an adapter from a PEFT folder or a GGUF file.
pub fn read_adapter(path: &Path, config: &ModelConfig) -> Result<LoraAdapter> {
    let name = path.display().to_string();
    if path.is_dir() {
        let [peft_config, tensors] = PEFT_FILES.map(|file| read_file(&path.join(file)));
        return read_peft(&name, &peft_config?, &tensors?, config);
    }
    pollster::block_on(read_gguf(&name, &read_file(path)?, config))
}

/// Adapters given on the command line, in place of the catalog's.
#[derive(Args)]
pub struct OwnAdapters {
    /// Summarization adapter: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH")]
    pub primary: Option<PathBuf>,
    /// Translation adapter: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH")]
    pub secondary: Option<PathBuf>,
    /// Joint-expert adapter: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH")]
    pub joint: Option<PathBuf>,
    /// CorrectionFile file made with the two: a projection, baked or not, a calibration or LoraHub weights; may be repeated
    #[arg(long, value_name = "FILE")]
    pub learned: Vec<PathBuf>,
}

impl OwnAdapters {
    /// Adds them to the engine's registry.
    pub fn install(&self, engine: &mut Engine, from: &str, to: &str) -> Result<()> {
        if let Some(path) = &self.primary {
            engine.registry.add(Task::Summarize, read_adapter(path, &engine.config)?);
        }
        if let Some(path) = &self.secondary {
            let task = Task::Translate { from: from.to_owned(), to: to.to_owned() };
            engine.registry.add(task, read_adapter(path, &engine.config)?);
        }
        if let Some(path) = &self.joint {
            let task = Task::SummarizeTranslate { from: from.to_owned(), to: to.to_owned() };
            engine.registry.add(task, read_adapter(path, &engine.config)?);
        }
        for path in &self.learned {
            let correction = Correction::read(&path.display().to_string(), &read_file(path)?, &engine.config)?;
            engine.add_correction(from, to, correction).map_err(|error| error.at(path.display()))?;
        }
        engine.reserve_pairs()
    }
}

/// Sizes of the files that methods need beyond the two adapters, as [`load`] and [`OwnAdapters::install`] take them.
pub fn learned_bytes(model: &str, own: &OwnAdapters, from: &str, to: &str) -> Result<BTreeMap<Method, u64>> {
    let (catalog, _, entry) = locate(model)?;
    let base = entry.map(|entry| entry.id).unwrap_or_default();
    let mut files: Vec<(String, PathBuf)> = catalog
        .adapters_of(&base)
        .filter(|entry| (&*entry.task, &*entry.from, &*entry.to) == ("summarize-translate", from, to))
        .map(|entry| (entry.method.clone(), data_folder().join(&entry.path)))
        .collect();
    if let Some(path) = &own.joint {
        let tensors = if path.is_dir() { path.join(PEFT_FILES[1]) } else { path.clone() };
        files.push(("lora".to_owned(), tensors));
    }
    for path in &own.learned {
        let kind = CorrectionInfo::of(&read_file(path)?)?.method;
        files.push((kind.unwrap_or_else(|| "projection".to_owned()), path.clone()));
    }
    let mut bytes = BTreeMap::new();
    for (kind, path) in files {
        let method = match kind.as_str() {
            "lora" => Method::JointExpert,
            "baked" => Method::Projection,
            other => other.parse()?,
        };
        let length = std::fs::metadata(&path).map_err(|error| input!("{}: {error}", path.display()))?.len();
        bytes.insert(method, length);
    }
    Ok(bytes)
}

/// The first `limit` dialogues of a file of JSON lines.
pub fn read_dialogues(path: &Path, limit: usize) -> Result<Vec<Dialogue>> {
    let file = std::fs::File::open(path).map_err(|error| input!("{}: {error}", path.display()))?;
    let mut dialogues = Vec::new();
    for (number, line) in BufReader::new(file).lines().take(limit).enumerate() {
        let line = line.map_err(|error| input!("{}: {error}", path.display()))?;
        let dialogue = Dialogue::parse(&line);
        dialogues.push(dialogue.map_err(|error| error.at(format!("{} line {}", path.display(), number + 1)))?);
    }
    Ok(dialogues)
}

/// A bar on standard error where that is a terminal, and nothing elsewhere.
pub fn progress_bar() -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("loading {bar:30} {bytes}/{total_bytes}");
    let bar = indicatif::ProgressBar::new(0);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The most memory that this process has had, in MB, where the system tells.
pub fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some((kib * 1.024).round() / 1000.0)
}
