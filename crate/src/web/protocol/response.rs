//! Messages from the worker to the page.

use serde::Serialize;
use tsify::Tsify;

use super::fault::FaultKind;
use super::imported::{ChatTitle, ImportedChat};
use super::metrics::SummaryMetrics;
use super::status::{Direction, EngineInfo, ExaminedAdapter, ModelStatus, Storage};
use crate::error::Error;

/// A message from the worker to the page.
#[derive(Debug, Serialize)]
pub struct Response {
    /// Version of the protocol, [`super::VERSION`].
    pub version: u32,
    /// Number of the request that it belongs to; 0 for a panic.
    pub id: u32,
    /// The event or answer itself.
    #[serde(flatten)]
    pub body: Body,
}

/// The events and answers.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Body {
    /// Progress of a request.
    Progress {
        /// Phase of the request.
        phase: Phase,
        /// Bytes or tokens done.
        done: u64,
        /// Bytes or tokens in all.
        total: u64,
        /// Part of a text that is read in several parts; null for a text that is read at once.
        part: Option<Part>,
    },
    /// News for the user.
    Notice {
        /// Subject.
        kind: NoticeKind,
        /// Text in plain words.
        text: String,
    },
    /// New text.
    Delta {
        /// Index of the stage. The summary is the text of the last stage.
        stage: usize,
        /// Text that is new, without the text before it.
        text: String,
    },
    /// The text of the stage has become another: a loop was cut off, or another text was chosen.
    Rewritten {
        /// Index of the stage.
        stage: usize,
        /// Whole text of the stage.
        text: String,
    },
    /// The text so far is a draft: it did not pass its check, and others are written to choose from.
    Draft {
        /// Number of texts written.
        written: usize,
        /// Largest number of texts.
        total: usize,
    },
    /// The models, the room for them, and the limits of the engine.
    Status {
        /// Models that a browser can fetch.
        models: Vec<ModelStatus>,
        /// Storage of the browser.
        storage: Storage,
        /// Bytes of files that earlier versions of the page have left, and nothing takes any more.
        leftover: u64,
        /// Languages and limits of the engine.
        engine: EngineInfo,
    },
    /// A model was added to the list.
    Added {
        /// Catalog id of the model.
        model: String,
    },
    /// The adapter fits the model.
    Examined {
        /// Facts that the adapter states.
        adapter: ExaminedAdapter,
    },
    /// The model is loaded, with the adapters that are in the store.
    Loaded {
        /// Catalog id of the model.
        model: String,
        /// Languages of chats and summaries that there are adapters for, here or in the catalog.
        directions: Vec<Direction>,
        /// Name of the GPU that it runs on; null if it runs on the processor.
        gpu: Option<String>,
        /// Reason not to run on the GPU, if `auto` chose the processor.
        no_gpu: Option<String>,
        /// Size in bytes of the WebAssembly memory, which never shrinks: its peak.
        wasm_bytes: u64,
        /// Bytes of all buffers on the GPU.
        gpu_bytes: u64,
    },
    /// Time of a summary of usual length, estimated from the part that was run.
    Benchmark {
        /// Time on the processor in milliseconds; null if the GPU cannot be used, since there
        /// is nothing to choose then.
        cpu_ms: Option<f64>,
        /// Time on the GPU in milliseconds; null if it cannot be used.
        gpu_ms: Option<f64>,
        /// Reason that the GPU cannot be used.
        no_gpu: Option<String>,
    },
    /// Likeness of two texts: F1 in percent.
    Rouge {
        /// Overlap of words.
        rouge1: f64,
        /// Overlap of pairs of neighbouring words.
        rouge2: f64,
        /// Longest common subsequence of words.
        #[serde(rename = "rougeL")]
        rouge_l: f64,
    },
    /// The language of a chat.
    Detected {
        /// Code of the likeliest of the languages that prompts can name.
        language: String,
        /// False if the chat is too short, mixed or in another language to tell.
        certain: bool,
    },
    /// The chat in a file, or the chats to choose from.
    Imported {
        /// The chat; null if the user has to choose one.
        chat: Option<ImportedChat>,
        /// Chats to choose from; empty if there is only one.
        chats: Vec<ChatTitle>,
    },
    /// The request is done.
    Done {
        /// True if it was stopped.
        cancelled: bool,
        /// Figures of a summary or translation.
        metrics: Option<SummaryMetrics>,
    },
    /// The request failed.
    Error {
        /// Kind of the error, which tells the page how to go on.
        kind: FaultKind,
        /// Text in plain words.
        text: String,
    },
}

impl Body {
    /// Returns the answer to a request that has nothing else to say.
    pub fn done() -> Self {
        Body::Done { cancelled: false, metrics: None }
    }
}

impl From<Error> for Body {
    fn from(error: Error) -> Self {
        Body::Error { kind: error.kind().into(), text: error.to_string() }
    }
}

/// The phases of a request that report progress.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Download, in bytes.
    Download,
    /// Reading of a file that the user picked, in bytes. Every byte is read twice.
    Import,
    /// Reading from the store, in bytes.
    Load,
    /// Reading of the prompt, in tokens.
    Prefill,
}

/// The subjects of notices.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum NoticeKind {
    /// A piece of a file was damaged and is fetched again.
    ChunkRefused,
    /// The connection broke and is tried again.
    Retry,
    /// The chat was read in parts, whose summaries could not be made one.
    NotMerged,
    /// The GPU failed and the request begins anew: text that came before is void.
    Restarted,
}

/// A part of a text that is too long to be read at once.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct Part {
    /// Index of the part.
    pub index: usize,
    /// Number of parts.
    pub count: usize,
}
