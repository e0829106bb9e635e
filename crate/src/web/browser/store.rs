//! CatalogModel files in IndexedDB: pieces of 4 MiB, and one record per file that says what is known of it.

use std::cell::RefCell;
use std::collections::HashSet;

use js_sys::{Array, Uint8Array};
use rexie::{KeyRange, ObjectStore, Rexie, Store as Objects, Transaction, TransactionMode, TransactionResult};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

use super::super::protocol::{Fault, FaultKind};
use super::host;
use crate::catalog::{CHUNK_BYTES, CatalogAdapter, CatalogModel};
use crate::error::Result;
use crate::failure;
use crate::files::source::Source;

const CHUNKS: &str = "chunks";
const FILES: &str = "files";

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// SHA-256; the address where that is not known; a name of its own for an adapter that the reader has brought.
    pub id: String,
    /// Length.
    pub bytes: u64,
    /// Length of each piece but the last.
    pub chunk_bytes: u64,
    /// SHA-256 of each piece; empty where it is not known yet.
    pub chunk_sha256: Vec<String>,
    /// Whether every piece is there and checked.
    pub complete: bool,
    /// SHA-256 of the whole, once it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// What it is, where the reader has brought it and no catalog tells.
    #[serde(default)]
    pub own: Option<Own>,
}

/// What the reader has brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Own {
    /// A model.
    CatalogModel(CatalogModel),
    /// An adapter or a learned file.
    CatalogAdapter(CatalogAdapter),
}

impl FileRecord {
    /// The record of a file of which nothing is there.
    pub fn empty(id: &str, bytes: u64) -> Self {
        Self {
            id: id.to_owned(),
            bytes,
            chunk_bytes: CHUNK_BYTES,
            chunk_sha256: vec![String::new(); bytes.div_ceil(CHUNK_BYTES) as usize],
            complete: false,
            sha256: None,
            own: None,
        }
    }

    /// First byte and length of piece `index`.
    pub fn chunk(&self, index: usize) -> (u64, u64) {
        let start = index as u64 * self.chunk_bytes;
        (start, self.chunk_bytes.min(self.bytes - start))
    }
}

/// The database `pocket-gist`.
pub struct Store {
    database: Rexie,
}

fn fault(error: rexie::Error) -> Fault {
    // The name of the exception is only in its debug form.
    let text = format!("{error:?}");
    match text.contains("QuotaExceeded") {
        true => Fault::new(
            FaultKind::Quota,
            "There is no room left on this device. Free some space and try again; what has arrived is kept.",
        ),
        false => Fault::new(FaultKind::Failure, format!("the browser's storage failed: {text}")),
    }
}

async fn commit(transaction: Transaction) -> Result<(), Fault> {
    match transaction.done().await.map_err(fault)? {
        TransactionResult::Committed => Ok(()),
        TransactionResult::Aborted => {
            Err(Fault::new(FaultKind::Quota, "The browser refused to store more. Free some space and try again."))
        }
    }
}

/// The key of piece `index` of file `id`.
fn key(id: &str, index: usize) -> JsValue {
    Array::of2(&id.into(), &(index as f64).into()).into()
}

impl Store {
    /// Opens the database, or makes it.
    pub async fn open() -> Result<Self, Fault> {
        let builder = Rexie::builder("pocket-gist")
            .version(1)
            .add_object_store(ObjectStore::new(CHUNKS))
            .add_object_store(ObjectStore::new(FILES).key_path("id"));
        Ok(Self { database: builder.build().await.map_err(fault)? })
    }

    fn begin(&self, mode: TransactionMode) -> Result<(Transaction, Objects, Objects), Fault> {
        let transaction = self.database.transaction(&[CHUNKS, FILES], mode).map_err(fault)?;
        let chunks = transaction.store(CHUNKS).map_err(fault)?;
        let files = transaction.store(FILES).map_err(fault)?;
        Ok((transaction, chunks, files))
    }

    /// The record of file `id`.
    pub async fn file(&self, id: &str) -> Result<Option<FileRecord>, Fault> {
        let (_transaction, _, files) = self.begin(TransactionMode::ReadOnly)?;
        Ok(files.get(id.into()).await.map_err(fault)?.and_then(from_value))
    }

    /// Everything that the reader has brought.
    pub async fn own(&self) -> Result<Vec<Own>, Fault> {
        let (_transaction, _, files) = self.begin(TransactionMode::ReadOnly)?;
        let records = files.get_all(None, None).await.map_err(fault)?;
        Ok(records.into_iter().filter_map(from_value).filter_map(|record| record.own).collect())
    }

    /// Writes a record.
    pub async fn put_file(&self, record: &FileRecord) -> Result<(), Fault> {
        let (transaction, _, files) = self.begin(TransactionMode::ReadWrite)?;
        files.put(&to_value(record)?, None).await.map_err(fault)?;
        commit(transaction).await
    }

