//! The messages between page and worker, version 1: the one definition, from which the page's TypeScript types are made.
//!
//! Every message carries the `id` of the request it belongs to. A request gets any number of events (`progress`,
//! `notice`, `delta`) and then one answer (`done`, `status`, `loaded`, `trial`, `imported`, …) or an `error`. Requests about
//! files that the reader has picked carry those as `files`: handles, of which the worker reads what it needs.

pub mod imported;
pub mod metrics;

use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::wasm_bindgen;

use self::imported::{ChatTitle, DateOrder, ImportedChat};
use self::metrics::Metrics;
use crate::error::Error;

/// Version of these messages; others are refused.
pub const VERSION: u32 = 1;

/// Types of the messages themselves: a struct with a flattened enum has no TypeScript form that tsify gets right.
#[wasm_bindgen(typescript_custom_section)]
const ENVELOPES: &str = "
export type Request = { version: 1; id: number; files?: readonly File[] } & Action;
export type Response = { version: 1; id: number } & Body;
";

/// What the page asks.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// Chosen by the page, never twice.
    pub id: u32,
    /// What is asked.
    #[serde(flatten)]
    pub action: Action,
}

/// The requests.
#[derive(Debug, Deserialize, Tsify)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// The first message: reads `models/catalog.json` below the address `base` and opens the store. Answer: done.
    Open {
        /// Address of the page's folder.
        base: String,
    },
    /// Which models there are. Answer: status.
    Status,
    /// Fetches what is missing of a model and its adapters. Answer: done.
    Download {
        /// Catalog id.
        model: String,
    },
    /// Deletes one model and its adapters, or everything. Answer: done.
    Delete {
        /// Catalog id; null for everything.
        model: Option<String>,
    },
    /// Puts the model in the one of `files` into the store. Answer: added.
    ImportModel,
    /// Lists the model at an address of Hugging Face, to be downloaded. Answer: added.
    AddAddress {
        /// What the reader has typed.
        address: String,
    },
    /// Reads the adapter among `files` and checks that it fits the model, which has to be loaded. Answer: examined.
    ExamineAdapter {
        /// Catalog id.
        model: String,
        /// Path of each file.
        paths: Vec<String>,
    },
    /// Adds the adapter among `files` to the model, which has to be loaded, and keeps it. Answer: loaded.
    AddAdapter {
        /// Catalog id.
        model: String,
        /// Path of each file.
        paths: Vec<String>,
        /// What it was trained for: `summarize`, `translate` or `summarize-translate`.
        task: String,
        /// Language of the text, where the file does not say.
        from: String,
        /// Language of the result, where the file does not say.
        to: String,
    },
    /// Deletes an adapter that the reader has added. A model that is loaded has it until it is loaded again. Answer: done.
    RemoveAdapter {
        /// Its id.
        adapter: String,
    },
    /// Loads a model that is in the store. Answer: loaded.
    Load {
        /// Catalog id.
        model: String,
        /// Where it is to run.
        backend: Backend,
    },
    /// Runs a part of a model that is in the store on the processor and on the GPU. The memory that this takes is only
    /// given back with the worker. Answer: trial.
    Trial {
        /// Catalog id.
        model: String,
    },
    /// Summarises a chat with the model that is loaded. Answer: done, with metrics.
    Summarize {
        /// The chat, oldest message first.
        messages: Vec<ChatMessage>,
        /// Language of the chat.
        from: String,
        /// Language of the summary.
        to: String,
        /// Method id.
        method: String,
        /// Longest text of each pass.
        max_tokens: usize,
        /// How tokens are chosen.
        sampling: Sampling,
    },
    /// Translates a text with the model that is loaded. Answer: done, with metrics.
    Translate {
        /// What to translate.
        text: String,
        /// Its language.
        from: String,
        /// The language wanted.
        to: String,
        /// Longest translation.
        max_tokens: usize,
    },
    /// Compares two texts; needs no model. Answer: rouge.
    Rouge {
        /// What a person wrote.
        reference: String,
        /// What is measured.
        candidate: String,
    },
    /// Reads a chat that another program exported. Needs no model, nor `open`. Answer: imported.
    Import {
        /// Name of the file; may be empty.
        name: String,
        /// What is in it.
        #[serde(with = "serde_bytes")]
        #[tsify(type = "Uint8Array")]
        bytes: Vec<u8>,
        /// How its dates are written; inferred if left out.
        #[tsify(optional)]
        order: Option<DateOrder>,
        /// Which of the `chats` of an earlier answer, from 0.
        #[tsify(optional)]
        chat: Option<usize>,
    },
    /// Stops another request, which then answers done with `cancelled`, and nothing after. Has no answer of its own.
    Cancel {
        /// Id of that request.
        target: u32,
    },
}

