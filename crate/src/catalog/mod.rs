//! `models/catalog.json`: the models and adapters that the project knows.

pub mod hugging_face;
pub mod install;
pub mod user_files;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::input;
use crate::model::prompt::Template;

/// Everything that can be fetched or is shipped.
#[derive(Debug, Clone, Deserialize)]
pub struct Catalog {
    /// Base models.
    pub models: Vec<CatalogModel>,
    /// Adapters, projections and the like.
    pub adapters: Vec<CatalogAdapter>,
}

/// A base model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogModel {
    /// What commands call it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// GGUF architecture.
    pub arch: String,
    /// File name in the folder of models.
    pub file: String,
    /// Length in bytes, where it is known before the download.
    pub bytes: Option<u64>,
    /// SHA-256 of the file, where it is known before the download.
    pub sha256: Option<String>,
    /// SHA-256 of each piece of [`CHUNK_BYTES`], where they are known.
    #[serde(default)]
    pub chunk_sha256: Vec<String>,
    /// Where the file comes from, the first choice first.
    pub sources: Vec<Origin>,
    /// The prompt's frame; without one the file's chat template is used.
    pub template: Option<PromptTemplate>,
    /// Name of the licence.
    pub licence: String,
}

/// Length of the pieces in which files are fetched, checked and stored in a browser; the last one may be shorter.
pub const CHUNK_BYTES: u64 = 4 << 20;

/// A place that a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// Python wheels, for `pkg-scripts/models`.
    Pypi {},
    /// One file, of which a server sends any range.
    Url {
        /// Its address.
        url: String,
    },
    /// The reader has the file; nobody can fetch it.
    File {},
    /// One file per piece, for static hosts that limit the size of files.
    Shards {
        /// Address of the [`Manifest`], relative to the catalog.
        manifest: String,
    },
}

/// The list of a file's pieces, beside them on their host.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// Length of the whole.
    pub bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: String,
    /// Length of each piece but the last.
    pub chunk_bytes: u64,
    /// The pieces in order.
    pub shards: Vec<Shard>,
}

/// One piece of a file.
#[derive(Debug, Clone, Deserialize)]
pub struct Shard {
    /// Its file, relative to the manifest.
    pub path: String,
    /// Its SHA-256.
    pub sha256: String,
}

impl Manifest {
    /// Reads a manifest and checks it against what the catalog says of `model`.
    ///
    /// # Errors
    /// If it is not a manifest, or one of another file.
    pub fn parse(json: &[u8], model: &CatalogModel) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(json)
            .map_err(|error| input!("{}: the list of its pieces cannot be read: {error}", model.id))?;
        let same = |known: Option<&String>| known.is_none_or(|known| *known == manifest.sha256);
        let pieces = manifest.bytes.div_ceil(CHUNK_BYTES);
        if !same(model.sha256.as_ref()) || model.bytes.is_some_and(|bytes| bytes != manifest.bytes) {
            return Err(input!(
                "{}: the host has another version of this model than the catalog; reload the page",
                model.id
            ));
        }
        if manifest.chunk_bytes != CHUNK_BYTES || manifest.shards.len() as u64 != pieces {
            return Err(input!(
                "{}: the host has {} pieces of {} bytes where {pieces} of {CHUNK_BYTES} are wanted; build them again",
                model.id,
                manifest.shards.len(),
                manifest.chunk_bytes
            ));
        }
        Ok(manifest)
    }
}

/// The frame of a model's prompts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTemplate {
    /// Text with `{instruction}` and `{text}`.
    pub prompt: String,
}

/// Something that is added to a base model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogAdapter {
    /// What commands call it.
    pub id: String,
    /// Id of the base model.
    pub base: String,
    /// What it was trained for: `summarize`, `translate` or `summarize-translate`.
    pub task: String,
    /// Language of the text.
    pub from: String,
    /// Language of the result.
    pub to: String,
    /// What it is: `lora`, `projection`, `baked`, `calibration`, `calibration-pp` or `lorahub`.
    pub method: String,
    /// File, relative to the catalog's folder.
    pub path: String,
    /// Length in bytes.
    pub bytes: Option<u64>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// What there is to know of one that the reader has brought; `catalog.json` has none of those.
    #[serde(default)]
    pub own: Option<Own>,
}

/// What there is to know of an adapter that the reader has brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Name for people.
    pub name: String,
    /// Its file in the browser's store.
    pub file: String,
    /// `adapter_config.json` of a PEFT folder, of which the file is `adapter_model.safetensors`.
    pub peft_config: Option<String>,
}

impl Catalog {
    /// Reads a catalog.
    ///
    /// # Errors
    /// If it is not a catalog, saying where.
    pub fn parse(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).map_err(|error| input!("the catalog of models cannot be read: {error}"))
    }

    /// The model `id`.
    ///
    /// # Errors
    /// If there is none, naming those there are.
    pub fn model(&self, id: &str) -> Result<&CatalogModel> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| {
            let known: Vec<&str> = self.models.iter().map(|model| model.id.as_str()).collect();
            input!("there is no model {id}; give a .gguf file or one of {}", known.join(", "))
        })
    }

    /// What can be added to the model `base`.
    pub fn adapters_of<'a>(&'a self, base: &'a str) -> impl Iterator<Item = &'a CatalogAdapter> {
        self.adapters.iter().filter(move |adapter| adapter.base == base)
    }
}

impl CatalogModel {
    /// The prompt's frame, if the catalog has one.
    pub fn template(&self) -> Option<Template> {
        self.template.as_ref().map(|template| Template::Plain(template.prompt.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_s_own_catalog_is_read() {
        let catalog = Catalog::parse(include_bytes!("../../../models/catalog.json")).unwrap();
        let gemma = catalog.model("gemma-3-270m").unwrap();
        assert_eq!(gemma.arch, "gemma3");
        assert!(gemma.template().is_some());
        assert_eq!(gemma.chunk_sha256.len() as u64, gemma.bytes.unwrap().div_ceil(CHUNK_BYTES));
        let loras = catalog.adapters_of("gemma-3-270m").filter(|adapter| adapter.method == "lora");
        let tasks: Vec<&str> = loras.map(|adapter| adapter.task.as_str()).collect();
        assert_eq!(tasks, ["summarize", "translate", "summarize-translate"]);
        let error = catalog.model("gpt-5").unwrap_err().to_string();
        assert!(error.starts_with("there is no model gpt-5; give a .gguf file or one of gemma-3-270m"), "{error}");
    }

    #[test]
    fn a_manifest_of_another_file_is_refused() {
        let catalog = Catalog::parse(include_bytes!("../../../models/catalog.json")).unwrap();
        let model = catalog.model("smollm2-135m").unwrap();
        let manifest = |bytes: u64, sha256: &str, pieces: usize| {
            let shards = vec![serde_json::json!({ "path": "0.bin", "sha256": "" }); pieces];
            let json = serde_json::json!({
                "bytes": bytes, "sha256": sha256, "chunk_bytes": CHUNK_BYTES, "shards": shards,
            });
            Manifest::parse(json.to_string().as_bytes(), model)
        };
        let (bytes, sha256) = (model.bytes.unwrap(), model.sha256.as_deref().unwrap());
        assert_eq!(manifest(bytes, sha256, 24).unwrap().shards.len(), 24);
        for other in [manifest(bytes + 1, sha256, 24), manifest(bytes, "0", 24)] {
            assert!(other.unwrap_err().to_string().contains("another version"));
        }
        assert!(manifest(bytes, sha256, 23).unwrap_err().to_string().contains("23 pieces"));
    }
}
