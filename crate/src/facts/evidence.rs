//! Compares the facts of a summary with those of its chat.

use std::collections::HashSet;

use jiff::civil::Date;
use serde::Serialize;

use super::agreement::{forms, is_possible, is_same, number, unresolved};
use super::checks::{Runs, has_loop};
use super::extract::Extractor;
use super::fact::{Fact, FactKind, Span};
use super::fold::fold;
use super::meaning::{Meaning, When, Written};
use super::names::{parts, same_person, words};
use crate::chat::conversation::{Conversation, Message};
use crate::chat::language::detect_text;
use crate::error::Result;

/// Numbers in words up to this one may be counts of what the chat lists one by one.
const LARGEST_COUNT: f64 = 12.0;

/// The facts of a chat.
pub struct ChatFacts<'a> {
    chat: &'a Conversation,
    extractor: Extractor,
    /// Facts of each message.
    facts: Vec<Vec<Fact>>,
    /// Numbers of each message that words can stand for.
    loose: Vec<Vec<(Span, f64)>>,
    /// The words of all messages and names, folded.
    words: HashSet<String>,
    runs: Runs,
}

/// A message that holds a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Evidence {
    /// Index of the message.
    pub message: usize,
    /// Place in its text; none if it is its speaker.
    pub span: Option<Span>,
}

/// A fact of a summary with the messages that hold it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct SourcedFact {
    /// The fact.
    pub fact: Fact,
    /// The messages that hold it; none if the chat lacks it.
    pub evidence: Vec<Evidence>,
}

/// What a check of a summary found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Facts in the order of the text.
    pub facts: Vec<SourcedFact>,
    /// `true` if a run of four words is there three times.
    pub has_loop: bool,
    /// `true` if the text has no words.
    pub is_empty: bool,
    /// Code of the language that the text is in for certain, where it can be told.
    pub language: Option<String>,
    /// Share of the runs of five words that are in the chat too, from 0 to 1.
    pub copied: f64,
}

impl Check {
    /// Returns the facts of a kind that the chat lacks.
    pub fn unknown(&self, kind: FactKind) -> impl Iterator<Item = &Fact> {
        let unknown = self.facts.iter().filter(move |sourced| sourced.fact.kind == kind && sourced.evidence.is_empty());
        unknown.map(|sourced| &sourced.fact)
    }
}

impl<'a> ChatFacts<'a> {
    /// Finds the facts of `chat`, which is in `language`.
    ///
    /// # Errors
    /// If the words of the language are not known.
    pub fn new(chat: &'a Conversation, language: &str) -> Result<Self> {
        let extractor = Extractor::new(language, speakers(chat))?;
        let date = |message: &Message| message.time.map(jiff::civil::DateTime::date);
        let messages = chat.messages();
        Ok(Self {
            facts: messages.iter().map(|message| extractor.facts(&message.text, date(message))).collect(),
            loose: messages.iter().map(|message| extractor.loose_numbers(&message.text)).collect(),
            words: messages
                .iter()
                .flat_map(|message| {
                    words(&message.text).into_iter().map(|word| word.folded).chain(parts(&message.speaker))
                })
                .flat_map(|word| word.split('-').map(str::to_owned).chain([word.clone()]).collect::<Vec<_>>())
                .collect(),
            runs: Runs::new(messages.iter().map(|message| message.text.as_str())),
            extractor,
            chat,
        })
    }

    /// Returns the facts of each message.
    pub fn messages(&self) -> &[Vec<Fact>] {
        &self.facts
    }

