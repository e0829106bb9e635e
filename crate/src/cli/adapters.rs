//! Adapters and corrections given on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gist::adapters::{LoraAdapter, PEFT_FILES};
use gist::adapters::{read_gguf, read_peft};
use gist::catalog::Catalog;
use gist::engine::Engine;
use gist::error::Result;
use gist::input;
use gist::methods::correction::{Correction, CorrectionInfo};
use gist::methods::method::Method;
use gist::model::config::ModelConfig;
use gist::model::prompt::Task;

use super::model::{data_folder, locate};
use super::read_file;

/// Reads an adapter from a PEFT folder or a GGUF LoRA. Its name is its id where the catalog has its file, otherwise its
/// file name: files that are written name adapters, and are no place for the folders of this machine.
pub fn read_adapter(path: &Path, config: &ModelConfig) -> Result<LoraAdapter> {
    let shown = path.display().to_string();
    let mut adapter = if path.is_dir() {
        let [peft_config, tensors] = PEFT_FILES.map(|file| read_file(&path.join(file)));
        read_peft(&shown, &peft_config?, &tensors?, config)?
    } else {
        pollster::block_on(read_gguf(&shown, &read_file(path)?, config))?
    };
    let file_name = || path.file_name().map(|name| name.to_string_lossy().into_owned());
    adapter.name = catalog_id(&adapter.sha256).or_else(file_name).unwrap_or(shown);
    Ok(adapter)
}

/// Returns the id of the catalog's adapter whose file has the hash `sha256`; `None` also where there is no catalog.
fn catalog_id(sha256: &str) -> Option<String> {
    let catalog = Catalog::parse(&read_file(&data_folder().join("catalog.json")).ok()?).ok()?;
    let entry = catalog.adapters.into_iter().find(|entry| entry.sha256.as_deref() == Some(sha256))?;
    Some(entry.id)
}

/// Options for adapters and corrections that replace those of the catalog.
#[derive(Args)]
pub struct AdapterOptions {
    /// Summarization adapter: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH")]
    pub primary: Option<PathBuf>,
    /// Translation adapter: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH")]
    pub secondary: Option<PathBuf>,
    /// Joint-expert adapter: a PEFT folder or a GGUF LoRA
    #[arg(long, value_name = "PATH")]
    pub joint: Option<PathBuf>,
    /// Correction file made with the two: a projection, baked or not, a calibration or LoraHub weights; may be repeated
    #[arg(long, alias = "learned", value_name = "FILE")]
    pub correction: Vec<PathBuf>,
}

impl AdapterOptions {
    /// Adds the adapters and corrections, for their parts of `task`, to the engine's registry.
    pub fn install(&self, engine: &mut Engine, task: &Task) -> Result<()> {
        let parts = [
            (task.primary(), &self.primary),
            (task.secondary(), &self.secondary),
            (task.primary().and(task.secondary()).map(|_| task.clone()), &self.joint),
        ];
        for (part, path) in parts {
            if let Some((part, path)) = part.zip(path.as_ref()) {
                engine.registry.add(part, read_adapter(path, &engine.config)?);
            }
        }
        for path in &self.correction {
            let correction = Correction::read(&path.display().to_string(), &read_file(path)?, &engine.config)?;
            engine.add_correction(task.clone(), correction).map_err(|error| error.at(path.display()))?;
        }
        engine.reserve_pairs()
    }
}

/// Returns the sizes, in bytes, of the files that methods need besides the two adapters: those of the options or else
/// of the catalog.
pub fn correction_bytes(model: &str, options: &AdapterOptions, task: &Task) -> Result<BTreeMap<Method, u64>> {
    let (catalog, _, entry) = locate(model)?;
    let base = entry.map(|entry| entry.id).unwrap_or_default();
    let entries = catalog.adapters_of(&base).filter(|entry| entry.task.includes(task) && !entry.is_derived());
    let mut files: Vec<(Method, PathBuf)> =
        entries.filter_map(|entry| Some((entry.method()?, data_folder().join(&entry.path)))).collect();
    if let Some(path) = &options.joint {
        let tensors = if path.is_dir() { path.join(PEFT_FILES[1]) } else { path.clone() };
        files.push((Method::JointExpert, tensors));
    }
    for path in &options.correction {
        let kind = CorrectionInfo::of(&read_file(path)?).and_then(|info| info.kind());
        let method = kind.map_err(|error| error.at(path.display()))?.method();
        files.extend(method.map(|method| (method, path.clone())));
    }
    let mut bytes = BTreeMap::new();
    for (method, path) in files {
        let length = std::fs::metadata(&path).map_err(|error| input!("{}: {error}", path.display()))?.len();
        bytes.insert(method, length);
    }
    Ok(bytes)
}
