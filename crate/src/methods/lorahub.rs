//! LoraHub files: a weight for each of two adapters, found without gradients on a few examples. The search itself is in
//! `engine::lorahub_search`.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction_file::Provenance;

/// Largest magnitude of a weight.
pub const MAX_WEIGHT: f32 = 1.5;

/// Weights and the search that found them. The file holds this as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoraHub {
    /// Always the id of [`AdapterKind::LoraHub`].
    pub(crate) method: String,
    /// Weights of the primary and the secondary adapter.
    pub weights: [f32; 2],
    /// Mean negative log-likelihood of a token of the references, with these weights.
    pub loss: f64,
    /// The same for the base alone, where the search starts.
    pub loss_of_base: f64,
    /// Number of pairs of weights tried.
    pub tried: usize,
    /// Seed of the random numbers; the same seed gives the same search.
    pub seed: u64,
    /// Ids of the examples.
    pub examples: Vec<String>,
    /// Base, adapters and languages that they were found with.
    #[serde(flatten)]
    pub provenance: Provenance,
}

impl LoraHub {
    /// Reads `lorahub.json`.
    ///
    /// # Errors
    /// If it is not the result of a search.
    pub fn read(name: &str, file: &[u8]) -> Result<Self> {
        Self::parse(file).map_err(|error| error.at(format!("LoraHub weights {name}")))
    }

    pub(crate) fn parse(file: &[u8]) -> Result<Self> {
        let found: Self = serde_json::from_slice(file).map_err(|error| input!("they cannot be read: {error}"))?;
        let kind = AdapterKind::LoraHub.id();
        if found.method != kind {
            return Err(input!("the file is for method {}, not {kind}", found.method));
        }
        match found.weights.iter().find(|weight| !(-MAX_WEIGHT..=MAX_WEIGHT).contains(*weight)) {
            Some(weight) => Err(input!("a weight is {weight}; -{MAX_WEIGHT} to {MAX_WEIGHT} are possible")),
            None => Ok(found),
        }
    }

    /// Returns the contents of the file.
    ///
    /// # Errors
    /// If a number is not finite.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|json| json + "\n")
            .map_err(|error| crate::failure!("LoraHub weights cannot be written: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_back_and_a_bad_one_refused() {
        let found = LoraHub {
            method: AdapterKind::LoraHub.id().to_owned(),
            weights: [0.25, -1.5],
            loss: 2.5,
            loss_of_base: 3.5,
            tried: 40,
            seed: 7,
            examples: vec!["a".into()],
            provenance: Provenance { base: Some("ab".into()), to: Some("es".into()), ..Provenance::default() },
        };
        let json = found.to_json().unwrap();
        assert_eq!(LoraHub::read("es", json.as_bytes()).unwrap(), found);
        for (from, to, message) in [
            ("-1.5", "-1.6", "LoraHub weights es: a weight is -1.6; -1.5 to 1.5 are possible"),
            ("\"lorahub\"", "\"ties\"", "LoraHub weights es: the file is for method ties, not lorahub"),
            ("\"tried\"", "\"tired\"", "LoraHub weights es: they cannot be read: missing field `tried`"),
        ] {
            let error = LoraHub::read("es", json.replace(from, to).as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
