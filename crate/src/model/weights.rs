//! Tensors read one at a time from the source, each with its shape checked: nobody holds the whole file.
//!
//! Each tensor is hashed as it is read, except those of the vocabulary. By these hashes correction files name the base
//! that they were made for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};

use crate::error::Result;
use crate::files::gguf::{Header, TensorInfo, type_name};
use crate::files::source::Source;
use crate::hash::sha256;
use crate::input;

/// Number of bytes that [`Weights::pieces`] reads at once.
const PIECE: u64 = 1 << 20;

/// Reader of the tensors of one model, which reports how many bytes have been read.
pub struct Weights<'a, S> {
    source: &'a S,
    header: &'a Header,
    done: u64,
    total: u64,
    digests: BTreeMap<&'a str, String>,
    progress: &'a mut dyn FnMut(u64, u64),
}

/// Tensors of the vocabulary. A model with another vocabulary is still the base that an adapter was made for.
pub(super) const VOCABULARY: [&str; 2] = ["token_embd.weight", "output.weight"];

/// A tensor as it lies in the file.
pub struct Raw {
    /// Type of the elements.
    pub dtype: GgmlDType,
    /// `[rows, columns]`, or `[n]`.
    pub shape: Vec<usize>,
    /// Blocks of the elements.
    pub bytes: Vec<u8>,
}

impl Raw {
    /// Converts to candle's tensor, without a copy.
    ///
    /// # Errors
    /// If candle refuses the bytes.
    pub fn into_qtensor(self) -> Result<QTensor> {
        let storage = QStorage::from_data(Cow::Owned(self.bytes), &Device::Cpu, self.dtype)?;
        Ok(QTensor::new(storage, self.shape)?)
    }

    /// Returns all elements in f32.
    ///
    /// # Errors
    /// If candle refuses the bytes.
    pub fn into_f32(self) -> Result<Vec<f32>> {
        Ok(self.into_qtensor()?.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?)
    }
}

impl<'a, S: Source> Weights<'a, S> {
    /// Begins to read from `source`; `progress` receives bytes read and bytes in all.
    pub fn new(source: &'a S, header: &'a Header, progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        let total = header.tensors.values().map(|tensor| tensor.bytes).sum();
        progress(0, total);
        Self { source, header, done: 0, total, digests: BTreeMap::new(), progress }
    }

    /// Returns true if the file has a tensor `name`.
    pub fn has(&self, name: &str) -> bool {
        self.header.tensors.contains_key(name)
    }

    /// Reads the tensor `name`, which has to be of `shape`.
    ///
    /// # Errors
    /// If it is missing, of another shape, or cannot be read.
    pub async fn raw(&mut self, name: &str, shape: &[usize]) -> Result<Raw> {
        let info = self.checked(name, shape)?;
        let bytes = self.read(name, info).await?;
        Ok(Raw { dtype: info.dtype, shape: info.shape.clone(), bytes })
    }

    /// Reads and hashes the bytes of a tensor.
    async fn read(&mut self, name: &str, info: &TensorInfo) -> Result<Vec<u8>> {
        let bytes = self.source.range(info.offset, info.bytes).await.map_err(|error| error.at(name))?;
        self.advance(info.bytes);
        if let (false, Some((name, _))) = (VOCABULARY.contains(&name), self.header.tensors.get_key_value(name)) {
            self.digests.insert(name, self.source.sha256(&bytes).await?);
        }
        Ok(bytes)
    }

    /// Returns the hash over the model's tensors without its vocabulary: SHA-256 of one line `NAME TYPE SHAPE SHA256`
    /// for each tensor but `token_embd.weight` and `output.weight`, ordered by name, the shape as in `2048x640` with
    /// the slowest dimension first. Reads the tensors that were not read yet.
    ///
    /// # Errors
    /// If a tensor cannot be read.
    pub async fn base_hash(&mut self) -> Result<String> {
        let header = self.header;
        let mut lines = String::new();
        for (name, info) in header.tensors.iter().filter(|(name, _)| !VOCABULARY.contains(&name.as_str())) {
            if !self.digests.contains_key(name.as_str()) {
                self.read(name, info).await?;
            }
            let shape: Vec<String> = info.shape.iter().map(usize::to_string).collect();
            let digest = self.digests.get(name.as_str()).map_or("", String::as_str);
            lines.push_str(&format!("{name} {} {} {digest}\n", type_name(info.dtype), shape.join("x")));
        }
        Ok(sha256(lines.as_bytes()))
    }

    /// Returns the file's header.
    pub fn header(&self) -> &'a Header {
        self.header
    }

    /// Reads the matrix `name`, which has to be of `shape`, and calls `take` with the number of the first row and
    /// the bytes. Matrices of the vocabulary, far larger than the others, come a few rows at a time; the others
    /// come whole, to be hashed.
    ///
    /// # Errors
    /// As [`Weights::raw`].
    pub async fn pieces(&mut self, name: &str, shape: &[usize; 2], mut take: impl FnMut(usize, &[u8])) -> Result<()> {
        let info = self.checked(name, shape)?;
        if !VOCABULARY.contains(&name) {
            take(0, &self.read(name, info).await?);
            return Ok(());
        }
        let [rows, _] = *shape;
        let row_bytes = info.bytes / rows as u64;
        let step = (PIECE / row_bytes).max(1) as usize;
        let mut bytes = Vec::new();
        for first in (0..rows).step_by(step) {
            let count = step.min(rows - first);
            bytes.resize(count * row_bytes as usize, 0);
            let offset = info.offset + first as u64 * row_bytes;
            self.source.read(offset, &mut bytes).await.map_err(|error| error.at(name))?;
            take(first, &bytes);
            self.advance(bytes.len() as u64);
        }
        Ok(())
    }

    /// Reads the vector `name` of `n` elements as f32: a norm or a bias.
    ///
    /// # Errors
    /// As [`Weights::raw`].
    pub async fn vector(&mut self, name: &str, n: usize) -> Result<Vec<f32>> {
        self.raw(name, &[n]).await?.into_f32()
    }

    /// Returns the directory entry of `name`.
    ///
    /// # Errors
    /// If it is missing or not of `shape`.
    fn checked(&self, name: &str, shape: &[usize]) -> Result<&'a TensorInfo> {
        let info = self.header.tensor(name)?;
        if info.shape != shape {
            return Err(input!(
                "tensor {name} has shape {:?} where the model's metadata ask for {shape:?}; the file is broken",
                info.shape
            ));
        }
        Ok(info)
    }

    /// Counts `bytes` as read.
    fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        (self.progress)(self.done, self.total);
    }
}
