//! Low-rank pairs: all that a method leaves for the forward pass, `y = W0 x + B (A x)` at each target of each layer.

use crate::error::Result;
use crate::input;
use crate::spec::Spec;

/// A linear layer that adapters change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Query projection.
    Q,
    /// Key projection.
    K,
    /// Value projection.
    V,
    /// Attention output projection.
    O,
    /// Gate of the feed-forward layer.
    Gate,
    /// Up projection of the feed-forward layer.
    Up,
    /// Down projection of the feed-forward layer.
    Down,
}

impl Target {
    /// All targets, in the order of [`Target::index`].
    pub const ALL: [Target; 7] = [Target::Q, Target::K, Target::V, Target::O, Target::Gate, Target::Up, Target::Down];

    /// Position within [`Target::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name in Hugging Face models, as in `self_attn.q_proj`.
    pub fn hf_name(self) -> &'static str {
        match self {
            Target::Q => "q_proj",
            Target::K => "k_proj",
            Target::V => "v_proj",
            Target::O => "o_proj",
            Target::Gate => "gate_proj",
            Target::Up => "up_proj",
            Target::Down => "down_proj",
        }
    }

    /// The name in GGUF files, as in `blk.0.attn_q.weight`.
    pub fn gguf_name(self) -> &'static str {
        match self {
            Target::Q => "attn_q",
            Target::K => "attn_k",
            Target::V => "attn_v",
            Target::O => "attn_output",
            Target::Gate => "ffn_gate",
            Target::Up => "ffn_up",
            Target::Down => "ffn_down",
        }
    }

    /// `(outputs d, inputs k)` of the base weight.
    pub fn shape(self, spec: &Spec) -> (usize, usize) {
        match self {
            Target::Q => (spec.q_width(), spec.width),
            Target::K | Target::V => (spec.kv_width(), spec.width),
            Target::O => (spec.width, spec.q_width()),
            Target::Gate | Target::Up => (spec.ffn, spec.width),
            Target::Down => (spec.width, spec.ffn),
        }
    }
}

/// A low-rank change `B A` of one weight, scale included.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Rank r.
    pub rank: usize,
    /// A, row-major [r, k].
    pub a: Vec<f32>,
    /// B, row-major [d, r].
    pub b: Vec<f32>,
}

impl Pair {
    /// The same change with a larger rank: rows of zeros below A, for weights of `k` inputs, and columns of zeros beside B.
    #[must_use]
    pub fn padded(mut self, rank: usize, k: usize) -> Self {
        if rank > self.rank {
            self.a.resize(rank * k, 0.0);
            let mut b = Vec::with_capacity(self.b.len() / self.rank * rank);
            for row in self.b.chunks_exact(self.rank) {
                b.extend_from_slice(row);
                b.resize(b.len() + rank - self.rank, 0.0);
            }
            (self.b, self.rank) = (b, rank);
        }
        self
    }
}

/// The pairs of a whole model: `layers[i][target]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairs {
    /// One array per layer, indexed by [`Target::index`].
    pub layers: Vec<[Option<Pair>; 7]>,
}

impl Pairs {
    /// No change anywhere: the base model alone.
    pub fn none(spec: &Spec) -> Self {
        Self { layers: (0..spec.layers).map(|_| [const { None }; 7]).collect() }
    }

    /// The largest rank in use.
    pub fn rank(&self) -> usize {
        self.layers.iter().flatten().flatten().map(|pair| pair.rank).max().unwrap_or(0)
    }

    /// Checks every pair against the model's shapes.
    ///
    /// # Errors
    /// If a pair does not fit, naming the layer and both shapes.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        if self.layers.len() != spec.layers {
            return Err(input!(
                "the adapter has {} layers and the model {}; use an adapter made for this model",
                self.layers.len(),
                spec.layers
            ));
        }
        for (i, layer) in self.layers.iter().enumerate() {
            for target in Target::ALL {
                let Some(pair) = &layer[target.index()] else { continue };
                let (d, k) = target.shape(spec);
                if pair.a.len() != pair.rank * k || pair.b.len() != d * pair.rank {
                    return Err(input!(
                        "layer {i} {}: a pair of rank {} with {} and {} values does not fit a weight of [{d}, {k}]",
                        target.hf_name(),
                        pair.rank,
                        pair.a.len(),
                        pair.b.len()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Reorders the rows of B of q and k from Hugging Face's layout to the base's, where the two differ.
    ///
    /// GGUF files of `llama` store those rows for interleaved RoPE. Merging happens in Hugging Face's layout, so this
    /// is the last step before pairs go to an executor.
    #[must_use]
    pub fn into_base_layout(mut self, spec: &Spec) -> Self {
        if spec.rope_style == crate::spec::RopeStyle::Interleaved {
            for layer in &mut self.layers {
                for target in [Target::Q, Target::K] {
                    if let Some(pair) = &mut layer[target.index()] {
                        pair.b = permute_rows(&pair.b, pair.rank, spec.head_dim, interleaved_row);
                    }
                }
            }
        }
        self
    }
}

/// Where row `row` of a head in interleaved order comes from in Hugging Face's order.
fn interleaved_row(row: usize, head_dim: usize) -> usize {
    row / 2 + (row % 2) * (head_dim / 2)
}

/// Where row `row` of a head in Hugging Face's order comes from in interleaved order.
fn hugging_face_row(row: usize, head_dim: usize) -> usize {
    let half = head_dim / 2;
    (row % half) * 2 + row / half
}

/// Undoes the row order of `llama` GGUF files: `b` is [d, rank] of q or k.
pub fn to_hugging_face_rows(b: &[f32], rank: usize, head_dim: usize) -> Vec<f32> {
    permute_rows(b, rank, head_dim, hugging_face_row)
}

/// Applies the row order of `llama` GGUF files: `b` is [d, rank] of q or k.
pub fn to_interleaved_rows(b: &[f32], rank: usize, head_dim: usize) -> Vec<f32> {
    permute_rows(b, rank, head_dim, interleaved_row)
}

fn permute_rows(b: &[f32], rank: usize, head_dim: usize, from: fn(usize, usize) -> usize) -> Vec<f32> {
    let rows = b.len() / rank;
    (0..rows)
        .flat_map(|row| {
            let head = row / head_dim * head_dim;
            let source = head + from(row % head_dim, head_dim);
            &b[source * rank..(source + 1) * rank]
        })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_row_orders_undo_each_other() {
        let (rank, head_dim, heads) = (3, 8, 2);
        let b: Vec<f32> = (0..rank * head_dim * heads).map(|i| i as f32).collect();
        let interleaved = to_interleaved_rows(&b, rank, head_dim);
        assert_ne!(interleaved, b);
        assert_eq!(to_hugging_face_rows(&interleaved, rank, head_dim), b);
        // Row 1 of interleaved order is the partner of row 0: row head_dim / 2 in Hugging Face's order.
        assert_eq!(interleaved[rank..2 * rank], b[4 * rank..5 * rank]);
    }
}
