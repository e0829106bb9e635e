//! Sources of model bytes: range reads over a file, a byte slice or (in the browser) the IndexedDB store.
//!
//! Nothing here holds a whole model: readers ask for the header, then for one tensor at a time.

use crate::error::Result;
use crate::input;

/// A file of known length that can be read in ranges. Reads are async because the browser's store is.
#[allow(async_fn_in_trait)] // engine futures stay on one thread: no Send bound is wanted
pub trait Source {
    /// Returns the length of the whole file in bytes.
    fn len(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// If the range does not lie within the file, or the medium fails.
    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;

    /// Returns true if the file has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the SHA-256 of `bytes` in hexadecimal. Browsers override this: theirs is faster than WebAssembly.
    ///
    /// # Errors
    /// If the medium's own digest fails.
    async fn sha256(&self, bytes: &[u8]) -> Result<String> {
        Ok(crate::hash::sha256(bytes))
    }

    /// Reads the `length` bytes from `offset` on. The range is checked before memory is allocated for it.
    ///
    /// # Errors
    /// As [`Source::read`].
    async fn range(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        check_range(self.len(), offset, length)?;
        let mut bytes = vec![0; length as usize];
        self.read(offset, &mut bytes).await?;
        Ok(bytes)
    }
}

/// Checks that `length` bytes at `offset` lie within a file of `file` bytes.
///
/// # Errors
/// If they do not: the file is shorter than something in it says.
pub(crate) fn check_range(file: u64, offset: u64, length: u64) -> Result<()> {
    match offset.checked_add(length) {
        Some(end) if end <= file => Ok(()),
        _ => Err(input!(
            "the file ends early: {length} bytes are wanted at offset {offset}, but it has {file}; download it again"
        )),
    }
}

/// Fills `buffer` with the bytes from `offset` on of a file that is kept in pieces of `chunk_bytes` bytes, the
/// last of which may be shorter. `copy` gets the number of a piece, a position in it, and the part of the
/// buffer to fill from there.
///
/// # Errors
/// As `copy`. Whether the file has these bytes is for the caller to check.
pub async fn read_chunks(
    offset: u64,
    buffer: &mut [u8],
    chunk_bytes: u64,
    mut copy: impl AsyncFnMut(usize, u64, &mut [u8]) -> Result<()>,
) -> Result<()> {
    let (mut at, mut rest) = (offset, buffer);
    while !rest.is_empty() {
        let start = at % chunk_bytes;
        let length = (chunk_bytes - start).min(rest.len() as u64);
        let (part, after) = rest.split_at_mut(length as usize);
        copy((at / chunk_bytes) as usize, start, part).await?;
        (at, rest) = (at + length, after);
    }
    Ok(())
}

impl Source for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(Source::len(self), offset, buffer.len() as u64)?;
        let start = offset as usize;
        buffer.copy_from_slice(&self[start..start + buffer.len()]);
        Ok(())
    }
}

/// A file on disk.
#[cfg(not(target_arch = "wasm32"))]
pub struct FileSource {
    file: std::sync::Mutex<std::fs::File>,
    length: u64,
}

#[cfg(not(target_arch = "wasm32"))]
impl FileSource {
    /// Opens `path` for reading.
    ///
    /// # Errors
    /// If there is no such file or it cannot be read.
    pub fn open(path: &std::path::Path) -> Result<Self> {
        let open = || {
            let file = std::fs::File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(std::io::Error::other("it is a folder, not a file"));
            }
            Ok((file, metadata.len()))
        };
        let (file, length) = open().map_err(|error: std::io::Error| input!("{}: {error}", path.display()))?;
        Ok(Self { file: std::sync::Mutex::new(file), length })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Source for FileSource {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        check_range(self.length, offset, buffer.len() as u64)?;
        let mut file = self.file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_over_pieces_give_the_bytes_of_the_whole() {
        let whole: Vec<u8> = (0..23).collect();
        let pieces: Vec<&[u8]> = whole.chunks(5).collect();
        for offset in 0..=whole.len() {
            for end in offset..=whole.len() {
                let (mut buffer, mut asked) = (vec![0; end - offset], Vec::new());
                let read = read_chunks(offset as u64, &mut buffer, 5, async |index, start, part: &mut [u8]| {
                    asked.push(index);
                    let start = start as usize;
                    part.copy_from_slice(&pieces[index][start..start + part.len()]);
                    Ok(())
                });
                pollster::block_on(read).unwrap();
                assert_eq!(buffer, whole[offset..end]);
                let expected = if offset == end { 0..0 } else { offset / 5..end.div_ceil(5) };
                assert_eq!(asked, expected.collect::<Vec<_>>(), "{offset}..{end}");
            }
        }
    }
}
