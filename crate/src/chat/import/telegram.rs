//! Telegram Desktop's `result.json`: one chat, or all of an account.
//!
//! The file is read twice: once for the titles of its chats, then for the messages of one chat. Each is converted as
//! soon as the parser has read it, so that an export of everything takes no more memory than one chat.

use std::fmt;
use std::marker::PhantomData;

use jiff::civil::DateTime;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{Count, Field, Nth};
use super::media::Media;
use super::order::{Certainty, DateOrder};
use super::{Chat, ChatFormat, Imported};
use crate::chat::conversation::{Conversation, MAX_MESSAGES, Message};
use crate::error::{Error, Result};
use crate::input;

/// Largest number of chats in a file.
const MAX_CHATS: usize = 100_000;

/// Title of one of several chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Name of the chat.
    pub name: String,
    /// Number of its entries, those of Telegram itself included.
    pub entries: usize,
}

/// Contents of the file: the fields of one chat, or `chats`.
#[derive(Deserialize)]
struct Survey {
    messages: Option<Count>,
    chats: Option<Chats>,
}

#[derive(Deserialize)]
struct Chats {
    list: Titles,
}

/// Chats that have entries, with their places in the list.
struct Titles(Vec<(usize, Title)>);

/// Reads `text`; `chat` selects one of several chats.
pub fn read(text: &str, chat: Option<usize>) -> Result<Imported> {
    let survey: Survey = serde_json::from_str(text).map_err(|error| damaged(&error))?;
    let titles = match survey {
        Survey { messages: Some(_), .. } => return chat_at(text, Field("messages", PhantomData)),
        Survey { chats: Some(Chats { list: Titles(titles) }), .. } => titles,
        _ => {
            return Err(input!(
                "the file is JSON but no export of Telegram: it has neither messages nor chats; give its result.json"
            ));
        }
    };
    let place = match (chat, titles.len()) {
        (_, 0) => return Err(input!("the export has no chat with messages")),
        (None, 1) => titles[0].0,
        (None, _) => return Ok(Imported::Several(titles.into_iter().map(|(_, title)| title).collect())),
        (Some(index), count) if index >= count => {
            return Err(input!("there is no chat {}: the export has {count}", index.saturating_add(1)));
        }
        (Some(index), _) => titles[index].0,
    };
    chat_at(text, Field("chats", Field("list", Nth(place, Field("messages", PhantomData)))))
}

/// Reads the chat whose messages are at `path`.
fn chat_at<'de>(text: &'de str, path: impl DeserializeSeed<'de, Value = Messages>) -> Result<Imported> {
    let read = path.deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| damaged(&error))?;
    Ok(Imported::Chat(Chat {
        conversation: Conversation::new(read.messages)
            .map_err(|_| input!("the chat has no messages, only {} entries of Telegram itself", read.announcements))?,
        format: ChatFormat::Telegram,
        dates: Some((DateOrder::YearFirst, Certainty::Certain)),
        announcements: read.announcements,
        media: read.media,
        warnings: Vec::new(),
    }))
}

fn damaged(error: &serde_json::Error) -> Error {
    input!("the file is no export of Telegram that can be read ({error}); export the chat again")
}

impl<'de> Deserialize<'de> for Titles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Listed {
            name: Option<String>,
            messages: Option<Count>,
        }
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Titles;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of chats")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut chats: A) -> Result<Titles, A::Error> {
                let mut titles = Vec::new();
                let mut place = 0;
                while let Some(Listed { name, messages }) = chats.next_element()? {
                    if titles.len() == MAX_CHATS {
                        return Err(A::Error::custom(format!("it has more than {MAX_CHATS} chats")));
                    }
                    if let Some(Count(entries @ 1..)) = messages {
                        titles.push((place, Title { name: name.unwrap_or_else(|| DELETED.to_owned()), entries }));
                    }
                    place += 1;
                }
                Ok(Titles(titles))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Name that Telegram gives to people who left.
const DELETED: &str = "Deleted Account";

