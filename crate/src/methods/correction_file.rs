//! Correction files: metadata and checks that projections, calibrations and LoraHub weights share.

use std::collections::HashMap;

use safetensors::{SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::adapters::LoraAdapter;
use crate::error::Result;
use crate::files::safetensors::{check_names, to_f32};
use crate::input;
use crate::methods::adapter_kind::AdapterKind;

/// Base, adapters and languages that a correction file was made with. Where a file does not state one of them, only its
/// shapes are checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Hash of the base's tensors without its vocabulary; see [`crate::model::weights::Weights::base_hash`].
    #[serde(rename = "base_tensors_sha256", default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Adapters, primary first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<AdapterId>,
    /// Language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Language of the summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An adapter as correction files name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterId {
    /// Name that the adapter had; only for messages.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

impl From<&LoraAdapter> for AdapterId {
    fn from(adapter: &LoraAdapter) -> Self {
        Self { name: adapter.name.clone(), sha256: adapter.sha256.clone() }
    }
}

impl Provenance {
    /// Refuses adapters that the file was not made with; messages call the file `what`.
    pub(crate) fn check_adapters(&self, what: &str, adapters: [&LoraAdapter; 2]) -> Result<()> {
        for (adapter, wanted) in adapters.iter().zip(&self.adapters) {
            if adapter.sha256 != wanted.sha256 {
                return Err(input!(
                    "the {what} was made with the adapter {} of sha256 {}, but {} has {}; use the pair it was made with",
                    wanted.name,
                    wanted.sha256,
                    adapter.name,
                    adapter.sha256
                ));
            }
        }
        Ok(())
    }

    /// Refuses a base of hash `base` if the file was made for another; messages call the file `what`.
    pub(crate) fn check_base(&self, what: &str, base: &str) -> Result<()> {
        match &self.base {
            Some(wanted) if wanted != base => Err(input!(
                "the {what} was made for a base whose tensors have sha256 {wanted}, but this model's have {base}; use the \
                 base it was made for"
            )),
            _ => Ok(()),
        }
    }

    /// Returns the entries of a safetensors file's metadata.
    pub(crate) fn to_metadata(&self) -> Result<HashMap<String, String>> {
        let mut metadata = HashMap::new();
        let mut insert = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                metadata.insert(key.to_owned(), value.clone());
            }
        };
        insert("base_tensors_sha256", &self.base);
        insert("from", &self.from);
        insert("to", &self.to);
        let adapters = serde_json::to_string(&self.adapters)
            .map_err(|error| crate::failure!("the list of adapters cannot be written: {error}"))?;
        insert("adapters", &Some(adapters));
        Ok(metadata)
    }
}

/// A safetensors file with its metadata.
pub(crate) struct CorrectionFile<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

impl<'a> CorrectionFile<'a> {
    /// Opens `file`, which must be of `kind` if it states a kind.
    pub fn open(file: &'a [u8], kind: AdapterKind) -> Result<Self> {
        let file = Self::open_any(file)?;
        match file.entry("method") {
            Some(other) if other != kind.id() => Err(input!("it is for method {other}, not {kind}")),
            _ => Ok(file),
        }
    }

    /// Opens `file`, of whichever kind it is.
    pub fn open_any(file: &'a [u8]) -> Result<Self> {
        check_names(file)?;
        let broken = |error: SafeTensorError| input!("it cannot be read: {error}; download it again");
        let (_, header) = SafeTensors::read_metadata(file).map_err(broken)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self { tensors: SafeTensors::deserialize(file).map_err(broken)?, metadata })
    }

    /// Returns the entry `key` of the metadata.
    pub fn entry(&self, key: &str) -> Option<String> {
        self.metadata.get(key).cloned()
    }

    /// Returns the number of tensors.
    pub fn tensor_count(&self) -> usize {
        self.tensors.len()
    }

    /// Returns the number of values in all tensors.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|(_, view)| view.shape().iter().product::<usize>()).sum()
    }

    /// Returns `true` if there is a tensor `key`.
    pub fn has(&self, key: &str) -> bool {
        self.tensors.tensor(key).is_ok()
    }

    /// Returns shape and values of the tensor `key`, all of them finite.
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

    /// Refuses a file that has more tensors than the `count` that were used.
    pub fn expect_count(&self, count: usize) -> Result<()> {
        match self.tensors.len() {
            found if found == count => Ok(()),
            found => {
                Err(input!("it has {found} tensors where this model needs {count}; use a file made for this model"))
            }
        }
    }

    /// Returns the provenance that the metadata states.
    pub fn provenance(&self) -> Result<Provenance> {
        let adapters = match self.entry("adapters") {
            Some(list) => serde_json::from_str(&list)
                .map_err(|error| input!("its list of adapters cannot be read: {error}; download it again"))?,
            None => Vec::new(),
        };
        Ok(Provenance {
            base: self.entry("base_tensors_sha256"),
            adapters,
            from: self.entry("from"),
            to: self.entry("to"),
        })
    }
}
