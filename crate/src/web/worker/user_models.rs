//! What the reader brings: models from files and addresses, and adapters.

use std::cell::{Cell, RefCell};

use js_sys::Uint8Array;
use sha2::{Digest, Sha256};
use web_sys::{AbortSignal, File};

use super::super::browser::download::{Listener, Location, Stream};
use super::super::browser::picked::Picked;
use super::super::browser::store::{FileRecord, Own, Store};
use super::super::protocol::{Body, ExaminedAdapter, Fault, NoticeKind, Stage};
use super::model_store::file_id;
use super::page_sender::Report;
use super::{Shared, host};
use crate::catalog::hugging_face;
use crate::catalog::install::install;
use crate::catalog::user_files::{self, AdapterFile, MAX_ADAPTER_BYTES, Purpose};
use crate::catalog::{CHUNK_BYTES, CatalogModel, Origin};
use crate::error::{Error, Result};
use crate::failure;
use crate::files::source::{Source, check_range};
use crate::input;
use crate::methods::method::Method;
use crate::model::prompt;

impl Shared {
    /// Puts the model in `file` into the store. Its header is read first, then all of it to know what it is, and only then
    /// is anything kept. What is kept already, as of an import that was stopped, is not written again.
    pub(super) async fn import_model(&self, id: u32, file: File, signal: &AbortSignal) -> Result<Body, Fault> {
        let site = self.site()?;
        let picked = Picked::new(file, signal.clone());
        let facts = user_files::check_model(&picked).await.map_err(|error| error.at(picked.name()))?;
        let bytes = picked.len();
        // Every byte is read twice.
        let report = Report::new(&self.outlet, id, Stage::Import, 0, bytes * 2);

        let mut hasher = Sha256::new();
        for start in (0..bytes).step_by(CHUNK_BYTES as usize) {
            let length = CHUNK_BYTES.min(bytes - start);
            hasher.update(picked.piece(start, length).await?.to_vec());
            report.arrived(length as i64);
        }
        let sha256: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();

        // It may be a model of the catalog, which knows its prompts and has adapters for it.
        let catalog = site.catalog();
        let known = catalog.models.iter().find(|model| file_id(model) == sha256);
        let model = known.cloned().unwrap_or_else(|| {
            let name = facts.name.unwrap_or_else(|| user_files::stem(&picked.name()));
            brought(format!("file:{sha256}"), name, facts.arch, bytes, Origin::File {}, Some(sha256.clone()))
        });
        let mut record = match site.store.file(&sha256).await? {
            Some(record) => record,
            None => {
                let own = site.is_own(&model).then(|| Own::CatalogModel(model.clone()));
                FileRecord { own, sha256: Some(sha256.clone()), ..FileRecord::empty(&sha256, bytes) }
            }
        };
        if !record.complete {
            let present = site.store.present(&sha256).await?;
            let there: u64 = present.iter().map(|index| record.chunk(*index).1).sum();
            host::require_room(bytes - there).await?;
            for index in 0..record.chunk_sha256.len() {
                let (start, length) = record.chunk(index);
                if !present.contains(&index) {
                    let piece = picked.piece(start, length).await?;
                    record.chunk_sha256[index] = host::sha256(&piece).await?;
                    site.store.put_chunk(&record, index, &piece).await?;
                }
                report.arrived(length as i64);
            }
            record.complete = true;
            site.store.put_file(&record).await?;
            site.reread().await?;
        }
        Ok(Body::Added { model: model.id })
    }