/// An entry of a chat. Most fields are there for some kinds of entries only.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: Option<String>,
    date: Option<String>,
    from: Option<String>,
    text: Option<Text>,
    photo: Option<IgnoredAny>,
    media_type: Option<String>,
    file: Option<IgnoredAny>,
    file_name: Option<String>,
    contact_information: Option<IgnoredAny>,
    location_information: Option<IgnoredAny>,
    poll: Option<Poll>,
}

#[derive(Deserialize)]
struct Poll {
    question: Option<Text>,
}

/// Messages of a chat, converted.
#[derive(Default)]
struct Messages {
    messages: Vec<Message>,
    announcements: usize,
    media: usize,
}

impl Messages {
    fn add(&mut self, entry: Entry) {
        if entry.kind.as_deref().is_some_and(|kind| kind != "message") {
            self.announcements += 1;
            return;
        }
        let media = entry.media();
        self.media += usize::from(media.is_some());
        let mut text = media.map_or(String::new(), |media| media.mark(entry.file_name.as_deref()));
        let question = entry.poll.and_then(|poll| poll.question).map(|Text(question)| format!("[poll: {question}]"));
        for part in question.into_iter().chain(entry.text.map(|Text(text)| text)).filter(|part| !part.is_empty()) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&part);
        }
        let time = entry.date.and_then(|date| date.parse::<DateTime>().ok());
        let sender = entry.from.as_deref().filter(|name| !name.is_empty()).unwrap_or(DELETED);
        self.messages.push(Message::new(sender, &text, time));
    }
}

impl Entry {
    fn media(&self) -> Option<Media> {
        Some(match self.media_type.as_deref() {
            Some("voice_message") => Media::Voice,
            Some("video_message" | "video_file") => Media::Video,
            Some("audio_file") => Media::Audio,
            Some("sticker") => Media::Sticker,
            Some("animation") => Media::Gif,
            _ if self.photo.is_some() => Media::Photo,
            _ if self.contact_information.is_some() => Media::Contact,
            _ if self.location_information.is_some() => Media::Location,
            _ if self.file.is_some() => self.file_name.as_deref().map_or(Media::Document, Media::of_file),
            _ => return None,
        })
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Messages;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Messages, A::Error> {
                let mut messages = Messages::default();
                while let Some(entry) = entries.next_element()? {
                    if messages.messages.len() == MAX_MESSAGES {
                        return Err(A::Error::custom(format!("it has more than {MAX_MESSAGES} messages")));
                    }
                    messages.add(entry);
                }
                Ok(messages)
            }
        }
        deserializer.deserialize_seq(Entries)
    }
}

