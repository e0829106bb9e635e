//! The learned projection: P1 [s, d] and P2 [d, s] for each weight shape, shared by all layers and targets of that shape.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use serde_json::Value;

use crate::adapter::Adapter;
use crate::error::Result;
use crate::input;
use crate::low_rank::Target;
use crate::safetensors_f32::to_f32;
use crate::spec::Spec;

/// P1 and P2 of one group of weights.
#[derive(Debug, Clone)]
pub struct Group {
    /// Row-major [s, d].
    pub p1: Vec<f32>,
    /// Row-major [d, s].
    pub p2: Vec<f32>,
}

/// A projection file, checked against the model.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Inner width s.
    pub s: usize,
    /// By `(k, d)`: inputs and outputs of the weights it serves.
    pub groups: BTreeMap<(usize, usize), Group>,
    /// SHA-256 of the adapters it was trained with, primary first; empty where the file does not say.
    pub adapters: Vec<String>,
}

impl Projection {
    /// Reads `projection.safetensors`.
    ///
    /// # Errors
    /// If it is not a projection, lacks a group that the model needs, or has values that are not finite.
    pub fn read(name: &str, file: &[u8], spec: &Spec) -> Result<Self> {
        Self::parse(file, spec).map_err(|error| error.at(format!("projection {name}")))
    }

    fn parse(file: &[u8], spec: &Spec) -> Result<Self> {
        let broken = |error: safetensors::SafeTensorError| input!("it cannot be read: {error}; download it again");
        let (_, header) = SafeTensors::read_metadata(file).map_err(broken)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if let Some(method) = metadata.get("method").filter(|method| *method != "projection") {
            return Err(input!("it holds method {method}, not a projection"));
        }
        let tensors = SafeTensors::deserialize(file).map_err(broken)?;
        let mut groups = BTreeMap::new();
        let mut s = None;
        for (k, d) in group_shapes(spec) {
            let matrix = |part: &str| {
                let key = format!("{k}x{d}.{part}");
                let view = tensors.tensor(&key).map_err(|_| {
                    input!("tensor {key} is missing, which this model needs; use a projection made for this model")
                })?;
                let values = to_f32(&key, &view)?;
                match values.iter().position(|value| !value.is_finite()) {
                    Some(at) => Err(input!("tensor {key} has {} at element {at}; the file is broken", values[at])),
                    None => Ok((view.shape().to_vec(), values)),
                }
            };
            let ((p1_shape, p1), (p2_shape, p2)) = (matrix("P1")?, matrix("P2")?);
            let width = *s.get_or_insert(p1_shape[0]);
            if p1_shape != [width, d] || p2_shape != [d, width] || width == 0 {
                return Err(input!(
                    "{k}x{d} has P1 {p1_shape:?} and P2 {p2_shape:?} where [{width}, {d}] and [{d}, {width}] are needed"
                ));
            }
            groups.insert((k, d), Group { p1, p2 });
        }
        if tensors.len() != 2 * groups.len() {
            return Err(input!(
                "it has {} tensors where this model needs {}; use a projection made for this model",
                tensors.len(),
                2 * groups.len()
            ));
        }
        Ok(Self { s: s.unwrap_or_default(), groups, adapters: adapter_hashes(metadata.get("adapters"))? })
    }

    /// Refuses adapters that the projection was not trained with.
    ///
    /// # Errors
    /// If the file names other adapters.
    pub fn check_adapters(&self, adapters: [&Adapter; 2]) -> Result<()> {
        for (adapter, trained_with) in adapters.iter().zip(&self.adapters) {
            if adapter.sha256 != *trained_with {
                return Err(input!(
                    "the projection was trained with an adapter of sha256 {trained_with}, but {} has {}; use the pair it \
                     was trained with",
                    adapter.name,
                    adapter.sha256
                ));
            }
        }
        Ok(())
    }

    /// Number of values in P1 and P2.
    pub fn parameters(&self) -> usize {
        self.groups.values().map(|group| group.p1.len() + group.p2.len()).sum()
    }
}

/// The distinct `(k, d)` of a model's targets: one P1 and P2 each.
pub fn group_shapes(spec: &Spec) -> Vec<(usize, usize)> {
    let mut shapes: Vec<(usize, usize)> = Target::ALL
        .iter()
        .map(|target| {
            let (d, k) = target.shape(spec);
            (k, d)
        })
        .collect();
    shapes.sort_unstable();
    shapes.dedup();
    shapes
}

/// The `sha256` entries of the metadata's list of adapters.
fn adapter_hashes(list: Option<&String>) -> Result<Vec<String>> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let list: Vec<Value> =
        serde_json::from_str(list).map_err(|error| input!("its list of adapters cannot be read: {error}"))?;
    Ok(list.iter().filter_map(|entry| entry.get("sha256")?.as_str().map(str::to_owned)).collect())
}
