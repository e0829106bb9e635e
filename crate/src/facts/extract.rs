//! Finds the facts of one text.

use std::ops::Range;

use jiff::civil::Date;

use super::contacts::contacts;
use super::dates::{dates, loose_dates};
use super::fact::{Fact, FactKind, Span};
use super::fold::Folded;
use super::meaning::{Found, Meaning, When};
use super::money::amounts;
use super::names::{Names, Word, names, words};
use super::numbers::{loose, numbers};
use super::patterns::{Patterns, each_match, of};
use super::times::{close_by_dates, ranges, times};
use crate::error::Result;

/// A finder of facts in texts of one language, for the chat of certain speakers.
pub struct Extractor {
    patterns: &'static Patterns,
    names: Names,
}

impl Extractor {
    /// Creates an extractor for texts in `language` of a chat among `speakers`, whose names are known by that.
    ///
    /// # Errors
    /// If the words of the language are not known.
    pub fn new<'a>(language: &str, speakers: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let patterns = of(language)?;
        Ok(Self { patterns, names: Names::new(patterns.words, speakers) })
    }

    /// Returns the facts of `text` in the order in which they stand; none shares a byte with another. Days such as
    /// `tomorrow` are those seen from `date`, where it is known.
    pub fn facts(&self, text: &str, date: Option<Date>) -> Vec<Fact> {
        let folded = Folded::new(text);
        let mut facts: Vec<Fact> = self
            .find(&folded, date)
            .into_iter()
            .map(|(range, meaning)| Fact::new(text, folded.original(&range), meaning))
            .collect();
        for (range, meaning) in names(text, self.patterns, &self.names) {
            let fact = Fact::new(text, range, meaning);
            // A month or a weekday that is written like a name is a date unless a speaker has the name.
            match facts.iter_mut().find(|other| other.span.meets(&fact.span)) {
                Some(other) => {
                    let is_date = other.text.len() > fact.text.len() || self.is_month_by_context(text, &fact);
                    if other.kind == FactKind::Date && self.names.is_speaker(&fact) && !is_date {
                        *other = fact;
                    }
                }
                None => facts.push(fact),
            }
        }
        facts.sort_by_key(|fact| fact.span.start);
        facts
    }

    /// Returns the numbers that words of `text` can stand for, also those that mean something else as often.
    pub(super) fn loose_numbers(&self, text: &str) -> Vec<(Span, f64)> {
        let folded = Folded::new(text);
        let found = loose(&folded.text, self.patterns);
        found.into_iter().map(|(range, value)| (folded.original(&range).into(), value)).collect()
    }

    /// Returns the weekdays and months that words of `text` can stand for.
    pub(super) fn loose_dates(&self, text: &str) -> Vec<(Range<usize>, When)> {
        loose_dates(text, self.patterns)
    }

    /// Returns `true` if `text` begins or ends a question without a question mark.
    pub(super) fn asks(&self, text: &str) -> bool {
        self.patterns.questions.is_match(&Folded::new(text).text)
    }

    /// Returns the words of `text` with a capital within a sentence, which are names of something, unless all nouns of
    /// the language have one.
    pub(super) fn capitals<'t>(&self, text: &'t str) -> Vec<(Span, &'t str)> {
        if self.patterns.words.names.nouns_have_capitals {
            return Vec::new();
        }
        let words = words(text).into_iter();
        let is_loud = |word: &Word<'_>| word.text.chars().all(char::is_uppercase);
        let is_name = |word: &Word<'_>| word.has_capital && !word.starts && !is_loud(word);
        let is_other = |word: &str| self.names.is_common(word) || self.names.is_title(word);
        let names = words.filter(|word| is_name(word) && !is_other(&word.folded));
        names.map(|word| (word.range.clone().into(), word.text)).collect()
    }

    /// Returns `true` if the word before a fact is one that stands before months.
    fn is_month_by_context(&self, text: &str, fact: &Fact) -> bool {
        self.patterns.before_months.is_match(&Folded::new(&text[..fact.span.start]).text)
    }

    fn find(&self, folded: &Folded, date: Option<Date>) -> Vec<Found> {
        let (text, patterns) = (folded.text.as_str(), self.patterns);
        let mut candidates: Vec<(u8, Found)> = Vec::new();
        let mut add = |rank: u8, found: Vec<Found>| candidates.extend(found.into_iter().map(|found| (rank, found)));
        add(0, contacts(text));
        add(0, streets(text, patterns));
        add(1, amounts(text, patterns));
        add(2, times(text, patterns));
        add(3, dates(text, patterns, date));
        add(5, numbers(text, patterns));
        let mut found = longest(candidates);
        close_by_dates(text, patterns, &mut found);
        ranges(text, patterns, &mut found);
        found
    }
}

/// Returns the streets with a house number.
fn streets(text: &str, patterns: &Patterns) -> Vec<Found> {
    each_match(&patterns.street, text, |_, range| Some((range.clone(), Meaning::Place(text[range].to_lowercase()))))
}

/// Returns those of `candidates` that share no byte with a longer one, or with one of equal length and a smaller rank.
fn longest(mut candidates: Vec<(u8, Found)>) -> Vec<Found> {
    candidates.sort_by_key(|(rank, (range, _))| (std::cmp::Reverse(range.len()), *rank, range.start));
    let mut taken: Vec<Found> = Vec::new();
    for (_, (range, meaning)) in candidates {
        if !taken.iter().any(|(other, _)| range.start < other.end && other.start < range.end) {
            taken.push((range, meaning));
        }
    }
    taken.sort_by_key(|(range, _)| range.start);
    taken
}
