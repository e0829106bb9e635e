//! Models and adapters that the user adds, from files and addresses.

use std::cell::RefCell;

use js_sys::Uint8Array;
use sha2::{Digest, Sha256};
use web_sys::{AbortSignal, File};

use super::model_store::{adapter_file_id, file_id};
use super::page_sender::ProgressReporter;
use super::state::WorkerState;
use crate::catalog::hugging_face;
use crate::catalog::install::install;
use crate::catalog::stored_file::{FileRecord, UserFile};
use crate::catalog::user_files::{self, AdapterFile, MAX_ADAPTER_BYTES};
use crate::catalog::{CHUNK_BYTES, CatalogAdapter, CatalogModel, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::files::source::{Source, check_range, read_chunks};
use crate::hash::hex;
use crate::input;
use crate::model::prompt::Task;
use crate::web::browser::download::{Listener, Location, Stream};
use crate::web::browser::host;
use crate::web::browser::picked::PickedFile;
use crate::web::browser::store::Store;
use crate::web::protocol::{Body, ExaminedAdapter, NoticeKind, Phase};

impl WorkerState {
    /// Puts the model in `file` into the store. Reads the header first, then the whole file to compute its hash, and
    /// only then stores it. Pieces that an earlier import stored are not written again.
    pub(super) async fn import_model(&self, id: u32, file: File, signal: &AbortSignal) -> Result<Body> {
        let store = self.store()?;
        let picked = PickedFile::new(file, signal.clone());
        let facts = user_files::check_model(&picked).await.map_err(|error| error.at(picked.name()))?;
        let bytes = picked.len();
        // Every byte is read twice.
        let progress = ProgressReporter::new(&self.page, id, Phase::Import, 0, bytes * 2);

        let mut hasher = Sha256::new();
        for start in (0..bytes).step_by(CHUNK_BYTES as usize) {
            let length = CHUNK_BYTES.min(bytes - start);
            hasher.update(picked.piece(start, length).await?.to_vec());
            progress.arrived(length as i64);
        }
        let sha256 = hex(&hasher.finalize());

        // It may be a model of the catalog, which knows its prompts and has adapters for it.
        let catalog = store.catalog();
        let known = catalog.models.iter().find(|model| file_id(model) == sha256);
        let model = known.cloned().unwrap_or_else(|| {
            let name = facts.name.unwrap_or_else(|| user_files::stem(&picked.name()));
            user_model(format!("file:{sha256}"), name, facts.arch, bytes, Origin::File {}, Some(sha256.clone()))
        });
        let mut record = match store.files.file(&sha256).await? {
            Some(record) => record,
            None => {
                let user_file = store.is_user_model(&model).then(|| UserFile::Model(model.clone()));
                FileRecord { user_file, sha256: Some(sha256.clone()), ..FileRecord::empty(&sha256, bytes) }
            }
        };
        if !record.complete {
            let present = store.files.present(&sha256).await?;
            let there: u64 = present.iter().map(|index| record.chunk(*index).1).sum();
            host::require_room(bytes - there).await?;
            for index in 0..record.chunk_sha256.len() {
                let (start, length) = record.chunk(index);
                if !present.contains(&index) {
                    let piece = picked.piece(start, length).await?;
                    record.chunk_sha256[index] = host::sha256(&piece).await?;
                    store.files.put_chunk(&record, index, &piece).await?;
                }
                progress.arrived(length as i64);
            }
            record.complete = true;
            store.files.put_file(&record).await?;
            store.reread().await?;
        }
        Ok(Body::Added { model: model.id })
    }

    /// Reads the header of the model at an address and lists the model, so that it can be downloaded like others.
    pub(super) async fn add_address(&self, text: &str, signal: &AbortSignal) -> Result<Body> {
        let store = self.store()?;
        let url = hugging_face::hugging_face(text)?;
        let catalog = store.catalog();
        let origin = Origin::Url { url: url.clone() };
        if let Some(known) = catalog.models.iter().find(|model| model.sources.contains(&origin)) {
            return Ok(Body::Added { model: known.id.clone() });
        }
        let bytes = host::length(&url, signal).await?;
        let location = Location::Whole(url.clone());
        let remote = Remote::new(Stream::new(&location, signal, &Silent), bytes);
        let facts = match user_files::check_model(&remote).await {
            Ok(facts) => facts,
            Err(error) if error.kind() == ErrorKind::Input => return Err(error.at(&url)),
            Err(error) => return Err(error), // of the network, which names the address itself
        };
        let name = facts.name.unwrap_or_else(|| user_files::stem(&url));
        let model = user_model(url.clone(), name, facts.arch, bytes, origin, None);
        host::require_room(bytes).await?;
        let user_file = Some(UserFile::Model(model.clone()));
        let mut record = FileRecord { user_file, ..FileRecord::empty(&file_id(&model), bytes) };
        // The pieces of the header are here already.
        for (index, piece) in remote.pieces.into_inner().iter().enumerate() {
            record.chunk_sha256[index] = host::sha256(piece).await?;
            store.files.put_chunk(&record, index, piece).await?;
        }
        store.reread().await?;
        Ok(Body::Added { model: model.id })
    }

    /// Reads an adapter and checks that it fits the loaded model, which has to be `model`.
    pub(super) async fn examine_adapter(
        &self,
        model: &str,
        paths: &[String],
        files: Vec<File>,
        signal: &AbortSignal,
    ) -> Result<Body> {
        let adapter = read_adapter(paths, files, signal).await?;
        let _lease = self.lease_engine(signal).await?;
        let config = match &*self.model.borrow() {
            Some(loaded) if loaded.id == model => loaded.engine.config.clone(),
            _ => return Err(not_loaded()),
        };
        adapter.check(&config).await?;
        Ok(Body::Examined {
            adapter: ExaminedAdapter {
                method_name: adapter.kind.method().map(|method| method.name().to_owned()),
                name: adapter.name,
                kind: adapter.kind,
                from: adapter.from,
                to: adapter.to,
            },
        })
    }

    /// Adds an adapter to the loaded model, which has to be `model`, and stores it in place of the user's earlier
    /// adapter of the same kind and task. Models that share their adapters with `model` get it when they are loaded.
    pub(super) async fn add_adapter(
        &self,
        model: &str,
        paths: &[String],
        task: Task,
        files: Vec<File>,
        signal: &AbortSignal,
    ) -> Result<Body> {
        let store = self.store()?;
        let adapter = read_adapter(paths, files, signal).await?;
        let entry = adapter.entry(store.catalog().base_of(model), task)?;
        host::require_room(adapter.bytes.len() as u64).await?;
        let _lease = self.lease_engine(signal).await?;
        let mut loaded = match self.model.take() {
            Some(loaded) if loaded.id == model => loaded,
            other => {
                self.model.replace(other);
                return Err(not_loaded());
            }
        };
        let mut catalog = (*store.catalog()).clone();
        catalog.adapters.push(entry.clone());
        let stored = store.adapters().await?;
        let installed = install(&mut loaded.engine, &entry, &adapter.bytes).await;
        let installed = installed.and_then(|()| loaded.engine.reserve_pairs());
        loaded.files.extend(entry.user.as_ref().map(|user| user.file.clone()));
        let answer = installed.and_then(|()| loaded.present(&catalog, &stored));
        self.model.replace(Some(loaded));
        let answer = answer?;

        let tasks = entry.task.tasks()?;
        let same = |other: &CatalogAdapter| {
            (&other.base, other.kind) == (&entry.base, entry.kind)
                && other.task.tasks().is_ok_and(|others| others == tasks)
        };
        for other in store.catalog().adapters.iter().filter(|other| same(other)) {
            if let Some(user) = &other.user {
                store.files.delete(&user.file).await?;
            }
        }
        if let Some(user) = &entry.user {
            let record = FileRecord {
                sha256: entry.sha256.clone(),
                user_file: Some(UserFile::Adapter(entry.clone())),
                ..FileRecord::empty(&user.file, adapter.bytes.len() as u64)
            };
            put_whole(&store.files, record, &adapter.bytes).await?;
        }
        store.reread().await?;
        Ok(answer)
    }

    /// Deletes the file of an adapter or correction. The loaded model keeps it until it is loaded again.
    pub(super) async fn remove_adapter(&self, id: &str) -> Result<()> {
        let store = self.store()?;
        let catalog = store.catalog();
        let adapter = catalog.adapters.iter().find(|adapter| adapter.id == id);
        let adapter = adapter.ok_or_else(|| input!("there is no adapter {id}"))?;
        store.files.delete(&adapter_file_id(adapter)).await?;
        store.reread().await
    }
}

fn not_loaded() -> Error {
    input!("the model is not loaded; load it first")
}

/// Makes the catalog entry of a model that the user added. Its prompts come from the chat template in its file.
fn user_model(
    id: String,
    name: String,
    arch: String,
    bytes: u64,
    origin: Origin,
    sha256: Option<String>,
) -> CatalogModel {
    CatalogModel {
        id,
        name,
        arch,
        file: String::new(),
        bytes: Some(bytes),
        sha256,
        chunk_sha256: Vec::new(),
        sources: vec![origin],
        base: None,
        template: None,
        zero_shot: None,
        licence: String::new(),
    }
}

/// Reads the adapter among `files`, which lie at `paths`.
async fn read_adapter(paths: &[String], files: Vec<File>, signal: &AbortSignal) -> Result<AdapterFile> {
    if paths.len() != files.len() {
        return Err(input!("{} files came with {} paths; reload the page", files.len(), paths.len()));
    }
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut chosen = Vec::new();
    for index in user_files::choose(&names)? {
        let picked = PickedFile::new(files[index].clone(), signal.clone());
        if picked.len() > MAX_ADAPTER_BYTES as u64 {
            let most = MAX_ADAPTER_BYTES >> 20;
            return Err(input!("{}: adapters of more than {most} MB are not read", paths[index]));
        }
        chosen.push((paths[index].clone(), picked.range(0, picked.len()).await?));
    }
    AdapterFile::read(chosen)
}

/// Stores `bytes`, all pieces of the file of `record`.
async fn put_whole(store: &Store, mut record: FileRecord, bytes: &[u8]) -> Result<()> {
    for (index, piece) in bytes.chunks(CHUNK_BYTES as usize).enumerate() {
        let piece = Uint8Array::from(piece);
        record.chunk_sha256[index] = host::sha256(&piece).await?;
        store.put_chunk(&record, index, &piece).await?;
    }
    record.complete = true;
    store.put_file(&record).await
}

/// A listener that reports nothing, for headers: they are small.
struct Silent;

impl Listener for Silent {
    fn arrived(&self, _bytes: i64) {}
    fn notice(&self, _kind: NoticeKind, _text: String) {}
}

/// A file on a server. Fetches its pieces from the first to the last one that is read, and keeps them.
struct Remote<'a> {
    stream: RefCell<Option<Stream<'a, Silent>>>,
    bytes: u64,
    pieces: RefCell<Vec<Uint8Array>>,
}

