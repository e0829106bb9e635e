//! `gist import`, and what every command that reads a chat can be told about it.

use std::io::{Read, Write};
use std::path::PathBuf;

use clap::Args;
use gist::chat::import::{Certainty, Chat, DateOrder, Imported, Options, Range, Title, import, newest, parse_date};
use gist::error::Result;
use gist::input;
use serde_json::json;

use super::read_file;

/// A chat, how it is read, and which part of it is wanted.
#[derive(Args)]
pub struct ChatOptions {
    /// `Name: text` lines, or an export of WhatsApp (.txt, .zip), Telegram (result.json) or Signal; - reads standard input
    #[arg(value_name = "CHAT")]
    file: PathBuf,
    /// How dates are written, where the chat does not tell
    #[arg(long, value_enum)]
    order: Option<Order>,
    /// Which chat of an export with several, from 1
    #[arg(long = "chat", value_name = "N")]
    number: Option<usize>,
    /// Only so many of the newest messages
    #[arg(long, value_name = "N", conflicts_with_all = ["since", "until"])]
    last: Option<usize>,
    /// Only messages from DATE on: 2024-01-31, "2024-01-31 18:00", or today or yesterday as of the newest message
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Only messages before DATE
    #[arg(long, value_name = "DATE", requires = "since")]
    until: Option<String>,
}

/// Values of --order.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[allow(clippy::enum_variant_names)] // they are the names on the command line
enum Order {
    /// 24/12/2019
    DayFirst,
    /// 12/24/2019
    MonthFirst,
    /// 2019/12/24
    YearFirst,
}

impl From<Order> for DateOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::DayFirst => DateOrder::DayFirst,
            Order::MonthFirst => DateOrder::MonthFirst,
            Order::YearFirst => DateOrder::YearFirst,
        }
    }
}

impl ChatOptions {
    /// Reads the file and cuts the chat to the part that is wanted. What the reader should know goes to standard error.
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
        let mut chat = match import(&name, &bytes, &Options { order: self.order.map(Into::into), chat })? {
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
            (None, None, _) => None,
        })
    }
}

/// What to say where several chats are in a file.
fn choice(titles: &[Title]) -> String {
    const MOST: usize = 20;
    let titles_of = titles.iter().enumerate().take(MOST);
    let list: Vec<String> =
        titles_of.map(|(i, title)| format!("{} {:?} ({})", i + 1, title.name, title.entries)).collect();
    let more = if titles.len() > MOST { ", …" } else { "" };
    format!("the export has {} chats; choose one with --chat: {}{more}", titles.len(), list.join(", "))
}

/// Arguments of `gist import`.
#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    chat: ChatOptions,
    /// Print one JSON object, with times and how the chat was read
    #[arg(long)]
    json: bool,
}

impl Import {
    /// Prints the chat as `Name: text` lines, which every command reads, or as JSON.
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
