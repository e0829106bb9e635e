//! Safetensors files: values as f32, a check that the library does not make, and a writer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

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

/// Makes a file of `tensors`, all of them in `dtype`. The same tensors and metadata give the same bytes.
///
/// # Errors
/// If a tensor has more or fewer bytes than its shape asks for.
pub fn write_safetensors(dtype: Dtype, tensors: &[Named], metadata: HashMap<String, String>) -> Result<Vec<u8>> {
    let failed = |error: SafeTensorError| failure!("the file cannot be made: {error}");
    let views = tensors.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(dtype, shape.clone(), bytes)?)));
    let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
    in_order(&safetensors::serialize(views, Some(metadata)).map_err(failed)?)
}

/// Returns `file` with the keys of its header in alphabetical order: the library writes those of the metadata in an
/// order that differs from run to run. Offsets count from the end of the header, so they stay.
fn in_order(file: &[u8]) -> Result<Vec<u8>> {
    let broken = || failure!("the file that was made has no header");
    let (length, rest) = file.split_first_chunk::<8>().ok_or_else(broken)?;
    let (header, data) = rest.split_at_checked(u64::from_le_bytes(*length) as usize).ok_or_else(broken)?;
    let header: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_slice(header).map_err(|_| broken())?;
    let mut header = serde_json::to_vec(&header).map_err(|_| broken())?;
    header.resize(header.len().next_multiple_of(8), b' '); // the data stays aligned
    Ok([&(header.len() as u64).to_le_bytes()[..], &header, data].concat())
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

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::*;

    #[test]
    fn the_same_tensors_and_metadata_give_the_same_bytes() {
        let tensors: Vec<Named> = ["b", "a"].map(|name| (name.to_owned(), vec![2], vec![name.as_bytes()[0]; 8])).into();
        // So many keys that a map in an order of its own would hardly have the same one twice.
        let metadata = || (0..20).map(|i| (format!("key {i}"), format!("value {i}"))).collect::<HashMap<_, _>>();
        let file = write_safetensors(Dtype::F32, &tensors, metadata()).unwrap();
        for _ in 0..5 {
            assert_eq!(write_safetensors(Dtype::F32, &tensors, metadata()).unwrap(), file);
        }
        let (length, header) = SafeTensors::read_metadata(&file).unwrap();
        assert_eq!(((length + 8) % 8, header.metadata()), (0, &Some(metadata())));
        let read = SafeTensors::deserialize(&file).unwrap();
        assert_eq!(
            (read.tensor("a").unwrap().data(), read.tensor("b").unwrap().data()),
            (&[b'a'; 8][..], &[b'b'; 8][..])
        );
    }
}
