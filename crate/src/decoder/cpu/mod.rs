//! The decoder on the CPU: candle's quantised products, and plain slices between them.
//!
//! It runs models natively and where there is no WebGPU. With [`Mode::Exact`] it is the reference that every other way
//! of running a model is tested against.

mod attention;
mod branch;
mod convert;
mod linear;
mod mode;
mod ops;
mod products;
mod shared_mut;

use std::sync::Arc;

use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};

use self::attention::{KvCache, attention};
use self::branch::{Branch, Seen};
use self::linear::Linear;
pub use self::mode::Mode;
use self::ops::{add, gated, rms_norm, rms_norm_in_place, rope};
use crate::adapters::low_rank::{LayerPairs, LowRankPairs, Target};
use crate::error::Result;
use crate::files::source::Source;
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::weights::Weights;

/// Weights of one layer. Norm weights are [hidden_size] ([head_dim] for q and k); matrices are [rows, columns].
struct Layer {
    attention_norm: Vec<f32>,
    q: Linear,                             // [heads · head_dim, hidden_size]
    k: Linear,                             // [kv_heads · head_dim, hidden_size]
    v: Linear,                             // [kv_heads · head_dim, hidden_size]
    o: Linear,                             // [hidden_size, heads · head_dim]
    q_norm: Option<Vec<f32>>,              // [head_dim]
    k_norm: Option<Vec<f32>>,              // [head_dim]
    post_attention_norm: Option<Vec<f32>>, // [hidden_size]
    ffn_norm: Vec<f32>,
    gate: Linear,                    // [intermediate_size, hidden_size]
    up: Linear,                      // [intermediate_size, hidden_size]
    down: Linear,                    // [hidden_size, intermediate_size]
    post_ffn_norm: Option<Vec<f32>>, // [hidden_size]
    frequencies: Vec<f32>,           // [head_dim / 2]
}

/// A decoder with its weights, the pairs in use and the key-value cache.
pub struct Decoder {
    config: ModelConfig,
    embedding: Arc<QTensor>, // [vocab, hidden_size]
    layers: Vec<Layer>,
    output_norm: Vec<f32>,              // [hidden_size]
    head: Linear,                       // [vocab, hidden_size]
    branches: Vec<[Option<Branch>; 7]>, // by layer and target
    caches: Vec<KvCache>,
    position: usize,
}

impl Decoder {
    /// Loads all weights, one tensor at a time.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape than `config` asks for, or cannot be read.
    pub async fn load<S: Source>(config: &ModelConfig, weights: &mut Weights<'_, S>, mode: Mode) -> Result<Self> {
        let head_shape = [config.vocab_size, config.hidden_size];
        let embedding = Arc::new(weights.raw("token_embd.weight", &head_shape).await?.into_qtensor()?);
        let factors = if config.rope_factors {
            Some(weights.vector("rope_freqs.weight", config.head_dim / 2).await?)
        } else {
            None
        };
        let mut layers = Vec::with_capacity(config.layers);
        for i in 0..config.layers {
            layers.push(Layer::load(config, weights, mode, i, factors.as_deref()).await?);
        }
        let output_norm = weights.vector("output_norm.weight", config.hidden_size).await?;
        let head = if config.tied {
            Linear::tied(&embedding, mode)?
        } else {
            // Shared with nothing, but like a tied head neither rewritten nor padded unless its type is slow.
            Linear::new(weights.raw("output.weight", &head_shape).await?, None, mode)?
        };
        Ok(Self {
            embedding,
            layers,
            output_norm,
            head,
            branches: (0..config.layers).map(|_| [const { None }; 7]).collect(),
            caches: (0..config.layers).map(|_| KvCache::new(config)).collect(),
            position: 0,
            config: config.clone(),
        })
    }

