//! Baked projections: the collapsed pairs of a projection merge, so small that a phone downloads nothing else beside
//! the base. Values are F16: A for each layer and target, and B = P2 once for each shape, as the projection shares it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use half::f16;
use safetensors::Dtype;

use crate::adapters::LoraAdapter;
use crate::adapters::low_rank::{LayerPairs, LowRankPair, LowRankPairs, Target};
use crate::error::Result;
use crate::files::safetensors::{Named, write_safetensors};
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction_file::{CorrectionFile, Provenance};
use crate::methods::merge;
use crate::methods::projection::{Projection, group_shapes};
use crate::model::config::ModelConfig;

/// A baked projection, checked against the model.
#[derive(Debug, Clone)]
pub struct Baked {
    /// Rank of all pairs.
    pub s: usize,
    /// The pairs, in Hugging Face's layout.
    layers: Vec<LayerPairs>,
    /// Base, adapters and languages that the projection was trained with.
    pub provenance: Provenance,
}

impl Baked {
    /// Reads `baked.safetensors`, with `layers.{i}.{target}.A` [s, k] and `{k}x{d}.B` [d, s].
    ///
    /// # Errors
    /// If it is not a baked projection, does not fit the model, or has values that are not finite.
    pub fn read(name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        Self::parse(file, config).map_err(|error| error.at(format!("baked projection {name}")))
    }

    fn parse(file: &[u8], config: &ModelConfig) -> Result<Self> {
        let file = CorrectionFile::open(file, AdapterKind::Baked)?;
        let mut shared: HashMap<(usize, usize), Vec<f32>> = HashMap::new();
        let mut layers: Vec<LayerPairs> = (0..config.layers).map(|_| [const { None }; 7]).collect();
        let (mut s, mut count) = (None, 0);
        for (i, layer) in layers.iter_mut().enumerate() {
            for target in Target::ALL {
                let key = key_a(i, target);
                if !file.has(&key) {
                    continue;
                }
                let (d, k) = target.shape(config);
                let (shape, a) = file.tensor(&key)?;
                let rank = *s.get_or_insert(shape.first().copied().unwrap_or(0));
                if shape != [rank, k] || rank == 0 {
                    return Err(input!("{key} has shape {shape:?} where [{rank}, {k}] is needed"));
                }
                let b = match shared.entry((k, d)) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let (shape, b) = file.tensor(&key_b(k, d))?;
                        if shape != [d, rank] {
                            return Err(input!("{} has shape {shape:?} where [{d}, {rank}] is needed", key_b(k, d)));
                        }
                        new.insert(b)
                    }
                };
                layer[target.index()] = Some(LowRankPair { rank, a, b: b.clone() });
                count += 1;
            }
        }
        file.expect_count(count + shared.len())?;
        match s {
            Some(s) => Ok(Self { s, layers, provenance: file.provenance()? }),
            None => Err(input!("it has no tensors; use a file made for this model")),
        }
    }

    /// Returns the pairs that it adds to the base.
    pub fn pairs(&self) -> LowRankPairs<'_> {
        LowRankPairs::new(self.layers.len(), self.s, |layer, target| self.layers[layer][target.index()].clone())
    }
}

/// Writes `projection`, baked with its two adapters for a base of hash `base`, as a file.
///
/// # Errors
/// If the projection was trained with other adapters, or a value is beyond F16.
pub fn bake(config: &ModelConfig, base: &str, projection: &Projection, adapters: [&LoraAdapter; 2]) -> Result<Vec<u8>> {
    let pairs = merge::project(config, projection, adapters)?;
    let mut tensors: Vec<Named> = Vec::new();
    for i in 0..config.layers {
        for target in Target::ALL {
            let Some(pair) = pairs.pair(i, target) else { continue };
            let (d, k) = target.shape(config);
            let (a, b) = (key_a(i, target), key_b(k, d));
            if !tensors.iter().any(|(key, ..)| *key == b) {
                tensors.push((b.clone(), vec![d, pair.rank], to_f16(&b, &pair.b)?));
            }
            tensors.push((a.clone(), vec![pair.rank, k], to_f16(&a, &pair.a)?));
        }
    }
    let mut provenance = Provenance { base: Some(base.to_owned()), ..projection.provenance.clone() };
    // Where the projection names its adapters, these are the same: their hashes were compared.
    if provenance.adapters.len() < adapters.len() {
        provenance.adapters = adapters.map(Into::into).into();
    }
    let mut metadata = provenance.to_metadata()?;
    metadata.insert("method".to_owned(), AdapterKind::Baked.id().to_owned());
    metadata.insert("s".to_owned(), projection.s.to_string());
    write_safetensors(Dtype::F16, &tensors, metadata)
}

/// Returns the number of values of a baked projection with all targets: s k for each layer and target, and s d for each
/// shape.
pub fn parameters(config: &ModelConfig, s: usize) -> usize {
    let a: usize = Target::ALL.iter().map(|target| s * target.shape(config).1).sum();
    let b: usize = group_shapes(config).iter().map(|(_, d)| s * d).sum();
    config.layers * a + b
}

fn key_a(layer: usize, target: Target) -> String {
    format!("layers.{layer}.{}.A", target.hf_name())
}

fn key_b(k: usize, d: usize) -> String {
    format!("{k}x{d}.B")
}

/// Returns `values` as little-endian F16; `key` names them in the message.
fn to_f16(key: &str, values: &[f32]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 * values.len());
    for value in values {
        let half = f16::from_f32(*value);
        if !half.is_finite() {
            return Err(input!("{key} has the value {value}, which is beyond F16; this projection cannot be baked"));
        }
        bytes.extend(half.to_le_bytes());
    }
    Ok(bytes)
}
