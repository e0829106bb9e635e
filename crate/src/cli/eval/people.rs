//! Summaries by person: their references, and scores line by line.

use std::collections::HashMap;
use std::path::Path;

use gist::chat::conversation::{Conversation, Message};
use gist::chat::dialogue::DialoguePeople;
use gist::error::Result;
use gist::facts::{ChatFacts, FactKind};
use gist::rouge::rouge;

use super::super::files::read_lines;

/// Name of the file beside the dialogues that has what each person says.
pub const FILE: &str = "by-person.jsonl";

/// Reads the summaries by person in the language `to`, by the id of their dialogue.
pub fn references(path: &Path, to: &str) -> Result<HashMap<String, String>> {
    let all = read_lines(path, DialoguePeople::parse)?;
    Ok(all.into_iter().filter_map(|people| people.text(to).map(|text| (people.id, text))).collect())
}

/// Scores of the lines of a summary by person.
pub struct LineScores {
    /// Mean of the ROUGE-L of each reference line and the line of the same person, in percent; 0 for a line
    /// without one on the other side.
    pub rouge_l: f64,
    /// Number of lines.
    pub lines: usize,
    /// Number of lines with a number or a name that the person's own messages lack, and another's have.
    pub misattributed: usize,
}

impl LineScores {
    /// Compares `text`, of a chat in the language `from`, in the language `to`, with `reference`.
    pub fn new(chat: &Conversation, text: &str, reference: &str, from: &str, to: &str) -> Result<Self> {
        let [written, wanted] = [text, reference].map(lines);
        let scores: f64 = wanted
            .iter()
            .filter_map(|(name, wanted)| {
                let (_, written) = written.iter().find(|(other, _)| other == name)?;
                Some(rouge(wanted, written).rouge_l)
            })
            .sum();
        let unwanted = written.iter().filter(|(name, _)| !wanted.iter().any(|(other, _)| other == name)).count();
        let all = (ChatFacts::new(chat, from)?, from);
        let mut misattributed = 0;
        for (name, line) in &written {
            let own: Vec<Message> =
                chat.messages().iter().filter(|message| message.speaker == *name).cloned().collect();
            if !own.is_empty() && is_misattributed(&all, &Conversation::new(own)?, line, to)? {
                misattributed += 1;
            }
        }
        Ok(Self { rouge_l: scores / (wanted.len() + unwanted).max(1) as f64, lines: written.len(), misattributed })
    }
}

/// Returns name and text of each line.
fn lines(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(|line| line.split_once(':')).map(|(name, text)| (name.trim(), text.trim())).collect()
}

/// Returns `true` if `line` has a number, a time or a name that `own` lacks and the chat of these facts has.
fn is_misattributed((chat, from): &(ChatFacts<'_>, &str), own: &Conversation, line: &str, to: &str) -> Result<bool> {
    const KINDS: [FactKind; 5] = [FactKind::Number, FactKind::Amount, FactKind::Time, FactKind::Name, FactKind::Place];
    let (all, own) = (chat.check(line, to)?, ChatFacts::new(own, from)?.check(line, to)?);
    let is_known = |text: &str, kind: FactKind| !all.unknown(kind).any(|fact| fact.text == text);
    Ok(KINDS.iter().any(|kind| own.unknown(*kind).any(|fact| is_known(&fact.text, *kind))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_compared_by_person() {
        let chat = Conversation::parse("Ana: I come at 9 with Tom\nBen: I bring 3 cakes\nAna: fine").unwrap();
        let scores =
            |text: &str| LineScores::new(&chat, text, "Ana: comes at 9\nBen: brings cakes", "en", "en").unwrap();
        let right = scores("Ben: brings cakes\nAna: comes at 9");
        assert_eq!((right.rouge_l, right.lines, right.misattributed), (100.0, 2, 0));
        let exchanged = scores("Ana: brings cakes\nBen: comes at 9");
        assert_eq!((exchanged.rouge_l, exchanged.misattributed), (0.0, 1));
        assert_eq!(scores("Ben: brings cakes").rouge_l, 50.0);
        assert_eq!(scores("Ben: brings cakes for Tom").misattributed, 1);
        assert_eq!(scores("Ben: brings 12 cakes").misattributed, 0, "a number that nobody has is not another's");
        assert_eq!(scores("").lines, 0);
    }
}
