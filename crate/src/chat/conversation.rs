//! A conversation: messages with a speaker each, and its plain form, `Name: text` lines.
//!
//! The plain form reads back as the same messages. So names are changed to fit into such a line, and a further line of
//! a message that would read as another message is indented.

use std::fmt;

use jiff::civil::DateTime;

use crate::error::Result;
use crate::input;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Name of the speaker; empty for text without one.
    pub speaker: String,
    /// Text, of one or more lines.
    pub text: String,
    /// Time on the clock of the device that exported it. Exports name no time zone.
    pub time: Option<DateTime>,
}

/// A sequence of messages, oldest first; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    messages: Vec<Message>,
}

/// Longest name, in characters. A longer text before a colon is a sentence.
const MAX_SPEAKER_CHARS: usize = 40;

/// Largest number of messages. A message takes far more memory than the few bytes that a hostile file spends on one.
pub const MAX_MESSAGES: usize = 1_000_000;

impl Message {
    /// Creates a message whose name and text fit into `Name: text` lines: without control characters, marks of
    /// direction and space around them.
    pub fn new(speaker: &str, text: &str, time: Option<DateTime>) -> Self {
        Self { speaker: tidy_name(speaker), text: tidy(text).trim_start().to_owned(), time }
    }
}

impl Conversation {
    /// Creates a conversation of the `messages` that have text.
    ///
    /// # Errors
    /// If none has.
    pub fn new(mut messages: Vec<Message>) -> Result<Self> {
        messages.retain(|message| !message.text.trim().is_empty());
        if messages.is_empty() {
            return Err(input!("the conversation is empty; give lines of the form `Name: text`"));
        }
        Ok(Self { messages })
    }

    /// Reads `Name: text` lines. A line without a name, or indented further than the first, belongs to the message
    /// before it; a text without any name is one message.
    ///
    /// # Errors
    /// If there is no text at all, or more than [`MAX_MESSAGES`] messages.
    pub fn parse(text: &str) -> Result<Self> {
        let text = tidy(text);
        let text = text.trim_matches('\n');
        let margin = &text[..text.len() - text.trim_start().len()];
        let mut messages: Vec<(&str, String)> = Vec::new();
        for line in text.lines() {
            let line = line.strip_prefix(margin).unwrap_or(line);
            let count = messages.len();
            match (split_speaker(line), messages.last_mut()) {
                (Some(_), _) if count == MAX_MESSAGES => return Err(too_many()),
                (Some((speaker, text)), _) => messages.push((speaker, text.to_owned())),
                (None, Some((_, last))) => {
                    last.push('\n');
                    last.push_str(line.strip_prefix(' ').unwrap_or(line));
                }
                (None, None) => messages.push(("", line.to_owned())),
            }
        }
        Self::new(messages.into_iter().map(|(speaker, text)| Message::new(speaker, &text, None)).collect())
    }

    /// Returns `true` if [`parse`](Self::parse) would begin a message with `line`.
    pub fn starts_message(line: &str) -> bool {
        split_speaker(line).is_some()
    }

    /// Returns the messages, oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

/// Returns the error for more than [`MAX_MESSAGES`] messages.
pub(crate) fn too_many() -> crate::error::Error {
    input!("the chat has more than {MAX_MESSAGES} messages; export a shorter part of it")
}

/// Splits a line that starts a message into speaker and text.
fn split_speaker(line: &str) -> Option<(&str, &str)> {
    let (speaker, text) = line.split_once(':')?;
    let name = speaker.trim_end();
    let plausible = !line.starts_with(char::is_whitespace)
        && speaker.chars().count() <= MAX_SPEAKER_CHARS
        && name.chars().any(can_name)
        && !text.starts_with("//") // a link
        && !name.chars().all(|c| c.is_ascii_digit()) // a time
        && (text.is_empty() || text.starts_with(char::is_whitespace));
    plausible.then_some((name, text.trim_start()))
}

/// Returns `true` if `c` alone can be a name: a letter, a digit, or one of the pictures that many people use as a name.
fn can_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}')
}

/// Returns `name` in a form that `split_speaker` finds before a colon. Only an empty name stays empty: a message in the
/// middle without a name would be read as part of the one before it.
fn tidy_name(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = tidy(name).replace(':', " ");
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = shorten(&name);
    match name {
        _ if !name.chars().any(can_name) => "Unknown".to_owned(),
        _ if name.chars().all(|c| c.is_ascii_digit()) => shorten(&format!("@{name}")).to_owned(),
        _ => name.to_owned(),
    }
}

fn shorten(name: &str) -> &str {
    name.char_indices().nth(MAX_SPEAKER_CHARS).map_or(name, |(end, _)| name[..end].trim_end())
}

/// Returns `text` with one kind of line break and of space, and without invisible characters: control characters, byte
/// order marks and marks of direction, which could make a message look like another.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                tidied.truncate(tidied.trim_end_matches([' ', '\t']).len());
                tidied.push('\n');
            }
            '\t' => tidied.push('\t'),
            c if is_invisible(c) || c.is_control() => {}
            c if c.is_whitespace() => tidied.push(' '),
            c => tidied.push(c),
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied
}

