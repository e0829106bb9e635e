//! Import of chats that other programs export: from the bytes of a file to a [`Conversation`].
//!
//! [`import`], in `read`, recognises the format. `file` decodes the text; `telegram` reads JSON; `stamped` reads lines
//! that begin with a date (`timestamp`, whose `order` only the whole chat tells); anything else is read as `Name: text`
//! lines. Files come from strangers: whatever they contain, nothing panics, and memory stays within a small multiple of
//! their size.

mod announcement;
mod file;
mod json;
mod media;
mod order;
mod range;
mod read;
mod scanner;
mod stamped;
mod telegram;
mod timestamp;

use std::fmt;

use serde::Serialize;

pub use self::file::{MAX_FILE_BYTES, check_length};
pub use self::order::{Certainty, DateOrder};
pub use self::range::{Range, newest, parse_date};
pub use self::read::import;
pub use self::telegram::Title;
use crate::chat::conversation::Conversation;

/// Facts that the caller knows and the file may not tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Order of the numbers of a date; inferred from the chat if it is not given.
    pub order: Option<DateOrder>,
    /// Chat of a file with several, by its place in [`Imported::Several`].
    pub chat: Option<usize>,
}

/// Contents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The only chat of the file, or the one that [`Options::chat`] names.
    Chat(Chat),
    /// Titles of several chats, of which [`Options::chat`] has to name one.
    Several(Vec<Title>),
}

/// A chat with notes on its import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Messages that people wrote.
    pub conversation: Conversation,
    /// Program that exported it.
    pub format: ChatFormat,
    /// Order that its dates were read in, and the certainty of it; `None` if it has no dates.
    pub dates: Option<(DateOrder, Certainty)>,
    /// Number of announcements of the messenger that were left out, such as that somebody joined.
    pub announcements: usize,
    /// Number of marks such as `[photo]` in the texts.
    pub media: usize,
    /// Warnings for the user.
    pub warnings: Vec<Warning>,
}

/// Program that a chat was exported from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum ChatFormat {
    /// WhatsApp, as text.
    #[serde(rename = "whatsapp")]
    WhatsApp,
    /// Telegram Desktop, as `result.json`.
    Telegram,
    /// Signal, as text by signal-export.
    Signal,
    /// No program: `Name: text` lines.
    Plain,
}

/// A defect of the file that did not keep the chat from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Number of lines before the first message, which were left out.
    LeadingLines(usize),
    /// Number of messages without a time, because their date does not exist in the order that dates are read in.
    ImpossibleDates(usize),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::LeadingLines(count) => write!(f, "lines before the first message were left out: {count}"),
            Warning::ImpossibleDates(count) => {
                write!(f, "messages with a date that does not exist, which have no time: {count}; is the order right?")
            }
        }
    }
}