    /// Puts `pairs` in place of those in use and forgets the context.
    ///
    /// # Errors
    /// If they do not fit the model.
    pub fn set_pairs(&mut self, pairs: &LowRankPairs<'_>) -> Result<()> {
        let mut seen = Seen::default();
        let mut branches = |layer: LayerPairs| layer.map(|pair| pair.map(|pair| Branch::new(pair, &mut seen)));
        self.branches = pairs.base_layers(&self.config)?.into_iter().map(&mut branches).collect();
        self.reset();
        Ok(())
    }

    /// Forgets the context.
    pub fn reset(&mut self) {
        self.caches.iter_mut().for_each(KvCache::clear);
        self.position = 0;
    }

    /// Forgets all of the context but its first `tokens` tokens, of which there are at least so many.
    pub fn rewind(&mut self, tokens: usize) {
        let head_dim = self.config.head_dim;
        self.caches.iter_mut().for_each(|cache| cache.truncate(tokens, head_dim));
        self.position = tokens;
    }

    /// Returns the number of tokens in the context.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Appends `ids` to the context; returns the logits, one per token, after the last of them if `want_logits`.
    ///
    /// # Errors
    /// If an id is not in the vocabulary, the context is full, or candle fails.
    pub fn forward(&mut self, ids: &[u32], want_logits: bool) -> Result<Option<Vec<f32>>> {
        let x = self.layers(ids)?; // [n, hidden_size]
        match want_logits {
            true => self.logits(&x[x.len() - self.config.hidden_size..]).map(Some), // [vocab]
            false => Ok(None),
        }
    }

    /// Appends `ids` to the context; returns the logits after each of them: [n, vocab].
    ///
    /// # Errors
    /// As [`Decoder::forward`].
    pub fn forward_all(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        let x = self.layers(ids)?;
        self.logits(&x)
    }

    /// Returns the logits [n, vocab] for x [n, hidden_size], the output of the last layer.
    fn logits(&self, x: &[f32]) -> Result<Vec<f32>> {
        let logits = self.head.forward(&rms_norm(x, &self.output_norm, self.config.epsilon))?;
        // Without a branch for each value, so that it costs next to nothing.
        if logits.iter().fold(false, |broken, logit| broken | !logit.is_finite()) {
            return Err(input!(
                "the model computes values that are not finite; its file or its adapter is broken, download it again"
            ));
        }
        Ok(logits)
    }

    /// Appends `ids` to the context; returns the output of the last layer: [n, hidden_size].
    fn layers(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        let Self { config, branches, caches, position, .. } = self;
        let (n, epsilon) = (ids.len(), config.epsilon);
        if *position + n > config.context {
            return Err(input!("the context of {} tokens is full; shorten the text", config.context));
        }
        let mut x = embed(&self.embedding, ids, config)?; // [n, hidden_size]

        for (i, layer) in self.layers.iter().enumerate() {
            let branch = |target: Target| branches[i][target.index()].as_ref();

            let h = rms_norm(&x, &layer.attention_norm, epsilon); // [n, hidden_size]
            let mut q = project(&layer.q, branch(Target::Q), &h)?; // [n, heads · head_dim]
            let mut k = project(&layer.k, branch(Target::K), &h)?; // [n, kv_heads · head_dim]
            let v = project(&layer.v, branch(Target::V), &h)?; // [n, kv_heads · head_dim]
            if let (Some(q_norm), Some(k_norm)) = (&layer.q_norm, &layer.k_norm) {
                rms_norm_in_place(&mut q, q_norm, epsilon);
                rms_norm_in_place(&mut k, k_norm, epsilon);
            }
            rope(&mut q, config.q_width(), &layer.frequencies, config.rope_style, *position);
            rope(&mut k, config.kv_width(), &layer.frequencies, config.rope_style, *position);
            caches[i].append(&k, &v, config.head_dim);

            let mixed = attention(config, &q, &caches[i], config.layer_window(i)); // [n, heads · head_dim]
            let mut h = project(&layer.o, branch(Target::O), &mixed)?; // [n, hidden_size]
            if let Some(norm) = &layer.post_attention_norm {
                rms_norm_in_place(&mut h, norm, epsilon);
            }
            add(&mut x, &h);

            let h = rms_norm(&x, &layer.ffn_norm, epsilon); // [n, hidden_size]
            let mut gate = project(&layer.gate, branch(Target::Gate), &h)?; // [n, intermediate_size]
            let up = project(&layer.up, branch(Target::Up), &h)?; // [n, intermediate_size]
            gated(config.activation, &mut gate, &up);
            let mut h = project(&layer.down, branch(Target::Down), &gate)?; // [n, hidden_size]
            if let Some(norm) = &layer.post_ffn_norm {
                rms_norm_in_place(&mut h, norm, epsilon);
            }
            add(&mut x, &h);
        }
        *position += n;
        Ok(x)
    }
}

