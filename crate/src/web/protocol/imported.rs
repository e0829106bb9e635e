//! What the messages on imported chats hold.

use serde::{Deserialize, Serialize};
use tsify::Tsify;

use super::Body;
use crate::chat::import::{self, Imported};

/// How dates are written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum DateOrder {
    /// 24/12/2019
    DayFirst,
    /// 12/24/2019
    MonthFirst,
    /// 2019/12/24
    YearFirst,
}

/// How the order of dates is known.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Certainty {
    /// The page said so.
    Given,
    /// Other orders give dates that do not exist, or the same.
    Certain,
    /// In other orders time runs backwards, or in leaps.
    Inferred,
    /// Nothing tells: ask.
    Ambiguous,
}

/// What exported a chat.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// WhatsApp.
    Whatsapp,
    /// Telegram Desktop.
    Telegram,
    /// signal-export.
    Signal,
    /// `Name: text` lines.
    Plain,
}

/// A chat that was read from a file.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ImportedChat {
    /// What people said, oldest first.
    pub messages: Vec<ImportedMessage>,
    /// What exported it.
    pub format: Format,
    /// How its dates were read; nothing if it has none.
    pub dates: Option<Dates>,
    /// How many lines of the messenger itself were left out.
    pub announcements: usize,
    /// How many marks such as `[photo]` stand in the texts.
    pub media: usize,
    /// How many lines before the first message were left out.
    pub leading_lines: usize,
    /// How many messages have no time because their date does not exist in this order.
    pub impossible_dates: usize,
}

/// A message that was read from a file.
#[derive(Debug, Serialize, Tsify)]
pub struct ImportedMessage {
    /// Who wrote it.
    pub sender: String,
    /// What was written.
    pub text: String,
    /// When, local to the device that exported it: `2024-01-05T15:04:00`, which compares as text.
    pub time: Option<String>,
}

/// How the dates of a chat were read.
#[derive(Debug, Serialize, Tsify)]
pub struct Dates {
    /// The order of day, month and year.
    pub order: DateOrder,
    /// How that is known.
    pub certainty: Certainty,
}

/// A chat of several in a file.
#[derive(Debug, Serialize, Tsify)]
pub struct ChatTitle {
    /// Its name.
    pub name: String,
    /// How many entries it has, the messenger's own included.
    pub entries: usize,
}

/// The answer to `import`.
pub fn answer(imported: Imported) -> Body {
    match imported {
        Imported::Chat(chat) => Body::Imported { chat: Some(chat.into()), chats: Vec::new() },
        Imported::Several(titles) => {
            let chats = titles.into_iter().map(|title| ChatTitle { name: title.name, entries: title.entries });
            Body::Imported { chat: None, chats: chats.collect() }
        }
    }
}

impl From<import::Chat> for ImportedChat {
    fn from(of: import::Chat) -> Self {
        let messages = of.conversation.messages().iter().map(|message| ImportedMessage {
            sender: message.speaker.clone(),
            text: message.text.clone(),
            time: message.time.map(|time| time.to_string()),
        });
        let (mut leading_lines, mut impossible_dates) = (0, 0);
        for warning in of.warnings {
            match warning {
                import::Warning::LeadingLines(count) => leading_lines = count,
                import::Warning::ImpossibleDates(count) => impossible_dates = count,
            }
        }
        Self {
            messages: messages.collect(),
            format: match of.format {
                import::ChatFormat::WhatsApp => Format::Whatsapp,
                import::ChatFormat::Telegram => Format::Telegram,
                import::ChatFormat::Signal => Format::Signal,
                import::ChatFormat::Plain => Format::Plain,
            },
            dates: of.dates.map(|(order, certainty)| Dates { order: order.into(), certainty: certainty.into() }),
            announcements: of.announcements,
            media: of.media,
            leading_lines,
            impossible_dates,
        }
    }
}

impl From<DateOrder> for import::DateOrder {
    fn from(of: DateOrder) -> Self {
        match of {
            DateOrder::DayFirst => import::DateOrder::DayFirst,
            DateOrder::MonthFirst => import::DateOrder::MonthFirst,
            DateOrder::YearFirst => import::DateOrder::YearFirst,
        }
    }
}

impl From<import::DateOrder> for DateOrder {
    fn from(of: import::DateOrder) -> Self {
        match of {
            import::DateOrder::DayFirst => DateOrder::DayFirst,
            import::DateOrder::MonthFirst => DateOrder::MonthFirst,
            import::DateOrder::YearFirst => DateOrder::YearFirst,
        }
    }
}

impl From<import::Certainty> for Certainty {
    fn from(of: import::Certainty) -> Self {
        match of {
            import::Certainty::Given => Certainty::Given,
            import::Certainty::Certain => Certainty::Certain,
            import::Certainty::Inferred => Certainty::Inferred,
            import::Certainty::Ambiguous => Certainty::Ambiguous,
        }
    }
}
