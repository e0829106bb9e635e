//! What a chat holds for certain, taken from its messages by rule: appointments, amounts, links, addresses, phone
//! numbers, and questions to the reader.

use jiff::civil::{Date, DateTime};
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use super::evidence::ChatFacts;
use super::fact::{Fact, FactKind, Span};
use super::meaning::{Clock, Meaning, When, Written};
use super::names::{parts, same_person};

/// The kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub enum ItemKind {
    /// A date, a time, or both.
    Appointment,
    /// An amount of money.
    Amount,
    /// A link.
    Link,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A street with a house number.
    Address,
    /// A question that names the reader.
    Question,
}

/// Something that a message holds for certain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Item {
    /// Kind.
    pub kind: ItemKind,
    /// Index of the message.
    pub message: usize,
    /// Name of the person who wrote it.
    pub speaker: String,
    /// Place in the text of the message: the fact, or the whole question.
    pub span: Span,
    /// Text of the sentence that it is in.
    pub text: String,
    /// Normal forms of its facts.
    pub values: Vec<String>,
    /// Day of an appointment, `2026-05-12`, where the date of the message and its words tell it for certain.
    pub date: Option<String>,
    /// Time of day of an appointment, `19:00`, where the half of the day is certain.
    pub time: Option<String>,
}

impl Item {
    /// Returns the day of an appointment.
    pub(super) fn day(&self) -> Option<Date> {
        let mut parts = self.date.as_deref()?.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
    }

    /// Returns day and time of an appointment, where both are certain.
    pub(super) fn start(&self) -> Option<DateTime> {
        let (hour, minute) = self.time.as_deref()?.split_once(':')?;
        Some(self.day()?.at(hour.parse().ok()?, minute.parse().ok()?, 0, 0))
    }
}

/// Returns what the chat holds for certain, in the order of its messages. `reader` is the name of the person who reads
/// it, whom questions are addressed to; without one there are no questions.
pub fn agenda(facts: &ChatFacts<'_>, reader: Option<&str>) -> Vec<Item> {
    let reader = reader.map(|name| parts(name).join(" ")).filter(|name| !name.is_empty());
    let mut items = Vec::new();
    for (index, (message, own)) in facts.chat().messages().iter().zip(facts.messages()).enumerate() {
        let first = items.len();
        let mut add = |kind: ItemKind, span: Span, facts: &[&Fact]| {
            let (date, time) = (facts.iter().find_map(|fact| day(fact)), facts.iter().find_map(|fact| clock(fact)));
            items.push(Item {
                kind,
                message: index,
                speaker: message.speaker.clone(),
                span,
                text: sentence(&message.text, span).1.to_owned(),
                values: facts.iter().map(|fact| fact.value.clone()).collect(),
                date: date.map(|date| date.to_string()),
                time: time.map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
            });
        };
        for appointment in appointments(&message.text, own, message.time.map(DateTime::date)) {
            let start = appointment.iter().map(|fact| fact.span.start).min().unwrap_or_default();
            let end = appointment.iter().map(|fact| fact.span.end).max().unwrap_or_default();
            add(ItemKind::Appointment, Span { start, end }, &appointment);
        }
        for fact in own {
            let kind = match fact.kind {
                FactKind::Amount => ItemKind::Amount,
                FactKind::Link => ItemKind::Link,
                FactKind::Email => ItemKind::Email,
                FactKind::Phone => ItemKind::Phone,
                FactKind::Place if fact.text.contains(|c: char| c.is_ascii_digit()) => ItemKind::Address,
                _ => continue,
            };
            add(kind, fact.span, &[fact]);
        }
        if let Some(reader) = &reader
            && !same_person(reader, &parts(&message.speaker).join(" "))
        {
            let mut asked: Vec<Span> = Vec::new();
            for name in
                own.iter().filter(|fact| matches!(&fact.meaning, Meaning::Name(name) if same_person(name, reader)))
            {
                let (span, text) = sentence(&message.text, name.span);
                if (text.contains('?') || facts.extractor().asks(text)) && !asked.contains(&span) {
                    asked.push(span);
                    add(ItemKind::Question, span, &[name]);
                }
            }
        }
        items[first..].sort_by_key(|item| item.span.start);
    }
    items
}

/// Groups the dates and times of a message to appointments: each time with the date of its sentence, or else that of
/// the message, and each date that is left. Months alone, and days before that of the message, are no appointments.
fn appointments<'f>(text: &str, facts: &'f [Fact], today: Option<Date>) -> Vec<Vec<&'f Fact>> {
    let is_past = |when: &When| match (when.day, today, &when.written) {
        (Some(day), Some(today), _) => day < today,
        (_, _, Written::Relative(days)) => *days < 0,
        _ => false,
    };
    let dates: Vec<&Fact> = facts.iter().filter(|fact| fact.kind == FactKind::Date).collect();
    let is_day = |fact: &&&Fact| match &fact.meaning {
        Meaning::Date(when) => !is_past(when) && !matches!(when.written, Written::Month(_) | Written::YearMonth(..)),
        _ => false,
    };
    let mut left: Vec<&Fact> = dates.iter().filter(is_day).copied().collect();
    let mut groups: Vec<Vec<&Fact>> = Vec::new();
    for time in facts.iter().filter(|fact| fact.kind == FactKind::Time) {
        let own = sentence(text, time.span).0;
        let in_sentence: Vec<&&Fact> = dates.iter().filter(|date| own.meets(&date.span)).collect();
        let distance = |date: &&&Fact| time.span.start.abs_diff(date.span.start);
        let date = in_sentence.iter().min_by_key(|date| distance(date)).map(|date| **date);
        let date = date.or_else(|| (dates.len() == 1).then(|| dates[0]));
        match date {
            Some(date) if is_day(&&date) => {
                left.retain(|other| other.span != date.span);
                groups.push(vec![date, time]);
            }
            // The time of a day that is past.
            Some(_) => {}
            None => groups.push(vec![time]),
        }
    }
    groups.extend(left.into_iter().filter(|date| !is_today_alone(date)).map(|date| vec![date]));
    groups
}

