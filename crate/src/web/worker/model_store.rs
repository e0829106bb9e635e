//! The models and adapters of the catalog and of the user, and their files in the browser's store.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::AbortSignal;

use crate::catalog::stored_file::UserFile;
use crate::catalog::{Catalog, CatalogAdapter, CatalogModel, Manifest, Origin};
use crate::error::Result;
use crate::input;
use crate::web::browser::download::{Location, RemoteFile};
use crate::web::browser::host;
use crate::web::browser::store::{Store, StoreSource};
use crate::web::protocol::{ModelOrigin, ModelStatus, UserAdapter};

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

    /// Lists the models that a browser can fetch, and those that it has. Adapters that another model brought are left
    /// out of both counts of bytes while nothing of a model's own file is here.
    pub async fn models(&self) -> Result<Vec<ModelStatus>> {
        let catalog = self.catalog();
        let mut models = Vec::new();
        for model in &catalog.models {
            let mut bytes = model.bytes;
            let (mut stored, mut complete) = self.stored(&file_id(model)).await?;
            let (begun, whole) = (stored > 0, complete);
            let origin = match origin(model) {
                Some(Origin::File {}) => ModelOrigin::File,
                None if !begun => continue,
                // The rest of its file is not to be had but from the user.
                None if !whole => ModelOrigin::File,
                _ if self.is_user_model(model) => ModelOrigin::Address,
                _ => ModelOrigin::Catalog,
            };
            for adapter in catalog.adapters_of(&model.id) {
                let (there, whole) = self.stored(&adapter_file_id(adapter)).await?;
                complete &= whole;
                stored += if begun { there } else { 0 };
                bytes = bytes.and_then(|bytes| Some(bytes + adapter.bytes? - if begun { 0 } else { there }));
            }
            let (id, name, licence) = (model.id.clone(), model.name.clone(), model.licence.clone());
            let adapters = catalog.adapters_of(&model.id).filter_map(user_adapter).collect();
            models.push(ModelStatus { id, name, licence, bytes, stored, complete, origin, adapters });
        }
        Ok(models)
    }

    /// Returns the ids of the models but `id` of whose files at least a part is there.
    pub async fn stored_beside(&self, id: &str) -> Result<Vec<String>> {
        let mut others = Vec::new();
        for model in self.catalog().models.iter().filter(|model| model.id != id) {
            if self.stored(&file_id(model)).await?.0 > 0 {
                others.push(model.id.clone());
            }
        }
        Ok(others)
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

/// Returns `adapter` as the page sees it, if the user added it.
fn user_adapter(adapter: &CatalogAdapter) -> Option<UserAdapter> {
    Some(UserAdapter {
        id: adapter.id.clone(),
        name: adapter.user.as_ref()?.name.clone(),
        kind: adapter.kind,
        task: adapter.task.tasks().ok()?.into_iter().next()?,
        bytes: adapter.bytes.unwrap_or(0),
    })
}
