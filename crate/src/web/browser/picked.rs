//! Files that the reader has picked, read where they lie.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, File};

use super::super::protocol::{Fault, FaultKind};
use super::host;
use crate::error::Result;
use crate::failure;
use crate::files::source::{Source, check_range};

/// A file that the reader has picked. Its bytes stay on disk until they are asked for.
pub struct Picked {
    file: File,
    signal: AbortSignal,
}

impl Picked {
    /// `file`; reads fail once `signal` is raised.
    pub fn new(file: File, signal: AbortSignal) -> Self {
        Self { file, signal }
    }

    /// What the file is called.
    pub fn name(&self) -> String {
        self.file.name()
    }

    /// Bytes `start..start + length`, outside WebAssembly's memory.
    pub async fn piece(&self, start: u64, length: u64) -> Result<Uint8Array, Fault> {
        if self.signal.aborted() {
            return Err(Fault::new(FaultKind::Failure, "reading was stopped"));
        }
        let failed = |error: JsValue| {
            let text = format!("{} cannot be read: {}; choose it again", self.name(), host::text_of(&error));
            Fault::new(FaultKind::Failure, text)
        };
        let part = self.file.slice_with_f64_and_f64(start as f64, (start + length) as f64).map_err(failed)?;
        let bytes = Uint8Array::new(&JsFuture::from(part.array_buffer()).await.map_err(failed)?);
        match u64::from(bytes.length()) == length {
            true => Ok(bytes),
            false => Err(failed(js_sys::Error::new("it has become shorter").into())),
        }
    }
}

impl Source for Picked {
    fn len(&self) -> u64 {
        self.file.size() as u64
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.len(), offset, buffer.len() as u64)?;
        let piece = self.piece(offset, buffer.len() as u64).await.map_err(|fault| failure!("{}", fault.text))?;
        piece.copy_to(buffer);
        Ok(())
    }
}
