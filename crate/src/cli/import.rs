//! `gist import`, and the options of every command that reads a chat.

use std::io::{Read, Write};
use std::path::PathBuf;

use clap::Args;
use gist::chat::import::{Certainty, Chat, DateOrder, Imported, Options, Range, Title, import, newest, parse_date};
use gist::error::Result;
use gist::input;
use serde_json::json;

use super::read_file;

/// Options for a chat: its file, how to read it, and the part to use.
#[derive(Args)]
pub struct ChatOptions {
    /// Chat to read: `Name: text` lines, or an export of WhatsApp (.txt, .zip), Telegram (result.json) or Signal; -
    /// reads standard input
    #[arg(value_name = "CHAT")]
    file: PathBuf,
    /// Order of the numbers of a date [default: inferred from the chat]
    #[arg(long, value_enum)]
    order: Option<DateOrder>,
    /// Number of the chat in an export with several, from 1
    #[arg(long = "chat", value_name = "N")]
    number: Option<usize>,
    /// Use only the newest N messages
    #[arg(long, value_name = "N", conflicts_with_all = ["since", "until"])]
    last: Option<usize>,
    /// Use only messages from DATE on: 2024-01-31, "2024-01-31 18:00", or today or yesterday as of the newest message
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Use only messages before DATE
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

impl ChatOptions {
    /// Reads the file and cuts the chat to the part to use. Warnings go to standard error.
    pub fn read(&self) -> Result<Chat> {
        let name = self.file.display().to_string();
        let mut bytes = Vec::new();
        match name.as_str() {
            "-" => drop(std::io::stdin().read_to_end(&mut bytes)?),
            _ => bytes = read_file(&self.file)?,
        }
        let chat = match self.number {
            Some(0) => return Err(input!("--chat counts from 1")),
            number => number.map(|number| number - 1),
        };
        let mut chat = match import(&name, &bytes, &Options { order: self.order, chat })? {
            Imported::Chat(chat) => chat,
            Imported::Several(titles) => return Err(input!("{name}: {}", choice(&titles))),
        };
        for warning in &chat.warnings {
            eprintln!("gist: {warning}");
        }
        if let Some((order, Certainty::Ambiguous)) = chat.dates {
            let read = if order == DateOrder::MonthFirst { "month" } else { "day" };
            eprintln!("gist: dates may have day or month first and are read as {read} first; --order says otherwise");
        }
        if let Some(range) = self.range(&chat)? {
            chat.conversation = range.of(&chat.conversation)?;
        }
        Ok(chat)
    }

    fn range(&self, chat: &Chat) -> Result<Option<Range>> {
        let now = newest(&chat.conversation);
        let at = |date: &String| parse_date(date, now);
        Ok(match (self.last, &self.since, &self.until) {
            (Some(count), ..) => Some(Range::Last(count)),
            (None, Some(since), Some(until)) => Some(Range::Between(at(since)?, at(until)?)),
            (None, Some(since), None) => Some(Range::Since(at(since)?)),
            (None, None, Some(until)) => Some(Range::Before(at(until)?)),
            (None, None, None) => None,
        })
    }
}

/// Returns the message for a file with several chats, which lists them.
fn choice(titles: &[Title]) -> String {
    const LIMIT: usize = 20;
    let titles_of = titles.iter().enumerate().take(LIMIT);
    let list: Vec<String> =
        titles_of.map(|(i, title)| format!("{} {:?} ({})", i + 1, title.name, title.entries)).collect();
    let more = if titles.len() > LIMIT { ", …" } else { "" };
    format!("the export has {} chats; choose one with --chat: {}{more}", titles.len(), list.join(", "))
}

/// Arguments of `gist import`.
#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    chat: ChatOptions,
    /// Print one JSON object, with times and notes on the import
    #[arg(long)]
    json: bool,
}

impl Import {
    /// Prints the chat as `Name: text` lines, which all commands read, or as JSON.
    pub fn run(self) -> Result<()> {
        let Chat { conversation, format, dates, announcements, media, warnings } = self.chat.read()?;
        let mut out = std::io::stdout().lock();
        if !self.json {
            return Ok(writeln!(out, "{conversation}")?);
        }
        let messages = conversation.messages().iter().map(|message| {
            let time = message.time.map(|time| time.to_string());
            json!({ "sender": message.speaker, "text": message.text, "time": time })
        });
        let report = json!({
            "format": format,
            "order": dates.map(|(order, _)| order),
            "certainty": dates.map(|(_, certainty)| certainty),
            "announcements": announcements,
            "media": media,
            "warnings": warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "messages": messages.collect::<Vec<_>>(),
        });
        Ok(writeln!(out, "{report}")?)
    }
}