    /// Which pieces of file `id` are there.
    pub async fn present(&self, id: &str) -> Result<HashSet<usize>, Fault> {
        let (_transaction, chunks, _) = self.begin(TransactionMode::ReadOnly)?;
        let keys = chunks.get_all_keys(Some(range(id)?), None).await.map_err(fault)?;
        Ok(keys.iter().filter_map(|key| key.dyn_ref::<Array>()?.get(1).as_f64()).map(|index| index as usize).collect())
    }

    /// Piece `index` of file `id`, outside WebAssembly's memory.
    pub async fn chunk(&self, id: &str, index: usize) -> Result<Option<Uint8Array>, Fault> {
        let (_transaction, chunks, _) = self.begin(TransactionMode::ReadOnly)?;
        Ok(chunks.get(key(id, index)).await.map_err(fault)?.and_then(|value| value.dyn_into().ok()))
    }

    /// Writes piece `index` and the record, both or neither. The piece has to be checked before: waiting for anything
    /// else within a transaction would end it.
    pub async fn put_chunk(&self, record: &FileRecord, index: usize, bytes: &Uint8Array) -> Result<(), Fault> {
        let (transaction, chunks, files) = self.begin(TransactionMode::ReadWrite)?;
        chunks.put(bytes, Some(&key(&record.id, index))).await.map_err(fault)?;
        files.put(&to_value(record)?, None).await.map_err(fault)?;
        commit(transaction).await
    }

    /// Deletes file `id`.
    pub async fn delete(&self, id: &str) -> Result<(), Fault> {
        let (transaction, chunks, files) = self.begin(TransactionMode::ReadWrite)?;
        for key in chunks.get_all_keys(Some(range(id)?), None).await.map_err(fault)? {
            chunks.delete(key).await.map_err(fault)?;
        }
        files.delete(id.into()).await.map_err(fault)?;
        commit(transaction).await
    }

    /// Deletes everything.
    pub async fn clear(&self) -> Result<(), Fault> {
        let (transaction, chunks, files) = self.begin(TransactionMode::ReadWrite)?;
        chunks.clear().await.map_err(fault)?;
        files.clear().await.map_err(fault)?;
        commit(transaction).await
    }
}

/// All keys of file `id`: an array sorts after every number.
fn range(id: &str) -> Result<KeyRange, Fault> {
    let lower = Array::of1(&id.into());
    let upper = Array::of2(&id.into(), &Array::new());
    KeyRange::bound(&lower, &upper, None, None).map_err(|error| fault(error.into()))
}

/// A record of another version of this page counts as none.
fn from_value(value: JsValue) -> Option<FileRecord> {
    serde_wasm_bindgen::from_value(value).ok().filter(|record: &FileRecord| record.chunk_bytes == CHUNK_BYTES)
}

fn to_value(record: &FileRecord) -> Result<JsValue, Fault> {
    serde_wasm_bindgen::to_value(record)
        .map_err(|error| Fault::new(FaultKind::Failure, format!("a record cannot be written: {error}")))
}

/// Fewer bytes are hashed here sooner than the browser is asked.
const SMALL: usize = 1 << 16;

/// A whole file in the store. Keeps the last piece at hand, since norms are reads of one or two kilobytes.
pub struct StoreSource<'a> {
    store: &'a Store,
    record: FileRecord,
    last: RefCell<Option<(usize, Uint8Array)>>,
    signal: AbortSignal,
}

impl<'a> StoreSource<'a> {
    /// The file of `record`; reads fail once `signal` is raised.
    pub fn new(store: &'a Store, record: FileRecord, signal: AbortSignal) -> Self {
        Self { store, record, last: RefCell::new(None), signal }
    }

    async fn chunk(&self, index: usize) -> Result<Uint8Array> {
        if self.signal.aborted() {
            return Err(failure!("reading was stopped"));
        }
        if let Some((last, bytes)) = &*self.last.borrow()
            && *last == index
        {
            return Ok(bytes.clone());
        }
        let chunk = self.store.chunk(&self.record.id, index).await.map_err(|fault| failure!("{}", fault.text))?;
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
        crate::files::source::check_range(self.len(), offset, buffer.len() as u64)?;
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let chunk = self.chunk((at / self.record.chunk_bytes) as usize).await?;
            let start = (at % self.record.chunk_bytes) as u32;
            let length = (chunk.length() - start).min((buffer.len() - done) as u32);
            chunk.subarray(start, start + length).copy_to(&mut buffer[done..done + length as usize]);
            done += length as usize;
        }
        Ok(())
    }

    async fn sha256(&self, bytes: &[u8]) -> Result<String> {
        if bytes.len() < SMALL {
            return Ok(crate::hash::sha256(bytes));
        }
        host::sha256(&Uint8Array::from(bytes)).await.map_err(|fault| failure!("{}", fault.text))
    }
}
