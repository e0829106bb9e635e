//! `gist inspect`: prints the contents of a model, an adapter or a correction file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gist::adapters::PEFT_FILES;
use gist::adapters::low_rank::Target;
use gist::error::Result;
use gist::files::gguf::{Header, Value, type_name};
use gist::files::source::FileSource;
use gist::input;
use gist::methods::baked;
use gist::methods::calibration;
use gist::methods::correction::CorrectionInfo;
use gist::methods::projection;
use gist::model::config::ModelConfig;
use gist::model::weights::Weights;

use super::{is_path, locate, progress_bar, read_file};

/// Arguments of `gist inspect`.
#[derive(Args)]
pub struct Inspect {
    /// GGUF model or LoRA, PEFT folder, correction file, or catalog id of a model
    file: String,
}

impl Inspect {
    /// Prints the metadata and the size.
    pub fn run(self) -> Result<()> {
        let mut path = PathBuf::from(&self.file);
        if path.is_dir() {
            return peft(&path);
        }
        let is_correction = path.extension().is_some_and(|extension| extension == "safetensors" || extension == "json");
        if !is_correction && !is_path(&self.file) {
            path = locate(&self.file)?.1;
        }
        let result = if is_correction { correction(&read_file(&path)?) } else { gguf(&FileSource::open(&path)?) };
        result.map_err(|error| error.at(path.display()))
    }
}

fn line(name: &str, value: impl std::fmt::Display) {
    println!("{name:44} {value}");
}

/// Prints metadata and tensor types; of a model its hash and the sizes of adapters for it, of an adapter its rank and
/// size.
fn gguf(source: &FileSource) -> Result<()> {
    let header = pollster::block_on(Header::read(source))?;
    for (key, value) in header.metadata.iter() {
        line(key, describe(value));
    }
    let mut types: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for info in header.tensors.values() {
        let entry = types.entry(type_name(info.dtype)).or_default();
        entry.0 += 1;
        entry.1 += info.bytes;
    }
    for (dtype, (count, bytes)) in types {
        println!("{dtype:8} {count:5} tensors {:10.2} MB", bytes as f64 / 1e6);
    }
    if header.metadata.text("general.type")? == Some("adapter") {
        let a = header.tensors.iter().find(|(name, _)| name.ends_with(".lora_a"));
        line("rank", a.map_or(0, |(_, info)| info.shape[0]));
        let parameters: usize = header.tensors.values().map(|info| info.shape.iter().product::<usize>()).sum();
        line("parameters", parameters);
        return Ok(());
    }
    let config = ModelConfig::from_header(&header)?;
    let bar = progress_bar();
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let hash = pollster::block_on(Weights::new(source, &header, &mut progress).base_hash())?;
    bar.finish_and_clear();
    line("base_tensors_sha256", hash);
    let rank_1: usize = Target::ALL.map(|target| target.shape(&config)).iter().map(|(d, k)| d + k).sum();
    for (what, parameters) in [
        ("a LoRA of rank 32", 32 * rank_1 * config.layers),
        ("a projection, s = 4", projection::parameters(&config, 4)),
        ("a baked projection, s = 4", baked::parameters(&config, 4)),
        ("a calibration", calibration::parameters(&config)),
        ("a calibration++, s = 4", calibration::parameters_plus(&config, 4)),
    ] {
        println!("parameters of {what:30} {parameters:12}");
    }
    Ok(())
}

fn describe(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Ints(values) => format!("{} integers", values.len()),
        Value::Floats(values) => format!("{} floats", values.len()),
        Value::Strings(values) => format!("{} strings", values.len()),
        Value::Text(text) => {
            let short: String = text.chars().take(60).collect();
            format!("{short:?}{}", if short.len() < text.len() { " …" } else { "" })
        }
    }
}

/// Prints the configuration and the size of a PEFT folder.
fn peft(folder: &Path) -> Result<()> {
    let [peft_config, tensors] = PEFT_FILES.map(|file| read_file(&folder.join(file)));
    let peft_config: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&peft_config?)
        .map_err(|error| input!("{}: {} cannot be read: {error}", folder.display(), PEFT_FILES[0]))?;
    for (key, value) in peft_config.iter().filter(|(_, value)| !value.is_null()) {
        line(key, value);
    }
    let info = CorrectionInfo::of(&tensors?).map_err(|error| error.at(folder.display()))?;
    line("tensors", info.tensors);
    line("parameters", info.parameters);
    Ok(())
}

/// Prints method, languages, adapters, base and size of a correction file.
fn correction(file: &[u8]) -> Result<()> {
    let CorrectionInfo { method, s, provenance, tensors, parameters } = CorrectionInfo::of(file)?;
    let stated = |value: Option<String>| value.unwrap_or_else(|| "not said".to_owned());
    line("method", stated(method));
    if let Some(s) = s {
        line("s", s);
    }
    line("languages", format!("{} to {}", stated(provenance.from), stated(provenance.to)));
    for (which, adapter) in ["primary", "secondary"].iter().zip(&provenance.adapters) {
        line(&format!("{which} adapter"), format!("{} {}", adapter.name, adapter.sha256));
    }
    line("base_tensors_sha256", stated(provenance.base));
    line("tensors", tensors);
    line("parameters", parameters);
    Ok(())
}
