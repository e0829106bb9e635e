//! The GGUF container: metadata and tensor directory, read from a [`Source`] without holding the file.
//!
//! candle has a GGUF reader too. This one exists because vocabularies are large (262,144 strings for Gemma, which here
//! are one blob and its ends instead of a heap object each), because the source is async, and because every refusal
//! has to name the key or the tensor it is about. Nothing declared by the file is allocated before it was compared
//! with the file's length.

mod metadata;
mod reader;
mod types;
mod writer;

use std::collections::BTreeMap;

use candle_core::quantized::GgmlDType;

pub use metadata::{Metadata, Strings, Value};
pub use types::{TYPES, type_name};
pub(crate) use writer::{Entry, Version, write};

use crate::error::Result;
use crate::files::source::Source;
use crate::input;
use reader::Reader;
use types::from_id;

/// One entry of the tensor directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Dimensions, slowest first: `[rows, columns]` of a matrix, `[n]` of a vector.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub dtype: GgmlDType,
    /// First byte within the file.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// Metadata and tensor directory of a GGUF file.
#[derive(Debug)]
pub struct Header {
    /// Key-value pairs.
    pub metadata: Metadata,
    /// Tensors by name.
    pub tensors: BTreeMap<String, TensorInfo>,
    /// Length of the file in bytes.
    pub file_bytes: u64,
}

/// First four bytes of every file.
const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");
/// Alignment of tensor data where the metadata name no other.
const DEFAULT_ALIGNMENT: u64 = 32;
/// Most dimensions that ggml knows.
const MAX_DIMENSIONS: u32 = 4;

impl Header {
    /// Reads and checks the header of `source`.
    ///
    /// # Errors
    /// If it is not a GGUF file of version 2 or 3, if a tensor's type is not supported, if anything it declares does
    /// not fit its own length, or if `source` cannot be read.
    pub async fn read(source: &impl Source) -> Result<Self> {
        let mut reader = Reader::new(source);
        let begins = reader.remaining() >= size_of_val(&MAGIC) as u64 && reader.u32().await? == MAGIC;
        if !begins {
            return Err(input!(
                "this is not a GGUF file (it does not start with the letters GGUF); give a .gguf model or adapter"
            ));
        }
        let version = reader.u32().await?;
        if !(2..=3).contains(&version) {
            return Err(input!(
                "GGUF version {version} is not supported (2 and 3 are); convert the file again with a current tool"
            ));
        }
        let tensor_count = reader.count("tensor count", 24).await?;
        let value_count = reader.count("metadata count", 12).await?;

        let metadata = Metadata::read(&mut reader, value_count).await?;
        let alignment = metadata.u32("general.alignment")?.map_or(DEFAULT_ALIGNMENT, u64::from);
        if !alignment.is_power_of_two() {
            return Err(input!("general.alignment is {alignment}, which is not a power of two"));
        }

        let mut tensors = BTreeMap::new();
        for _ in 0..tensor_count {
            let (name, info) = read_tensor_info(&mut reader).await?;
            if tensors.insert(name.clone(), info).is_some() {
                return Err(input!("tensor {name} is listed twice; the file is broken"));
            }
        }

        let data_start = reader.position().checked_next_multiple_of(alignment).unwrap_or(u64::MAX);
        let file_bytes = source.len();
        for (name, info) in &mut tensors {
            let end = data_start.checked_add(info.offset).and_then(|start| start.checked_add(info.bytes));
            if end.is_none_or(|end| end > file_bytes) {
                return Err(input!(
                    "tensor {name} reaches past the end of the file ({} bytes at data offset {}, file of {file_bytes} \
                     bytes); the file is truncated, download it again",
                    info.bytes,
                    info.offset
                ));
            }
            info.offset += data_start;
        }
        Ok(Self { metadata, tensors, file_bytes })
    }

    /// Returns the directory entry of `name`.
    ///
    /// # Errors
    /// If there is no such tensor.
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.tensors.get(name).ok_or_else(|| input!("tensor {name} is missing; the file is not a whole model"))
    }
}

/// Reads the name and the entry of one tensor; its offset still counts from the start of the data.
async fn read_tensor_info<S: Source>(reader: &mut Reader<'_, S>) -> Result<(String, TensorInfo)> {
    let name = reader.string("a tensor's name").await?;
    let dimensions = reader.u32().await?;
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err(input!("tensor {name} has {dimensions} dimensions; 1 to {MAX_DIMENSIONS} are possible"));
    }
    let mut shape = Vec::new();
    let mut elements = 1_u64;
    for _ in 0..dimensions {
        let size = reader.u64().await?;
        elements = elements
            .checked_mul(size)
            .filter(|n| *n > 0 && *n <= i64::MAX as u64)
            .ok_or_else(|| input!("tensor {name} has an impossible size (a dimension of {size})"))?;
        shape.push(size as usize);
    }
    shape.reverse(); // GGUF lists the fastest dimension first
    let id = reader.u32().await?;
    let dtype = from_id(id).map_err(|refused| {
        input!(
            "tensor {name} has type {refused}, which is not supported; use one of {}",
            TYPES.map(|(.., name)| name).join(", ")
        )
    })?;
    let columns = shape.last().copied().unwrap_or(1);
    if !columns.is_multiple_of(dtype.block_size()) {
        return Err(input!(
            "tensor {name} has rows of {columns} elements, not a multiple of the {} in a block of {dtype:?}",
            dtype.block_size()
        ));
    }
    let bytes = (elements / dtype.block_size() as u64)
        .checked_mul(dtype.type_size() as u64)
        .ok_or_else(|| input!("tensor {name} has an impossible size"))?;
    let offset = reader.u64().await?;
    let info = TensorInfo { shape, dtype, offset, bytes };
    Ok((name, info))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure;

    /// A file whose bytes cannot be read.
    struct Broken;

    impl Source for Broken {
        fn len(&self) -> u64 {
            1 << 20
        }

        async fn read(&self, _: u64, _: &mut [u8]) -> Result<()> {
            Err(failure!("the network is gone"))
        }
    }

    #[test]
    fn an_error_while_reading_the_first_bytes_is_told_as_it_is() {
        let error = pollster::block_on(Header::read(&Broken)).unwrap_err();
        assert_eq!(error, failure!("the network is gone"));
    }

    #[test]
    fn other_and_shorter_files_are_no_gguf_files() {
        for bytes in [&b""[..], b"GGU", b"PK\x03\x04", b"GGML\x03\0\0\0"] {
            let error = pollster::block_on(Header::read(&bytes)).unwrap_err().to_string();
            assert!(error.starts_with("this is not a GGUF file"), "{error}");
        }
    }
}
