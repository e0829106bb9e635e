//! GGUF LoRA files, as llama.cpp reads them and as this project ships them.

use std::io::Write;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::adapter::{LoraAdapter, check_shapes};
use super::row_order::{to_hugging_face_rows, to_interleaved_rows};
use super::stored::StoredPair;
use crate::adapters::low_rank::{LowRankPair, Target};
use crate::error::Result;
use crate::failure;
use crate::files::gguf::{self, Header, Value};
use crate::files::source::Source;
use crate::input;
use crate::model::config::{ModelConfig, RopeStyle};
use crate::model::quant::{Element, Q8_BLOCK, Q8Block};
use crate::model::weights::Raw;

/// Ends of the names of A and B.
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

/// Reads a tensor of `file`.
async fn raw(file: &[u8], header: &Header, tensor: &str) -> Result<Raw> {
    let info = header.tensor(tensor)?;
    let bytes = file.range(info.offset, info.bytes).await?;
    Ok(Raw { dtype: info.dtype, shape: info.shape.clone(), bytes })
}

/// Splits the bytes of a tensor in Q8_0 into blocks.
fn blocks(raw: &Raw) -> Vec<Q8Block> {
    raw.bytes.as_chunks().0.to_vec()
}

/// Puts the rows of B in Hugging Face's order.
fn in_hugging_face_layout<T: Element>(pair: LowRankPair<T>, config: &ModelConfig, target: Target) -> LowRankPair<T> {
    match rows_are_interleaved(config, target) {
        true => LowRankPair { b: to_hugging_face_rows(&pair.b, pair.rank, config.head_dim), ..pair },
        false => pair,
    }
}

/// Returns layer and target of a stem such as `blk.3.attn_q`.
fn parse_stem(stem: &str) -> Option<(usize, Target)> {
    let (layer, name) = stem.strip_prefix("blk.")?.split_once('.')?;
    let target = Target::ALL.into_iter().find(|target| target.gguf_name() == name)?;
    Some((layer.parse().ok()?, target))
}

/// Returns true if GGUF files of this architecture store the output rows of `target` for interleaved RoPE.
fn rows_are_interleaved(config: &ModelConfig, target: Target) -> bool {
    config.rope_style == RopeStyle::Interleaved && matches!(target, Target::Q | Target::K)
}

/// A matrix of an adapter in a file: `blk.LAYER.TARGET.weight.lora_a` or `…b`.
struct Matrix {
    name: String,
    layer: usize,
    target: Target,
    is_a: bool,
    shape: [usize; 2],
}

impl Matrix {
    /// Returns Q8_0, or F16 where rows are no multiple of its block.
    fn dtype(&self) -> GgmlDType {
        if self.shape[1].is_multiple_of(Q8_BLOCK) { GgmlDType::Q8_0 } else { GgmlDType::F16 }
    }

    /// Returns the quantised values, rows in the order of the base's.
    fn quantised(&self, adapter: &LoraAdapter, config: &ModelConfig) -> Result<QTensor> {
        let pair =
            adapter.pair(self.layer, self.target).ok_or_else(|| failure!("{} is not there", self.name))?.into_owned();
        let values = match self.is_a {
            true => pair.a,
            false if rows_are_interleaved(config, self.target) => {
                to_interleaved_rows(&pair.b, pair.rank, config.head_dim)
            }
            false => pair.b,
        };
        Ok(QTensor::quantize(&Tensor::from_vec(values, &self.shape, &Device::Cpu)?, self.dtype())?)
    }
}

/// Writes `adapter` as a GGUF LoRA with Q8_0 matrices (F16 where the rank is no multiple of a block). One
/// matrix at a time is in memory.
///
/// # Errors
/// If candle cannot quantise or the file cannot be written.
pub fn write_gguf<W: Write>(adapter: &LoraAdapter, config: &ModelConfig, out: &mut W) -> Result<()> {
    let mut matrices = Vec::new();
    for layer in 0..adapter.layers.len() {
        for target in Target::ALL {
            let Some(rank) = adapter.stored(layer, target).map(StoredPair::rank) else { continue };
            let (d, k) = target.shape(config);
            for (is_a, suffix, shape) in [(true, SUFFIX_A, [rank, k]), (false, SUFFIX_B, [d, rank])] {
                let name = format!("blk.{layer}.{}{suffix}", target.gguf_name());
                matrices.push(Matrix { name, layer, target, is_a, shape });
            }
        }
    }
    let text = |value: &str| Value::Text(value.to_owned());
    let metadata = [
        ("general.architecture", text(&config.arch)),
        ("general.type", text("adapter")),
        ("general.name", text(&adapter.name)),
        ("adapter.type", text("lora")),
        ("adapter.lora.alpha", Value::Float(f64::from(adapter.scale * adapter.rank as f32))),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    let entries: Vec<gguf::Entry<'_>> = matrices
        .iter()
        .map(|matrix| gguf::Entry { name: &matrix.name, shape: &matrix.shape, dtype: matrix.dtype() })
        .collect();
    gguf::write(out, gguf::Version::V2, &metadata, &entries, |i, out| {
        Ok(out.write_all(&matrices[i].quantised(adapter, config)?.data()?)?)
    })
}