/// Returns `true` for a mere "today", which most messages mean.
fn is_today_alone(fact: &Fact) -> bool {
    matches!(&fact.meaning, Meaning::Date(When { written: Written::Relative(0), .. }))
}

fn day(fact: &Fact) -> Option<Date> {
    match &fact.meaning {
        Meaning::Date(When { written: Written::Full(date), .. }) => Some(*date),
        Meaning::Date(when) => when.day,
        _ => None,
    }
}

fn clock(fact: &Fact) -> Option<(i8, i8)> {
    match fact.meaning {
        Meaning::Time(time) => Clock::certain(time),
        _ => None,
    }
}

/// Returns the sentence of `text` that `span` begins in, without the space around it.
fn sentence(text: &str, span: Span) -> (Span, &str) {
    // A line break ends a sentence too.
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[span.start..].find('\n').map_or(text.len(), |at| span.start + at);
    let line = &text[line_start..line_end];
    let found = line.split_sentence_bound_indices().find(|(at, own)| line_start + at + own.len() > span.start);
    let (at, own) = found.map_or((line_start, line), |(at, own)| (line_start + at, own));
    // An abbreviation's point, as in "8 p.m. sharp" or "am 3. Mai", ends no sentence within a fact.
    let end = (at + own.len()).max(span.end).min(text.len());
    let own = &text[at..end];
    let start = at + own.len() - own.trim_start().len();
    let own = own.trim();
    (Span { start, end: start + own.len() }, own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::conversation::{Conversation, Message};

    fn items(chat: &Conversation, language: &str, reader: Option<&str>) -> Vec<String> {
        let facts = ChatFacts::new(chat, language).unwrap();
        let items = agenda(&facts, reader).into_iter().map(|item| {
            let start: Vec<String> = [item.date, item.time].into_iter().flatten().collect();
            let span = item.span;
            let own = &chat.messages()[item.message].text[span.start..span.end];
            format!("{} {:?} {own} [{}]", item.speaker, item.kind, start.join(" "))
        });
        items.collect()
    }

    #[test]
    fn appointments_amounts_and_contacts_are_listed_with_their_writers() {
        let text = "Ana: dinner on 12 May at 7 pm, 20 euros each. See https://a.b/c\n\
                    Ben: or at 8? call me, +44 20 7946 0958\nAna: it is at 12 Mill Lane. I was there yesterday at 5 pm, in May";
        let chat = Conversation::parse(text).unwrap();
        let expected = [
            "Ana Appointment 12 May at 7 pm [19:00]",
            "Ana Amount 20 euros []",
            "Ana Link https://a.b/c []",
            "Ben Appointment 8 []",
            "Ben Phone +44 20 7946 0958 []",
            "Ana Address 12 Mill Lane []",
        ];
        assert_eq!(items(&chat, "en", None), expected);
    }

    #[test]
    fn days_are_certain_where_the_message_has_a_date() {
        // A Wednesday.
        let message = |text: &str| Message::new("Lena", text, Some("2026-03-04T10:00:00".parse().unwrap()));
        let chat = Conversation::new(vec![
            message("morgen Abend um 8 Probe, und am 20. um 19 Uhr"),
            message("Freitag um halb acht?"),
            message("jeden Montag um 18 Uhr"),
            message("Mittwoch 20 Uhr"),
            message("gestern um 20 Uhr war gut"),
        ])
        .unwrap();
        let expected = [
            "Lena Appointment morgen Abend um 8 [2026-03-05 20:00]",
            "Lena Appointment 20. um 19 Uhr [2026-03-20 19:00]",
            "Lena Appointment Freitag um halb acht [2026-03-06]",
            "Lena Appointment Montag um 18 Uhr [18:00]",
            "Lena Appointment Mittwoch 20 Uhr [20:00]",
        ];
        assert_eq!(items(&chat, "de", None), expected);
    }

    #[test]
    fn questions_to_the_reader_name_them() {
        let text = "Ana: Hi all. Ben, can you bring the cake? And who drives?\nBen: Ana, when?\nCleo: ask Ben.\n\
                    Cleo: could you drive, Benjamin";
        let chat = Conversation::parse(text).unwrap();
        let expected = ["Ana Question Ben, can you bring the cake? []", "Cleo Question could you drive, Benjamin []"];
        assert_eq!(items(&chat, "en", Some("Ben")), expected);
        assert_eq!(items(&chat, "en", Some("Cleo")), [""; 0]);
        assert_eq!(items(&chat, "en", None), [""; 0]);
    }
}
