//! PEFT folders: `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::{BTreeMap, BTreeSet};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde_json::{Value, json};

use super::adapter::{LoraAdapter, check_shapes, target_names};
use super::stored::StoredPair;
use crate::adapters::low_rank::{LowRankPair, Target};
use crate::error::Result;
use crate::files::safetensors::{check_names, repeated_key, to_f32, write_safetensors};
use crate::input;
use crate::model::config::ModelConfig;

/// Contents of `adapter_config.json`.
#[derive(Deserialize)]
struct PeftConfig {
    peft_type: String,
    r: usize,
    lora_alpha: f32,
    /// All other settings, in which variants that are not implemented show.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Settings that change the maths, and names for messages. Each is refused unless it is absent or switched off.
const REFUSED: [(&str, &str); 17] = [
    ("use_dora", "DoRA"),
    ("use_rslora", "rank-stabilised LoRA (rsLoRA)"),
    ("rank_pattern", "a rank per layer (rank_pattern)"),
    ("alpha_pattern", "an alpha per layer (alpha_pattern)"),
    ("modules_to_save", "whole modules (modules_to_save)"),
    ("lora_bias", "a bias on B (lora_bias)"),
    ("fan_in_fan_out", "transposed weights (fan_in_fan_out)"),
    ("trainable_token_indices", "trained token embeddings (trainable_token_indices)"),
    ("alora_invocation_tokens", "activated LoRA (alora_invocation_tokens)"),
    ("target_parameters", "bare parameters as targets (target_parameters)"),
    ("layer_replication", "layers in another number (layer_replication)"),
    ("use_qalora", "QALoRA"),
    ("use_bdlora", "block-diagonal LoRA (use_bdlora)"),
    ("kasa_config", "KaSA"),
    ("arrow_config", "Arrow routing"),
    ("monteclora_config", "MonteCLoRA"),
    ("velora_config", "VeLoRA"),
];

/// Values of `init_lora_weights` that subtract a part of the base's weights before training.
const CHANGES_BASE: [&str; 4] = ["pissa", "olora", "corda", "loftq"];

/// Reads a PEFT adapter from its two files.
///
/// # Errors
/// If it uses a variant of LoRA that is not implemented, does not fit the model, or has values that are not finite.
pub fn read_peft(name: &str, peft_config: &[u8], safetensors: &[u8], config: &ModelConfig) -> Result<LoraAdapter> {
    read(name, peft_config, safetensors, config).map_err(|error| error.at(format!("adapter {name}")))
}

fn read(name: &str, peft_config: &[u8], file: &[u8], config: &ModelConfig) -> Result<LoraAdapter> {
    let unreadable = |error| input!("adapter_config.json cannot be read: {error}");
    if let Some(key) = repeated_key(peft_config).map_err(unreadable)? {
        return Err(input!("adapter_config.json cannot be used: {key} is listed twice"));
    }
    let peft_config: PeftConfig = serde_json::from_slice(peft_config).map_err(unreadable)?;
    refuse_variants(&peft_config)?;
    check_names(file)?;
    let tensors = SafeTensors::deserialize(file)
        .map_err(|error| input!("adapter_model.safetensors cannot be read: {error}; download it again"))?;
    let mut adapter = LoraAdapter::new(name, file, peft_config.r, peft_config.lora_alpha, config)?;
    for key in tensors.names() {
        let Some((layer, target, half)) = parse_key(key) else {
            return Err(input!(
                "tensor {key} is not a LoRA matrix of a known target ({}); use an adapter with these targets only",
                target_names()
            ));
        };
        let stem = key.trim_end_matches(&format!(".{half}.weight")).to_owned();
        let other = format!("{stem}.{}.weight", if half == "lora_A" { "lora_B" } else { "lora_A" });
        let partner = tensors
            .tensor(&other)
            .map_err(|_| input!("tensor {key} has no partner {other}; the adapter is not whole"))?;
        if half == "lora_B" {
            continue; // handled with its A
        }
        let a = view(&tensors, key)?;
        check_shapes(config, peft_config.r, layer, target, &stem, a.shape(), partner.shape())?;
        let pair = LowRankPair { rank: peft_config.r, a: to_f32(key, &a)?, b: to_f32(&other, &partner)? };
        adapter.set(layer, target, &stem, StoredPair::F32(pair))?;
    }
    adapter.finish()
}

/// Makes the two files of a PEFT folder with `adapter`, in F32: `adapter_config.json`, which names `base` as the base
/// model, and `adapter_model.safetensors`.
///
/// # Errors
/// If they cannot be serialised.
pub fn write_peft(adapter: &LoraAdapter, config: &ModelConfig, base: &str) -> Result<[Vec<u8>; 2]> {
    let mut tensors = Vec::new();
    let mut targets = BTreeSet::new();
    for i in 0..adapter.layers.len() {
        for target in Target::ALL {
            let Some(pair) = adapter.pair(i, target) else { continue };
            let (d, k) = target.shape(config);
            targets.insert(target.hf_name());
            for (half, shape, values) in [("lora_A", [pair.rank, k], &pair.a), ("lora_B", [d, pair.rank], &pair.b)] {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                let module = format!("{}.{}", block(target), target.hf_name());
                tensors.push((
                    format!("base_model.model.model.layers.{i}.{module}.{half}.weight"),
                    shape.to_vec(),
                    bytes,
                ));
            }
        }
    }
    let peft_config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": adapter.rank,
        "lora_alpha": adapter.scale * adapter.rank as f32,
        "target_modules": targets,
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": true,
    });
    // PEFT reads only files that say that they are PyTorch's.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    Ok([format!("{peft_config:#}\n").into_bytes(), write_safetensors(Dtype::F32, &tensors, metadata)?])
}

