//! Messages from the page to the worker.

use serde::Deserialize;
use tsify::Tsify;

use crate::chat::conversation::Message;
use crate::chat::import::DateOrder;
use crate::methods::method::Method;
use crate::model::prompt::{Form, Task};
use crate::model::sampler;

/// A message from the page to the worker.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// Version of the protocol, [`super::VERSION`].
    pub version: u32,
    /// Number of the request, which the page chooses and never uses twice.
    pub id: u32,
    /// The request itself.
    #[serde(flatten)]
    pub action: Action,
}

/// The requests.
#[derive(Debug, Deserialize, Tsify)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Reads `models/catalog.json` below the address `base` and opens the store; has to be the
    /// first message. Answer: done.
    Open {
        /// Address of the page's folder.
        base: String,
    },
    /// Lists the models. Answer: status.
    Status,
    /// Fetches what is missing of a model's own file, and of the adapters and corrections for some purposes. Answer:
    /// done.
    Download {
        /// Catalog id of the model.
        model: String,
        /// Purposes of the adapters; none for the model alone.
        purposes: Vec<Purpose>,
    },
    /// Deletes one model, with its adapters unless another model here takes them too, or everything. Answer: done.
    Delete {
        /// Catalog id of the model; null for everything.
        model: Option<String>,
    },
    /// Deletes the files that earlier versions of the page have left, which the catalog has no longer. Answer: done.
    DeleteLeftovers,
    /// Puts the model in the one file of `files` into the store. Answer: added.
    ImportModel,
    /// Lists the model at an address of Hugging Face, so that it can be downloaded. Answer: added.
    AddAddress {
        /// Address as the user typed it.
        address: String,
    },
    /// Reads the adapter among `files` and checks that it fits the model, which has to be loaded. Answer: examined.
    ExamineAdapter {
        /// Catalog id of the model.
        model: String,
        /// Path of each file.
        paths: Vec<String>,
    },
    /// Adds the adapter among `files` to the model, which has to be loaded, and keeps it. Answer: loaded.
    AddAdapter {
        /// Catalog id of the model.
        model: String,
        /// Path of each file.
        paths: Vec<String>,
        /// Task that it was trained for. Languages that the file states go before these.
        task: Task,
    },
    /// Deletes the file of an adapter or correction. A loaded model keeps it until `load` is sent again. Answer: done.
    RemoveAdapter {
        /// Catalog id of the adapter.
        adapter: String,
    },
    /// Loads a model from the store, with the adapters that are there. If it is loaded already, adapters that have come
    /// since are added. Answer: loaded.
    Load {
        /// Catalog id of the model.
        model: String,
        /// Processor or GPU.
        backend: Backend,
    },
    /// Runs a part of a model from the store on the processor and on the GPU, and measures both. Only closing the
    /// worker frees the memory that this takes. Answer: benchmark.
    Benchmark {
        /// Catalog id of the model.
        model: String,
    },
    /// Summarises a chat with the loaded model. Answer: done, with metrics.
    Summarize {
        /// The chat, oldest message first.
        messages: Vec<ChatMessage>,
        /// Language of the chat.
        from: String,
        /// Language of the summary.
        to: String,
        /// Form of the summary.
        #[serde(default)]
        form: Form,
        /// Method.
        method: Method,
        /// Length in tokens of the longest text of a pass.
        max_tokens: usize,
        /// Settings of the sampler.
        sampling: Sampling,
        /// Whether the text is checked, and others are written where it has a fault.
        #[serde(default)]
        careful: bool,
    },
    /// Translates a text with the loaded model. Answer: done, with metrics.
    Translate {
        /// Text to translate.
        text: String,
        /// Language of the text.
        from: String,
        /// Language of the translation.
        to: String,
        /// Length in tokens of the longest translation.
        max_tokens: usize,
    },
    /// Compares two texts by ROUGE; needs no model. Answer: rouge.
    Rouge {
        /// Reference text, which a person wrote.
        reference: String,
        /// Text to score.
        candidate: String,
    },
    /// Finds out which language a chat is in; needs no model. Answer: detected.
    DetectLanguage {
        /// The chat, oldest message first.
        messages: Vec<ChatMessage>,
    },
    /// Reads a chat that another program exported; needs neither a model nor `open`. Answer: imported.
    Import {
        /// Name of the file; may be empty.
        name: String,
        /// Bytes of the file.
        #[serde(with = "serde_bytes")]
        #[tsify(type = "Uint8Array")]
        bytes: Vec<u8>,
        /// Order of the dates; inferred if left out.
        #[tsify(optional)]
        order: Option<DateOrder>,
        /// Index into the `chats` of an earlier answer.
        #[tsify(optional)]
        chat: Option<usize>,
    },
    /// Stops another request, which then answers done with `cancelled` and nothing after. Has no answer of its own.
    Cancel {
        /// Number of that request.
        target: u32,
    },
}

/// A task, and the method to do it by: what a download is for.
#[derive(Debug, Deserialize, Tsify)]
pub struct Purpose {
    /// Task.
    pub task: Task,
    /// Method.
    pub method: Method,
}

/// Processor or GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Backend {
    /// The processor.
    Cpu,
    /// The GPU, and an error where it cannot be used.
    Gpu,
    /// The GPU where it can be used, and the processor elsewhere.
    Auto,
}

/// A message of a chat. Sender and text come apart, so that no text can pass for another sender's message.
#[derive(Debug, Deserialize, Tsify)]
pub struct ChatMessage {
    /// Name of the sender; may be empty.
    pub sender: String,
    /// Text.
    pub text: String,
}

/// Settings of the sampler.
#[derive(Debug, Clone, Copy, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Sampling {
    /// Temperature; 0 always takes the most probable token.
    pub temperature: f32,
    /// Number of most probable tokens to draw from.
    pub top_k: usize,
    /// Probability that the tokens to draw from reach together.
    pub top_p: f32,
    /// Seed of the random numbers; the same seed gives the same text.
    pub seed: u32,
}

impl From<ChatMessage> for Message {
    fn from(of: ChatMessage) -> Self {
        Self::new(&of.sender, &of.text, None)
    }
}

impl From<Sampling> for sampler::Sampling {
    fn from(of: Sampling) -> Self {
        Self { temperature: of.temperature, top_k: of.top_k, top_p: of.top_p, seed: of.seed.into() }
    }
}
