//! Models, adapters, methods and storage, as the page gets them.

use serde::Serialize;
use tsify::Tsify;

use crate::methods::adapter_kind::AdapterKind;
use crate::methods::method::Method;
use crate::model::prompt::{Form, Task};

/// Languages and limits of the engine, which the page has to know.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct EngineInfo {
    /// Codes of the languages that prompts can name.
    pub languages: Vec<String>,
    /// Length in bytes of the largest file of a chat that the engine reads.
    pub max_import_bytes: usize,
}

/// A model of the catalog. Byte counts are those of its own file.
#[derive(Debug, Serialize, Tsify)]
pub struct ModelStatus {
    /// Catalog id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Name of the licence.
    pub licence: String,
    /// Length in bytes; null where only the server knows it.
    pub bytes: Option<u64>,
    /// Bytes that are in the store.
    pub stored: u64,
    /// True if the whole file is in the store, so that the model can be loaded.
    pub complete: bool,
    /// Origin of its file.
    pub origin: ModelOrigin,
    /// Summaries that it can make with files of the catalog or of the user.
    pub summaries: Vec<SummaryFiles>,
    /// Adapters and corrections for it that are in the store.
    pub adapters: Vec<StoredAdapter>,
}

/// Files that a summary takes beside the model.
#[derive(Debug, Serialize, Tsify)]
pub struct SummaryFiles {
    /// Task: the languages of chat and summary.
    pub task: Task,
    /// Default method.
    pub method: Method,
    /// Bytes of the files that this method needs.
    pub bytes: u64,
    /// Bytes of these that are not in the store.
    pub missing: u64,
}

/// The origin of a model.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum ModelOrigin {
    /// The catalog.
    Catalog,
    /// An address that the user gave.
    Address,
    /// A file that the user picked.
    File,
}

/// An adapter or a correction that is in the store.
#[derive(Debug, Serialize, Tsify)]
pub struct StoredAdapter {
    /// Catalog id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Kind of the file.
    pub kind: AdapterKind,
    /// Task that it was trained for, in each language that it reads.
    pub tasks: Vec<Task>,
    /// Length in bytes.
    pub bytes: u64,
    /// True if the user added it.
    pub own: bool,
}

/// Facts that the file of an adapter states.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ExaminedAdapter {
    /// Name for people.
    pub name: String,
    /// Kind of the file.
    pub kind: AdapterKind,
    /// Name for people of the method that it serves; null for a LoRA, which serves several.
    pub method_name: Option<String>,
    /// Language of the text; null where the file does not state it.
    pub from: Option<String>,
    /// Language of the result; null where the file does not state it.
    pub to: Option<String>,
}

/// Storage that the browser gives this site.
#[derive(Debug, Serialize, Tsify)]
pub struct Storage {
    /// Bytes in use.
    pub usage: u64,
    /// Bytes that the browser would give.
    pub quota: u64,
    /// True if the browser promised not to delete it by itself.
    pub persisted: bool,
}

/// Summaries of chats in one language, written in the same or another language.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Direction {
    /// Language of the chat.
    pub from: String,
    /// Language of the summary.
    pub to: String,
    /// Form of the summary.
    pub form: Form,
    /// All methods; those that cannot be used come with the reason.
    pub methods: Vec<MethodStatus>,
    /// Method to use unless the user chooses another; null if the adapters of none are there or can be had.
    pub default_method: Option<Method>,
    /// Whether a summary can be translated back into the chat's language.
    pub way_back: Readiness,
    /// Whether one summary can be made of a chat that is read in parts.
    pub one_of_parts: Readiness,
}

/// Whether something can be done with the files that are in the store.
#[derive(Debug, Serialize, Tsify)]
pub struct Readiness {
    /// Reason that it cannot be done; null if it can.
    pub unavailable: Option<String>,
    /// Bytes to download, after which it can be done; null if it can already, or the catalog lacks a file.
    pub missing: Option<u64>,
}

/// A method, for one direction.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct MethodStatus {
    /// Id.
    pub method: Method,
    /// Name for people.
    pub name: String,
    /// Number of passes of the model over a chat that fits its context.
    pub passes: usize,
    /// Whether it can be used.
    #[serde(flatten)]
    pub readiness: Readiness,
    /// Bytes of the files that it needs beside the base model and the two adapters.
    pub extra_bytes: u64,
}