/// Returns the tensor `key`.
fn view<'a>(tensors: &SafeTensors<'a>, key: &str) -> Result<TensorView<'a>> {
    tensors.tensor(key).map_err(|error| input!("tensor {key} cannot be read: {error}"))
}

/// Checks that the adapter is plain LoRA.
///
/// # Errors
/// Naming the variant that it is.
fn refuse_variants(peft_config: &PeftConfig) -> Result<()> {
    if peft_config.peft_type != "LORA" {
        return Err(input!("its type is {}; only LORA is supported", peft_config.peft_type));
    }
    for (key, meaning) in REFUSED {
        let used = match peft_config.rest.get(key) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            Some(_) => true,
        };
        if used {
            return Err(input!("it uses {meaning}, which is not supported; train it as plain LoRA"));
        }
    }
    if let Some(Value::String(start)) = peft_config.rest.get("init_lora_weights")
        && CHANGES_BASE.iter().any(|name| start.starts_with(name))
    {
        return Err(input!("it starts from {start}, which changes the base as well; convert it to plain LoRA"));
    }
    match peft_config.rest.get("bias") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(bias)) if bias == "none" => Ok(()),
        Some(bias) => Err(input!("it trains biases ({bias}), which is not supported; train it with bias none")),
    }
}

/// Returns layer, target and `lora_A` or `lora_B` of a key such as
/// `base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight`.
fn parse_key(key: &str) -> Option<(usize, Target, &str)> {
    let (_, rest) = key.split_once("layers.")?;
    let mut parts = rest.split('.');
    let layer = parts.next()?.parse().ok()?;
    let block = parts.next()?;
    let module = parts.next()?;
    let half = parts.next()?;
    let end = parts.next()?;
    let target = Target::ALL.into_iter().find(|target| target.hf_name() == module)?;
    let whole = block == self::block(target) && end == "weight" && parts.next().is_none();
    (whole && matches!(half, "lora_A" | "lora_B")).then_some((layer, target, half))
}

/// Returns the name of the part of a layer that `target` belongs to.
fn block(target: Target) -> &'static str {
    match target {
        Target::Q | Target::K | Target::V | Target::O => "self_attn",
        Target::Gate | Target::Up | Target::Down => "mlp",
    }
}
