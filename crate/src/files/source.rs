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
