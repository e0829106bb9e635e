//! The exchange of two speakers' names, to see whether a summary follows.

use crate::chat::conversation::{Conversation, Message};
use crate::error::Result;

/// Returns the runs of letters and digits of `text`; `Ana's` is two.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The exchange of the names of a conversation's two speakers.
#[derive(Debug, Clone)]
pub struct NameExchange {
    names: [String; 2],
}

impl NameExchange {
    /// Returns the exchange for `chat`, or `None` if it has not two speakers with names of one word of three letters or
    /// more that mean nothing else in it.
    pub fn of(chat: &Conversation) -> Option<Self> {
        let mut names: Vec<&str> = Vec::new();
        for message in chat.messages() {
            if !names.contains(&message.speaker.as_str()) {
                names.push(&message.speaker);
            }
        }
        let [one, two] = names[..] else { return None };
        let is_word = |name: &str| name.chars().count() > 2 && name.chars().all(char::is_alphabetic);
        let text: String = chat.messages().iter().map(|message| format!("{}\n", message.text)).collect();
        let is_common = |name: &str| words(&text).any(|word| word == name.to_lowercase() && word != name);
        let usable = |name: &str| is_word(name) && name.starts_with(char::is_uppercase) && !is_common(name);
        (usable(one) && usable(two)).then(|| Self { names: [one.to_owned(), two.to_owned()] })
    }

    /// Returns `text` with each name in place of the other.
    pub fn text(&self, text: &str) -> String {
        let [one, two] = &self.names;
        let mut exchanged = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            exchanged.push_str(match &rest[..end] {
                word if word == one => two,
                word if word == two => one,
                word => word,
            });
            let next = rest[end..].find(char::is_alphanumeric).map_or(rest.len(), |length| end + length);
            exchanged.push_str(&rest[end..next]);
            rest = &rest[next..];
        }
        exchanged
    }

    /// Returns `chat` with each name in place of the other, in what is said too.
    ///
    /// # Errors
    /// Never for the conversation that the exchange was made for.
    pub fn chat(&self, chat: &Conversation) -> Result<Conversation> {
        let exchanged = |message: &Message| Message {
            speaker: self.text(&message.speaker),
            text: self.text(&message.text),
            ..*message
        };
        Conversation::new(chat.messages().iter().map(exchanged).collect())
    }

    /// Tells whether `one` and `other` name the two speakers first in the same order, or the same one alone; `None` if
    /// one of the texts names neither.
    pub fn same_order(&self, one: &str, other: &str) -> Option<bool> {
        let order = |text: &str| -> Option<Vec<&String>> {
            let place = |name: &&String| words(text).position(|word| word == *name);
            let mut named: Vec<&String> = self.names.iter().filter(|name| place(name).is_some()).collect();
            named.sort_by_key(place);
            (!named.is_empty()).then_some(named)
        };
        Some(order(one)? == order(other)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(text: &str) -> Conversation {
        Conversation::parse(text).unwrap()
    }

    #[test]
    fn names_are_exchanged_as_words() {
        let chat = chat("Ana: Ben, is Banana Ben's?\nBen: no, Ana");
        let exchange = NameExchange::of(&chat).unwrap();
        let exchanged = exchange.chat(&chat).unwrap();
        assert_eq!(exchanged.to_string(), "Ben: Ana, is Banana Ana's?\nAna: no, Ben");
        assert_eq!(exchange.chat(&exchanged).unwrap(), chat);
        assert_eq!(exchange.same_order("Ana asks Ben.", "Ana and Ben talk."), Some(true));
        assert_eq!(exchange.same_order("Ana asks Ben.", "Ben asks Ana."), Some(false));
        assert_eq!(exchange.same_order("Ana asks.", "Ana asks Ben."), Some(false));
        assert_eq!(exchange.same_order("Somebody asks.", "Ana asks Ben."), None);
    }

    #[test]
    fn names_that_mean_something_else_or_are_not_two_are_left() {
        for text in ["Rose: a rose is a rose\nBen: ok", "Ana: hi", "Ana: a\nBen: b\nCleo: c", "Ana Ott: hi\nBen: b"] {
            assert!(NameExchange::of(&chat(text)).is_none(), "{text}");
        }
    }
}
