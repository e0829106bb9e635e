//! Files that the user picked, read where they lie.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, File};

use super::host;
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::files::source::{Source, check_range};

/// A file that the user picked. Its bytes stay on disk until a range of them is read.
pub struct PickedFile {
    file: File,
    signal: AbortSignal,
}

impl PickedFile {
    /// Wraps `file`; reads fail once `signal` is raised.
    pub fn new(file: File, signal: AbortSignal) -> Self {
        Self { file, signal }
    }

    /// Returns the name of the file.
    pub fn name(&self) -> String {
        self.file.name()
    }

    /// Reads bytes `start..start + length`, which stay outside WebAssembly's memory.
    pub async fn piece(&self, start: u64, length: u64) -> Result<Uint8Array> {
        if self.signal.aborted() {
            return Err(Error::new(ErrorKind::Stopped, "reading was stopped"));
        }
        let failed =
            |error: JsValue| failure!("{} cannot be read: {}; choose it again", self.name(), host::text_of(&error));
        let part = self.file.slice_with_f64_and_f64(start as f64, (start + length) as f64).map_err(failed)?;
        let bytes = Uint8Array::new(&JsFuture::from(part.array_buffer()).await.map_err(failed)?);
        match u64::from(bytes.length()) == length {
            true => Ok(bytes),
            false => Err(failed(js_sys::Error::new("it has become shorter").into())),
        }
    }
}

impl Source for PickedFile {
    fn len(&self) -> u64 {
        self.file.size() as u64
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.len(), offset, buffer.len() as u64)?;
        self.piece(offset, buffer.len() as u64).await?.copy_to(buffer);
        Ok(())
    }
}
