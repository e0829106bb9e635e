//! The patterns of a language, compiled once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::languages::{COUNT, Follow, Language, Minutes, NumberWords, TimeWords, find};
use super::meaning::Half;
use crate::error::{Error, ErrorKind, Result};
use crate::input;

/// The patterns of a language.
pub struct Patterns {
    pub words: &'static Language,
    pub times: Vec<(Regex, Minutes, Follow)>,
    pub time_phrases: Vec<(Regex, u8)>,
    /// A time, a dash or a word, at the end of a text.
    pub range_before: Regex,
    /// The same with "between" and "and".
    pub between_before: Regex,
    /// The words between a date and a time, alone.
    pub between_date_and_time: Regex,
    /// Words before a length of time, at the end of a text.
    pub lengths_before: Regex,
    /// What makes a number before it no time.
    pub unit_after: Regex,
    /// What ends a clause.
    pub boundary_after: Regex,
    pub dates: Vec<(Regex, Follow)>,
    /// Names of months and of weekdays, alone.
    pub months: Vec<Regex>,
    pub weekdays: Vec<Regex>,
    pub relative_days: Vec<(Regex, i64)>,
    pub days_ahead: Regex,
    /// Words before a month.
    pub before_months: Regex,
    pub past_beside: [Regex; 2],
    pub open_beside: [Regex; 2],
    /// Amounts: number before the currency, and after it.
    pub amounts: [Regex; 2],
    pub currencies: Vec<(Regex, &'static str)>,
    pub money_phrases: Vec<(Regex, f64, &'static str)>,
    pub not_money: [Option<Regex>; 2],
    pub numbers: Regex,
    /// Number words with their values.
    pub number_words: HashMap<String, u32>,
    pub street: Regex,
    pub questions: Regex,
}

/// Signs and codes of currencies that are the same in all languages.
const SIGNS: [(&str, &str); 7] =
    [("€", "EUR"), (r"\$", "USD"), ("£", "GBP"), ("EUR", "EUR"), ("USD", "USD"), ("GBP", "GBP"), ("CHF", "CHF")];

/// A number in digits: with groups of three, or plain with decimals.
const DIGITS: &str = r"\d{1,3}(?:[.,'\x20]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?";

/// Returns the patterns of the language with this code.
///
/// # Errors
/// If there are none for it.
pub fn of(code: &str) -> Result<&'static Patterns> {
    static ALL: [OnceLock<Result<Patterns>>; COUNT] = [const { OnceLock::new() }; COUNT];
    let (place, language) = find(code).ok_or_else(|| input!("facts of texts in {code} are not known"))?;
    ALL[place].get_or_init(|| Patterns::new(language)).as_ref().map_err(Clone::clone)
}

/// Puts alternatives in order, longest first, so that the first that fits is the whole word.
fn alternatives(words: impl IntoIterator<Item = String>) -> String {
    let mut words: Vec<String> = words.into_iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.join("|")
}

/// Returns the words for whole numbers with their values.
fn number_words(words: &NumberWords) -> HashMap<String, u32> {
    let named = |names: &'static str, first: u32, step: u32| {
        names.split_whitespace().zip(0..).map(move |(name, place)| (name.to_owned(), first + place * step))
    };
    let to_twenty: Vec<(String, u32)> = named(words.to_twenty, 0, 1).collect();
    let tens: Vec<(String, u32)> = named(words.tens, 30, 10).collect();
    let mut all: HashMap<String, u32> = to_twenty.iter().chain(&tens).cloned().collect();
    for (ten_name, ten) in to_twenty.iter().filter(|(_, value)| *value == 20).chain(&tens) {
        for (unit_name, unit) in to_twenty.iter().filter(|(_, value)| (1..20).contains(value)) {
            for form in words.compounds {
                let compound: String = form
                    .chars()
                    .map(|c| match c {
                        'T' => ten_name.clone(),
                        'U' => unit_name.clone(),
                        other => other.to_string(),
                    })
                    .collect();
                all.entry(compound).or_insert(ten + unit);
            }
        }
    }
    all.extend(words.others.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    all
}

impl Patterns {
    fn new(words: &'static Language) -> Result<Self> {
        let number_words = number_words(&words.numbers);
        let between = |least: u32, most: u32| {
            let fits = |(_, value): &(&String, &u32)| (least..=most).contains(*value);
            alternatives(number_words.iter().filter(fits).map(|(name, _)| name.clone()))
        };
        // One is an article too.
        let (hours, minutes, all) = (between(0, 24), between(2, 59), between(0, u32::MAX));
        let scales = alternatives(words.numbers.scales.iter().map(|(name, _)| (*name).to_owned()));
        let written = format!(r"(?:(?:{all})(?: ?(?:{scales})\b)?|\b(?:{scales}))\b");
        let months = words.dates.months.join("|");
        let weekdays = words.dates.weekdays.join("|");
        let TimeWords { am, pm, night, .. } = words.times;
        let expansions = [
            ("{h}", format!(r"(?<h>2[0-4]|[01]?\d|(?:{hours})\b)")),
            ("{H}", r"(?<h>2[0-4]|[01]?\d)".to_owned()),
            ("{m}", r"(?<m>[0-5]\d)".to_owned()),
            ("{w}", format!(r"(?<m>[0-5]?\d|(?:{minutes})\b)")),
            ("{W}", format!(r"(?<m>(?:{})\b)", between(5, 59))),
            ("{n}", format!(r"(?<n>(?:{DIGITS})(?: ?(?:{scales})\b)?|{written})")),
            ("{day}", r"(?<day>3[01]|[12]\d|0?[1-9])".to_owned()),
            ("{month}", format!(r"(?<month>{months})\b\.?")),
            ("{year}", r"(?<year>(?:19|20)\d\d)".to_owned()),
            ("{weekday}", format!(r"(?<weekday>{weekdays})\b\.?")),
            ("{weekday+}", format!("(?<weekday>{weekdays})")),
            ("{before}", format!(r"\b(?:{})", words.dates.before_months)),
            ("{half}", format!(r"(?: ?(?:(?<am>{am})|(?<pm>{pm})|(?<night>{night})))")),
        ];
        let compile = |pattern: &str| -> Result<Regex> {
            let mut text = pattern.to_owned();
            for (name, expansion) in &expansions {
                text = text.replace(name, expansion);
            }
            // A space stands for any number of them, but not for a line break.
            let text = text.replace(" ?", "\0").replace(' ', r"[ \t]+").replace('\0', r"[ \t]*");
            Regex::new(&format!("(?i-u){text}"))
                .map_err(|error| Error::new(ErrorKind::Failure, format!("{pattern}: {error}")))
        };
        let each = |pattern: &str, before: &str, after: &str| compile(&format!("{before}(?:{pattern}){after}"));
        let mut times = vec![(compile(r"{H}:{m}(?::[0-5]\d)?{half}?")?, Minutes::Read, Follow::Any)];
        for (pattern, minutes, follow) in words.times.patterns {
            times.push((compile(pattern)?, *minutes, *follow));
        }
        let mut dates: Vec<(Regex, Follow)> = Vec::new();
        for pattern in [
            r"(?:{weekday},? )?(?:(?:am|on|el|le|den|the) )?(?<year>(?:19|20)\d\d)-(?<second>[01]?\d)-{day}",
            r"(?:{weekday},? )?(?<first>[0-3]?\d)[/.-](?<second>[0-3]?\d)[/.-](?<year>(?:19|20)?\d\d)",
            r"\b(?:on|the|el|al|del|le|du|au|am|vom|den|der|zum|bis) (?<t>(?<first>[0-3]?\d)/(?<second>[0-3]?\d))",
            r"{weekday},? (?<first>[0-3]?\d)[/.](?<second>[0-3]?\d)\.?",
        ] {
            dates.push((compile(pattern)?, Follow::Any));
        }
        for (pattern, follow) in words.dates.patterns {
            dates.push((compile(pattern)?, *follow));
        }
        let mut relative_days = Vec::new();
        for (pattern, days) in words.dates.relative {
            relative_days.push((compile(pattern)?, *days));
        }
        let mut currencies = Vec::new();
        for (pattern, code) in SIGNS.iter().chain(words.money.currencies) {
            currencies.push((each(pattern, "^", "$")?, *code));
        }
        let names: Vec<&str> = words.money.currencies.iter().map(|(pattern, _)| *pattern).collect();
        let names = names.join("|");
        let mut money_phrases = Vec::new();
        for (phrase, value, code) in words.money.phrases {
            money_phrases.push((compile(phrase)?, *value, *code));
        }
        let mut time_phrases = Vec::new();
        for (phrase, hour) in words.times.phrases {
            time_phrases.push((compile(phrase)?, *hour));
        }
        let optional = |pattern: &str, before: &str, after: &str| -> Result<Option<Regex>> {
            (!pattern.is_empty()).then(|| each(pattern, before, after)).transpose()
        };
        let (between, and) = words.times.between_and;
        Ok(Self {
            words,
            times,
            time_phrases,
            range_before: compile(&format!(
                r"(?<t>{{h}}(?:[:.h] ?{{m}})?) ?(?:-|\b(?:{})\b) ?(?:las? )?$",
                words.times.range
            ))?,
            between_before: compile(&format!(r"\b{between} (?:las? )?(?<t>{{h}}(?:[:.h] ?{{m}})?) {and} (?:las? )?$"))?,
            between_date_and_time: each(words.times.between, "^,? ?(?:", r")?(?: ca\.?| so| around| about)? ?$")?,
            lengths_before: each(words.times.lengths, r"\b", " $")?,
            unit_after: compile(&format!(r"^(?: ?(?:%|€|£|\$|°)|[./]\d| ?(?:{}|{names})\b)", words.times.units))?,
            boundary_after: compile(&format!(
                r#"^ ?(?:$|\n|[,;.!?)"':-]+(?:[\s\x21-\x2f\x3a-\x7f]|$)|(?:{})\b)"#,
                words.times.boundary
            ))?,
            dates,
            months: words.dates.months.iter().map(|name| each(name, "^", "$")).collect::<Result<_>>()?,
            weekdays: words
                .dates
                .weekdays
                .iter()
                .map(|name| each(&name.replace("(?-i:", "(?:"), "^", "$"))
                .collect::<Result<_>>()?,
            relative_days,
            days_ahead: compile(words.dates.ahead)?,
            before_months: compile("{before} $")?,
            past_beside: [each(words.dates.past, r"\b", " $")?, each(words.dates.past, "^ ", r"\b")?],
            open_beside: [each(words.dates.open, r"\b", " $")?, each(words.dates.open, "^ ", r"\b")?],
            amounts: [
                compile(&format!(
                    r"{{n}} ?(?:(?<currency>€|£|\$)|(?<word>{names}|EUR|USD|GBP|CHF)\b)(?: ?(?<cents>\d\d)\b)?"
                ))?,
                compile(&format!(
                    r"(?:(?<currency>€|£|\$)|\b(?<word>EUR|USD|GBP|CHF)) ?(?<n>{DIGITS}(?: ?(?:{scales})\b)?)"
                ))?,
            ],
            currencies,
            money_phrases,
            not_money: [optional(words.money.not_after, r"\b", " $")?, optional(words.money.not_before, "^ ", r"\b")?],
            numbers: compile(r"{n}")?,
            number_words,
            street: compile(words.street)?,
            questions: each(words.questions, r"\b", r"\b")?,
        })
    }