/// Returns `true` if `c` is a byte order mark, a space of no width or a mark of direction. Exports are full of them.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.speaker.is_empty() {
            write!(f, "{}: ", self.speaker)?;
        }
        for (index, line) in self.text.lines().enumerate() {
            match index {
                0 => {}
                _ if line.starts_with(' ') || split_speaker(line).is_some() => f.write_str("\n ")?,
                _ => f.write_str("\n")?,
            }
            f.write_str(line)?;
        }
        Ok(())
    }
}

impl fmt::Display for Conversation {
    /// Writes the conversation as prompts contain it: one `Name: text` line for each message.
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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::chat::property_tests;

    #[test]
    fn lines_become_messages_and_lines_again() {
        let text = "Ana: Hi!\nBen Ott: look: https://a.b/c\nand this\n\nat 12:30\nAna: ok";
        let chat = Conversation::parse(&format!("\u{feff}\r\n{}\n\n", text.replace('\n', "\r\n"))).unwrap();
        assert_eq!(chat.messages().len(), 3);
        assert_eq!(chat.messages()[1].speaker, "Ben Ott");
        assert_eq!(chat.messages()[1].text, "look: https://a.b/c\nand this\n\nat 12:30");
        assert_eq!(chat.to_string(), text);
    }

    /// Returns texts of pieces that decide where a line, a name or a message ends.
    fn text(longest: usize) -> impl Strategy<Value = String> {
        const PIECES: [&str; 24] = [
            "Ana",
            "Ben",
            ": ",
            ":",
            "\n",
            "\r\n",
            "\r",
            " ",
            "  ",
            "\t",
            "12",
            "12:30",
            "//",
            "👑",
            "é",
            "-",
            "\u{200e}",
            "\u{a0}",
            "\u{feff}",
            "\u{2028}",
            "\u{0}",
            "[photo]",
            "a long name that nobody has ever had",
            "0",
        ];
        vec(select(&PIECES[..]), 0..longest).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(property_tests(2000))]

        #[test]
        fn what_is_printed_reads_back_the_same(messages in vec((text(4), text(8)), 3), plain in text(12)) {
            let message = |(name, text): &(String, String)| Message::new(&format!("A{name}"), text, None);
            let made = Conversation::new(messages.iter().map(message).collect());
            for chat in made.into_iter().chain(Conversation::parse(&plain)) {
                let printed = chat.to_string();
                prop_assert_eq!(Conversation::parse(&printed).unwrap(), chat, "{:?}", printed);
            }
        }
    }

    #[test]
    fn names_are_made_fit_for_a_line() {
        let long = "N".repeat(50);
        for (name, expected) in [
            ("Ana", "Ana"),
            (" Ana\u{a0}\u{a0}Ott\n", "Ana Ott"),
            ("\u{202a}+49 170\u{202c}", "+49 170"),
            ("Dr: Who", "Dr Who"),
            ("007", "@007"),
            ("👑", "👑"),
            ("...", "Unknown"),
            ("\0", "Unknown"),
            ("", ""),
            (&long, &long[..40]),
            (&"1".repeat(50), &format!("@{}", "1".repeat(39))),
        ] {
            let message = Message::new(name, "x", None);
            assert_eq!(message.speaker, expected);
            assert_eq!(Conversation::parse(&message.to_string()).unwrap().messages(), [message]);
        }
    }

    #[test]
    fn indented_lines_go_on_with_a_message() {
        for text in ["Ana: one\n Note: two\nBen: three", "  Ana: one\n   Note: two\n  Ben: three"] {
            let chat = Conversation::parse(text).unwrap();
            let texts: Vec<&str> = chat.messages().iter().map(|message| message.text.as_str()).collect();
            assert_eq!(texts, ["one\nNote: two", "three"]);
        }
    }

    #[test]
    fn text_without_names_is_one_message() {
        let chat = Conversation::parse("https://a.b/c\nIt is 12:30 now.").unwrap();
        assert_eq!(chat.messages().len(), 1);
        assert_eq!(chat.messages()[0].speaker, "");
    }

    #[test]
    fn messages_of_a_list_stay_apart() {
        let message = |speaker: &str, text: &str| Message::new(speaker, text, None);
        let chat =
            Conversation::new(vec![message("Ana", "Hi!\nBen: I never wrote this"), message("Ben", " ")]).unwrap();
        assert_eq!(chat.messages(), [message("Ana", "Hi!\nBen: I never wrote this")]);
        assert_eq!(chat.to_string(), "Ana: Hi!\n Ben: I never wrote this");
        assert!(Conversation::new(vec![message("Ana", "\n")]).is_err());
    }

    #[test]
    fn an_empty_conversation_is_refused() {
        for text in ["", " \n\r\n", "\u{feff}", "Ana:\nBen: "] {
            let error = Conversation::parse(text).unwrap_err().to_string();
            assert_eq!(error, "the conversation is empty; give lines of the form `Name: text`", "{text:?}");
        }
    }
}
