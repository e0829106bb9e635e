//! Description of a decoder, taken from GGUF metadata, that every executor follows.
//!
//! `llama`, `qwen2` and `gemma3` are one decoder whose features are switched by data. Other architectures are refused
//! by name before any tensor is read.

use crate::error::Result;
use crate::files::gguf::Header;
use crate::input;

/// Arrangement of the pairs of elements that a rotary embedding rotates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopeStyle {
    /// Pairs of elements 2i and 2i + 1 (GGUF files of `llama`, whose q and k rows are permuted for it).
    Interleaved,
    /// Pairs of elements i and i + half (GPT-NeoX, and Hugging Face throughout).
    NeoX,
}

/// Activation of the feed-forward gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x · sigmoid(x).
    Silu,
    /// GELU in its tanh approximation.
    GeluTanh,
}

/// Dimensions and switches of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// GGUF architecture: `llama`, `qwen2` or `gemma3`.
    pub arch: String,
    /// Number of layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads; a divisor of `heads`.
    pub kv_heads: usize,
    /// Number of elements of one head.
    pub head_dim: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Number of tokens.
    pub vocab_size: usize,
    /// Longest context the model was trained for.
    pub context: usize,
    /// Epsilon of every RMSNorm.
    pub epsilon: f32,
    /// Elements that rotate together.
    pub rope_style: RopeStyle,
    /// Base of the rotary frequencies in full-attention layers.
    pub rope_base: f32,
    /// Base of the rotary frequencies in sliding-window layers.
    pub rope_base_local: f32,
    /// Divisor of positions in full-attention layers (linear scaling).
    pub rope_scale: f32,
    /// True if the file has `rope_freqs` factors, by which the frequencies are divided.
    pub rope_factors: bool,
    /// Length of the sliding window: a query sees itself and `window - 1` positions before it.
    pub window: Option<usize>,
    /// Interval of layers that have full attention although there is a window: every n-th.
    pub global_every: usize,
    /// Activation of the gate.
    pub activation: Activation,
    /// Factor of the embeddings.
    pub embedding_scale: f32,
    /// Factor of the attention scores.
    pub attention_scale: f32,
    /// True if each head of q and k goes through an RMSNorm.
    pub qk_norm: bool,
    /// True if there is an RMSNorm after attention and after the feed-forward layer, before the residual is added.
    pub post_norm: bool,
    /// True if q, k and v have biases.
    pub qkv_bias: bool,
    /// True if the output head is the embedding.
    pub tied: bool,
}

/// Names of the architectures that are implemented.
pub const ARCHITECTURES: [&str; 3] = ["gemma3", "llama", "qwen2"];

/// Largest number of layers: more than any known model has, so a file that claims more is broken.
const MAX_LAYERS: usize = 512;

/// Largest width: more than any known model has. Products of two such widths fit 64 bits.
const MAX_WIDTH: usize = 1 << 20;

