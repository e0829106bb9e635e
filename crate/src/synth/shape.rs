//! Published models that random ones stand in for: a table of dimensions, and the tensors that follow from them.

use candle_core::quantized::GgmlDType;

use super::blocks::Blocks;
use super::llama3::SPECIALS;

/// Dimensions of a model of the Llama 3.2 family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Name in `gist synth`.
    pub name: &'static str,
    /// Number of parameters as file names give it, for instance 1B.
    pub size_label: &'static str,
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Width of the feed-forward layer.
    pub ffn: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub context: usize,
    pub rope_base: f32,
    pub epsilon: f32,
    /// Number of tokens that are not special, the 256 bytes included.
    pub ordinary_tokens: usize,
    pub merges: usize,
}

/// Models that can be written by name. `llama-3.2-1b` has the shape of Llama-3.2-1B-Instruct-Q4_K_M.gguf, 807,694,464
/// bytes.
pub(super) const SHAPES: [Shape; 1] = [Shape {
    name: "llama-3.2-1b",
    size_label: "1B",
    layers: 16,
    width: 2048,
    ffn: 8192,
    heads: 32,
    kv_heads: 8,
    head_dim: 64,
    context: 131_072,
    rope_base: 500_000.0,
    epsilon: 1e-5,
    ordinary_tokens: 128_000,
    merges: 280_147,
}];

/// A model of few and small layers.
#[cfg(test)]
pub(super) const SMALL: Shape = Shape {
    name: "small",
    layers: 3,
    width: 256,
    ffn: 512,
    heads: 4,
    kv_heads: 2,
    ordinary_tokens: 700,
    merges: 900,
    ..SHAPES[0]
};

/// A tensor to be written.
pub(super) struct Tensor {
    pub name: String,
    /// Slowest dimension first.
    pub shape: Vec<usize>,
    pub content: Content,
}

/// Content of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Weights of an RMSNorm, in f32.
    Norm,
    /// Factors by which rotary frequencies are divided, in f32.
    RopeFactors,
    /// A matrix of random blocks.
    Matrix(Blocks),
}

impl Content {
    /// Returns the type of the elements.
    pub fn dtype(self) -> GgmlDType {
        match self {
            Content::Norm | Content::RopeFactors => GgmlDType::F32,
            Content::Matrix(blocks) => blocks.dtype(),
        }
    }
}

impl Shape {
    /// Returns the number of tokens.
    pub fn vocab(&self) -> usize {
        self.ordinary_tokens + SPECIALS
    }

    /// Lists all tensors, typed as llama.cpp's Q4_K_M types them. The head is the embedding.
    pub fn tensors(&self) -> Vec<Tensor> {
        let (q, kv) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        let tensor = |name: String, shape: &[usize], content| Tensor { name, shape: shape.to_vec(), content };
        let (q4, q6) = (Content::Matrix(Blocks::Q4K), Content::Matrix(Blocks::Q6K));
        let mut all = vec![
            tensor("output_norm.weight".to_owned(), &[self.width], Content::Norm),
            tensor("rope_freqs.weight".to_owned(), &[self.head_dim / 2], Content::RopeFactors),
            tensor("token_embd.weight".to_owned(), &[self.vocab(), self.width], q6),
        ];
        for layer in 0..self.layers {
            let sensitive = if more_bits(layer, self.layers) { q6 } else { q4 };
            for (part, shape, content) in [
                ("attn_k", &[kv, self.width][..], q4),
                ("attn_norm", &[self.width], Content::Norm),
                ("attn_output", &[self.width, q], q4),
                ("attn_q", &[q, self.width], q4),
                ("attn_v", &[kv, self.width], sensitive),
                ("ffn_down", &[self.width, self.ffn], sensitive),
                ("ffn_gate", &[self.ffn, self.width], q4),
                ("ffn_norm", &[self.width], Content::Norm),
                ("ffn_up", &[self.ffn, self.width], q4),
            ] {
                all.push(tensor(format!("blk.{layer}.{part}.weight"), shape, content));
            }
        }
        all
    }
}

/// Returns true if Q4_K_M stores v and down of `layer` as Q6_K: in the first and the last eighth of the layers,
/// and in every third between.
fn more_bits(layer: usize, layers: usize) -> bool {
    let eighth = layers / 8;
    layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
}
