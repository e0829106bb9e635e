//! Safetensors files: values as f32, and what the library lets through.

use std::collections::HashSet;
use std::fmt;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::Result;
use crate::input;

/// The values of `view`, which has to be F32, F16 or BF16; `name` is for the message.
///
/// # Errors
/// If it holds another type.
pub fn to_f32(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
    let data = view.data();
    let pairs = || data.chunks_exact(2).map(|bytes| [bytes[0], bytes[1]]);
    match view.dtype() {
        Dtype::F32 => Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Ok(pairs().map(|bytes| f16::from_le_bytes(bytes).to_f32()).collect()),
        Dtype::BF16 => Ok(pairs().map(|bytes| bf16::from_le_bytes(bytes).to_f32()).collect()),
        other => Err(input!("tensor {name} has type {other:?}; F32, F16 and BF16 are supported")),
    }
}

/// Refuses a safetensors file that lists a tensor twice: the library would take the last entry without a word.
///
/// # Errors
/// Naming the tensor. A file whose header cannot be read is left to the library to complain about.
pub fn check_names(file: &[u8]) -> Result<()> {
    let Some((length, rest)) = file.split_first_chunk::<8>() else { return Ok(()) };
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get(..length));
    match header.map(unique_keys) {
        Some(Err(error)) if error.is_data() => Err(input!("{error}; the file is broken")),
        _ => Ok(()),
    }
}

/// Checks that no key of the JSON object `json` is listed twice.
///
/// # Errors
/// A data error that names the key, or whatever else is wrong with the JSON.
pub fn unique_keys(json: &[u8]) -> serde_json::Result<()> {
    serde_json::Deserializer::from_slice(json).deserialize_map(UniqueKeys)
}

struct UniqueKeys;

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if let Some(twice) = seen.replace(key) {
                return Err(serde::de::Error::custom(format!("{twice} is listed twice")));
            }
        }
        Ok(())
    }
}
