//! The models and adapters of the catalog and of the user, and their files in the browser's store.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use web_sys::AbortSignal;

use crate::catalog::stored_file::{FileRecord, UserFile};
use crate::catalog::{Catalog, CatalogAdapter, CatalogModel, Manifest, Origin};
use crate::engine::Engine;
use crate::error::Result;
use crate::input;
use crate::methods::method::Method;
use crate::model::prompt::{Task, TaskKind};
use crate::web::browser::download::{Location, RemoteFile};
use crate::web::browser::host;
use crate::web::browser::store::{Store, StoreSource};
use crate::web::protocol::{ModelOrigin, ModelStatus, Readiness, StoredAdapter, SummaryFiles};

/// The models and adapters of the catalog and of the user, and their files.
pub struct ModelStore {
    /// Address of the folder of the catalog, with a slash at its end.
    folder: String,
    /// Contents of `catalog.json`.
    published: Catalog,
    /// Contents of `catalog.json`, and the models and adapters of the user.
    all: RefCell<Rc<Catalog>>,
    /// Files of both.
    pub files: Store,
}

impl ModelStore {
    /// Opens the store, and reads the catalog below the address `base`.
    ///
    /// # Errors
    /// If the catalog cannot be fetched or the browser's storage fails.
    pub async fn open(base: &str, signal: &AbortSignal) -> Result<Self> {
        let folder = format!("{}/models/", base.trim_end_matches('/'));
        let published = Catalog::parse(&host::fetch_all(&format!("{folder}catalog.json"), signal).await?)?;
        let files = Store::open().await?;
        let store = Self { folder, all: RefCell::new(Rc::new(published.clone())), published, files };
        store.reread().await?;
        Ok(store)
    }

    /// Returns all models and adapters.
    pub fn catalog(&self) -> Rc<Catalog> {
        self.all.borrow().clone()
    }

    /// Reads the models and adapters of the user again.
    pub async fn reread(&self) -> Result<()> {
        let mut catalog = self.published.clone();
        for file in self.files.user_files().await? {
            match file {
                UserFile::Model(model) => catalog.models.push(model),
                UserFile::Adapter(adapter) => catalog.adapters.push(adapter),
            }
        }
        self.all.replace(catalog.into());
        Ok(())
    }

    /// Returns whether the user added `model`.
    pub fn is_user_model(&self, model: &CatalogModel) -> bool {
        !self.published.models.iter().any(|published| published.id == model.id)
    }

    /// Lists the models that a browser can fetch, and those that it has.
    pub async fn models(&self) -> Result<Vec<ModelStatus>> {
        let catalog = self.catalog();
        let adapters = self.adapters().await?;
        let mut models = Vec::new();
        for model in &catalog.models {
            let (stored, complete) = self.stored(&file_id(model)).await?;
            let origin = match origin(model) {
                Some(Origin::File {}) => ModelOrigin::File,
                None if stored == 0 => continue,
                // The rest of its file is not to be had but from the user.
                None if !complete => ModelOrigin::File,
                _ if self.is_user_model(model) => ModelOrigin::Address,
                _ => ModelOrigin::Catalog,
            };
            let (id, name, licence, bytes) = (model.id.clone(), model.name.clone(), model.licence.clone(), model.bytes);
            let summaries =
                catalog.summaries(&id).filter_map(|(task, method)| adapters.summary(&catalog, &id, task, method));
            let summaries = summaries.collect();
            let adapters =
                catalog.adapters_of(&id).filter(|file| adapters.has(file)).filter_map(stored_adapter).collect();
            models.push(ModelStatus { id, name, licence, bytes, stored, complete, origin, summaries, adapters });
        }
        Ok(models)
    }

    /// Finds out which adapters and corrections are there.
    pub async fn adapters(&self) -> Result<StoredAdapters> {
        let mut files = HashMap::new();
        for adapter in &self.catalog().adapters {
            let id = adapter_file_id(adapter);
            if let Entry::Vacant(new) = files.entry(id) {
                let stored = self.stored(new.key()).await?;
                new.insert(stored);
            }
        }
        Ok(StoredAdapters(files))
    }

    /// Returns the records of files that the catalog has no longer: earlier versions of the page have left them.
    pub async fn leftovers(&self) -> Result<Vec<FileRecord>> {
        let catalog = self.catalog();
        let models = catalog.models.iter().map(file_id);
        let known: HashSet<String> = models.chain(catalog.adapters.iter().map(adapter_file_id)).collect();
        let records = self.files.records().await?;
        Ok(records.into_iter().filter(|record| !known.contains(&record.id)).collect())
    }

