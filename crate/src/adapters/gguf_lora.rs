//! GGUF LoRA files, as llama.cpp reads them and as this project ships them.

use std::borrow::Cow;
use std::io::{Seek, Write};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::adapter::{LoraAdapter, check_shapes};
use super::stored::StoredPair;
use crate::adapters::low_rank::{Element, LowRankPair, Q8Block, Target, to_hugging_face_rows, to_interleaved_rows};
use crate::error::Result;
use crate::files::gguf::Header;
use crate::files::source::Source;
use crate::input;
use crate::model::config::{ModelConfig, RopeStyle};
use crate::model::weights::Raw;

const SUFFIX_A: &str = ".weight.lora_a";
const SUFFIX_B: &str = ".weight.lora_b";

/// Reads a GGUF LoRA.
///
/// # Errors
/// As [`super::read_peft`].
pub async fn read_gguf(name: &str, file: &[u8], config: &ModelConfig) -> Result<LoraAdapter> {
    read(name, file, config).await.map_err(|error| error.at(format!("adapter {name}")))
}

async fn read(name: &str, file: &[u8], config: &ModelConfig) -> Result<LoraAdapter> {
    let header = Header::read(&file).await?;
    let metadata = &header.metadata;
    let kind = metadata.text("general.type")?.unwrap_or("model");
    let adapter_type = metadata.text("adapter.type")?.unwrap_or("none");
    if kind != "adapter" || adapter_type != "lora" {
        return Err(input!(
            "this GGUF file is of type {kind} with adapter type {adapter_type}, not a LoRA; give a LoRA adapter"
        ));
    }
    let arch = metadata.text("general.architecture")?.unwrap_or("none");
    if arch != config.arch {
        return Err(input!("it is made for architecture {arch} and the model is {}; use one made for it", config.arch));
    }
    let alpha = metadata
        .f32("adapter.lora.alpha")?
        .ok_or_else(|| input!("metadata key adapter.lora.alpha is missing; the adapter is not whole"))?;
    let rank = header
        .tensors
        .iter()
        .find(|(name, _)| name.ends_with(SUFFIX_A))
        .map(|(_, info)| info.shape[0])
        .ok_or_else(|| input!("it has no tensors that end in {SUFFIX_A}; it is not a LoRA"))?;
    let mut adapter = LoraAdapter::new(name, file, rank, alpha, config)?;
    for tensor in header.tensors.keys() {
        let stem = tensor.strip_suffix(SUFFIX_A).or_else(|| tensor.strip_suffix(SUFFIX_B));
        let Some((stem, (layer, target))) = stem.and_then(|stem| Some((stem, parse_stem(stem)?))) else {
            return Err(input!("tensor {tensor} is not a LoRA matrix of a known target; train without it"));
        };
        let (a, b) = (format!("{stem}{SUFFIX_A}"), format!("{stem}{SUFFIX_B}"));
        let (a_info, b_info) = (header.tensor(&a)?, header.tensor(&b)?);
        if *tensor == b {
            continue; // handled with its A
        }
        check_shapes(config, rank, layer, target, stem, &a_info.shape, &b_info.shape)?;
        let (a, b) = (raw(file, &header, &a).await?, raw(file, &header, &b).await?);
        let stored = if [a.dtype, b.dtype] == [GgmlDType::Q8_0; 2] {
            StoredPair::Q8_0(in_hugging_face_layout(LowRankPair { rank, a: blocks(&a), b: blocks(&b) }, config, target))
        } else {
            StoredPair::F32(in_hugging_face_layout(
                LowRankPair { rank, a: a.into_f32()?, b: b.into_f32()? },
                config,
                target,
            ))
        };
        adapter.set(layer, target, stem, stored)?;
    }
    adapter.finish()
}

async fn raw(file: &[u8], header: &Header, tensor: &str) -> Result<Raw> {
    let info = header.tensor(tensor)?;
    let bytes = file.range(info.offset, info.bytes).await?;
    Ok(Raw { dtype: info.dtype, shape: info.shape.clone(), bytes })
}

fn blocks(raw: &Raw) -> Vec<Q8Block> {
    raw.bytes.as_chunks().0.to_vec()
}

fn in_hugging_face_layout<T: Element>(pair: LowRankPair<T>, config: &ModelConfig, target: Target) -> LowRankPair<T> {
    match rows_are_interleaved(config, target) {
        true => LowRankPair { b: to_hugging_face_rows(&pair.b, pair.rank, config.head_dim), ..pair },
        false => pair,
    }
}

/// Layer and target of a stem such as `blk.3.attn_q`.
fn parse_stem(stem: &str) -> Option<(usize, Target)> {
    let (layer, name) = stem.strip_prefix("blk.")?.split_once('.')?;
    let target = Target::ALL.into_iter().find(|target| target.gguf_name() == name)?;
    Some((layer.parse().ok()?, target))
}

/// Whether GGUF files of this architecture store the output rows of `target` for interleaved RoPE.
fn rows_are_interleaved(config: &ModelConfig, target: Target) -> bool {
    config.rope_style == RopeStyle::Interleaved && matches!(target, Target::Q | Target::K)
}

/// Writes `adapter` as a GGUF LoRA with Q8_0 matrices (F16 where the rank is no multiple of a block).
///
/// # Errors
/// If candle cannot quantise or the file cannot be written.
pub fn write_gguf<W: Write + Seek>(adapter: &LoraAdapter, config: &ModelConfig, out: &mut W) -> Result<()> {
    let quantise = |values: Cow<'_, [f32]>, rows: usize, columns: usize| -> Result<QTensor> {
        let dtype = if columns.is_multiple_of(32) { GgmlDType::Q8_0 } else { GgmlDType::F16 };
        let tensor = Tensor::from_vec(values.into_owned(), (rows, columns), &Device::Cpu)?;
        Ok(QTensor::quantize(&tensor, dtype)?)
    };
    let mut tensors = Vec::new();
    for i in 0..adapter.layers.len() {
        for target in Target::ALL {
            let Some(pair) = adapter.pair(i, target) else { continue };
            let (d, k) = target.shape(config);
            let b = match rows_are_interleaved(config, target) {
                true => Cow::Owned(to_interleaved_rows(&pair.b, pair.rank, config.head_dim)),
                false => Cow::Borrowed(&pair.b[..]),
            };
            let stem = format!("blk.{i}.{}", target.gguf_name());
            tensors.push((format!("{stem}{SUFFIX_A}"), quantise(Cow::Borrowed(&pair.a), pair.rank, k)?));
            tensors.push((format!("{stem}{SUFFIX_B}"), quantise(b, d, pair.rank)?));
        }
    }
    let text = |value: &str| Value::String(value.to_owned());
    let metadata = [
        ("general.architecture", text(&config.arch)),
        ("general.type", text("adapter")),
        ("general.name", text(&adapter.name)),
        ("adapter.type", text("lora")),
        ("adapter.lora.alpha", Value::F32(adapter.scale * adapter.rank as f32)),
    ];
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    Ok(gguf_file::write(out, &metadata, &tensors)?)
}
