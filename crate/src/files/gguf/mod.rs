//! The GGUF container: metadata and tensor directory, read from a [`Source`] without holding the file.
//!
//! candle has a GGUF reader too. This one exists because vocabularies are large (262,144 strings for Gemma, which here
//! are one blob and its ends instead of a heap object each), because the source is async, and because every refusal
//! has to name the key or the tensor it is about. Nothing declared by the file is allocated before it was compared
//! with the file's length.

mod metadata;
mod reader;
mod writer;

use std::collections::BTreeMap;

use candle_core::quantized::GgmlDType;

pub use metadata::{Metadata, Strings, Value};
pub(crate) use writer::{Entry, write};

use crate::error::Result;
use crate::files::source::Source;
use crate::input;
use reader::Reader;

/// One entry of the tensor directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Dimensions, slowest first: `[rows, columns]` of a matrix, `[n]` of a vector.
    pub shape: Vec<usize>,
    /// How the elements are stored.
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

const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");
const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_DIMENSIONS: u32 = 4;

impl Header {
    /// Reads and checks the header of `source`.
    ///
    /// # Errors
    /// If it is not a GGUF file of version 2 or 3, if a tensor's type is not supported, or if anything it declares
    /// does not fit its own length.
    pub async fn read(source: &impl Source) -> Result<Self> {
        let mut reader = Reader::new(source);
        let magic = reader.u32().await.unwrap_or_default();
        if magic != MAGIC {
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

    /// The directory entry of `name`.
    ///
    /// # Errors
    /// If there is no such tensor.
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.tensors.get(name).ok_or_else(|| input!("tensor {name} is missing; the file is not a whole model"))
    }
}

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
    let dtype = dtype_from_id(id).ok_or_else(|| {
        input!(
            "tensor {name} has type {}, which is not supported; use one of F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, \
             Q8_0, Q4_K, Q5_K, Q6_K",
            dtype_name(id)
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

fn dtype_from_id(id: u32) -> Option<GgmlDType> {
    Some(match id {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

/// The name that ggml gives a type.
pub fn type_name(dtype: GgmlDType) -> &'static str {
    match dtype {
        GgmlDType::F32 => "F32",
        GgmlDType::F16 => "F16",
        GgmlDType::BF16 => "BF16",
        GgmlDType::Q4_0 => "Q4_0",
        GgmlDType::Q4_1 => "Q4_1",
        GgmlDType::Q5_0 => "Q5_0",
        GgmlDType::Q5_1 => "Q5_1",
        GgmlDType::Q8_0 => "Q8_0",
        GgmlDType::Q8_1 => "Q8_1",
        GgmlDType::Q2K => "Q2_K",
        GgmlDType::Q3K => "Q3_K",
        GgmlDType::Q4K => "Q4_K",
        GgmlDType::Q5K => "Q5_K",
        GgmlDType::Q6K => "Q6_K",
        GgmlDType::Q8K => "Q8_K",
    }
}

/// Names of ggml's other types, so that a refusal says what the user has, not a number.
fn dtype_name(id: u32) -> String {
    let known = match id {
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("number {id}"),
    };
    known.to_owned()
}