impl ModelConfig {
    /// Reads the description from a model's header.
    ///
    /// # Errors
    /// If the file is no model, its architecture or a feature of it is not implemented, or its numbers make no sense.
    pub fn from_header(header: &Header) -> Result<Self> {
        let metadata = &header.metadata;
        let arch = metadata
            .text("general.architecture")?
            .ok_or_else(|| input!("metadata key general.architecture is missing; the file is not a model"))?;
        if metadata.text("general.type")? == Some("adapter") {
            return Err(input!("this is an adapter, not a base model; give the model it was made for"));
        }
        if !ARCHITECTURES.contains(&arch) {
            return Err(input!("architecture {arch} is not supported; use a model of {}", ARCHITECTURES.join(", ")));
        }
        let key = |name: &str| format!("{arch}.{name}");
        let size = |name: &str| -> Result<usize> {
            let value = metadata
                .u32(&key(name))?
                .ok_or_else(|| input!("metadata key {arch}.{name} is missing; the file is not a whole model"))?;
            if value == 0 {
                return Err(input!("metadata key {arch}.{name} is 0; the file is broken"));
            }
            Ok(value as usize)
        };
        let gemma = arch == "gemma3";
        let layers = size("block_count")?;
        let hidden_size = size("embedding_length")?;
        let heads = size("attention.head_count")?;
        let kv_heads = metadata.u32(&key("attention.head_count_kv"))?.map_or(heads, |n| n as usize);
        let head_dim = metadata.u32(&key("attention.key_length"))?.map_or(hidden_size / heads, |n| n as usize);
        let value_dim = metadata.u32(&key("attention.value_length"))?.map_or(head_dim, |n| n as usize);
        let rope_dims = metadata.u32(&key("rope.dimension_count"))?.map_or(head_dim, |n| n as usize);

        if layers > MAX_LAYERS || layers > header.tensors.len() {
            return Err(input!(
                "{arch}.block_count is {layers}, but the file lists {} tensors; the file is broken",
                header.tensors.len()
            ));
        }
        if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
            return Err(input!("{heads} query heads cannot share {kv_heads} key heads; the file is broken"));
        }
        if head_dim == 0 || !head_dim.is_multiple_of(2) || value_dim != head_dim || rope_dims != head_dim {
            return Err(input!(
                "heads of {head_dim} key, {value_dim} value and {rope_dims} rotated elements are not supported; the \
                 three have to be one even number"
            ));
        }
        let intermediate_size = size("feed_forward_length")?;
        let widest =
            [hidden_size, heads.saturating_mul(head_dim), intermediate_size].into_iter().max().unwrap_or_default();
        if widest > MAX_WIDTH {
            return Err(input!(
                "a width of {widest} is beyond {MAX_WIDTH}, the largest that is supported; the file is broken"
            ));
        }
        let positive = |name: &str, value: Option<f32>| match value {
            Some(value) if value > 0.0 && value.is_finite() => Ok(Some(value)),
            Some(value) => Err(input!("metadata key {arch}.{name} is {value}; it has to be positive")),
            None => Ok(None),
        };
        let number = |name: &str| positive(name, metadata.f32(&key(name))?);
        let rope_base = number("rope.freq_base")?.unwrap_or(10_000.0);
        let rope_base_local = if gemma { number("rope.freq_base_swa")?.unwrap_or(10_000.0) } else { rope_base };
        let epsilon = number("attention.layer_norm_rms_epsilon")?
            .ok_or_else(|| input!("metadata key {arch}.attention.layer_norm_rms_epsilon is missing"))?;
        let attention_scale = if gemma && layers == 62 {
            (hidden_size as f32 / heads as f32).powf(-0.5) // Gemma 3 27B divides by the width per head instead
        } else {
            (head_dim as f32).powf(-0.5)
        };
        let embedding = header.tensor("token_embd.weight")?;
        let vocab_size = embedding.shape[0];
        Ok(Self {
            layers,
            hidden_size,
            heads,
            kv_heads,
            head_dim,
            intermediate_size,
            vocab_size,
            context: size("context_length")?,
            epsilon,
            rope_style: if arch == "llama" { RopeStyle::Interleaved } else { RopeStyle::NeoX },
            rope_base,
            rope_base_local,
            rope_scale: rope_scale(header, arch)?,
            rope_factors: header.tensors.contains_key("rope_freqs.weight"),
            window: metadata
                .u32(&key("attention.sliding_window"))?
                .filter(|window| gemma && *window > 0)
                .map(|window| window as usize),
            global_every: if gemma { 6 } else { 1 },
            activation: if gemma { Activation::GeluTanh } else { Activation::Silu },
            embedding_scale: if gemma { (hidden_size as f32).sqrt() } else { 1.0 },
            attention_scale,
            qk_norm: gemma,
            post_norm: gemma,
            qkv_bias: arch == "qwen2",
            tied: !header.tensors.contains_key("output.weight"),
            arch: arch.to_owned(),
        })
    }

    /// Returns the sliding window of `layer`, or `None` where it has full attention.
    pub fn layer_window(&self, layer: usize) -> Option<usize> {
        self.window.filter(|_| !(layer + 1).is_multiple_of(self.global_every))
    }

    /// Returns the width of q: all query heads.
    pub fn q_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Returns the width of k and of v.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// Returns the rotary frequencies of `layer`, one for each pair of a head: `base^(-2i / head_dim)`, divided by the
    /// scale of the layer and by `factors`.
    pub fn rope_frequencies(&self, layer: usize, factors: Option<&[f32]>) -> Vec<f32> {
        let local = self.layer_window(layer).is_some();
        let (base, scale) = if local { (self.rope_base_local, 1.0) } else { (self.rope_base, self.rope_scale) };
        (0..self.head_dim / 2)
            .map(|i| {
                let frequency = f64::from(base).powf(-2.0 * i as f64 / self.head_dim as f64);
                let factor = factors.and_then(|factors| factors.get(i)).copied().unwrap_or(1.0);
                (frequency / f64::from(scale) / f64::from(factor)) as f32
            })
            .collect()
    }
}

/// Returns the linear position scale.
///
/// # Errors
/// If the model uses another kind of scaling, naming it.
fn rope_scale(header: &Header, arch: &str) -> Result<f32> {
    let kind = header.metadata.text(&format!("{arch}.rope.scaling.type"))?.unwrap_or("none");
    match kind {
        "none" => Ok(1.0),
        "linear" => {
            let factor = header.metadata.f32(&format!("{arch}.rope.scaling.factor"))?.unwrap_or(1.0);
            if factor > 0.0 && factor.is_finite() {
                Ok(factor)
            } else {
                Err(input!("{arch}.rope.scaling.factor is {factor}; it has to be positive"))
            }
        }
        other => Err(input!("RoPE scaling of type {other} is not supported (none and linear are)")),
    }
}