/// A text with or without formatting: a string, or a list of strings and of objects that have a `text`.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text, A::Error> {
                let mut text = String::new();
                while let Some(Text(part)) = parts.next_element()? {
                    text.push_str(&part);
                }
                Ok(Text(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Text, A::Error> {
                let mut text = String::new();
                while let Some(key) = fields.next_key::<String>()? {
                    match key.as_str() {
                        "text" => text = fields.next_value::<Text>()?.0,
                        _ => {
                            fields.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Text(text))
            }
        }
        deserializer.deserialize_any(Parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(json: &str) -> Chat {
        match read(json, None).unwrap() {
            Imported::Chat(chat) => chat,
            Imported::Several(titles) => panic!("{titles:?}"),
        }
    }

    #[test]
    fn texts_media_and_announcements_are_told_apart() {
        let chat = chat(
            r#"{"name":"Trip","type":"private_group","id":7,"messages":[
            {"id":1,"type":"service","date":"2025-01-15T10:00:00","actor":"Ana","action":"create_group","text":""},
            {"id":2,"type":"message","date":"2025-01-15T10:30:00","date_unixtime":"1736933400","from":"Ana","from_id":"user1","text":"hi"},
            {"id":3,"type":"message","date":"2025-01-15T10:31:00","from":"Ben","text":["see ",{"type":"link","text":"https://a.b"},"!",{"type":"bold","text":["very ",{"text":"deep"}]}]},
            {"id":4,"type":"message","date":"2025-01-15T10:32:00","from":null,"photo":"(File not included.)","width":1,"text":"me"},
            {"id":5,"type":"message","date":"2025-01-15T10:33:00","from":"Ben","file":"f","file_name":"plan.pdf","text":""},
            {"id":6,"type":"message","date":"2025-01-15T10:34:00","from":"Ben","file":"f","media_type":"voice_message","text":""},
            {"id":7,"type":"message","date":"2025-01-15T10:35:00","from":"Ben","poll":{"question":"When?","answers":[{"text":"now","voters":1}]},"text":""},
            {"id":8,"type":"message","date":"soon","from":"","text":"no date"},
            {"id":9,"type":"message","date":"2025-01-15T10:36:00","from":"Ben","text":""}]}"#,
        );
        let lines: Vec<String> = chat.conversation.messages().iter().map(ToString::to_string).collect();
        let expected = [
            "Ana: hi",
            "Ben: see https://a.b!very deep",
            "Deleted Account: [photo]\nme",
            "Ben: [document: plan.pdf]",
            "Ben: [voice message]",
            "Ben: [poll: When?]",
            "Deleted Account: no date",
        ];
        assert_eq!(lines, expected);
        assert_eq!((chat.format, chat.announcements, chat.media), (ChatFormat::Telegram, 1, 3));
        let times: Vec<bool> = chat.conversation.messages().iter().map(|message| message.time.is_some()).collect();
        assert_eq!(times, [true, true, true, true, true, true, false]);
        assert_eq!(chat.conversation.messages()[0].time.unwrap().to_string(), "2025-01-15T10:30:00");
    }

    #[test]
    fn one_of_several_chats_is_chosen() {
        let json = r#"{"about":"…","chats":{"about":"…","list":[
            {"name":"Trip","type":"private_group","id":1,"messages":[{"type":"message","from":"Ana","text":"a"}]},
            {"name":"Empty","type":"private_group","id":2,"messages":[]},
            {"type":"saved_messages","id":3},
            {"name":null,"type":"personal_chat","id":4,"messages":[{"type":"message","from":"Ben","text":"b"},{"type":"service"}]}]}}"#;
        let titles = [("Trip", 1), ("Deleted Account", 2)].map(|(name, entries)| Title { name: name.into(), entries });
        assert_eq!(read(json, None).unwrap(), Imported::Several(titles.into()));
        let Imported::Chat(chat) = read(json, Some(1)).unwrap() else { panic!() };
        assert_eq!(chat.conversation.to_string(), "Ben: b");
        assert_eq!(read(json, Some(2)).unwrap_err().to_string(), "there is no chat 3: the export has 2");
    }

    #[test]
    fn other_json_is_refused_in_one_line() {
        let deep = format!("{{\"messages\":{}", "[".repeat(100_000));
        let levels = 100_000;
        let deep_text = format!("{{\"messages\":[{{\"text\":{}{}}}]}}", "[".repeat(levels), "]".repeat(levels));
        for (json, message) in [
            ("{}", "has neither messages nor chats"),
            ("{\"messages\":", "EOF while parsing"),
            ("{\"messages\":7}", "expected a list of messages"),
            ("{\"messages\":[7]}", "invalid type: integer `7`"),
            ("{\"messages\":[]}", "the chat has no messages, only 0 entries"),
            ("{\"messages\":null}", "has neither messages nor chats"),
            ("{\"messages\":[{\"text\":7}]}", "expected a text, or a list of texts"),
            ("{\"chats\":{\"list\":[]}}", "no chat with messages"),
            ("{\"chats\":7}", "invalid type"),
            (&deep, "EOF while parsing"),
            (&deep_text, "recursion limit exceeded"),
        ] {
            let error = read(json, None).unwrap_err().to_string();
            assert!(error.contains(message) && error.lines().count() == 1, "{error}");
        }
    }
}
