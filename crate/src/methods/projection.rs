//! The learned projection: P1 [s, d] and P2 [d, s] for each weight shape, shared by all layers and targets of that
//! shape.

use std::collections::BTreeMap;

use crate::adapters::low_rank::Target;
use crate::error::Result;
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction_file::{CorrectionFile, Provenance};
use crate::model::config::ModelConfig;

/// Matrices P1 and P2 of one group of weights: those of one shape.
#[derive(Debug, Clone)]
pub struct Group {
    /// Matrix P1, row-major [s, d].
    pub p1: Vec<f32>,
    /// Matrix P2, row-major [d, s].
    pub p2: Vec<f32>,
}

/// A projection file, checked against the model.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Inner width s.
    pub s: usize,
    /// Groups by `(k, d)`, the inputs and outputs of their weights.
    pub groups: BTreeMap<(usize, usize), Group>,
    /// Base, adapters and languages that it was trained with.
    pub provenance: Provenance,
}

impl Projection {
    /// Reads `projection.safetensors`.
    ///
    /// # Errors
    /// If it is not a projection, lacks a group that the model needs, or has values that are not finite.
    pub fn read(name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        Self::parse(file, config).map_err(|error| error.at(format!("projection {name}")))
    }

    fn parse(file: &[u8], config: &ModelConfig) -> Result<Self> {
        let file = CorrectionFile::open(file, AdapterKind::Projection)?;
        let mut groups = BTreeMap::new();
        let mut s = None;
        for (k, d) in group_shapes(config) {
            let (p1_shape, p1) = file.tensor(&format!("{k}x{d}.P1"))?;
            let (p2_shape, p2) = file.tensor(&format!("{k}x{d}.P2"))?;
            let width = *s.get_or_insert(p1_shape.first().copied().unwrap_or(0));
            if p1_shape != [width, d] || p2_shape != [d, width] || width == 0 {
                return Err(input!(
                    "{k}x{d} has P1 {p1_shape:?} and P2 {p2_shape:?} where [{width}, {d}] and [{d}, {width}] are needed"
                ));
            }
            groups.insert((k, d), Group { p1, p2 });
        }
        file.expect_count(2 * groups.len())?;
        Ok(Self { s: s.unwrap_or_default(), groups, provenance: file.provenance()? })
    }
}

/// Returns the number of values in P1 and P2 of width `s`: Σ 2 s d.
pub fn parameters(config: &ModelConfig, s: usize) -> usize {
    group_shapes(config).iter().map(|(_, d)| 2 * s * d).sum()
}

/// Returns the distinct `(k, d)` of a model's targets, sorted; each has one P1 and one P2.
pub fn group_shapes(config: &ModelConfig) -> Vec<(usize, usize)> {
    let mut shapes: Vec<(usize, usize)> = Target::ALL
        .iter()
        .map(|target| {
            let (d, k) = target.shape(config);
            (k, d)
        })
        .collect();
    shapes.sort_unstable();
    shapes.dedup();
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::gguf::{Header, Metadata, TensorInfo, Value};
    use crate::methods::calibration;
    use candle_core::quantized::GgmlDType;

    /// Returns a configuration with the given layers, width, heads, key heads, head size and feed-forward width.
    fn config(arch: &str, sizes: [usize; 6]) -> ModelConfig {
        let mut metadata = Metadata::default();
        metadata.insert("general.architecture", Value::Text(arch.into()));
        let keys = ["block_count", "embedding_length", "attention.head_count", "attention.head_count_kv"];
        let keys = keys.into_iter().chain(["attention.key_length", "feed_forward_length"]);
        for (key, size) in keys.zip(sizes) {
            metadata.insert(&format!("{arch}.{key}"), Value::Int(size as i64));
        }
        metadata.insert(&format!("{arch}.context_length"), Value::Int(1024));
        metadata.insert(&format!("{arch}.attention.layer_norm_rms_epsilon"), Value::Float(1e-5));
        let tensor = TensorInfo { shape: vec![8, sizes[1]], dtype: GgmlDType::F32, offset: 0, bytes: 0 };
        let mut tensors = BTreeMap::from([("token_embd.weight".to_owned(), tensor.clone())]);
        tensors.extend((0..sizes[0]).map(|i| (format!("blk.{i}"), tensor.clone())));
        ModelConfig::from_header(&Header { metadata, tensors, file_bytes: 0 }).unwrap()
    }

    #[test]
    fn parameters_are_those_of_the_paper() {
        let llama = config("llama", [16, 2048, 32, 8, 64, 8192]);
        assert_eq!(parameters(&llama, 4), 102_400);
        assert_eq!(calibration::parameters(&llama), 23_552);
        assert_eq!(calibration::parameters_plus(&llama, 4), 176_128);
        let gemma = config("gemma3", [18, 640, 4, 1, 256, 2048]);
        assert_eq!(parameters(&gemma, 4), 36_864);
        assert_eq!(group_shapes(&gemma).len(), 5);
        let rank_1: usize = Target::ALL.map(|target| target.shape(&gemma)).iter().map(|(d, k)| d + k).sum();
        assert_eq!(32 * rank_1 * gemma.layers, 7_593_984);
    }
}
