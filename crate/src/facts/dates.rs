//! Dates, weekdays, and days as seen from today.

use std::ops::Range;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use regex::{Captures, Regex};

use super::meaning::{Found, Half, Meaning, When, Written};
use super::names::words;
use super::patterns::{Patterns, each_match, half};

/// Returns the dates of a folded text; days as seen from today are resolved if `today` is known.
pub(super) fn dates(text: &str, patterns: &Patterns, today: Option<Date>) -> Vec<Found> {
    let mut found = Vec::new();
    let add = |range: Range<usize>, written: Written, weekday: Option<Weekday>, half: Option<Half>| {
        // The point of an abbreviation can be that of the sentence.
        let letters = text[range.clone()].strip_suffix('.').filter(|own| own.ends_with(char::is_alphabetic));
        let range = range.start..letters.map_or(range.end, |own| range.start + own.len());
        let day = today.and_then(|today| resolve(&written, today, beside(text, &range, patterns)));
        (range, Meaning::Date(When { written, weekday, day, half }))
    };
    for (pattern, follow) in &patterns.dates {
        found.extend(each_match(pattern, text, |captures, range| {
            let fits = follow.allows(&text[range.end..], patterns);
            let weekday = captures.name("weekday").and_then(|name| weekday(name.as_str(), patterns));
            let written = written(captures, weekday, patterns)?;
            let by_name = matches!(written, Written::Weekday(_));
            (fits && !(by_name && is_other_word(text, &range, patterns)))
                .then(|| add(range, written, weekday.filter(|_| !by_name), half(captures)))
        }));
    }
    for (pattern, days) in &patterns.relative_days {
        found.extend(each_match(pattern, text, |captures, range| {
            (!is_morning(text, &range, patterns)).then(|| add(range, Written::Relative(*days), None, half(captures)))
        }));
    }
    found.extend(each_match(&patterns.days_ahead, text, |captures, range| {
        let days = patterns.whole(captures.name("n")?.as_str())?;
        Some(add(range, Written::Relative(i64::from(days)), None, None))
    }));
    found
}

/// Reads the parts of a date.
fn written(captures: &Captures<'_>, weekday: Option<Weekday>, patterns: &Patterns) -> Option<Written> {
    let number = |name: &str| captures.name(name).and_then(|text| text.as_str().parse::<i16>().ok());
    let year = number("year").map(|year| if year < 100 { year + 2000 } else { year });
    let month = captures.name("month").and_then(|name| month(name.as_str(), patterns));
    let small = |value: i16| i8::try_from(value).ok();
    if let (Some(first), Some(second)) = (number("first"), number("second")) {
        let (first, second) = (small(first)?, small(second)?);
        let readings =
            [(second, first), (first, second)].map(|(month, day)| is_date(month, day).then_some((month, day)));
        let readings = match readings {
            [Some(_), Some(_)] if !patterns.words.dates.month_first || first == second => [readings[0], None],
            [Some(one), Some(two)] => [Some(two), Some(one)],
            [one, two] => [one.or(two.filter(|_| patterns.words.dates.month_first)), None],
        };
        let [Some(one), two] = readings else { return None };
        return match year {
            Some(year) if two.is_none() => Date::new(year, one.0, one.1).ok().map(Written::Full),
            Some(_) | None => Some(Written::MonthDay(one, two)),
        };
    }
    if let (Some(year), Some(second), Some(day)) = (year, number("second"), number("day")) {
        return Date::new(year, small(second)?, small(day)?).ok().map(Written::Full);
    }
    match (year, month, number("day").and_then(small)) {
        (Some(year), Some(month), Some(day)) => Date::new(year, month, day).ok().map(Written::Full),
        (None, Some(month), Some(day)) => is_date(month, day).then_some(Written::MonthDay((month, day), None)),
        (None, None, Some(day)) => Some(Written::Day(day)),
        (None, Some(month), None) => Some(Written::Month(month)),
        (Some(year), Some(month), None) => Some(Written::YearMonth(year, month)),
        (_, None, _) => weekday.map(Written::Weekday),
    }
}

/// Returns `true` if some year has this day.
fn is_date(month: i8, day: i8) -> bool {
    Date::new(2024, month, day).is_ok()
}

/// Finds the place of the pattern that matches the whole of `word`.
fn place(word: &str, patterns: &[Regex]) -> Option<usize> {
    patterns.iter().position(|pattern| pattern.is_match(word.trim_end_matches('.')))
}

