//! Low-rank pairs, the form in which every method reaches the forward pass: `y = W0 x + B (A x)` at each target of each
//! layer.

use std::fmt::{Debug, Formatter};

use super::row_order::to_interleaved_rows;
use crate::error::Result;
use crate::input;
use crate::model::config::{ModelConfig, RopeStyle};
use crate::model::quant::{Element, Q8Block};
use crate::parallel::each;

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

    /// Returns the position within [`Target::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Returns the name in Hugging Face models, as in `self_attn.q_proj`.
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

    /// Returns the name in GGUF files, as in `blk.0.attn_q.weight`.
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

    /// Returns `(outputs d, inputs k)` of the base weight.
    pub fn shape(self, config: &ModelConfig) -> (usize, usize) {
        match self {
            Target::Q => (config.q_width(), config.hidden_size),
            Target::K | Target::V => (config.kv_width(), config.hidden_size),
            Target::O => (config.hidden_size, config.q_width()),
            Target::Gate | Target::Up => (config.intermediate_size, config.hidden_size),
            Target::Down => (config.hidden_size, config.intermediate_size),
        }
    }
}

/// A low-rank change `B A` of one weight, scale included. Its matrices are made of f32 values or of [`Q8Block`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct LowRankPair<T = f32> {
    /// Rank r.
    pub rank: usize,
    /// A, row-major [r, k].
    pub a: Vec<T>,
    /// B, row-major [d, r].
    pub b: Vec<T>,
}

impl LowRankPair {
    /// Returns the same change with a larger rank: rows of zeros below A, for weights of `k` inputs, and
    /// columns of zeros beside B.
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

/// The pairs of one layer, by [`Target::index`].
pub type LayerPairs<T = f32> = [Option<LowRankPair<T>>; 7];

/// A function that makes the pair of a target of a layer, if there is one.
type Make<'a, T> = Box<dyn Fn(usize, Target) -> Option<LowRankPair<T>> + Send + Sync + 'a>;

/// The pairs of a whole model. None of them is held: a pair is made when it is asked for, and making it runs the code
/// of a merge. The decoder asks layer by layer while it uploads them; all together would be four times as large as the
/// adapters that they come from.
pub struct LowRankPairs<'a> {
    layers: usize,
    rank: usize,
    values: Make<'a, f32>,
    blocks: Option<Make<'a, Q8Block>>,
}

impl<'a> LowRankPairs<'a> {
    /// Describes a model of `layers` layers whose pairs `values` makes, in Hugging Face's layout
    /// and of at most rank `rank`.
    pub fn new(
        layers: usize,
        rank: usize,
        values: impl Fn(usize, Target) -> Option<LowRankPair> + Send + Sync + 'a,
    ) -> Self {
        Self { layers, rank, values: Box::new(values), blocks: None }
    }

    /// Adds a second form of the same pairs: `blocks` makes them in Q8_0 for adapters that are stored so. Its values
    /// may differ by the rounding of scales only.
    #[must_use]
    pub fn with_blocks(
        self,
        blocks: impl Fn(usize, Target) -> Option<LowRankPair<Q8Block>> + Send + Sync + 'a,
    ) -> Self {
        Self { blocks: Some(Box::new(blocks)), ..self }
    }

    /// Describes no change anywhere: the base model alone.
    pub fn none(config: &ModelConfig) -> Self {
        Self::new(config.layers, 0, |_, _| None)
    }

    /// Returns a rank that no pair exceeds; 0 if there are no pairs.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Returns true if the pairs can be had in Q8_0, by [`LowRankPairs::base_blocks`].
    pub fn in_blocks(&self) -> bool {
        self.blocks.is_some()
    }

    /// Makes the pair of one weight, in Hugging Face's layout.
    pub fn pair(&self, layer: usize, target: Target) -> Option<LowRankPair> {
        (self.values)(layer, target)
    }

    /// Checks that there are as many layers as in the model.
    ///
    /// # Errors
    /// If there are not, with both numbers.
    pub fn check_layers(&self, config: &ModelConfig) -> Result<()> {
        if self.layers == config.layers {
            return Ok(());
        }
        Err(input!(
            "the adapter has {} layers and the model {}; use an adapter made for this model",
            self.layers,
            config.layers
        ))
    }

    /// Makes the pairs of all layers in the layout of the base, on all cores.
    ///
    /// # Errors
    /// As [`LowRankPairs::check_layers`] and [`LowRankPairs::base_layer`].
    pub fn base_layers(&self, config: &ModelConfig) -> Result<Vec<LayerPairs>> {
        self.check_layers(config)?;
        each(&(0..config.layers).collect::<Vec<_>>(), |layer| self.base_layer(config, *layer)).into_iter().collect()
    }

    /// Makes the pairs of one layer in the layout of the base.
    ///
    /// # Errors
    /// As [`LowRankPairs::layer`].
    pub fn base_layer(&self, config: &ModelConfig, layer: usize) -> Result<LayerPairs> {
        Ok(in_base_layout(self.layer(config, layer)?, config))
    }

    /// Makes the pairs of one layer in Q8_0, in the layout of the base; `None` if they cannot be had so.
    ///
    /// # Errors
    /// As [`LowRankPairs::layer`].
    pub fn base_blocks(&self, config: &ModelConfig, layer: usize) -> Result<Option<LayerPairs<Q8Block>>> {
        let Some(blocks) = &self.blocks else { return Ok(None) };
        Ok(Some(in_base_layout(self.checked(config, layer, blocks)?, config)))
    }

    /// Makes the pairs of one layer in Hugging Face's layout and checks them against the model's shapes.
    ///
    /// # Errors
    /// If a pair does not fit, naming the layer and both shapes.
    pub fn layer(&self, config: &ModelConfig, layer: usize) -> Result<LayerPairs> {
        self.checked(config, layer, &self.values)
    }

    /// Makes the pairs of one layer by `make` and checks their shapes and ranks.
    fn checked<T: Element>(&self, config: &ModelConfig, layer: usize, make: &Make<'_, T>) -> Result<LayerPairs<T>> {
        let mut pairs = [const { None }; 7];
        for target in Target::ALL {
            let Some(pair) = make(layer, target) else { continue };
            let (d, k) = target.shape(config);
            let (a, b) = (pair.a.len() * T::VALUES, pair.b.len() * T::VALUES);
            if pair.rank > self.rank || a != pair.rank * k || b != d * pair.rank {
                return Err(input!(
                    "layer {layer} {}: a pair of rank {} with {a} and {b} values does not fit a weight of [{d}, {k}] and \
                     rank {}",
                    target.hf_name(),
                    pair.rank,
                    self.rank
                ));
            }
            pairs[target.index()] = Some(pair);
        }
        Ok(pairs)
    }
}

/// Puts the rows of `pairs` in the order of the base's. Merges work in Hugging Face's layout, so this is the last step
/// before pairs are applied.
fn in_base_layout<T: Element>(mut pairs: LayerPairs<T>, config: &ModelConfig) -> LayerPairs<T> {
    if config.rope_style == RopeStyle::Interleaved {
        for target in [Target::Q, Target::K] {
            if let Some(pair) = &mut pairs[target.index()] {
                pair.b = to_interleaved_rows(&pair.b, pair.rank, config.head_dim);
            }
        }
    }
    pairs
}

impl Debug for LowRankPairs<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LowRankPairs").field("layers", &self.layers).field("rank", &self.rank).finish_non_exhaustive()
    }
}
