//! Numbers that are nothing else.

use std::ops::Range;

use super::meaning::{Found, Meaning};
use super::patterns::Patterns;

/// Returns the numbers of a folded text: in digits, and in words that mean nothing else. One is none, since its word is
/// an article too.
pub(super) fn numbers(text: &str, patterns: &Patterns) -> Vec<Found> {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let homographs = patterns.words.numbers.homographs;
    let found = patterns.numbers.find_iter(text).filter_map(|found| {
        let (own, range) = (found.as_str(), found.range());
        let value = patterns.number(own)?;
        let in_digits = own.starts_with(|c: char| c.is_ascii_digit());
        let is_word = |word: &str| word.eq_ignore_ascii_case(own);
        let is_other =
            value < 2.0 || homographs.split_whitespace().any(is_word) || is_letter(text[range.end..].chars().next());
        let is_joined = is_letter(text[..range.start].chars().next_back());
        (!is_joined && (in_digits || !is_other)).then_some((range, Meaning::Number(value)))
    });
    found.collect()
}

/// Returns the numbers that words of a folded text can stand for, also where they mean something else as often.
pub(super) fn loose(text: &str, patterns: &Patterns) -> Vec<(Range<usize>, f64)> {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut found: Vec<(Range<usize>, f64)> = patterns
        .numbers
        .find_iter(text)
        .filter(|found| {
            !is_letter(text[..found.start()].chars().next_back()) && !is_letter(text[found.end()..].chars().next())
        })
        .filter_map(|found| Some((found.range(), patterns.number(found.as_str())?)))
        .collect();
    // The parts of compounds count too: the five of "a hundred and five".
    let mut start = 0;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let at = start;
        start = at + word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        let word_range = at..at + word.len();
        let lower = word.to_lowercase();
        let loose = patterns.words.numbers.loose.iter().find(|(known, _)| *known == lower);
        let value =
            loose.map(|(_, value)| f64::from(*value)).or_else(|| patterns.number(&lower).filter(|_| !word.is_empty()));
        found.extend(value.map(|value| (word_range, value)));
    }
    found
}
