//! `gist facts`: what a chat holds for certain, by rule and without a model.

use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use gist::chat::conversation::Message;
use gist::error::Result;
use gist::facts::{ChatFacts, ItemKind, agenda, calendar};
use gist::{failure, input};
use serde_json::json;

use super::import::ChatOptions;
use super::summarize::from;
use super::write_file;

/// Arguments of `gist facts`.
#[derive(Args)]
pub struct Facts {
    #[command(flatten)]
    chat: ChatOptions,
    /// Language of the chat, or auto to find it out
    #[arg(long, default_value = "auto")]
    from: String,
    /// Name of the reader: list the questions that name them
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Write the appointments on certain days to this file, as iCalendar
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// Print one JSON object, with all facts of each message
    #[arg(long)]
    json: bool,
}

impl Facts {
    /// Prints a line for each item: number of the message, kind, speaker, and the sentence that it is in.
    pub fn run(self) -> Result<()> {
        let chat = self.chat.read()?.conversation;
        let language = from(&self.from, &chat)?;
        let facts = ChatFacts::new(&chat, language)?;
        let items = agenda(&facts, self.reader.as_deref());
        if let Some(path) = &self.ics {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let file = calendar(&items, i64::try_from(now).unwrap_or(i64::MAX));
            let file = file.ok_or_else(|| input!("the chat has no appointment on a day that is certain"))?;
            write_file(path, |out| Ok(out.write_all(file.as_bytes())?))?;
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            let messages = chat.messages().iter().zip(facts.messages());
            let messages = messages.map(|(message, facts)| {
                let time = message.time.map(|time| time.to_string());
                let Message { speaker, text, .. } = message;
                json!({ "sender": speaker, "text": text, "time": time, "facts": facts })
            });
            let messages: Vec<_> = messages.collect();
            let report = json!({ "language": language, "items": items, "messages": messages });
            return Ok(writeln!(out, "{report}")?);
        }
        for item in &items {
            let kind =
                serde_json::to_value(item.kind).map_err(|error| failure!("a kind cannot be written: {error}"))?;
            let start: Vec<&str> = [&item.date, &item.time].into_iter().flatten().map(String::as_str).collect();
            let start = match item.kind {
                ItemKind::Appointment if !start.is_empty() => format!("[{}] ", start.join(" ")),
                _ => String::new(),
            };
            let (number, kind) = (item.message + 1, kind.as_str().unwrap_or_default());
            writeln!(out, "{number:>5} {kind:11} {start}{}: {}", item.speaker, item.text.replace('\n', " "))?;
        }
        Ok(())
    }
}