/// Where a model is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Backend {
    /// On the processor.
    Cpu,
    /// On the GPU, and nowhere else.
    Gpu,
    /// On the GPU where that is possible, and on the processor elsewhere.
    Auto,
}

/// A message of a chat. Sender and text come apart, so that no text can pass for another sender's message.
#[derive(Debug, Deserialize, Tsify)]
pub struct ChatMessage {
    /// Who wrote it; may be empty.
    pub sender: String,
    /// What was written.
    pub text: String,
}

/// How tokens are chosen.
#[derive(Debug, Clone, Copy, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Sampling {
    /// 0 always takes the most probable token.
    pub temperature: f32,
    /// Only so many of the most probable tokens are drawn from.
    pub top_k: usize,
    /// Only the most probable tokens that together reach this are drawn from.
    pub top_p: f32,
    /// Another seed, another text.
    pub seed: u32,
}

/// What the worker says.
#[derive(Debug, Serialize)]
pub struct Response {
    /// [`VERSION`].
    pub version: u32,
    /// The request that this belongs to; 0 where a panic belongs to none.
    pub id: u32,
    /// What is said.
    #[serde(flatten)]
    pub body: Body,
}

/// The events and answers.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Body {
    /// How far something is.
    Progress {
        /// What is under way.
        stage: Stage,
        /// Bytes, or tokens of the prompt.
        done: u64,
        /// All of them.
        total: u64,
        /// Which part of a text that is read in several; nothing where it is read at once.
        part: Option<Part>,
    },
    /// Something the user should know.
    Notice {
        /// What it is about.
        kind: NoticeKind,
        /// In plain words.
        text: String,
    },
    /// New text.
    Delta {
        /// Step, from 0. A step's text is all that it writes; only that of the last step is the summary.
        step: usize,
        /// Only what is new.
        text: String,
    },
    /// The models and the room for them.
    Status {
        /// Models that a browser can fetch.
        models: Vec<ModelStatus>,
        /// The browser's storage.
        storage: Storage,
    },
    /// The model is listed.
    Added {
        /// Its id.
        model: String,
    },
    /// The adapter fits the model.
    Examined {
        /// What it says of itself.
        adapter: ExaminedAdapter,
    },
    /// The model is ready.
    Loaded {
        /// Catalog id.
        model: String,
        /// What can be asked of it.
        targets: Vec<Target>,
        /// The GPU that it runs on; null if it runs on the processor.
        gpu: Option<String>,
        /// Why it does not run on the GPU, where it was to if possible.
        no_gpu: Option<String>,
        /// Size of the WebAssembly memory, which never shrinks: its peak.
        wasm_bytes: u64,
        /// Bytes of all buffers on the GPU.
        gpu_bytes: u64,
    },
    /// How long a summary of usual length takes, by the part that was run.
    Trial {
        /// On the processor, in milliseconds; null if the GPU cannot be used, since there is nothing to choose then.
        cpu_ms: Option<f64>,
        /// On the GPU, in milliseconds; null if it cannot be used.
        gpu_ms: Option<f64>,
        /// Why the GPU cannot be used.
        no_gpu: Option<String>,
    },
    /// How alike two texts are: F1 in percent.
    Rouge {
        /// Overlap of words.
        rouge1: f64,
        /// Overlap of pairs of neighbouring words.
        rouge2: f64,
        /// Longest common subsequence of words.
        #[serde(rename = "rougeL")]
        rouge_l: f64,
    },
    /// The chat of a file, or the chats to choose from.
    Imported {
        /// The chat; nothing if one has to be chosen.
        chat: Option<ImportedChat>,
        /// The chats to choose from; empty if there is one.
        chats: Vec<ChatTitle>,
    },
    /// The request is done with.
    Done {
        /// Whether it was stopped.
        cancelled: bool,
        /// What a summary cost.
        metrics: Option<Metrics>,
    },
    /// The request failed.
    Error {
        /// What the page can do about it.
        kind: FaultKind,
        /// In plain words.
        text: String,
    },
}