    /// Lists the model at an address among the others, once its header is read, so that it can be downloaded like them.
    pub(super) async fn add_address(&self, text: &str, signal: &AbortSignal) -> Result<Body, Fault> {
        let site = self.site()?;
        let url = hugging_face::hugging_face(text)?;
        let catalog = site.catalog();
        let origin = Origin::Url { url: url.clone() };
        if let Some(known) = catalog.models.iter().find(|model| model.sources.contains(&origin)) {
            return Ok(Body::Added { model: known.id.clone() });
        }
        let bytes = host::length(&url, signal).await?;
        let location = Location::Whole(url.clone());
        let remote = Remote::new(Stream::new(&location, signal, &Silent), bytes);
        let facts = match user_files::check_model(&remote).await {
            Ok(facts) => facts,
            // Where the network failed, that is what to say, in its own kind.
            Err(error) => return Err(remote.fault.take().unwrap_or_else(|| error.at(&url).into())),
        };
        let name = facts.name.unwrap_or_else(|| user_files::stem(&url));
        let model = brought(url.clone(), name, facts.arch, bytes, origin, None);
        host::require_room(bytes).await?;
        let own = Some(Own::CatalogModel(model.clone()));
        let mut record = FileRecord { own, ..FileRecord::empty(&file_id(&model), bytes) };
        // What was read for the header need not be fetched again.
        for (index, piece) in remote.pieces.into_inner().iter().enumerate() {
            record.chunk_sha256[index] = host::sha256(piece).await?;
            site.store.put_chunk(&record, index, piece).await?;
        }
        site.reread().await?;
        Ok(Body::Added { model: model.id })
    }

    /// Reads an adapter and checks that it fits the model that is loaded, which is to be `model`.
    pub(super) async fn examine_adapter(
        &self,
        model: &str,
        paths: &[String],
        files: Vec<File>,
        signal: &AbortSignal,
    ) -> Result<Body, Fault> {
        let adapter = read_adapter(paths, files, signal).await?;
        let _claim = self.claim(signal).await?;
        let config = match &*self.engine.borrow() {
            Some(ready) if ready.model == model => ready.engine.config.clone(),
            _ => return Err(not_loaded().into()),
        };
        adapter.check(&config).await?;
        Ok(Body::Examined {
            adapter: ExaminedAdapter {
                method_name: adapter.method.parse().ok().map(|method: Method| method.name().to_owned()),
                name: adapter.name,
                method: adapter.method,
                from: adapter.from,
                to: adapter.to,
                languages: prompt::languages().map(str::to_owned).collect(),
            },
        })
    }

    /// Adds an adapter to the model that is loaded, which is to be `model`, and keeps it. It takes the place of what the
    /// reader had brought for the same purpose.
    pub(super) async fn add_adapter(
        &self,
        model: &str,
        paths: &[String],
        purpose: Purpose,
        files: Vec<File>,
        signal: &AbortSignal,
    ) -> Result<Body, Fault> {
        let site = self.site()?;
        let adapter = read_adapter(paths, files, signal).await?;
        let entry = adapter.entry(model, purpose)?;
        host::require_room(adapter.bytes.len() as u64).await?;
        let _claim = self.claim(signal).await?;
        let mut ready = match self.engine.take() {
            Some(ready) if ready.model == model => ready,
            other => {
                self.engine.replace(other);
                return Err(not_loaded().into());
            }
        };
        let mut catalog = (*site.catalog()).clone();
        catalog.adapters.push(entry.clone());
        let installed = install(&mut ready.engine, &entry, &adapter.bytes).await;
        let installed = installed.and_then(|()| ready.engine.reserve_pairs()).map_err(Fault::from);
        let loaded = installed.and_then(|()| ready.loaded(&catalog));
        self.engine.replace(Some(ready));
        let loaded = loaded?;

        let same = |other: &crate::catalog::CatalogAdapter| {
            (&other.base, &other.method, &other.task, &other.from, &other.to)
                == (&entry.base, &entry.method, &entry.task, &entry.from, &entry.to)
        };
        for other in site.catalog().adapters.iter().filter(|other| same(other)) {
            if let Some(own) = &other.own {
                site.store.delete(&own.file).await?;
            }
        }
        if let Some(own) = &entry.own {
            let record = FileRecord { sha256: entry.sha256.clone(), ..FileRecord::empty(&own.file, 0) };
            put_whole(&site.store, record, Own::CatalogAdapter(entry.clone()), &adapter.bytes).await?;
        }
        site.reread().await?;
        Ok(loaded)
    }

    /// Deletes an adapter that the reader has brought. A model that is loaded keeps it until it is loaded again.
    pub(super) async fn remove_adapter(&self, id: &str) -> Result<(), Fault> {
        let site = self.site()?;
        let catalog = site.catalog();
        let own = catalog.adapters.iter().find(|adapter| adapter.id == id).and_then(|adapter| adapter.own.as_ref());
        let own = own.ok_or_else(|| input!("{id} is no adapter that was added here"))?;
        site.store.delete(&own.file).await?;
        site.reread().await
    }
}

