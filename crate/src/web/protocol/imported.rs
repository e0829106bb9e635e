//! Chats that were read from files, as the page gets them.

use serde::Serialize;
use tsify::Tsify;

use crate::chat::import::{Certainty, Chat, ChatFormat, DateOrder, Title, Warning};

/// A chat that was read from a file.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ImportedChat {
    /// Messages of people, oldest first.
    pub messages: Vec<ImportedMessage>,
    /// Program that exported the chat.
    pub format: ChatFormat,
    /// Reading of its dates; null if it has none.
    pub dates: Option<Dates>,
    /// Number of lines of the messenger itself, which are left out.
    pub announcements: usize,
    /// Number of marks such as `[photo]` in the texts.
    pub media: usize,
    /// Number of lines before the first message, which are left out.
    pub leading_lines: usize,
    /// Number of messages without a time because their date does not exist in this order.
    pub impossible_dates: usize,
}

/// A message that was read from a file.
#[derive(Debug, Serialize, Tsify)]
pub struct ImportedMessage {
    /// Name of the sender.
    pub sender: String,
    /// Text.
    pub text: String,
    /// Time, local to the device that exported the chat: `2024-01-05T15:04:00`, which compares as text.
    pub time: Option<String>,
}

/// The reading of a chat's dates.
#[derive(Debug, Serialize, Tsify)]
pub struct Dates {
    /// Order of day, month and year.
    pub order: DateOrder,
    /// Grounds for that order.
    pub certainty: Certainty,
}

/// One of several chats in a file.
#[derive(Debug, Serialize, Tsify)]
pub struct ChatTitle {
    /// Name of the chat.
    pub name: String,
    /// Number of entries, the messenger's own included.
    pub entries: usize,
}

impl From<Title> for ChatTitle {
    fn from(of: Title) -> Self {
        Self { name: of.name, entries: of.entries }
    }
}

impl From<Chat> for ImportedChat {
    fn from(of: Chat) -> Self {
        let messages = of.conversation.messages().iter().map(|message| ImportedMessage {
            sender: message.speaker.clone(),
            text: message.text.clone(),
            time: message.time.map(|time| time.to_string()),
        });
        let (mut leading_lines, mut impossible_dates) = (0, 0);
        for warning in of.warnings {
            match warning {
                Warning::LeadingLines(count) => leading_lines = count,
                Warning::ImpossibleDates(count) => impossible_dates = count,
            }
        }
        Self {
            messages: messages.collect(),
            format: of.format,
            dates: of.dates.map(|(order, certainty)| Dates { order, certainty }),
            announcements: of.announcements,
            media: of.media,
            leading_lines,
            impossible_dates,
        }
    }
}
