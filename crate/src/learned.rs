//! Small learned files that correct a merge: what projections and calibrations have in common.

use std::collections::HashMap;

use safetensors::SafeTensors;
use serde_json::Value;

use crate::adapter::Adapter;
use crate::error::Result;
use crate::input;
use crate::safetensors_f32::to_f32;

/// A safetensors file with its metadata.
pub(crate) struct Learned<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

impl<'a> Learned<'a> {
    /// Opens `file`, which has to say that it is of `method` if it says anything.
    pub fn open(file: &'a [u8], method: &str) -> Result<Self> {
        let broken = |error: safetensors::SafeTensorError| input!("it cannot be read: {error}; download it again");
        let (_, header) = SafeTensors::read_metadata(file).map_err(broken)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        match metadata.get("method") {
            Some(other) if other != method => Err(input!("it is for method {other}, not {method}")),
            _ => Ok(Self { tensors: SafeTensors::deserialize(file).map_err(broken)?, metadata }),
        }
    }

    /// Shape and values of `key`, all of them finite.
    pub fn tensor(&self, key: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let view = self
            .tensors
            .tensor(key)
            .map_err(|_| input!("tensor {key} is missing, which this model needs; use a file made for this model"))?;
        let values = to_f32(key, &view)?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(input!("tensor {key} has {} at element {at}; the file is broken", values[at])),
            None => Ok((view.shape().to_vec(), values)),
        }
    }

    /// Refuses a file with other tensors than the `count` that were used.
    pub fn expect_count(&self, count: usize) -> Result<()> {
        match self.tensors.len() {
            found if found == count => Ok(()),
            found => {
                Err(input!("it has {found} tensors where this model needs {count}; use a file made for this model"))
            }
        }
    }

    /// SHA-256 of the adapters it was trained with, primary first; empty where the file does not say.
    pub fn adapters(&self) -> Result<Vec<String>> {
        let Some(list) = self.metadata.get("adapters") else { return Ok(Vec::new()) };
        let list: Vec<Value> =
            serde_json::from_str(list).map_err(|error| input!("its list of adapters cannot be read: {error}"))?;
        Ok(list.iter().filter_map(|entry| entry.get("sha256")?.as_str().map(str::to_owned)).collect())
    }
}

/// Refuses adapters that a learned file was not trained with.
pub(crate) fn check_adapters(what: &str, trained_with: &[String], adapters: [&Adapter; 2]) -> Result<()> {
    for (adapter, wanted) in adapters.iter().zip(trained_with) {
        if adapter.sha256 != *wanted {
            return Err(input!(
                "the {what} was trained with an adapter of sha256 {wanted}, but {} has {}; use the pair it was trained with",
                adapter.name,
                adapter.sha256
            ));
        }
    }
    Ok(())
}
