//! Small learned files that correct a merge: what projections, calibrations and LoraHub weights have in common.

use std::collections::HashMap;

use safetensors::{SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::adapters::LoraAdapter;
use crate::error::Result;
use crate::files::safetensors::{check_names, to_f32};
use crate::input;

/// What a learned file was made with. A file that says nothing of something is accepted by its shapes alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Hash over the base's tensors without its vocabulary; see [`crate::model::weights::Weights::base_hash`].
    #[serde(rename = "base_tensors_sha256", default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The adapters, primary first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<AdapterId>,
    /// Language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Language of the summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An adapter as learned files name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterId {
    /// What it was called; only for messages.
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
    /// Refuses adapters that the file, which messages call `what`, was not made with.
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

    /// Refuses a base, whose hash is `base`, that the file was not made for.
    pub(crate) fn check_base(&self, what: &str, base: &str) -> Result<()> {
        match &self.base {
            Some(wanted) if wanted != base => Err(input!(
                "the {what} was made for a base whose tensors have sha256 {wanted}, but this model's have {base}; use the \
                 base it was made for"
            )),
            _ => Ok(()),
        }
    }

    /// The entries of a safetensors file's metadata.
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
    /// Opens `file`, which has to say that it is of `method` if it says anything.
    pub fn open(file: &'a [u8], method: &str) -> Result<Self> {
        let learned = Self::open_any(file)?;
        match learned.entry("method") {
            Some(other) if other != method => Err(input!("it is for method {other}, not {method}")),
            _ => Ok(learned),
        }
    }

    /// Opens `file`, whatever method it is of.
    pub fn open_any(file: &'a [u8]) -> Result<Self> {
        check_names(file)?;
        let broken = |error: SafeTensorError| input!("it cannot be read: {error}; download it again");
        let (_, header) = SafeTensors::read_metadata(file).map_err(broken)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self { tensors: SafeTensors::deserialize(file).map_err(broken)?, metadata })
    }

    /// The entry `key` of its metadata.
    pub fn entry(&self, key: &str) -> Option<String> {
        self.metadata.get(key).cloned()
    }

    /// Number of its tensors.
    pub fn tensor_count(&self) -> usize {
        self.tensors.len()
    }

    /// Number of values in all of its tensors.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|(_, view)| view.shape().iter().product::<usize>()).sum()
    }

    /// Whether there is a tensor `key`.
    pub fn has(&self, key: &str) -> bool {
        self.tensors.tensor(key).is_ok()
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

    /// What it was made with.
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
