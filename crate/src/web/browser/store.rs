//! Files in IndexedDB: pieces of 4 MiB, and one record for each file.

use std::cell::RefCell;
use std::collections::HashSet;

use js_sys::{Array, Uint8Array};
use rexie::{KeyRange, ObjectStore, Rexie, Store as Objects, Transaction, TransactionMode, TransactionResult};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

use super::host;
use crate::catalog::CHUNK_BYTES;
use crate::catalog::stored_file::{FileRecord, UserFile};
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::files::source::{Source, check_range, read_chunks};

const CHUNKS: &str = "chunks";
const FILES: &str = "files";

/// The database `pocket-gist`.
pub struct Store {
    database: Rexie,
}

/// Turns an error of the database into one that says what to do.
fn storage_error(error: rexie::Error) -> Error {
    // The name of the exception is only in its debug form.
    let text = format!("{error:?}");
    match text.contains("QuotaExceeded") {
        true => Error::new(
            ErrorKind::Quota,
            "There is no room left on this device. Free some space and try again; what has arrived is kept.",
        ),
        false => failure!("the browser's storage failed: {text}"),
    }
}

async fn commit(transaction: Transaction) -> Result<()> {
    match transaction.done().await.map_err(storage_error)? {
        TransactionResult::Committed => Ok(()),
        TransactionResult::Aborted => {
            Err(Error::new(ErrorKind::Quota, "The browser refused to store more. Free some space and try again."))
        }
    }
}

/// Returns the key of piece `index` of file `id`.
fn key(id: &str, index: usize) -> JsValue {
    Array::of2(&id.into(), &(index as f64).into()).into()
}

impl Store {
    /// Opens the database, and makes it if there is none.
    pub async fn open() -> Result<Self> {
        let builder = Rexie::builder("pocket-gist")
            .version(1)
            .add_object_store(ObjectStore::new(CHUNKS))
            .add_object_store(ObjectStore::new(FILES).key_path("id"));
        Ok(Self { database: builder.build().await.map_err(storage_error)? })
    }

    fn begin(&self, mode: TransactionMode) -> Result<(Transaction, Objects, Objects)> {
        let transaction = self.database.transaction(&[CHUNKS, FILES], mode).map_err(storage_error)?;
        let chunks = transaction.store(CHUNKS).map_err(storage_error)?;
        let files = transaction.store(FILES).map_err(storage_error)?;
        Ok((transaction, chunks, files))
    }

    /// Reads the record of file `id`.
    pub async fn file(&self, id: &str) -> Result<Option<FileRecord>> {
        let (_transaction, _, files) = self.begin(TransactionMode::ReadOnly)?;
        Ok(files.get(id.into()).await.map_err(storage_error)?.and_then(from_value))
    }

    /// Reads the records of all files.
    pub async fn records(&self) -> Result<Vec<FileRecord>> {
        let (_transaction, _, files) = self.begin(TransactionMode::ReadOnly)?;
        let records = files.get_all(None, None).await.map_err(storage_error)?;
        Ok(records.into_iter().filter_map(from_value).collect())
    }

    /// Reads the catalog entries of all files that the user added.
    pub async fn user_files(&self) -> Result<Vec<UserFile>> {
        Ok(self.records().await?.into_iter().filter_map(|record| record.user_file).collect())
    }

    /// Writes a record.
    pub async fn put_file(&self, record: &FileRecord) -> Result<()> {
        let (transaction, _, files) = self.begin(TransactionMode::ReadWrite)?;
        files.put(&to_value(record)?, None).await.map_err(storage_error)?;
        commit(transaction).await
    }

    /// Returns the indices of the pieces of file `id` that are there.
    pub async fn present(&self, id: &str) -> Result<HashSet<usize>> {
        let (_transaction, chunks, _) = self.begin(TransactionMode::ReadOnly)?;
        let keys = chunks.get_all_keys(Some(range(id)?), None).await.map_err(storage_error)?;
        Ok(keys.iter().filter_map(|key| key.dyn_ref::<Array>()?.get(1).as_f64()).map(|index| index as usize).collect())
    }

    /// Reads piece `index` of file `id`, which stays outside WebAssembly's memory.
    pub async fn chunk(&self, id: &str, index: usize) -> Result<Option<Uint8Array>> {
        let (_transaction, chunks, _) = self.begin(TransactionMode::ReadOnly)?;
        Ok(chunks.get(key(id, index)).await.map_err(storage_error)?.and_then(|value| value.dyn_into().ok()))
    }