fn month(word: &str, patterns: &Patterns) -> Option<i8> {
    i8::try_from(place(word, &patterns.months)? + 1).ok()
}

fn weekday(word: &str, patterns: &Patterns) -> Option<Weekday> {
    Weekday::from_monday_zero_offset(i8::try_from(place(word, &patterns.weekdays)?).ok()?).ok()
}

/// Returns the weekdays and months that words of a text can stand for, also those that mean something else as often.
pub(super) fn loose_dates(text: &str, patterns: &Patterns) -> Vec<(Range<usize>, When)> {
    let written = |word: &str| {
        weekday(word, patterns).map(Written::Weekday).or_else(|| month(word, patterns).map(Written::Month))
    };
    let when = |written| When { written, weekday: None, day: None, half: None };
    let words = words(text).into_iter();
    words.filter_map(|word| Some((word.range.clone(), when(written(&word.folded)?)))).collect()
}

/// Which week a weekday belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Week {
    Coming,
    Past,
    Open,
}

fn beside(text: &str, range: &Range<usize>, patterns: &Patterns) -> Week {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let is = |pair: &[Regex; 2]| pair[0].is_match(before) || pair[1].is_match(after);
    match () {
        () if is(&patterns.past_beside) => Week::Past,
        () if is(&patterns.open_beside) => Week::Open,
        () => Week::Coming,
    }
}

/// Returns the day that `written` means in a message of `today`; `None` if it can be several.
fn resolve(written: &Written, today: Date, week: Week) -> Option<Date> {
    /// A date without a year this long ago is meant as one of the past.
    const PAST_DAYS: i32 = 60;
    match *written {
        Written::Full(date) => Some(date),
        Written::Relative(days) => today.checked_add(Span::new().try_days(days).ok()?).ok(),
        Written::Weekday(weekday) => {
            let days = i64::from(today.weekday().until(weekday));
            match week {
                // On a Friday, "Friday" is today or in a week.
                _ if days == 0 => None,
                Week::Coming => today.checked_add(days.days()).ok(),
                Week::Past => today.checked_add((days - 7).days()).ok(),
                Week::Open => None,
            }
        }
        Written::MonthDay((month, day), None) => {
            let earliest = today.checked_sub(PAST_DAYS.days()).ok()?;
            let years = today.year() - 1..=today.year() + 8;
            years.filter_map(|year| Date::new(year, month, day).ok()).find(|date| *date >= earliest)
        }
        Written::Day(day) => {
            let mut first = today.first_of_month();
            for _ in 0..3 {
                match Date::new(first.year(), first.month(), day) {
                    Ok(date) if date >= today => return Some(date),
                    _ => first = first.checked_add(1.month()).ok()?,
                }
            }
            None
        }
        Written::MonthDay(_, Some(_)) | Written::Month(_) | Written::YearMonth(..) => None,
    }
}

/// Returns `true` if a weekday's abbreviation is another word here: `Sat` or `Mo` at the beginning of a sentence,
/// without what follows a day.
fn is_other_word(text: &str, range: &Range<usize>, patterns: &Patterns) -> bool {
    let own = &text[range.clone()];
    if own.len() > 3 {
        return false;
    }
    let after = &text[range.end..];
    let number_follows = after.trim_start().starts_with(|c: char| c.is_ascii_digit());
    !(number_follows || patterns.boundary_after.is_match(after) || after.trim_start().starts_with(['/', '&', '+']))
}

/// Returns `true` if a word for tomorrow is one for the morning here: after an article or a greeting's adjective, as a
/// greeting, or with a capital within a sentence.
fn is_morning(text: &str, range: &Range<usize>, patterns: &Patterns) -> bool {
    let Some(morning) = &patterns.words.dates.morning else { return false };
    let own = &text[range.clone()];
    if !own.eq_ignore_ascii_case(morning.word) {
        return false;
    }
    let is_one_of = |words: &str, word: &str| words.split_whitespace().any(|known| known.eq_ignore_ascii_case(word));
    let before = text[..range.start].trim_end();
    if is_one_of(morning.after, before.rsplit([' ', '\n']).next().unwrap_or_default()) {
        return true;
    }
    let starts = before.is_empty() || before.ends_with(['.', '!', '?', '\n', ':']);
    let after = text[range.end..].trim_start();
    let greets =
        after.starts_with(['!', ',']) || is_one_of(morning.before, after.split(' ').next().unwrap_or_default());
    morning.has_capital && (starts && greets || !starts && own.starts_with(char::is_uppercase))
}