impl<'a> Remote<'a> {
    fn new(stream: Stream<'a, Silent>, bytes: u64) -> Self {
        Self { stream: Some(stream).into(), bytes, pieces: RefCell::default() }
    }

    async fn piece(&self, index: usize) -> Result<Uint8Array> {
        while self.pieces.borrow().len() <= index {
            let next = self.pieces.borrow().len();
            let start = next as u64 * CHUNK_BYTES;
            let mut stream = self.stream.take().ok_or_else(|| failure!("the connection is in use"))?;
            let piece = stream.piece(next, start, CHUNK_BYTES.min(self.bytes - start)).await;
            self.stream.replace(Some(stream));
            self.pieces.borrow_mut().push(piece?);
        }
        let pieces = self.pieces.borrow();
        pieces.get(index).cloned().ok_or_else(|| failure!("piece {index} is missing"))
    }
}

impl Source for Remote<'_> {
    fn len(&self) -> u64 {
        self.bytes
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.bytes, offset, buffer.len() as u64)?;
        read_chunks(offset, buffer, CHUNK_BYTES, async |index, start, part: &mut [u8]| {
            let start = start as u32;
            self.piece(index).await?.subarray(start, start + part.len() as u32).copy_to(part);
            Ok(())
        })
        .await
    }
}
