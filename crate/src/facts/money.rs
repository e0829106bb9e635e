//! Amounts of money.

use super::meaning::{Found, Meaning};
use super::patterns::{Patterns, each_match};

/// Returns the amounts of a folded text: numbers with a currency.
pub(super) fn amounts(text: &str, patterns: &Patterns) -> Vec<Found> {
    let mut found = Vec::new();
    for pattern in &patterns.amounts {
        found.extend(each_match(pattern, text, |captures, range| {
            let (number, word) = (captures.name("n")?, captures.name("word"));
            let currency = word.or(captures.name("currency"))?.as_str();
            let (_, code) = patterns.currencies.iter().find(|(pattern, _)| pattern.is_match(currency))?;
            let matches = |side: usize, text: &str| {
                patterns.not_money[side].as_ref().is_some_and(|pattern| pattern.is_match(text))
            };
            if word.is_some() && (matches(0, &text[..range.start]) || matches(1, &text[range.end..])) {
                return None;
            }
            let cents = captures.name("cents").and_then(|cents| cents.as_str().parse::<f64>().ok());
            let value = patterns.number(number.as_str())? + cents.unwrap_or(0.0) / 100.0;
            Some((range, Meaning::Amount { value, currency: code }))
        }));
    }
    for (phrase, value, currency) in &patterns.money_phrases {
        found.extend(each_match(phrase, text, |_, range| Some((range, Meaning::Amount { value: *value, currency }))));
    }
    found
}