fn not_loaded() -> Error {
    input!("the model is not loaded; load it first")
}

/// A catalog's entry for a model that is in no catalog: its file has to say how it is prompted.
fn brought(id: String, name: String, arch: String, bytes: u64, origin: Origin, sha256: Option<String>) -> CatalogModel {
    CatalogModel {
        id,
        name,
        arch,
        file: String::new(),
        bytes: Some(bytes),
        sha256,
        chunk_sha256: Vec::new(),
        sources: vec![origin],
        template: None,
        licence: String::new(),
    }
}

/// Reads the adapter among `files`, whose paths are `paths`.
async fn read_adapter(paths: &[String], files: Vec<File>, signal: &AbortSignal) -> Result<AdapterFile, Fault> {
    if paths.len() != files.len() {
        return Err(input!("{} files came with {} paths; reload the page", files.len(), paths.len()).into());
    }
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut chosen = Vec::new();
    for index in user_files::choose(&names)? {
        let picked = Picked::new(files[index].clone(), signal.clone());
        if picked.len() > MAX_ADAPTER_BYTES as u64 {
            let most = MAX_ADAPTER_BYTES >> 20;
            return Err(input!("{}: adapters of more than {most} MB are not read", paths[index]).into());
        }
        chosen.push((paths[index].clone(), picked.range(0, picked.len()).await?));
    }
    Ok(AdapterFile::read(chosen)?)
}

/// Stores a file that is in memory.
async fn put_whole(store: &Store, record: FileRecord, own: Own, bytes: &[u8]) -> Result<(), Fault> {
    let empty = FileRecord::empty(&record.id, bytes.len() as u64);
    let mut record = FileRecord { sha256: record.sha256, own: Some(own), ..empty };
    for (index, piece) in bytes.chunks(CHUNK_BYTES as usize).enumerate() {
        let piece = Uint8Array::from(piece);
        record.chunk_sha256[index] = host::sha256(&piece).await?;
        store.put_chunk(&record, index, &piece).await?;
    }
    record.complete = true;
    store.put_file(&record).await
}

/// Nobody is told what arrives while a header is read: it is little.
struct Silent;

impl Listener for Silent {
    fn arrived(&self, _bytes: i64) {}
    fn notice(&self, _kind: NoticeKind, _text: String) {}
}

/// A file on a server, of which the first pieces are read as they are asked for, and kept.
struct Remote<'a> {
    stream: RefCell<Option<Stream<'a, Silent>>>,
    bytes: u64,
    pieces: RefCell<Vec<Uint8Array>>,
    /// What went wrong last.
    fault: Cell<Option<Fault>>,
}

impl<'a> Remote<'a> {
    fn new(stream: Stream<'a, Silent>, bytes: u64) -> Self {
        Self { stream: Some(stream).into(), bytes, pieces: RefCell::default(), fault: Cell::new(None) }
    }

    async fn piece(&self, index: usize) -> Result<Uint8Array> {
        while self.pieces.borrow().len() <= index {
            let next = self.pieces.borrow().len();
            let start = next as u64 * CHUNK_BYTES;
            let mut stream = self.stream.take().ok_or_else(|| failure!("the connection is in use"))?;
            let piece = stream.piece(next, start, CHUNK_BYTES.min(self.bytes - start)).await;
            self.stream.replace(Some(stream));
            match piece {
                Ok(piece) => self.pieces.borrow_mut().push(piece),
                Err(fault) => {
                    let error = failure!("{}", fault.text);
                    self.fault.set(Some(fault));
                    return Err(error);
                }
            }
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
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let piece = self.piece((at / CHUNK_BYTES) as usize).await?;
            let start = (at % CHUNK_BYTES) as u32;
            let length = (piece.length() - start).min((buffer.len() - done) as u32);
            piece.subarray(start, start + length).copy_to(&mut buffer[done..done + length as usize]);
            done += length as usize;
        }
        Ok(())
    }
}
