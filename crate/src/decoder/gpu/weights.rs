//! The weights of a decoder in GPU memory.
//!
//! Loading has two stages. Buffers are allocated first, so that passes can be recorded and pipelines compiled; then
//! weights stream in, a megabyte at a time.

use std::rc::Rc;

use super::buffer::Buffer;
use super::device::Gpu;
use super::format::WeightFormat;
use super::matrix::{Matrix, allocate, fill};
use crate::adapters::low_rank::Target;
use crate::error::Result;
use crate::files::source::Source;
use crate::model::config::ModelConfig;
use crate::model::weights::Weights;

/// Alignment of vectors in elements, so that shaders can read four at a time.
const VECTOR_ALIGNMENT: usize = 4;

/// Weights of one layer. Offsets are elements of [`GpuWeights::vectors`].
pub struct Layer {
    /// Offset of the weight of the norm before attention.
    pub attention_norm: u32,
    /// Projections of q, k and v.
    pub qkv: Vec<Matrix>,
    /// Offsets of their biases.
    pub qkv_bias: Vec<Option<u32>>,
    /// Offsets of the weights of the norms of q and k.
    pub head_norms: Option<(u32, u32)>,
    /// Output projection.
    pub o: Matrix,
    /// Offset of the weight of the norm after attention.
    pub post_attention_norm: Option<u32>,
    /// Offset of the weight of the norm before the feed-forward layer.
    pub ffn_norm: u32,
    /// Gate and up projections.
    pub gate_up: Vec<Matrix>,
    /// Down projection.
    pub down: Matrix,
    /// Offset of the weight of the norm after the feed-forward layer.
    pub post_ffn_norm: Option<u32>,
    /// Rotary frequencies: [head_dim / 2].
    pub frequencies: Vec<f32>,
}

/// All weights of a decoder.
pub struct GpuWeights {
    /// Embedding: [vocab_size, hidden_size].
    pub embedding: Matrix,
    /// Layers, from the first on.
    pub layers: Vec<Layer>,
    /// Offset of the weight of the last norm.
    pub output_norm: u32,
    /// Output projection: [vocab_size, hidden_size], the embedding if it is tied.
    pub head: Matrix,
    /// Norms and biases.
    pub vectors: Rc<Buffer>,
    contents: Contents,
}

/// Names of the tensors and the places that they are loaded to.
#[derive(Default)]
struct Contents {
    matrices: Vec<(String, Matrix)>,
    vectors: Vec<(String, u32, usize)>,
    vector_end: usize,
}

impl GpuWeights {
    /// Allocates buffers for the weights that `config` asks for.
    ///
    /// # Errors
    /// If a tensor is missing or cannot be on this device.
    pub async fn allocate<S: Source>(gpu: &Gpu, config: &ModelConfig, weights: &mut Weights<'_, S>) -> Result<Self> {
        let factors = if config.rope_factors {
            Some(weights.vector("rope_freqs.weight", config.head_dim / 2).await?)
        } else {
            None
        };
        let header = weights.header();
        let mut contents = Contents::default();
        let mut matrices = |wanted: Vec<(String, usize, usize)>| -> Result<Vec<Matrix>> {
            let matrices = allocate(gpu, header, &wanted)?;
            contents.matrices.extend(wanted.into_iter().map(|(name, ..)| name).zip(matrices.iter().cloned()));
            Ok(matrices)
        };
        let vocabulary = |name: &str| vec![(name.to_owned(), config.vocab_size, config.hidden_size)];
        let embedding = matrices(vocabulary("token_embd.weight"))?.remove(0);
        let head = if config.tied { embedding.clone() } else { matrices(vocabulary("output.weight"))?.remove(0) };
        let mut groups = Vec::with_capacity(config.layers);
        for i in 0..config.layers {
            let mut group = |targets: &[Target]| {
                let wanted = targets.iter().map(|target| {
                    let (d, k) = target.shape(config);
                    (format!("blk.{i}.{}.weight", target.gguf_name()), d, k)
                });
                matrices(wanted.collect())
            };
            let qkv = group(&[Target::Q, Target::K, Target::V])?;
            let o = group(&[Target::O])?.remove(0);
            let gate_up = group(&[Target::Gate, Target::Up])?;
            groups.push((qkv, o, gate_up, group(&[Target::Down])?.remove(0)));
        }
        let layers = (0..)
            .zip(groups)
            .map(|(i, (qkv, o, gate_up, down))| {
                let mut vector = |part: &str, n: usize| contents.vector(format!("blk.{i}.{part}"), n);
                let mut optional = |wanted: bool, part: &str, n: usize| wanted.then(|| vector(part, n));
                let qkv_bias = [Target::Q, Target::K, Target::V].map(|target| {
                    optional(config.qkv_bias, &format!("{}.bias", target.gguf_name()), target.shape(config).0)
                });
                let q_norm = optional(config.qk_norm, "attn_q_norm.weight", config.head_dim);
                let k_norm = optional(config.qk_norm, "attn_k_norm.weight", config.head_dim);
                Layer {
                    post_attention_norm: optional(config.post_norm, "post_attention_norm.weight", config.hidden_size),
                    post_ffn_norm: optional(config.post_norm, "post_ffw_norm.weight", config.hidden_size),
                    attention_norm: vector("attn_norm.weight", config.hidden_size),
                    ffn_norm: vector("ffn_norm.weight", config.hidden_size),
                    qkv_bias: qkv_bias.to_vec(),
                    head_norms: q_norm.zip(k_norm),
                    qkv,
                    o,
                    gate_up,
                    down,
                    frequencies: config.rope_frequencies(i, factors.as_deref()),
                }
            })
            .collect();
        let output_norm = contents.vector("output_norm.weight".to_owned(), config.hidden_size);
        let vectors = gpu.storage("norms and biases", 4 * contents.vector_end as u64)?;
        Ok(Self { embedding, layers, output_norm, head, vectors, contents })
    }

    /// Streams the weights in.
    ///
    /// # Errors
    /// If a tensor has another shape than `config` asks for, or cannot be read.
    pub async fn fill<S: Source>(&self, gpu: &Gpu, weights: &mut Weights<'_, S>) -> Result<()> {
        for (name, matrix) in &self.contents.matrices {
            fill(gpu, weights, name, matrix).await?;
        }
        for (name, at, n) in &self.contents.vectors {
            let vector = weights.vector(name, *n).await?;
            gpu.write(&self.vectors, 4 * u64::from(*at), &vector);
        }
        Ok(())
    }

    /// Returns the formats of its matrices, each once.
    pub fn formats(&self) -> Vec<WeightFormat> {
        let mut formats: Vec<WeightFormat> = self.contents.matrices.iter().map(|(_, matrix)| matrix.format).collect();
        formats.sort();
        formats.dedup();
        formats
    }
}

impl Contents {
    /// Adds a vector of `n` elements and returns its offset.
    fn vector(&mut self, name: String, n: usize) -> u32 {
        let at = self.vector_end as u32;
        self.vectors.push((name, at, n));
        self.vector_end += n.next_multiple_of(VECTOR_ALIGNMENT);
        at
    }
}
