//! The language of a conversation, by what its messages say.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;
use whatlang::{Detector, Lang};

use super::conversation::Conversation;

/// Codes of [`languages`](crate::model::prompt::languages) and what whatlang calls them.
const LANGUAGES: [(&str, Lang); 4] = [("en", Lang::Eng), ("es", Lang::Spa), ("fr", Lang::Fra), ("de", Lang::Deu)];

/// Number of bytes of a chat that are looked at: more changes nothing but the time.
const ENOUGH: usize = 16 << 10;

/// The language of a conversation or another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// Code of the likeliest of the languages that prompts can name.
    pub language: &'static str,
    /// `false` if the text is too short, mixed or in another language to tell.
    pub is_certain: bool,
}

/// Finds out which language `chat` is in. Names and links, which are the same in all languages, are left out.
pub fn detect(chat: &Conversation) -> Detected {
    detect_text(&words(chat))
}

/// Finds out which language `text` is in.
pub fn detect_text(text: &str) -> Detected {
    let known = Detector::with_allowlist(LANGUAGES.map(|(_, lang)| lang).to_vec()).detect(text);
    let Some(known) = known else { return Detected { language: LANGUAGES[0].0, is_certain: false } };
    let language = LANGUAGES.iter().find(|(_, lang)| *lang == known.lang()).map_or(LANGUAGES[0].0, |(code, _)| *code);
    // Among all languages that whatlang knows, so that Italian does not pass for Spanish.
    let is_other = Detector::new().detect(text).is_some_and(|any| any.is_reliable() && any.lang() != known.lang());
    Detected { language, is_certain: known.is_reliable() && !is_other }
}

/// Returns the words of the messages, without links and the speakers' names.
fn words(chat: &Conversation) -> String {
    let speakers: HashSet<&str> = chat.messages().iter().map(|message| message.speaker.as_str()).collect();
    let names: HashSet<&str> = speakers.iter().flat_map(|speaker| speaker.unicode_words()).collect();
    let pieces = chat.messages().iter().flat_map(|message| message.text.split_whitespace());
    let plain = pieces.filter(|piece| !piece.contains("://") && !piece.starts_with('@'));
    let mut text = String::new();
    for word in plain.flat_map(UnicodeSegmentation::unicode_words).filter(|word| !names.contains(word)) {
        text.push_str(word);
        text.push(' ');
        if text.len() > ENOUGH {
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::dialogue::Dialogue;
    use crate::error::Result;

    const CHATS: [&str; 4] = [
        include_str!("../../../models/dialogues/test.jsonl"),
        include_str!("../../../models/dialogues/test-es.jsonl"),
        include_str!("../../../models/dialogues/test-fr.jsonl"),
        include_str!("../../../models/dialogues/test-de.jsonl"),
    ];

    #[test]
    fn every_language_that_prompts_can_name_is_known() {
        assert!(crate::model::prompt::languages().eq(LANGUAGES.iter().map(|(code, _)| *code)));
    }

    /// Returns the share of chats, cut to `messages` messages, whose language is found, and the share of certain ones.
    fn shares(messages: usize) -> (f64, f64) {
        let (mut right, mut certain, mut all) = (0.0, 0.0, 0.0);
        for line in CHATS.iter().flat_map(|file| file.lines()) {
            let mut dialogue = Dialogue::parse(line).unwrap();
            dialogue.turns.truncate(messages);
            let Ok(chat) = Conversation::parse(&dialogue.chat()) else { continue };
            let found = detect(&chat);
            assert!(found.language == dialogue.lang || !found.is_certain, "{}: {found:?}", dialogue.id);
            right += f64::from(u8::from(found.language == dialogue.lang));
            certain += f64::from(u8::from(found.is_certain));
            all += 1.0;
        }
        (right / all, certain / all)
    }

    #[test]
    fn chats_are_in_the_language_that_is_found() {
        let (right, certain) = shares(usize::MAX);
        assert!(right > 0.99 && certain > 0.97, "{right} {certain}");
        let (right, _) = shares(2);
        assert!(right > 0.9, "{right}");
    }

    fn found(chat: &str) -> Result<Detected> {
        Conversation::parse(chat).map(|chat| detect(&chat))
    }

    #[test]
    fn names_and_links_say_nothing() {
        let chat = "François Müller: https://example.org/la-maison-est-belle ok François Müller @jürgen";
        assert!(!found(chat).unwrap().is_certain);
        let german = "Pedro García: Kommst du heute Abend mit ins Kino? Pedro fragt, ob wir vorher noch essen gehen.";
        assert_eq!(found(german).unwrap(), Detected { language: "de", is_certain: true });
    }

    #[test]
    fn another_language_is_not_certain() {
        let italian = "Anna: Ci vediamo domani alle otto davanti alla stazione, porto io le chiavi della macchina.\n\
                       Marco: Va bene, allora prendo qualcosa da mangiare prima di partire.";
        assert!(!found(italian).unwrap().is_certain);
        assert!(!found("Anna: 👍").unwrap().is_certain);
    }
}