    /// Writes piece `index` and the record, both or neither. The caller has to check the piece first: a transaction
    /// ends as soon as one waits for anything else.
    pub async fn put_chunk(&self, record: &FileRecord, index: usize, bytes: &Uint8Array) -> Result<()> {
        let (transaction, chunks, files) = self.begin(TransactionMode::ReadWrite)?;
        chunks.put(bytes, Some(&key(&record.id, index))).await.map_err(storage_error)?;
        files.put(&to_value(record)?, None).await.map_err(storage_error)?;
        commit(transaction).await
    }

    /// Deletes file `id` and its record.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let (transaction, chunks, files) = self.begin(TransactionMode::ReadWrite)?;
        for key in chunks.get_all_keys(Some(range(id)?), None).await.map_err(storage_error)? {
            chunks.delete(key).await.map_err(storage_error)?;
        }
        files.delete(id.into()).await.map_err(storage_error)?;
        commit(transaction).await
    }

    /// Deletes everything.
    pub async fn clear(&self) -> Result<()> {
        let (transaction, chunks, files) = self.begin(TransactionMode::ReadWrite)?;
        chunks.clear().await.map_err(storage_error)?;
        files.clear().await.map_err(storage_error)?;
        commit(transaction).await
    }
}

/// Returns the range of the keys of file `id`: an array sorts after every number.
fn range(id: &str) -> Result<KeyRange> {
    let lower = Array::of1(&id.into());
    let upper = Array::of2(&id.into(), &Array::new());
    KeyRange::bound(&lower, &upper, None, None).map_err(|error| storage_error(error.into()))
}

/// Reads a record. One with pieces of another length, which another version of this page wrote, counts as none.
fn from_value(value: JsValue) -> Option<FileRecord> {
    serde_wasm_bindgen::from_value(value).ok().filter(|record: &FileRecord| record.chunk_bytes == CHUNK_BYTES)
}

fn to_value(record: &FileRecord) -> Result<JsValue> {
    // An adapter's task is flattened into its entry, which serde hands over as a map.
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    record.serialize(&serializer).map_err(|error| failure!("a record cannot be written: {error}"))
}

/// Number of bytes below which hashing them here takes less time than asking the browser.
const SMALL: usize = 1 << 16;

/// A complete file in the store. Keeps the last piece at hand, since norms are reads of one or two kilobytes.
pub struct StoreSource<'a> {
    store: &'a Store,
    record: FileRecord,
    last: RefCell<Option<(usize, Uint8Array)>>,
    signal: AbortSignal,
}

impl<'a> StoreSource<'a> {
    /// Opens the file of `record`; reads fail once `signal` is raised.
    pub fn new(store: &'a Store, record: FileRecord, signal: AbortSignal) -> Self {
        Self { store, record, last: RefCell::new(None), signal }
    }

    async fn chunk(&self, index: usize) -> Result<Uint8Array> {
        if self.signal.aborted() {
            return Err(Error::new(ErrorKind::Stopped, "reading was stopped"));
        }
        if let Some((last, bytes)) = &*self.last.borrow()
            && *last == index
        {
            return Ok(bytes.clone());
        }
        let chunk = self.store.chunk(&self.record.id, index).await?;
        let whole = |bytes: &Uint8Array| u64::from(bytes.length()) == self.record.chunk(index).1;
        let chunk = chunk.filter(whole).ok_or_else(|| {
            failure!(
                "a part of the model is missing from this browser's storage; delete the model and download it again"
            )
        })?;
        self.last.replace(Some((index, chunk.clone())));
        Ok(chunk)
    }
}

impl Source for StoreSource<'_> {
    fn len(&self) -> u64 {
        self.record.bytes
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.len(), offset, buffer.len() as u64)?;
        read_chunks(offset, buffer, self.record.chunk_bytes, async |index, start, part: &mut [u8]| {
            let start = start as u32;
            self.chunk(index).await?.subarray(start, start + part.len() as u32).copy_to(part);
            Ok(())
        })
        .await
    }

    async fn sha256(&self, bytes: &[u8]) -> Result<String> {
        if bytes.len() < SMALL {
            return Ok(crate::hash::sha256(bytes));
        }
        host::sha256(&Uint8Array::from(bytes)).await
    }
}