    /// Returns the chat.
    pub fn chat(&self) -> &'a Conversation {
        self.chat
    }

    pub(super) fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Compares `summary`, which is in `language`, with the chat.
    ///
    /// A time without a half of the day agrees with both readings. A number, a time or a date that the chat has in
    /// another form only, such as the 7 of `7?`, is not called unknown. What a chat can imply is left out if it does
    /// not say it: numbers in words up to twelve, which may be counts, and "today".
    ///
    /// # Errors
    /// If the words of the language are not known.
    pub fn check(&self, summary: &str, language: &str) -> Result<Check> {
        let extractor = Extractor::new(language, speakers(self.chat))?;
        let mut facts: Vec<SourcedFact> = extractor
            .facts(summary, self.last_day())
            .into_iter()
            .map(|fact| SourcedFact { evidence: self.evidence(&fact), fact })
            .filter(|sourced| !is_implied(sourced))
            .collect();
        // A word with a capital that the chat has nowhere names somebody or something else.
        for (span, text) in extractor.capitals(summary) {
            let is_there = facts.iter().any(|sourced| sourced.fact.span.meets(&span));
            if !is_there && !self.has_word(&fold(text)) {
                let fact = Fact::new(summary, span.start..span.end, Meaning::Name(fold(text)));
                facts.push(SourcedFact { fact, evidence: Vec::new() });
            }
        }
        facts.sort_by_key(|sourced| sourced.fact.span.start);
        let names: HashSet<String> = speakers(self.chat).flat_map(parts).collect();
        let plain: Vec<&str> =
            words(summary).into_iter().filter(|word| !names.contains(&word.folded)).map(|word| word.text).collect();
        let detected = detect_text(&plain.join(" "));
        Ok(Check {
            facts,
            has_loop: has_loop(summary),
            is_empty: !summary.chars().any(char::is_alphanumeric),
            language: detected.is_certain.then(|| detected.language.to_owned()),
            copied: self.runs.copied(summary),
        })
    }

    fn last_day(&self) -> Option<Date> {
        self.chat.messages().iter().rev().find_map(|message| message.time).map(jiff::civil::DateTime::date)
    }

    fn has_word(&self, folded: &str) -> bool {
        self.words.contains(folded) || folded.split('-').all(|part| self.words.contains(part))
    }

    /// Returns the messages that hold a fact: those with the same, or if there are none, those with one that can mean
    /// it.
    fn evidence(&self, fact: &Fact) -> Vec<Evidence> {
        let of_facts = |holds: &dyn Fn(&Fact) -> bool| -> Vec<Evidence> {
            let each = self.facts.iter().enumerate();
            each.flat_map(|(message, facts)| {
                facts.iter().filter(|other| holds(other)).map(move |other| Evidence { message, span: Some(other.span) })
            })
            .collect()
        };
        let mut found = of_facts(&|other| is_same(&fact.meaning, &other.meaning));
        match &fact.meaning {
            Meaning::Name(name) => {
                let speaks = |message: &Message| same_person(name, &parts(&message.speaker).join(" "));
                let spoken = self.chat.messages().iter().enumerate().filter(|(_, message)| speaks(message));
                found.extend(spoken.map(|(message, _)| Evidence { message, span: None }));
                if found.is_empty() {
                    found = self.mentions(name.split(' '));
                }
            }
            Meaning::Place(place) if found.is_empty() => found = self.mentions(forms(place).into_iter()),
            _ if found.is_empty() => {
                found = of_facts(&|other| is_possible(fact, &other.meaning));
                if let (true, Meaning::Date(when)) = (found.is_empty(), &fact.meaning) {
                    found = self.loose_dates(when);
                }
                if let (true, Some(value)) = (found.is_empty(), number(&fact.meaning)) {
                    // A number that is part of another fact is no time.
                    let is_time = fact.kind == FactKind::Time;
                    let is_part = |message: usize, span: &Span| {
                        let others = self.facts[message].iter().filter(|other| other.kind != FactKind::Number);
                        is_time && others.into_iter().any(|other| other.span.meets(span))
                    };
                    for (message, numbers) in self.loose.iter().enumerate() {
                        let same = numbers.iter().filter(|(span, number)| *number == value && !is_part(message, span));
                        found.extend(same.map(|(span, _)| Evidence { message, span: Some(*span) }));
                    }
                }
            }
            _ => {}
        }
        found.sort_by_key(|evidence| (evidence.message, evidence.span.map(|span| span.start)));
        found.dedup();
        found
    }

    /// Returns the words that can stand for the date's weekday or month.
    fn loose_dates(&self, when: &When) -> Vec<Evidence> {
        let mut found = Vec::new();
        for (message, own) in self.chat.messages().iter().enumerate() {
            let dates = self.extractor.loose_dates(&own.text).into_iter();
            let same = dates.filter(|(_, other)| unresolved(when).agrees(other));
            found.extend(same.map(|(range, _)| Evidence { message, span: Some(range.into()) }));
        }
        found
    }

    /// Returns the places where one of the folded words stands.
    fn mentions<'w>(&self, forms: impl Iterator<Item = &'w str>) -> Vec<Evidence> {
        let forms: Vec<&str> = forms.filter(|form| form.chars().count() > 1).collect();
        let messages = self.chat.messages().iter().enumerate();
        messages
            .flat_map(|(message, own)| {
                let words = words(&own.text).into_iter();
                let named = words.filter(|word| {
                    let parts = word.folded.split('-').chain([word.folded.as_str()]);
                    parts
                        .into_iter()
                        .any(|part| forms.iter().any(|form| part == *form || part.strip_suffix('s') == Some(form)))
                });
                named.map(move |word| Evidence { message, span: Some(word.range.into()) }).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// Returns the names of the speakers.
fn speakers(chat: &Conversation) -> impl Iterator<Item = &str> {
    chat.messages().iter().map(|message| message.speaker.as_str())
}

/// Returns `true` for a number in words that the chat lacks but whose things it may list, and for a mere "today", which
/// is when people chat.
fn is_implied(sourced: &SourcedFact) -> bool {
    let SourcedFact { fact, evidence } = sourced;
    if evidence.is_empty() && matches!(&fact.meaning, Meaning::Date(When { written: Written::Relative(0), .. })) {
        return true;
    }
    let in_words = !fact.text.contains(|c: char| c.is_ascii_digit());
    evidence.is_empty() && in_words && matches!(fact.meaning, Meaning::Number(value) if value <= LARGEST_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: &str = "Lena: Treffen wir uns am Freitag um 19 Uhr am Bahnhof?\n\
                          Tobias: Halb acht wär besser, ich hab bis 18:45 Training\n\
                          Lena: ok 7:30, und bring 20 Euro für die Karten mit. Und zwölf Eier!\n\
                          Tobias: klar. 3. Mai ist übrigens Mias Geburtstag, in München";

    fn check(chat: &str, from: &str, summary: &str, to: &str) -> (Vec<String>, Vec<String>) {
        let chat = Conversation::parse(chat).unwrap();
        let check = ChatFacts::new(&chat, from).unwrap().check(summary, to).unwrap();
        let known = check.facts.iter().filter(|sourced| !sourced.evidence.is_empty());
        let known = known.map(|SourcedFact { fact, evidence }| {
            let messages: Vec<String> = evidence
                .iter()
                .map(|Evidence { message, span }| {
                    let text = &chat.messages()[*message].text;
                    span.map_or(format!("{message}"), |span| format!("{message}:{}", &text[span.start..span.end]))
                })
                .collect();
            format!("{} {}", fact.text, messages.join(","))
        });
        let unknown = check.facts.iter().filter(|sourced| sourced.evidence.is_empty());
        (known.collect(), unknown.map(|sourced| sourced.fact.text.clone()).collect())
    }

    #[test]
    fn facts_agree_across_languages() {
        let summary = "Lena and Tobi meet on Friday at 7:30 pm, not at 7 pm. Tobi brings 20 euros and 12 eggs; \
                       Mia's birthday in Munich is on May 3rd.";
        let (known, unknown) = check(GERMAN, "de", summary, "en");
        assert_eq!(unknown, [""; 0]);
        assert_eq!(
            known,
            [
                "Lena 0,2",
                "Tobi 1,3",
                "Friday 0:Freitag",
                "7:30 pm 1:Halb acht,2:7:30",
                "7 pm 0:19 Uhr",
                "Tobi 1,3",
                "20 euros 2:20 Euro",
                "12 2:zwölf",
                "Mia 3:Mia",
                "Munich 3:München",
                "May 3rd 3:3. Mai",
            ]
        );
    }

    #[test]
    fn what_the_chat_lacks_is_unknown() {
        let summary =
            "Clara meets Tobias on Saturday at 8 pm and pays 25 euros for 14 eggs at 7 am in Hamburg with Netflix.";
        let (_, unknown) = check(GERMAN, "de", summary, "en");
        assert_eq!(unknown, ["Clara", "Saturday", "8 pm", "25 euros", "14", "7 am", "Hamburg", "Netflix"]);
    }

    #[test]
    fn one_reading_is_enough() {
        for (chat, summary) in [
            ("Ana: what time?\nBen: 7", "They meet at 7 pm."),
            ("Ana: 7.30 ok?\nBen: ok", "They meet at 19:30."),
            ("Ana: 1930 at mine", "They meet at 7:30 pm."),
            ("Ana: at seven then", "They meet at 19:00."),
            ("Ana: it's 19:30", "It is at half past seven, 7 or 30."),
            ("Ana: half an hour", "It takes 30 minutes."),
            ("Ana: you, me, Cleo", "The three meet."),
            ("Ana: it was 12 at the door", "The price is 12 euros."),
            ("Ana: on 12 May", "It is on the 12th, in May."),
        ] {
            assert_eq!(check(chat, "en", summary, "en").1, [""; 0], "{chat} {summary}");
        }
    }

    #[test]
    fn days_are_those_of_the_message() {
        let message = |text: &str, time: &str| Message::new("Ana", text, Some(time.parse().unwrap()));
        // A Wednesday.
        let messages =
            vec![message("dinner tomorrow?", "2026-03-04T18:00:00"), message("and on 20/3", "2026-03-06T09:00:00")];
        let chat = Conversation::new(messages).unwrap();
        let facts = ChatFacts::new(&chat, "en").unwrap();
        let value = |message: usize| facts.messages()[message][0].value.clone();
        assert_eq!([value(0), value(1)], ["2026-03-05", "2026-03-20"]);
        for (summary, unknown) in
            [("Dinner is on Thursday.", 0), ("Dinner is on Tuesday.", 1), ("It is on Friday, 20 March.", 0)]
        {
            let check = facts.check(summary, "en").unwrap();
            assert_eq!(check.unknown(FactKind::Date).count(), unknown, "{summary} {:?}", check.facts);
        }
    }

    #[test]
    fn texts_are_checked_as_a_whole() {
        let chat = Conversation::parse("Ana: the train is late again today\nBen: ok").unwrap();
        let facts = ChatFacts::new(&chat, "en").unwrap();
        let check = facts.check("the train is late again today", "en").unwrap();
        assert_eq!((check.copied, check.has_loop, check.is_empty), (1.0, false, false));
        assert!(facts.check(" … ", "es").unwrap().is_empty);
        let spanish =
            facts.check("Ana cuenta que el tren llega tarde otra vez y Ben está de acuerdo con ella.", "es").unwrap();
        assert_eq!(spanish.language.as_deref(), Some("es"));
        assert!(facts.check("x", "it").is_err());
    }
}
