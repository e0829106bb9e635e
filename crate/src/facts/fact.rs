//! What a fact is: its kind, its place in a text, and its normal form.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::meaning::Meaning;

/// The kinds of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub enum FactKind {
    /// A number that is nothing of the others.
    Number,
    /// A time of day.
    Time,
    /// A date, a weekday, a month, or a day as seen from today.
    Date,
    /// An amount of money.
    Amount,
    /// The name of a person.
    Name,
    /// The name of a place.
    Place,
    /// A link.
    Link,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

/// A fact in a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Fact {
    /// Kind.
    pub kind: FactKind,
    /// Place in the text.
    pub span: Span,
    /// Text as it stands.
    pub text: String,
    /// Normal form, the same in all languages: `19:00`, `07:00|19:00` where the half of the day is open, `2026-05-12`,
    /// `--05-12`, `---12`, `--05`, `2026-05`, `fri`, `day+1`, `12.5 EUR`, `1200`, a name in small letters without
    /// marks, a phone number's digits.
    pub value: String,
    /// Meaning that the normal form was written from.
    #[serde(skip)]
    pub(crate) meaning: Meaning,
}

/// A range of bytes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    /// Returns the same range of `text` in units of UTF-16, in which JavaScript counts.
    pub fn in_utf16(self, text: &str) -> Self {
        let units = |end: usize| text.get(..end).map_or(0, |before| before.encode_utf16().count());
        Self { start: units(self.start), end: units(self.end) }
    }

    /// Returns `true` if both have a byte in common.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl Fact {
    /// Creates the fact with this meaning at `range` of `text`.
    pub(super) fn new(text: &str, range: Range<usize>, meaning: Meaning) -> Self {
        let own = text.get(range.clone()).unwrap_or_default().to_owned();
        Self { kind: kind(&meaning), span: range.into(), text: own, value: meaning.to_string(), meaning }
    }
}

/// Returns the kind of a fact with this meaning.
fn kind(meaning: &Meaning) -> FactKind {
    match meaning {
        Meaning::Number(_) => FactKind::Number,
        Meaning::Time(_) => FactKind::Time,
        Meaning::Date(_) => FactKind::Date,
        Meaning::Amount { .. } => FactKind::Amount,
        Meaning::Name(_) => FactKind::Name,
        Meaning::Place(_) => FactKind::Place,
        Meaning::Link(_) => FactKind::Link,
        Meaning::Email(_) => FactKind::Email,
        Meaning::Phone(_) => FactKind::Phone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_in_utf16_too() {
        assert_eq!(Span::from(5..8).in_utf16("👍 at 7"), Span { start: 3, end: 6 });
    }
}
