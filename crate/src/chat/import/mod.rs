//! Chats as other programs export them: bytes of a file in, a [`Conversation`] out.
//!
//! [`import`] finds out what a file is. `file` makes text of it; `telegram` reads JSON; `stamped` reads lines that begin
//! with a date (`timestamp`, whose `order` only the whole chat tells); anything else is `Name: text` lines.
//! Files come from strangers: whatever is in them, nothing panics, and memory stays within a small multiple of their
//! size.

mod announcement;
mod file;
mod json;
mod media;
mod order;
mod range;
mod scanner;
mod stamped;
mod telegram;
mod timestamp;

use std::fmt;

use serde::Serialize;

pub use self::file::check_length;
pub use self::order::{Certainty, DateOrder};
pub use self::range::{Range, moment, newest};
pub use self::telegram::Title;
use crate::chat::conversation::Conversation;
use crate::error::Result;

/// What the caller knows better than the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How dates are written; otherwise inferred.
    pub order: Option<DateOrder>,
    /// Which chat of a file with several, as its place in [`Imported::Several`].
    pub chat: Option<usize>,
}

/// What a file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// One chat, or the one that was asked for.
    Chat(Chat),
    /// Several chats, of which [`Options::chat`] has to name one.
    Several(Vec<Title>),
}

/// A chat and how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// What people said.
    pub conversation: Conversation,
    /// What exported it.
    pub format: ChatFormat,
    /// How its dates were read and how that is known; `None` if it has none.
    pub dates: Option<(DateOrder, Certainty)>,
    /// How many lines of the messenger itself were left out, such as who joined.
    pub announcements: usize,
    /// How many marks such as `[photo]` stand in the texts.
    pub media: usize,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

/// What exported a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatFormat {
    /// WhatsApp's text.
    #[serde(rename = "whatsapp")]
    WhatsApp,
    /// Telegram Desktop's `result.json`.
    Telegram,
    /// The text of signal-export.
    Signal,
    /// `Name: text` lines.
    Plain,
}

/// Something that was not as it should be, and did no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// So many lines came before the first message and were left out.
    LeadingLines(usize),
    /// So many messages have no time, because their date does not exist in the order that dates are read in.
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

/// Reads the chat in the file `name` of contents `bytes`.
///
/// # Errors
/// If the file holds no chat, is damaged or is too large. The error names the file.
pub fn import(name: &str, bytes: &[u8], options: &Options) -> Result<Imported> {
    read(name, bytes, options).map_err(|error| if name.is_empty() { error } else { error.at(name) })
}

fn read(name: &str, bytes: &[u8], options: &Options) -> Result<Imported> {
    let text = file::text_of(bytes)?;
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    if text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}'])) {
        return telegram::read(text, options.chat);
    }
    if let Some(chat) = stamped::read(name, text, options.order)? {
        return Ok(Imported::Chat(chat));
    }
    Ok(Imported::Chat(Chat {
        conversation: Conversation::parse(text)?,
        format: ChatFormat::Plain,
        dates: None,
        announcements: 0,
        media: 0,
        warnings: Vec::new(),
    }))
}
