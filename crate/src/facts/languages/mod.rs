//! The words of each language that facts are found by, one table a file.
//!
//! Words and patterns are written without marks on letters, as [`fold`](super::fold) leaves them, and are read without
//! regard to case unless a pattern says otherwise. In patterns a space stands for any number of spaces, and these names
//! for groups: `{h}` an hour in digits or words, `{H}` an hour in digits, `{m}` minutes of two digits, `{w}` minutes in
//! digits or words, `{W}` in words, `{n}` a number in digits or words, `{day}` a day of the month in digits, `{month}`,
//! `{year}`, `{weekday}`, `{half}` a half of the day, `{weekday+}` a weekday that another word follows at once, and
//! `{before}` a word before a month. Where a pattern has a group `t`, that is the text of the fact.

mod de;
mod en;
mod es;
mod fr;
mod words;

pub use self::words::{Follow, Language, Minutes, NameWords, NumberWords, TimeWords};

const LANGUAGES: [&Language; 4] = [&en::ENGLISH, &es::SPANISH, &fr::FRENCH, &de::GERMAN];

/// Returns the words of the language with this code and its place in the list.
pub fn find(code: &str) -> Option<(usize, &'static Language)> {
    LANGUAGES.iter().enumerate().find(|(_, language)| language.code == code).map(|(place, language)| (place, *language))
}

/// Number of languages.
pub const COUNT: usize = LANGUAGES.len();

/// Returns the words of all languages.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.into_iter()
}
