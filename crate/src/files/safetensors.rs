//! Safetensors files: values as f32, a check that the library does not make, and a writer.

use std::collections::{HashMap, HashSet};
use std::fmt;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::Result;
use crate::failure;
use crate::input;

/// Converts the values of `view`, which has to be F32, F16 or BF16, to f32. Messages call it `name`.
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

/// Name, shape and bytes of a tensor to be written.
pub type Named = (String, Vec<usize>, Vec<u8>);

/// Makes a file of `tensors`, all of them in `dtype`.
///
/// # Errors
/// If a tensor has more or fewer bytes than its shape asks for.
pub fn write_safetensors(dtype: Dtype, tensors: &[Named], metadata: HashMap<String, String>) -> Result<Vec<u8>> {
    let failed = |error: SafeTensorError| failure!("the file cannot be made: {error}");
    let views = tensors.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(dtype, shape.clone(), bytes)?)));
    let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
    safetensors::serialize(views, Some(metadata)).map_err(failed)
}

/// Refuses a safetensors file that lists a tensor twice: the library would silently take the last entry.
///
/// # Errors
/// Naming the tensor. A file whose header cannot be read is left to the library to complain about.
pub fn check_names(file: &[u8]) -> Result<()> {
    let Some((length, rest)) = file.split_first_chunk::<8>() else { return Ok(()) };
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get(..length));
    match header.map(repeated_key) {
        Some(Ok(Some(key))) => Err(input!("{key} is listed twice; the file is broken")),
        _ => Ok(()),
    }
}

/// Returns a key that the JSON object `json` lists twice, if there is one: parsers would
/// silently take one of the values.
///
/// # Errors
/// If `json` is not an object.
pub fn repeated_key(json: &[u8]) -> serde_json::Result<Option<String>> {
    serde_json::Deserializer::from_slice(json).deserialize_map(RepeatedKey)
}

/// Visitor of a JSON object that returns its first repeated key.
struct RepeatedKey;

impl<'de> Visitor<'de> for RepeatedKey {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut seen, mut repeated) = (HashSet::new(), None);
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            repeated = repeated.or(seen.replace(key));
        }
        Ok(repeated)
    }
}
