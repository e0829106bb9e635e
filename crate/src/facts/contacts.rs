//! Links, e-mail addresses and phone numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::meaning::{Found, Meaning};

/// Patterns that are the same in all languages.
struct ContactPatterns {
    link: Option<Regex>,
    email: Option<Regex>,
    phone: Option<Regex>,
}

static PATTERNS: LazyLock<ContactPatterns> = LazyLock::new(|| {
    let link = r"(?i)\b(?:https?://|www\.)[^\s<>]+|\b(?:[a-z0-9][a-z0-9-]*\.)+(?:com|org|net|info|app|io|eu|de|at|ch|es|fr|be|uk|ie|us|mx|ar)\b(?:/[^\s<>]*)?";
    let email = r"(?i)\b[a-z0-9][a-z0-9._%+-]*@(?:[a-z0-9-]+\.)+[a-z]{2,}\b";
    let phone = r"(?:\+|\b)\d(?:[ ./()-]{0,2}\d){6,14}\b";
    let compile = |pattern: &str| Regex::new(pattern).ok();
    ContactPatterns { link: compile(link), email: compile(email), phone: compile(phone) }
});

/// Punctuation at the end of a link that belongs to the sentence.
const AFTER_LINK: &[char] = &['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '*'];

/// Returns the links, addresses and phone numbers of a folded text.
pub(super) fn contacts(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for email in PATTERNS.email.iter().flat_map(|pattern| pattern.find_iter(text)) {
        found.push((email.range(), Meaning::Email(email.as_str().to_lowercase())));
    }
    for link in PATTERNS.link.iter().flat_map(|pattern| pattern.find_iter(text)) {
        let url = link.as_str().trim_end_matches(AFTER_LINK);
        let before = text[..link.start()].chars().next_back();
        if !before.is_some_and(|c| c == '@' || c == '.') {
            found.push((link.start()..link.start() + url.len(), Meaning::Link(url.to_owned())));
        }
    }
    for phone in PATTERNS.phone.iter().flat_map(|pattern| pattern.find_iter(text)) {
        let digits: String = phone.as_str().chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        if is_phone(phone.as_str(), &digits) {
            found.push((phone.range(), Meaning::Phone(digits)));
        }
    }
    found
}

/// Returns `true` if `text` with these digits is a phone number for certain: with a country's or a trunk's prefix, or
/// in groups as phone numbers are written, and no date.
fn is_phone(text: &str, digits: &str) -> bool {
    let groups: Vec<usize> =
        text.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|length| *length > 0).collect();
    let is_date = groups.len() == 3 && text.contains(['/', '.', '-']) && groups.iter().all(|length| *length <= 4);
    let is_long = (9..=15).contains(&digits.trim_start_matches('+').len());
    let is_american = groups == [3, 3, 4];
    let is_spanish = digits.len() == 9 && digits.starts_with(['6', '7', '8', '9']) && groups.len() <= 4;
    let in_thousands = groups.len() > 1 && groups[0] <= 3 && groups[1..].iter().all(|length| *length == 3);
    let plain_spanish = is_spanish && (groups.len() == 1 || text.contains(' '));
    is_american
        || !is_date && is_long && (digits.starts_with('+') || digits.starts_with('0'))
        || plain_spanish && (!in_thousands || text.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_addresses_and_phone_numbers_are_found() {
        let found = |text: &str| -> Vec<String> {
            contacts(text)
                .into_iter()
                .map(|(range, meaning)| {
                    format!("{} {meaning}", format!("{meaning:?}").split('(').next().unwrap())
                        + &format!(" {}", &text[range])
                })
                .collect()
        };
        for (text, expected) in [
            ("see https://a.b/c?d=1.", "Link https://a.b/c?d=1 https://a.b/c?d=1"),
            ("(www.example.org)", "Link www.example.org www.example.org"),
            ("shop at example.co.uk/x, ok", "Link example.co.uk/x example.co.uk/x"),
            ("to Jo.F@Example.com please", "Email jo.f@example.com Jo.F@Example.com"),
            ("+44 20 7946 0958 or", "Phone +442079460958 +44 20 7946 0958"),
            ("ruf 0151/23456789 an", "Phone 015123456789 0151/23456789"),
            ("06.12.34.56.78", "Phone 0612345678 06.12.34.56.78"),
            ("612 345 678", "Phone 612345678 612 345 678"),
            ("(212) 555-0123", "Phone 2125550123 212) 555-0123"),
        ] {
            assert_eq!(found(text), [expected], "{text}");
        }
        for text in ["01.02.2026", "2026-05-12", "12.000.000", "order 88123", "1234567", "etc.de", "19:30-20:30"] {
            assert!(!found(text).iter().any(|found| found.starts_with("Phone")), "{text}");
        }
    }
}
