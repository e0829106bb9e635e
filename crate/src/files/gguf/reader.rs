//! A buffered little-endian reader over a [`Source`].

use crate::error::Result;
use crate::files::source::Source;
use crate::input;

const BUFFER_BYTES: u64 = 1 << 18;
const MAX_STRING_BYTES: u64 = 1 << 24;

/// Reads forward from the start of `source`.
pub(super) struct Reader<'a, S> {
    source: &'a S,
    buffer: Vec<u8>,
    /// Next unread byte of `buffer`.
    cursor: usize,
    /// File offset of the end of `buffer`.
    loaded: u64,
}

impl<'a, S: Source> Reader<'a, S> {
    pub fn new(source: &'a S) -> Self {
        Self { source, buffer: Vec::new(), cursor: 0, loaded: 0 }
    }

    /// File offset of the next byte.
    pub fn position(&self) -> u64 {
        self.loaded - (self.buffer.len() - self.cursor) as u64
    }

    /// Bytes of the file not read yet.
    pub fn remaining(&self) -> u64 {
        self.source.len() - self.position()
    }

    /// The next `length` bytes.
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

    async fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64).await?);
        Ok(bytes)
    }

    pub async fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array().await?))
    }

    pub async fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array().await?))
    }

    /// A number of things of at least `least_bytes` each, refused if the file cannot hold so many.
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

    /// A length-prefixed UTF-8 string.
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
