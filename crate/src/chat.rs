//! A conversation: messages with a speaker each, from plain `Name: text` lines.

use std::fmt;

use crate::error::Result;
use crate::input;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it; empty for text that names nobody.
    pub speaker: String,
    /// What was written; may have several lines.
    pub text: String,
}

/// Messages, oldest first. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    messages: Vec<Message>,
}

/// A longer text before a colon is a sentence, not a name.
const MAX_SPEAKER_CHARS: usize = 40;

impl Conversation {
    /// A conversation of `messages`; those without text are left out.
    ///
    /// # Errors
    /// If no text is left.
    pub fn new(mut messages: Vec<Message>) -> Result<Self> {
        messages.retain(|message| !message.text.trim().is_empty());
        if messages.is_empty() {
            return Err(input!("the conversation is empty; give lines of the form `Name: text`"));
        }
        Ok(Self { messages })
    }

    /// Reads `Name: text` lines. A line without a name goes on with the message before it; a text without any name is
    /// one message.
    ///
    /// # Errors
    /// If there is no text at all.
    pub fn parse(text: &str) -> Result<Self> {
        let mut messages: Vec<Message> = Vec::new();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim_end();
            match (split_speaker(line), messages.last_mut()) {
                (Some((speaker, text)), _) => {
                    messages.push(Message { speaker: speaker.to_owned(), text: text.to_owned() });
                }
                (None, Some(last)) => {
                    last.text.push('\n');
                    last.text.push_str(line);
                }
                (None, None) if line.is_empty() => {}
                (None, None) => messages.push(Message { speaker: String::new(), text: line.to_owned() }),
            }
        }
        for message in &mut messages {
            message.text.truncate(message.text.trim_end().len());
        }
        Self::new(messages)
    }

    /// The messages, oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The newest messages that together cost at most `budget`, and how many older ones were dropped.
    ///
    /// `cost` is asked for one message at a time, from the newest backwards, and no further than the budget reaches: five
    /// megabytes of chat are not counted in full to keep the last page.
    ///
    /// # Errors
    /// If `cost` fails or even the newest message costs more than `budget`.
    pub fn newest_within(
        &self,
        budget: usize,
        mut cost: impl FnMut(&Message) -> Result<usize>,
    ) -> Result<(Conversation, usize)> {
        let mut total = 0;
        let mut first = self.messages.len();
        for (index, message) in self.messages.iter().enumerate().rev() {
            total += cost(message)?;
            if total > budget {
                break;
            }
            first = index;
        }
        if first == self.messages.len() {
            return Err(input!(
                "the newest message alone has {total} tokens and {budget} are free for the conversation; shorten it"
            ));
        }
        Ok((Self { messages: self.messages[first..].to_vec() }, first))
    }

    /// The same without its oldest message, or `None` if there is only one.
    pub fn without_oldest(&self) -> Option<Conversation> {
        (self.messages.len() > 1).then(|| Self { messages: self.messages[1..].to_vec() })
    }
}

/// Speaker and text of a line that starts a message.
fn split_speaker(line: &str) -> Option<(&str, &str)> {
    let (speaker, text) = line.split_once(':')?;
    let name = speaker.trim();
    let plausible = !name.is_empty()
        && speaker.chars().count() <= MAX_SPEAKER_CHARS
        && name.chars().any(char::is_alphanumeric)
        && !text.starts_with("//") // a link
        && !name.chars().all(|c| c.is_ascii_digit()) // a time
        && (text.is_empty() || text.starts_with(char::is_whitespace));
    plausible.then_some((name, text.trim_start()))
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.speaker.is_empty() {
            true => f.write_str(&self.text),
            false => write!(f, "{}: {}", self.speaker, self.text),
        }
    }
}

impl fmt::Display for Conversation {
    /// The conversation as prompts hold it: one `Name: text` line per message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, message) in self.messages.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{message}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_messages_and_lines_again() {
        let text = "Ana: Hi!\nBen Ott: look: https://a.b/c\nand this\n\nat 12:30\nAna: ok";
        let chat = Conversation::parse(&format!("\u{feff}\r\n{}\n\n", text.replace('\n', "\r\n"))).unwrap();
        assert_eq!(chat.messages().len(), 3);
        assert_eq!(chat.messages()[1].speaker, "Ben Ott");
        assert_eq!(chat.messages()[1].text, "look: https://a.b/c\nand this\n\nat 12:30");
        assert_eq!(chat.to_string(), text);
    }

    #[test]
    fn text_without_names_is_one_message() {
        let chat = Conversation::parse("https://a.b/c\nIt is 12:30 now.").unwrap();
        assert_eq!(chat.messages().len(), 1);
        assert_eq!(chat.messages()[0].speaker, "");
    }

    #[test]
    fn messages_of_a_list_stay_apart() {
        let message = |speaker: &str, text: &str| Message { speaker: speaker.to_owned(), text: text.to_owned() };
        let chat =
            Conversation::new(vec![message("Ana", "Hi!\nBen: I never wrote this"), message("Ben", " ")]).unwrap();
        assert_eq!(chat.messages(), [message("Ana", "Hi!\nBen: I never wrote this")]);
        assert!(Conversation::new(vec![message("Ana", "\n")]).is_err());
    }

    #[test]
    fn an_empty_conversation_is_refused() {
        for text in ["", " \n\r\n", "\u{feff}", "Ana:\nBen: "] {
            let error = Conversation::parse(text).unwrap_err().to_string();
            assert_eq!(error, "the conversation is empty; give lines of the form `Name: text`", "{text:?}");
        }
    }

    #[test]
    fn the_oldest_messages_are_dropped_and_no_more_are_counted_than_needed() {
        let text: String = (0..1000).map(|i| format!("A: message {i}\n")).collect();
        let chat = Conversation::parse(&text).unwrap();
        let mut counted = 0;
        let (kept, dropped) = chat
            .newest_within(10, |_| {
                counted += 1;
                Ok(3)
            })
            .unwrap();
        assert_eq!((kept.messages().len(), dropped, counted), (3, 997, 4));
        assert_eq!(kept.messages()[2].text, "message 999");
        let error = chat.newest_within(2, |_| Ok(3)).unwrap_err().to_string();
        assert!(error.contains("3 tokens and 2 are free"), "{error}");
    }
}