    /// Returns `true` if at least a part of another model is there that takes the same adapters as `id`.
    pub async fn adapters_are_shared(&self, id: &str) -> Result<bool> {
        let catalog = self.catalog();
        for model in catalog.models.iter().filter(|model| model.id != id && catalog.share_adapters(&model.id, id)) {
            if self.stored(&file_id(model)).await?.0 > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the number of bytes of file `id` that are there, and whether it is complete.
    pub async fn stored(&self, id: &str) -> Result<(u64, bool)> {
        let Some(record) = self.files.file(id).await? else { return Ok((0, false)) };
        if record.complete {
            return Ok((record.bytes, true));
        }
        let present = self.files.present(id).await?;
        Ok((present.into_iter().map(|index| record.chunk(index).1).sum(), false))
    }

    /// Opens file `id`.
    ///
    /// # Errors
    /// If it is not complete.
    pub async fn source(&self, id: &str, signal: &AbortSignal) -> Result<StoreSource<'_>> {
        let record = self.files.file(id).await?.filter(|record| record.complete);
        let record = record.ok_or_else(|| input!("the model is not on this device yet; download it first"))?;
        Ok(StoreSource::new(&self.files, record, signal.clone()))
    }

    /// Finds out where the file of `model` can be fetched.
    ///
    /// # Errors
    /// If a browser cannot fetch it, or the server does not answer.
    pub async fn remote_file(&self, model: &CatalogModel, signal: &AbortSignal) -> Result<RemoteFile> {
        let id = file_id(model);
        match origin(model) {
            Some(Origin::Shards { manifest }) => {
                let url = format!("{}{manifest}", self.folder);
                let manifest = Manifest::parse(&host::fetch_all(&url, signal).await?, model)?;
                let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder);
                let (paths, hashes) =
                    manifest.shards.into_iter().map(|shard| (format!("{folder}/{}", shard.path), shard.sha256)).unzip();
                Ok(RemoteFile {
                    id,
                    sha256: Some(manifest.sha256),
                    bytes: manifest.bytes,
                    // The catalog's hashes come first: it is part of the page, the manifest only of the host.
                    chunk_sha256: if model.chunk_sha256.is_empty() { hashes } else { model.chunk_sha256.clone() },
                    location: Location::Shards(paths),
                })
            }
            Some(Origin::Url { url }) => Ok(RemoteFile {
                id,
                sha256: model.sha256.clone(),
                bytes: match model.bytes {
                    Some(bytes) => bytes,
                    None => host::length(url, signal).await?,
                },
                chunk_sha256: model.chunk_sha256.clone(),
                location: Location::Whole(url.clone()),
            }),
            Some(Origin::File {}) => Err(input!("{} came from a file; choose that file again", model.name)),
            _ => Err(input!("{} cannot be fetched by a browser: the catalog names no address for it", model.id)),
        }
    }

    /// Finds out where the file of `adapter` can be fetched.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn remote_adapter(&self, adapter: &CatalogAdapter, signal: &AbortSignal) -> Result<RemoteFile> {
        let url = format!("{}{}", self.folder, adapter.path);
        Ok(RemoteFile {
            id: adapter_file_id(adapter),
            sha256: adapter.sha256.clone(),
            bytes: match adapter.bytes {
                Some(bytes) => bytes,
                None => host::length(&url, signal).await?,
            },
            chunk_sha256: Vec::new(),
            location: Location::Whole(url),
        })
    }
}

/// Returns the first origin of `model` that a browser can use.
fn origin(model: &CatalogModel) -> Option<&Origin> {
    model.sources.iter().find(|origin| !matches!(origin, Origin::Pypi {} | Origin::Trim { .. }))
}

/// Returns the id of a model's file in the store.
pub fn file_id(model: &CatalogModel) -> String {
    model.sha256.clone().unwrap_or_else(|| match origin(model) {
        Some(Origin::Url { url }) => url.clone(),
        _ => model.id.clone(),
    })
}

/// Returns the id of an adapter's file in the store.
pub fn adapter_file_id(adapter: &CatalogAdapter) -> String {
    match (&adapter.user, &adapter.sha256) {
        (Some(user), _) => user.file.clone(),
        (None, Some(sha256)) => sha256.clone(),
        (None, None) => adapter.path.clone(),
    }
}

/// Returns `adapter` as the page sees it.
fn stored_adapter(adapter: &CatalogAdapter) -> Option<StoredAdapter> {
    let alone = || if adapter.task.kind() == TaskKind::Translate { Method::Secondary } else { Method::Primary };
    let method = adapter.method().unwrap_or_else(alone);
    Some(StoredAdapter {
        id: adapter.id.clone(),
        name: adapter.user.as_ref().map_or(method.name(), |user| &user.name).to_owned(),
        kind: adapter.kind,
        tasks: adapter.task.tasks().ok()?,
        bytes: adapter.bytes.unwrap_or(0),
        own: adapter.user.is_some(),
    })
}

/// The adapters and corrections that are in the store: of each file the bytes that are there, and whether it is
/// complete.
pub struct StoredAdapters(HashMap<String, (u64, bool)>);

impl StoredAdapters {
    /// Returns `true` if the file of `adapter` is there whole.
    pub fn has(&self, adapter: &CatalogAdapter) -> bool {
        self.0.get(&adapter_file_id(adapter)).is_some_and(|(_, complete)| *complete)
    }

    /// Returns the bytes of `files` that are not there.
    fn missing(&self, files: &[&CatalogAdapter]) -> u64 {
        let stored = |file: &CatalogAdapter| self.0.get(&adapter_file_id(file)).map_or(0, |(bytes, _)| *bytes);
        files.iter().map(|file| file.bytes.unwrap_or(0).saturating_sub(stored(file))).sum()
    }

    /// Returns the files of a summary beside the model `id`.
    fn summary(&self, catalog: &Catalog, id: &str, task: Task, method: Method) -> Option<SummaryFiles> {
        let files = catalog.files_for(id, method, &task, |file| self.has(file))?;
        let bytes = files.iter().filter_map(|file| file.bytes).sum();
        Some(SummaryFiles { task, method, bytes, missing: self.missing(&files) })
    }

    /// Tells whether the model `id`, which is loaded as `engine`, can do `task` by `method`, and what would make it so.
    pub fn readiness(&self, engine: &Engine, catalog: &Catalog, id: &str, method: Method, task: &Task) -> Readiness {
        let unavailable = engine.unavailable(method, task);
        let files = unavailable.as_ref().and_then(|_| catalog.files_for(id, method, task, |file| self.has(file)));
        Readiness { unavailable, missing: files.map(|files| self.missing(&files)).filter(|bytes| *bytes > 0) }
    }
}
