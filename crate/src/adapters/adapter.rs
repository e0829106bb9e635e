//! A LoRA adapter in memory, in Hugging Face's layout and unscaled.

use std::borrow::Cow;

use super::stored::StoredPair;
use crate::adapters::low_rank::{LowRankPair, LowRankPairs, Target};
use crate::error::Result;
use crate::hash::sha256;
use crate::input;
use crate::model::config::ModelConfig;

/// A LoRA: A [r, k] and B [d, r] per target and layer, to be applied as `scale · B A`.
#[derive(Debug, Clone)]
pub struct LoraAdapter {
    /// Name in messages: a file or folder name, or a catalog id.
    pub name: String,
    /// SHA-256 of the file it was read from, by which correction files name the adapters they were made with; empty for
    /// an adapter that comes from no file.
    pub sha256: String,
    /// Factor of B A: alpha / r.
    pub scale: f32,
    /// Rank r.
    pub rank: usize,
    /// One array per layer, indexed by [`Target::index`].
    pub layers: Vec<[Option<StoredPair>; 7]>,
}

/// Largest rank. A file that claims more is refused before memory is taken for it.
const MAX_RANK: usize = 1024;

impl LoraAdapter {
    /// Makes the adapter that does what `pairs` do, with alpha = r so that its scale is 1. Files hold one rank for all
    /// targets, so smaller pairs are padded with zeros, and a layer that lacks a target of other
    /// layers gets zeros for it.
    ///
    /// # Errors
    /// If there are no pairs, or they do not fit the model.
    pub fn from_pairs(name: &str, pairs: &LowRankPairs<'_>, config: &ModelConfig) -> Result<Self> {
        pairs.check_layers(config)?;
        let layers = (0..config.layers).map(|layer| pairs.layer(config, layer)).collect::<Result<Vec<_>>>()?;
        let rank = layers.iter().flatten().flatten().map(|pair| pair.rank).max().unwrap_or(0);
        let used = Target::ALL.map(|target| layers.iter().any(|layer| layer[target.index()].is_some()));
        let padded = |target: Target, pair: Option<LowRankPair>| {
            let (d, k) = target.shape(config);
            let pair = match pair {
                None if !used[target.index()] => return None,
                None => LowRankPair { rank, a: vec![0.0; rank * k], b: vec![0.0; d * rank] },
                Some(pair) => pair.padded(rank, k),
            };
            Some(StoredPair::F32(pair))
        };
        let layers = layers.into_iter().map(|layer| {
            let mut layer = layer.into_iter();
            Target::ALL.map(|target| padded(target, layer.next().flatten()))
        });
        Self { name: name.to_owned(), sha256: String::new(), scale: 1.0, rank, layers: layers.collect() }.finish()
    }

    /// Makes an adapter without matrices.
    ///
    /// # Errors
    /// If `rank` or `alpha` is out of range.
    pub(super) fn new(name: &str, file: &[u8], rank: usize, alpha: f32, config: &ModelConfig) -> Result<Self> {
        if rank == 0 || rank > MAX_RANK {
            return Err(input!("its rank is {rank}; 1 to {MAX_RANK} are possible"));
        }
        if !alpha.is_finite() {
            return Err(input!("its alpha is {alpha}; it has to be a finite number"));
        }
        Ok(Self {
            name: name.to_owned(),
            sha256: sha256(file),
            scale: alpha / rank as f32,
            rank,
            layers: (0..config.layers).map(|_| [const { None }; 7]).collect(),
        })
    }

    /// Stores A and B of one weight. Messages call them `tensor`.
    ///
    /// # Errors
    /// If a value is not finite.
    pub(super) fn set(&mut self, layer: usize, target: Target, tensor: &str, stored: StoredPair) -> Result<()> {
        let pair = stored.pair();
        for (values, half) in [(&pair.a, "A"), (&pair.b, "B")] {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(input!("{half} of {tensor} has {} at element {at}; the adapter is broken", values[at]));
            }
        }
        self.layers[layer][target.index()] = Some(stored);
        Ok(())
    }

    /// Returns the adapter once all its matrices are set.
    ///
    /// # Errors
    /// If there are none: an adapter that changes nothing would pass the base model off as a method.
    pub(super) fn finish(self) -> Result<Self> {
        match self.layers.iter().flatten().any(Option::is_some) {
            true => Ok(self),
            false => Err(input!("it has no LoRA tensors that are known; targets are {}", target_names())),
        }
    }

    /// Returns A and B of one weight in f32, unscaled.
    pub fn pair(&self, layer: usize, target: Target) -> Option<Cow<'_, LowRankPair>> {
        Some(self.stored(layer, target)?.pair())
    }

    /// Returns A and B of one weight in their stored form.
    pub fn stored(&self, layer: usize, target: Target) -> Option<&StoredPair> {
        self.layers.get(layer)?[target.index()].as_ref()
    }

    /// Returns true if every matrix is stored as Q8_0.
    pub fn in_blocks(&self) -> bool {
        self.layers.iter().flatten().flatten().all(|stored| stored.blocks().is_some())
    }

    /// Returns the number of values that the adapter adds to the base.
    pub fn parameters(&self) -> usize {
        self.layers.iter().flatten().flatten().map(StoredPair::parameters).sum()
    }
}

/// Names of the two files in a PEFT folder.
pub const PEFT_FILES: [&str; 2] = ["adapter_config.json", "adapter_model.safetensors"];

/// Checks the shapes of A and B of one weight of the model.
///
/// # Errors
/// If the layer or a shape is not the model's.
pub(super) fn check_shapes(
    config: &ModelConfig,
    rank: usize,
    layer: usize,
    target: Target,
    tensor: &str,
    a: &[usize],
    b: &[usize],
) -> Result<()> {
    if layer >= config.layers {
        return Err(input!(
            "{tensor} is of layer {layer}, but the model has {} layers; use an adapter made for this model",
            config.layers
        ));
    }
    let (d, k) = target.shape(config);
    if a != [rank, k] || b != [d, rank] {
        return Err(input!(
            "{tensor} has A {a:?} and B {b:?} where the model needs [{rank}, {k}] and [{d}, {rank}]; use an adapter made \
             for this model"
        ));
    }
    Ok(())
}

/// Returns the names of all targets, for messages.
pub(super) fn target_names() -> String {
    Target::ALL.map(Target::hf_name).join(", ")
}