/// What progress is about.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Fetching, in bytes.
    Download,
    /// Reading a file that the reader has picked, in bytes: twice each.
    Import,
    /// Reading from the store, in bytes.
    Load,
    /// Reading the prompt, in tokens.
    Prefill,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum NoticeKind {
    /// A piece of a file was not what it should be and is fetched again.
    ChunkRefused,
    /// The connection broke and is tried again.
    Retry,
    /// The chat was too long to be read at once, and the summaries of its parts could not be made one.
    NotMerged,
    /// The GPU failed and everything begins anew: text that was told before is void.
    Restarted,
}

/// One of the parts of a text that is too long to be read at once.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct Part {
    /// From 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// A model of the catalog. Byte counts include its adapters.
#[derive(Debug, Serialize, Tsify)]
pub struct ModelStatus {
    /// Catalog id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Licence.
    pub licence: String,
    /// Length; null where only its server knows.
    pub bytes: Option<u64>,
    /// How much of that is in the store.
    pub stored: u64,
    /// Whether it can be loaded.
    pub complete: bool,
    /// Where its file comes from.
    pub origin: ModelOrigin,
    /// The adapters that the reader has added to it.
    pub adapters: Vec<OwnAdapter>,
}

/// Where a model comes from.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum ModelOrigin {
    /// The catalog.
    Catalog,
    /// An address that the reader has given.
    Address,
    /// A file that the reader has picked.
    File,
}

/// An adapter that the reader has added.
#[derive(Debug, Serialize, Tsify)]
pub struct OwnAdapter {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// `lora`, or the method that a learned file is for.
    pub method: String,
    /// What it was trained for.
    pub task: String,
    /// Language of the text.
    pub from: String,
    /// Language of the result.
    pub to: String,
    /// Length.
    pub bytes: u64,
}

/// What an adapter says of itself.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ExaminedAdapter {
    /// Name for people.
    pub name: String,
    /// `lora`, or the method that a learned file is for.
    pub method: String,
    /// That method's name for people.
    pub method_name: Option<String>,
    /// Language of the text; null where it does not say.
    pub from: Option<String>,
    /// Language of the result; null where it does not say.
    pub to: Option<String>,
    /// Codes of the languages to choose from.
    pub languages: Vec<String>,
}

/// The browser's storage for this site.
#[derive(Debug, Serialize, Tsify)]
pub struct Storage {
    /// Bytes in use.
    pub usage: u64,
    /// Bytes that the browser would give.
    pub quota: u64,
    /// Whether the browser promised not to delete it by itself.
    pub persisted: bool,
}

/// A language that summaries can be written in.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Code.
    pub language: String,
    /// All methods, those that are not available with the reason.
    pub methods: Vec<MethodStatus>,
    /// Why a summary in it cannot be translated back into the chat's language; null if it can.
    pub no_way_back: Option<String>,
}

/// A method, for one language.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct MethodStatus {
    /// Id.
    pub method: String,
    /// Name for people.
    pub name: String,
    /// How many times the model generates for a chat that it can read at once.
    pub passes: usize,
    /// Why it cannot be used; null if it can.
    pub unavailable: Option<String>,
    /// Bytes of the files that it needs beside the base model and the two adapters.
    pub extra_bytes: u64,
}

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// What was given cannot be used.
    Input,
    /// The work failed.
    Failure,
    /// A file could not be fetched; what has arrived is kept.
    Network,
    /// The browser has no room left.
    Quota,
    /// A file is not what it should be.
    Corrupt,
    /// The GPU failed, and with it the model that was loaded.
    Device,
    /// The engine is broken; a fresh worker is needed.
    Panic,
}

/// An error on its way to the page.
#[derive(Debug)]
pub struct Fault {
    /// What kind it is.
    pub kind: FaultKind,
    /// In plain words.
    pub text: String,
}

impl Fault {
    /// A fault of `kind`.
    pub fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Input(_) => FaultKind::Input,
            Error::Failure(_) => FaultKind::Failure,
            Error::Device(..) => FaultKind::Device,
        };
        Self::new(kind, error.to_string())
    }
}
