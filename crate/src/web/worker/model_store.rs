//! What there is for a model: the catalog, what the reader has brought, and how much of both is in the store.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::AbortSignal;

use super::super::browser::download::{Location, Wanted};
use super::super::browser::host;
use super::super::browser::store::{Own, Store, StoreSource};
use super::super::protocol::{Fault, ModelOrigin, ModelStatus, OwnAdapter};
use crate::catalog::{Catalog, CatalogAdapter, CatalogModel, Manifest, Origin};
use crate::input;

/// Where models come from and where they are kept.
pub struct Site {
    /// Address of the folder of the catalog, with a slash at its end.
    folder: String,
    /// `catalog.json`.
    shipped: Catalog,
    /// The same with what the reader has brought.
    all: RefCell<Rc<Catalog>>,
    /// Their files.
    pub store: Store,
}

impl Site {
    /// Reads the catalog below the address `base`, and what the reader has brought.
    pub async fn open(base: &str, signal: &AbortSignal) -> Result<Self, Fault> {
        let folder = format!("{}/models/", base.trim_end_matches('/'));
        let shipped = Catalog::parse(&host::fetch_all(&format!("{folder}catalog.json"), signal).await?)?;
        let store = Store::open().await?;
        let site = Self { folder, all: RefCell::new(Rc::new(shipped.clone())), shipped, store };
        site.reread().await?;
        Ok(site)
    }

    /// All models and adapters that there are.
    pub fn catalog(&self) -> Rc<Catalog> {
        self.all.borrow().clone()
    }

    /// Reads anew what the reader has brought.
    pub async fn reread(&self) -> Result<(), Fault> {
        let mut catalog = self.shipped.clone();
        for own in self.store.own().await? {
            match own {
                Own::CatalogModel(model) => catalog.models.push(model),
                Own::CatalogAdapter(adapter) => catalog.adapters.push(adapter),
            }
        }
        self.all.replace(catalog.into());
        Ok(())
    }

    /// Whether the reader has brought `model`.
    pub fn is_own(&self, model: &CatalogModel) -> bool {
        !self.shipped.models.iter().any(|shipped| shipped.id == model.id)
    }

    /// The models that a browser can fetch.
    pub async fn models(&self) -> Result<Vec<ModelStatus>, Fault> {
        let catalog = self.catalog();
        let mut models = Vec::new();
        for model in catalog.models.iter().filter(|model| origin(model).is_some()) {
            let mut bytes = model.bytes;
            let (mut stored, mut complete) = self.stored(&file_id(model)).await?;
            for adapter in catalog.adapters_of(&model.id) {
                let (there, whole) = self.stored(&adapter_file_id(adapter)).await?;
                stored += there;
                complete &= whole;
                bytes = bytes.and_then(|bytes| Some(bytes + adapter.bytes?));
            }
            let (id, name, licence) = (model.id.clone(), model.name.clone(), model.licence.clone());
            let adapters = catalog.adapters_of(&model.id).filter_map(own_adapter).collect();
            let origin = match origin(model) {
                Some(Origin::File {}) => ModelOrigin::File,
                _ if self.is_own(model) => ModelOrigin::Address,
                _ => ModelOrigin::Catalog,
            };
            models.push(ModelStatus { id, name, licence, bytes, stored, complete, origin, adapters });
        }
        Ok(models)
    }

    /// How many bytes of file `id` are there, and whether it is whole.
    pub async fn stored(&self, id: &str) -> Result<(u64, bool), Fault> {
        let Some(record) = self.store.file(id).await? else { return Ok((0, false)) };
        if record.complete {
            return Ok((record.bytes, true));
        }
        let present = self.store.present(id).await?;
        Ok((present.into_iter().map(|index| record.chunk(index).1).sum(), false))
    }

    /// File `id`, if it is whole.
    pub async fn source(&self, id: &str, signal: &AbortSignal) -> Result<StoreSource<'_>, Fault> {
        let record = self.store.file(id).await?.filter(|record| record.complete);
        let record = record.ok_or_else(|| input!("the model is not on this device yet; download it first"))?;
        Ok(StoreSource::new(&self.store, record, signal.clone()))
    }

    /// Where the file of `model` is to be fetched from.
    pub async fn wanted(&self, model: &CatalogModel, signal: &AbortSignal) -> Result<Wanted, Fault> {
        let id = file_id(model);
        match origin(model) {
            Some(Origin::Shards { manifest }) => {
                let url = format!("{}{manifest}", self.folder);
                let manifest = Manifest::parse(&host::fetch_all(&url, signal).await?, model)?;
                let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder);
                let (paths, hashes) =
                    manifest.shards.into_iter().map(|shard| (format!("{folder}/{}", shard.path), shard.sha256)).unzip();
                Ok(Wanted {
                    id,
                    sha256: Some(manifest.sha256),
                    bytes: manifest.bytes,
                    // The catalog's hashes come first: it is part of the page, the manifest only of the host.
                    chunk_sha256: if model.chunk_sha256.is_empty() { hashes } else { model.chunk_sha256.clone() },
                    location: Location::Shards(paths),
                })
            }
            Some(Origin::Url { url }) => Ok(Wanted {
                id,
                sha256: model.sha256.clone(),
                bytes: match model.bytes {
                    Some(bytes) => bytes,
                    None => host::length(url, signal).await?,
                },
                chunk_sha256: model.chunk_sha256.clone(),
                location: Location::Whole(url.clone()),
            }),
            Some(Origin::File {}) => Err(input!("{} came from a file; choose that file again", model.name).into()),
            _ => Err(input!("{} cannot be fetched by a browser: the catalog names no address for it", model.id).into()),
        }
    }

    /// Where the file of `adapter` is to be fetched from.
    pub async fn wanted_adapter(&self, adapter: &CatalogAdapter, signal: &AbortSignal) -> Result<Wanted, Fault> {
        let url = format!("{}{}", self.folder, adapter.path);
        Ok(Wanted {
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

/// The first place that a browser can fetch `model` from.
fn origin(model: &CatalogModel) -> Option<&Origin> {
    model.sources.iter().find(|origin| !matches!(origin, Origin::Pypi {}))
}

/// The store's name for a model's file.
pub fn file_id(model: &CatalogModel) -> String {
    model.sha256.clone().unwrap_or_else(|| match origin(model) {
        Some(Origin::Url { url }) => url.clone(),
        _ => model.id.clone(),
    })
}

/// The store's name for an adapter's file.
pub fn adapter_file_id(adapter: &CatalogAdapter) -> String {
    match (&adapter.own, &adapter.sha256) {
        (Some(own), _) => own.file.clone(),
        (None, Some(sha256)) => sha256.clone(),
        (None, None) => adapter.path.clone(),
    }
}

/// `adapter` for the page, if the reader has brought it.
fn own_adapter(adapter: &CatalogAdapter) -> Option<OwnAdapter> {
    Some(OwnAdapter {
        id: adapter.id.clone(),
        name: adapter.own.as_ref()?.name.clone(),
        method: adapter.method.clone(),
        task: adapter.task.clone(),
        from: adapter.from.clone(),
        to: adapter.to.clone(),
        bytes: adapter.bytes.unwrap_or(0),
    })
}
