//! A buffered little-endian reader over a [`Source`].

use crate::error::Result;
use crate::files::source::Source;
use crate::input;

/// Bytes that are read from the source at once, at least.
const BUFFER_BYTES: u64 = 1 << 18;
/// Longest string that is accepted in bytes: 16 MiB.
const MAX_STRING_BYTES: u64 = 1 << 24;

/// Position in the header of `source`, which is read forward from its start.
pub(super) struct Reader<'a, S> {
    source: &'a S,
    buffer: Vec<u8>,
    /// Index of the next unread byte in `buffer`.
    cursor: usize,
    /// File offset of the end of `buffer`.
    loaded: u64,
}

impl<'a, S: Source> Reader<'a, S> {
    /// Begins at the start of `source`.
    pub fn new(source: &'a S) -> Self {
        Self { source, buffer: Vec::new(), cursor: 0, loaded: 0 }
    }

    /// Returns the file offset of the next byte.
    pub fn position(&self) -> u64 {
        self.loaded - (self.buffer.len() - self.cursor) as u64
    }

    /// Returns the number of bytes of the file after [`Reader::position`].
    pub fn remaining(&self) -> u64 {
        self.source.len() - self.position()
    }

    /// Reads the next `length` bytes.
    ///
    /// # Errors
    /// If the file has fewer, or the source cannot be read.
    pub async fn take(&mut self, length: u64) -> Result<&[u8]> {
        if length > self.remaining() {
            return Err(input!(
                "the file ends within its header ({length} bytes are wanted at offset {}, {} are left); it is \
                 truncated, download it again",
                self.position(),
                self.remaining()
            ));
        }
        let length = length as usize;
        if self.buffer.len() - self.cursor < length {
            self.buffer.drain(..self.cursor);
            self.cursor = 0;
            let wanted = (length - self.buffer.len()) as u64;
            let more = wanted.max(BUFFER_BYTES).min(self.source.len() - self.loaded);
            let bytes = self.source.range(self.loaded, more).await?;
            self.buffer.extend_from_slice(&bytes);
            self.loaded += more;
        }
        let start = self.cursor;
        self.cursor += length;
        Ok(&self.buffer[start..start + length])
    }

    /// Reads the next `N` bytes.
    async fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64).await?);
        Ok(bytes)
    }

    /// Reads a little-endian u32.
    pub async fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array().await?))
    }

    /// Reads a little-endian u64.
    pub async fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array().await?))
    }

    /// Reads a count of things that take at least `least_bytes` each. Messages call it `what`.
    ///
    /// # Errors
    /// If the rest of the file cannot hold so many.
    pub async fn count(&mut self, what: &str, least_bytes: u64) -> Result<usize> {
        let count = self.u64().await?;
        if count.checked_mul(least_bytes).is_none_or(|bytes| bytes > self.remaining()) {
            return Err(input!(
                "{what} is {count}, more than the rest of the file ({} bytes) can hold; it is broken or truncated, download it again",
                self.remaining()
            ));
        }
        Ok(count as usize)
    }

    /// Reads a length-prefixed UTF-8 string. Messages call it `what`.
    ///
    /// # Errors
    /// If it is too long or not UTF-8.
    pub async fn string(&mut self, what: &str) -> Result<String> {
        let length = self.u64().await?;
        if length > MAX_STRING_BYTES {
            return Err(input!("{what} claims {length} bytes; the file is broken"));
        }
        let bytes = self.take(length).await?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| input!("{what} is not UTF-8 text; the file is broken"))
    }
}
