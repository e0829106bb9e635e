//! `gist inspect`: what a model, an adapter or a learned file holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gist::adapters::PEFT_FILES;
use gist::adapters::low_rank::Target;
use gist::error::{Error, Result};
use gist::files::gguf::{Header, Value, type_name};
use gist::files::source::FileSource;
use gist::input;
use gist::methods::baked;
use gist::methods::calibration;
use gist::methods::correction::CorrectionInfo;
use gist::methods::projection;
use gist::model::config::ModelConfig;
use gist::model::weights::Weights;

use super::{progress_bar, read_file};

/// Arguments of `gist inspect`.
#[derive(Args)]
pub struct Inspect {
    /// A GGUF model or LoRA, a PEFT folder, or a learned file
    file: PathBuf,
}

impl Inspect {
    /// Prints what it is and what it costs.
    pub fn run(self) -> Result<()> {
        let at = |error: Error| error.at(self.file.display());
        if self.file.is_dir() {
            return peft(&self.file);
        }
        let extension = self.file.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("safetensors" | "json") => learned(&read_file(&self.file)?).map_err(at),
            _ => gguf(&FileSource::open(&self.file)?).map_err(at),
        }
    }
}

fn line(what: &str, value: impl std::fmt::Display) {
    println!("{what:44} {value}");
}

/// Metadata, tensor types, the base's hash, and what adapters of it would cost; of an adapter its rank and size.
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

/// The configuration and the size of a PEFT folder.
fn peft(folder: &Path) -> Result<()> {
    let [peft_config, tensors] = PEFT_FILES.map(|file| read_file(&folder.join(file)));
    let peft_config: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&peft_config?)
        .map_err(|error| input!("{}: {} cannot be read: {error}", folder.display(), PEFT_FILES[0]))?;
    for (key, value) in peft_config.iter().filter(|(_, value)| !value.is_null()) {
        line(key, value);
    }
    let summary = CorrectionInfo::of(&tensors?).map_err(|error| error.at(folder.display()))?;
    line("tensors", summary.tensors);
    line("parameters", summary.parameters);
    Ok(())
}

/// Method, languages, adapters, base and size of a learned file.
fn learned(file: &[u8]) -> Result<()> {
    let CorrectionInfo { method, s, provenance, tensors, parameters } = CorrectionInfo::of(file)?;
    let said = |value: Option<String>| value.unwrap_or_else(|| "not said".to_owned());
    line("method", said(method));
    if let Some(s) = s {
        line("s", s);
    }
    line("languages", format!("{} to {}", said(provenance.from), said(provenance.to)));
    for (which, adapter) in ["primary", "secondary"].iter().zip(&provenance.adapters) {
        line(&format!("{which} adapter"), format!("{} {}", adapter.name, adapter.sha256));
    }
    line("base_tensors_sha256", said(provenance.base));
    line("tensors", tensors);
    line("parameters", parameters);
    Ok(())
}
