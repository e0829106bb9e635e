//! `models/catalog.json`: the models and adapters that the project knows.

use serde::Deserialize;

use crate::error::Result;
use crate::input;
use crate::prompt::Template;

/// Everything that can be fetched or is shipped.
#[derive(Debug, Clone, Deserialize)]
pub struct Catalog {
    /// Base models.
    pub models: Vec<Model>,
    /// Adapters, projections and the like.
    pub adapters: Vec<Adapter>,
}

/// A base model.
#[derive(Debug, Clone, Deserialize)]
pub struct Model {
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
    /// The prompt's frame; without one the file's chat template is used.
    pub template: Option<PromptTemplate>,
    /// Name of the licence.
    pub licence: String,
}

/// The frame of a model's prompts.
#[derive(Debug, Clone, Deserialize)]
pub struct PromptTemplate {
    /// Text with `{instruction}` and `{text}`.
    pub prompt: String,
}

/// Something that is added to a base model.
#[derive(Debug, Clone, Deserialize)]
pub struct Adapter {
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
    /// What it is: `lora`, `projection`, `calibration` or `calibration-pp`.
    pub method: String,
    /// File, relative to the catalog's folder.
    pub path: String,
    /// Length in bytes.
    pub bytes: Option<u64>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
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
    pub fn model(&self, id: &str) -> Result<&Model> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| {
            let known: Vec<&str> = self.models.iter().map(|model| model.id.as_str()).collect();
            input!("there is no model {id}; give a .gguf file or one of {}", known.join(", "))
        })
    }

    /// What can be added to the model `base`.
    pub fn adapters_of<'a>(&'a self, base: &'a str) -> impl Iterator<Item = &'a Adapter> {
        self.adapters.iter().filter(move |adapter| adapter.base == base)
    }
}

impl Model {
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
        let catalog = Catalog::parse(include_bytes!("../../models/catalog.json")).unwrap();
        let gemma = catalog.model("gemma-3-270m").unwrap();
        assert_eq!(gemma.arch, "gemma3");
        assert!(gemma.template().is_some());
        assert_eq!(catalog.adapters_of("gemma-3-270m").filter(|adapter| adapter.method == "lora").count(), 2);
        let error = catalog.model("gpt-5").unwrap_err().to_string();
        assert!(error.starts_with("there is no model gpt-5; give a .gguf file or one of gemma-3-270m"), "{error}");
    }
}
