//! Times of day.

use regex::Regex;

use super::languages::{Follow, Minutes};
use super::meaning::{Clock, Found, Half, Meaning, When};
use super::patterns::{Patterns, each_match, half};

/// Returns the times of day of a folded text.
pub(super) fn times(text: &str, patterns: &Patterns) -> Vec<Found> {
    let mut found = Vec::new();
    for (pattern, minutes, follow) in &patterns.times {
        found.extend(each_match(pattern, text, |captures, range| {
            let time = clock(captures, patterns, *minutes)?;
            let after = &text[range.end..];
            let is_street = *follow == Follow::NoUnit && before_a_street(after, patterns);
            let fits = follow.allows(after, patterns) && !is_street;
            let is_length = patterns.lengths_before.is_match(&text[..range.start]) && half(captures).is_none();
            (fits && !(is_length && *follow != Follow::Any)).then_some((range, Meaning::Time(time)))
        }));
    }
    for (phrase, hour) in &patterns.time_phrases {
        found.extend(each_match(phrase, text, |_, range| {
            let half = if *hour == 12 { Half::Pm } else { Half::Am };
            Some((range, Meaning::Time(Clock::new(if *hour == 0 { 12 } else { *hour }.into(), 0, Some(half), false)?)))
        }));
    }
    found
}

/// Reads hour, minutes and half of the day of a match.
fn clock(captures: &regex::Captures<'_>, patterns: &Patterns, minutes: Minutes) -> Option<Clock> {
    if captures.name("range").is_some() {
        return None;
    }
    let hour = captures.name("h").map(|hour| hour.as_str());
    let value = hour.map_or(Some(12), |hour| patterns.whole(hour))?;
    let read = captures.name("m").map(|minutes| patterns.whole(minutes.as_str()));
    let read = match read {
        Some(None) => return None,
        Some(Some(minutes)) if minutes > 59 => return None,
        Some(Some(minutes)) => i32::try_from(minutes).ok()?,
        None => 0,
    };
    let minutes = match minutes {
        Minutes::Read => read,
        Minutes::Before => -read,
        Minutes::Add(minutes) => minutes,
    };
    let leading_zero = hour.is_some_and(|hour| hour.starts_with('0') && hour.len() == 2);
    let half = half(captures).or_else(|| hour.is_none().then_some(Half::Pm));
    Clock::new(value, minutes, half, leading_zero)
}

/// Returns `true` if a word with a capital follows that is neither a weekday, a month nor a beginning of a sentence, as
/// in `at 7 Mill Lane`.
fn before_a_street(after: &str, patterns: &Patterns) -> bool {
    let Some(rest) = after.strip_prefix(' ') else { return false };
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
    let is_known = |words: &str| words.split_whitespace().any(|known| known == word.to_lowercase());
    !patterns.words.names.nouns_have_capitals
        && word.starts_with(char::is_uppercase)
        && word.len() > 1
        && !is_known(patterns.words.names.capitals)
        && rest[word.len()..].trim_start().starts_with(char::is_uppercase)
}

/// Closes times that stand beside a date with a half of the day: 7 in `tonight at 7` is 19:00.
pub(super) fn close_by_dates(text: &str, patterns: &Patterns, found: &mut [Found]) {
    for place in 1..found.len() {
        let (before, after) = found.split_at_mut(place);
        let (Some((one, first)), Some((two, second))) = (before.last_mut(), after.first_mut()) else { continue };
        let Some(between) = text.get(one.end..two.start) else { continue };
        let is_close = between.trim_matches([' ', ',']).is_empty() && between.len() <= 2
            || patterns.between_date_and_time.is_match(between);
        match (first, second) {
            (Meaning::Date(When { half: Some(half), .. }), Meaning::Time(time))
            | (Meaning::Time(time), Meaning::Date(When { half: Some(half), .. }))
                if is_close =>
            {
                *time = time.in_half(*half);
            }
            _ => {}
        }
    }
}

/// Adds the first time of a range whose second one is known: 9 in `9 to 12 Uhr`.
pub(super) fn ranges(text: &str, patterns: &Patterns, found: &mut Vec<Found>) {
    let starts: Vec<usize> =
        found.iter().filter(|(_, meaning)| matches!(meaning, Meaning::Time(_))).map(|(range, _)| range.start).collect();
    for start in starts {
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[line..start];
        let read = |pattern: &Regex| {
            let captures = pattern.captures(before)?;
            let own = captures.name("t")?;
            let previous = before[..own.start()].chars().next_back();
            if previous.is_some_and(|c| c.is_alphanumeric() || ".,:/-".contains(c)) {
                return None;
            }
            let time = clock(&captures, patterns, Minutes::Read)?;
            Some((line + own.start()..line + own.end(), Meaning::Time(time)))
        };
        let Some((range, time)) = read(&patterns.range_before).or_else(|| read(&patterns.between_before)) else {
            continue;
        };
        let meets = |other: &std::ops::Range<usize>| range.start < other.end && other.start < range.end;
        if found.iter().any(|(other, meaning)| meets(other) && !matches!(meaning, Meaning::Number(_))) {
            continue;
        }
        found.retain(|(other, _)| !meets(other));
        found.push((range, time));
    }
    found.sort_by_key(|(range, _)| range.start);
}