/// Returns the rows of the embedding for `ids`, scaled: [n, hidden_size].
fn embed(embedding: &QTensor, ids: &[u32], config: &ModelConfig) -> Result<Vec<f32>> {
    if let Some(id) = ids.iter().find(|id| **id as usize >= config.vocab_size) {
        return Err(input!("token {id} is not in the vocabulary of {}", config.vocab_size));
    }
    let ids = Tensor::new(ids, &Device::Cpu)?;
    let mut x: Vec<f32> = embedding.embedding(&ids)?.flatten_all()?.to_vec1()?;
    x.iter_mut().for_each(|value| *value *= config.embedding_scale);
    Ok(x)
}

/// Returns `y = W x + B (A x)`: [n, d] for x [n, k].
fn project(linear: &Linear, branch: Option<&Branch>, x: &[f32]) -> Result<Vec<f32>> {
    let mut y = linear.forward(x)?;
    if let Some(branch) = branch {
        branch.add(x, &mut y);
    }
    Ok(y)
}

impl Layer {
    async fn load<S: Source>(
        config: &ModelConfig,
        weights: &mut Weights<'_, S>,
        mode: Mode,
        i: usize,
        factors: Option<&[f32]>,
    ) -> Result<Self> {
        let name = |part: &str| format!("blk.{i}.{part}.weight");
        let mut linears = Vec::with_capacity(Target::ALL.len());
        for target in Target::ALL {
            let (d, k) = target.shape(config);
            let raw = weights.raw(&name(target.gguf_name()), &[d, k]).await?;
            let biased = config.qkv_bias && matches!(target, Target::Q | Target::K | Target::V);
            let bias = match biased {
                true => Some(weights.vector(&format!("blk.{i}.{}.bias", target.gguf_name()), d).await?),
                false => None,
            };
            linears.push(Linear::new(raw, bias, mode)?);
        }
        let mut linears = linears.into_iter();
        let mut next = || linears.next().ok_or_else(|| input!("layer {i} has no {} matrices", Target::ALL.len()));
        let (q, k, v, o) = (next()?, next()?, next()?, next()?);
        let (gate, up, down) = (next()?, next()?, next()?);

        let mut optional = async |wanted: bool, part: &str, n: usize| match wanted {
            true => weights.vector(&name(part), n).await.map(Some),
            false => Ok(None),
        };
        let q_norm = optional(config.qk_norm, "attn_q_norm", config.head_dim).await?;
        let k_norm = optional(config.qk_norm, "attn_k_norm", config.head_dim).await?;
        let post_attention_norm = optional(config.post_norm, "post_attention_norm", config.hidden_size).await?;
        let post_ffn_norm = optional(config.post_norm, "post_ffw_norm", config.hidden_size).await?;
        Ok(Self {
            attention_norm: weights.vector(&name("attn_norm"), config.hidden_size).await?,
            ffn_norm: weights.vector(&name("ffn_norm"), config.hidden_size).await?,
            q,
            k,
            v,
            o,
            q_norm,
            k_norm,
            post_attention_norm,
            gate,
            up,
            down,
            post_ffn_norm,
            frequencies: config.rope_frequencies(i, factors),
        })
    }
}