    /// Returns the value of a number in digits or words.
    pub fn number(&self, text: &str) -> Option<f64> {
        let text = text.trim().to_lowercase();
        let multiplier = |word: &str| {
            self.words.numbers.scales.iter().find(|(name, _)| *name == word).map(|(_, value)| f64::from(*value))
        };
        if let Some(value) = self.number_words.get(&text) {
            return Some(f64::from(*value));
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let end = text.find(|c: char| !c.is_ascii_digit() && !".,' ".contains(c)).unwrap_or(text.len());
            let value = digits(text[..end].trim_end(), self.words.numbers.comma_decimals)?;
            let rest = text[end..].trim();
            return if rest.is_empty() { Some(value) } else { multiplier(rest).map(|factor| value * factor) };
        }
        if let Some(factor) = multiplier(&text) {
            return Some(factor);
        }
        self.words.numbers.scales.iter().find_map(|(scale, factor)| {
            let before = text.strip_suffix(scale)?.trim_end();
            self.number_words.get(before).map(|value| f64::from(*value) * f64::from(*factor))
        })
    }

    /// Returns the value of a whole number in digits or words.
    pub fn whole(&self, text: &str) -> Option<u32> {
        let value = self.number(text)?;
        (value.fract() == 0.0 && (0.0..=1e9).contains(&value)).then_some(value as u32)
    }
}

/// Returns the value of a number in digits. A point, comma or space before three digits separates thousands.
fn digits(text: &str, comma_decimals: bool) -> Option<f64> {
    let parts: Vec<&str> = text.split(['.', ',', '\'', ' ']).collect();
    let separators: Vec<char> = text.chars().filter(|c| !c.is_ascii_digit()).collect();
    let Some(last) = separators.last() else { return text.parse().ok() };
    let is_group = |part: &&str| part.len() == 3;
    let (fraction, whole) = parts.split_last()?;
    let decimal_sign = if comma_decimals { ',' } else { '.' };
    let all_groups = parts[1..].iter().all(is_group) && parts[0].len() <= 3 && parts[0] != "0";
    if all_groups && (separators.iter().all(|c| c == last) || *last != decimal_sign) {
        return parts.concat().parse().ok();
    }
    format!("{}.{fraction}", whole.concat()).parse().ok()
}

impl Follow {
    /// Returns `true` if `after` may follow.
    pub fn allows(self, after: &str, patterns: &Patterns) -> bool {
        let is_boundary = || patterns.boundary_after.is_match(after);
        match self {
            Self::Any => true,
            Self::NoUnit => !patterns.unit_after.is_match(after),
            Self::Boundary => is_boundary() && !(patterns.words.names.nouns_have_capitals && is_ordinal(after)),
            Self::NoCapital => after.trim_start().starts_with(char::is_lowercase) || is_boundary(),
        }
    }
}

/// Returns `true` if a number before `after` is an ordinal, with a point that ends no sentence.
fn is_ordinal(after: &str) -> bool {
    let rest = after.strip_prefix('.').map(str::trim_start);
    rest.is_some_and(|rest| rest.starts_with([',', ';', ')', '-']) || rest.starts_with(char::is_lowercase))
}

/// Returns the half of the day that a match names.
pub fn half(found: &Captures<'_>) -> Option<Half> {
    let is_there = |names: &[&str]| names.iter().any(|name| found.name(name).is_some());
    [(Half::Am, &["am", "am2"][..]), (Half::Pm, &["pm", "pm2"]), (Half::Night, &["night"])]
        .into_iter()
        .find_map(|(half, names)| is_there(names).then_some(half))
}

/// Calls `read` for every match of `pattern` that stands free: no letter or digit touches it, nor a number around a
/// separator. Matches that `read` refuses are tried again further on.
pub fn each_match<T>(
    pattern: &Regex,
    text: &str,
    mut read: impl FnMut(&Captures<'_>, Range<usize>) -> Option<T>,
) -> Vec<T> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(captures) = (at <= text.len()).then(|| pattern.captures_at(text, at)).flatten() {
        let Some(whole) = captures.get(0) else { break };
        let range = captures.name("t").unwrap_or(whole).range();
        let read = is_free(text, &range).then(|| read(&captures, range)).flatten();
        let end = if read.is_some() { whole.end() } else { whole.start() };
        found.extend(read);
        at = text[end..]
            .chars()
            .next()
            .map_or(text.len() + 1, |c| end + if end == whole.start() { c.len_utf8() } else { 0 });
    }
    found
}

/// Returns `true` if no letter or digit touches the range, nor a number with one of the signs of numbers between.
fn is_free(text: &str, range: &Range<usize>) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut before = text[..range.start].chars().rev();
    let mut after = text[range.end..].chars();
    let (first, last) = (text[range.clone()].chars().next(), text[range.clone()].chars().next_back());
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let sign = |c: Option<char>| c.is_some_and(|c| ".,:/".contains(c));
    let (previous, next) = (before.next(), after.next());
    let joined = |own: Option<char>, neighbour: Option<char>| word(own) && (word(neighbour) || neighbour == Some('_'));
    let continues = is_digit(first) && sign(previous) && is_digit(before.next())
        || is_digit(last) && sign(next) && is_digit(after.next());
    !(continues || joined(first, previous) || joined(last, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::languages::all;

    #[test]
    fn every_language_has_patterns_that_compile() {
        for language in all() {
            let patterns = of(language.code).unwrap();
            assert!(patterns.number_words.values().any(|value| *value == 99), "{}", language.code);
        }
        assert_eq!(of("it").err().unwrap().to_string(), "facts of texts in it are not known");
    }

    #[test]
    fn numbers_are_read_in_digits_and_words() {
        for (language, text, value) in [
            ("en", "1,200", 1200.0),
            ("en", "1,200.50", 1200.5),
            ("en", "2.5", 2.5),
            ("en", "twenty-five", 25.0),
            ("en", "two hundred", 200.0),
            ("en", "5k", 5000.0),
            ("es", "treinta y dos", 32.0),
            ("es", "ocho mil", 8000.0),
            ("es", "1.200,50", 1200.5),
            ("fr", "quatre-vingt-dix-sept", 97.0),
            ("fr", "soixante et onze", 71.0),
            ("fr", "1 200", 1200.0),
            ("de", "fünfundzwanzig", 25.0),
            ("de", "achttausend", 8000.0),
            ("de", "3,4", 3.4),
        ] {
            let text = crate::facts::fold::fold(text);
            assert_eq!(of(language).unwrap().number(&text), Some(value), "{text}");
        }
    }
}
