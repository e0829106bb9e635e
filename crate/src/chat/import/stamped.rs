//! Chats with a date and time before each message: exports of WhatsApp, messages copied from it, and signal-export.

use std::ops::Range;

use jiff::civil::{DateTime, Time};

use super::announcement::{is_system_sender, is_system_text, without_edited};
use super::media::mark_line;
use super::order::{self, Certainty, DateOrder};
use super::timestamp::{Header, RawDate, Style, header};
use super::{Chat, ChatFormat, Warning};
use crate::chat::conversation::{Conversation, MAX_MESSAGES, Message, is_invisible, too_many};
use crate::error::Result;
use crate::input;

/// Invisible mark that WhatsApp for iOS puts before its own words.
const SYSTEM_MARK: char = '\u{200e}';

/// Number of headers that make a text an export even if it begins in the middle of a message.
const CERTAIN_HEADERS: usize = 2;

/// A message as a part of the text.
struct Draft<'a> {
    date: Option<RawDate>,
    time: Time,
    /// First line, after date and time.
    first: &'a str,
    /// Place of the other lines in the text.
    others: Range<usize>,
}

/// Reads `text`, or returns `None` if it has no dates before its messages. `order` is the order of dates, if the caller
/// knows it.
pub fn read(name: &str, text: &str, order: Option<DateOrder>) -> Result<Option<Chat>> {
    let Some(style) = style_of(text) else { return Ok(None) };
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let mut warnings = Vec::new();
    let (mut is_signal, mut is_american) = (false, false);
    let mut leading_lines = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let line = line.trim_end_matches(['\r', '\n']);
        let count = drafts.len();
        match (header_of(line, style), drafts.last_mut()) {
            (Some(_), _) if count == MAX_MESSAGES => return Err(too_many()),
            (Some(header), last) => {
                if last.is_none() {
                    is_signal = looks_like_signal(name, line, &header);
                    is_american = looks_american(line, &header);
                }
                let Header { date, time, rest, .. } = header;
                drafts.push(Draft { date, time, first: rest, others: range.end..range.end });
            }
            (None, Some(last)) => last.others.end = range.end,
            (None, None) => leading_lines += usize::from(!line.trim().is_empty()),
        }
    }
    if leading_lines > 0 {
        warnings.push(Warning::LeadingLines(leading_lines));
    }
    let mut dates: Vec<RawDate> = drafts.iter().filter_map(|draft| draft.date).collect();
    dates.dedup();
    let (order, certainty) = match order {
        Some(order) => (order, Certainty::Given),
        None => order::infer(&dates, if is_american { DateOrder::MonthFirst } else { DateOrder::DayFirst }),
    };
    let (mut announcements, mut media, mut impossible) = (0, 0, 0);
    let mut messages = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        let date = draft.date.and_then(|raw| order.date(raw));
        impossible += usize::from(date.is_none() && draft.date.is_some());
        let time = date.map(|date| DateTime::from_parts(date, draft.time));
        match spoken(draft, text, style, is_signal) {
            Some((sender, text, marks)) => {
                media += marks;
                // WhatsApp marks a name that is not in the address book with a tilde.
                let name = sender.strip_prefix('~').map_or(sender, str::trim_start);
                messages.push(Message::new(if name.is_empty() { sender } else { name }, &text, time));
            }
            None => announcements += 1,
        }
    }
    if impossible > 0 {
        warnings.push(Warning::ImpossibleDates(impossible));
    }
    let conversation = Conversation::new(messages)
        .map_err(|_| input!("the export has no messages, only {announcements} lines of the messenger itself"))?;
    Ok(Some(Chat {
        conversation,
        format: if is_signal { ChatFormat::Signal } else { ChatFormat::WhatsApp },
        dates: (!dates.is_empty()).then_some((order, certainty)),
        announcements,
        media,
        warnings,
    }))
}

/// Returns the style of the headers in `text`, if it is an export: that of its first line or, if that is the rest of a
/// message, that of most lines.
fn style_of(text: &str) -> Option<Style> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    // The first line is often the messenger's, on encryption, and names nobody.
    let first = lines.peek().and_then(|line| header(line));
    if let Some(first) = first.filter(|first| first.style != Style::Space || has_sender(first)) {
        return Some(first.style);
    }
    if lines.peek().is_some_and(|line| Conversation::starts_message(line)) {
        return None;
    }
    let mut counts = [0; Style::ALL.len()];
    for header in lines.filter_map(header).filter(has_sender) {
        counts[header.style as usize] += 1;
    }
    let common = Style::ALL.into_iter().rev().max_by_key(|&style| counts[style as usize])?;
    (counts[common as usize] >= CERTAIN_HEADERS).then_some(common)
}

fn header_of(line: &str, style: Style) -> Option<Header<'_>> {
    header(line).filter(|header| header.style == style && (style != Style::Space || has_sender(header)))
}

fn has_sender(header: &Header<'_>) -> bool {
    split_sender(header.rest).is_some()
}

/// Returns `true` for a line of signal-export: it writes ISO dates in brackets, in old versions without seconds, in new
/// ones with two spaces at the end of each line.
fn looks_like_signal(name: &str, line: &str, header: &Header<'_>) -> bool {
    let iso = header.date.is_some_and(|date| date.hyphens && date.parts[0] > 31);
    header.style == Style::Bracket && iso && (!header.has_seconds || line.ends_with("  ") || name.ends_with(".md"))
}

/// Returns `true` if the time has `AM` or `PM` in capitals, as where the month comes first; Australia writes `am`,
/// Canada `a.m.`.
fn looks_american(line: &str, header: &Header<'_>) -> bool {
    let stamp = &line[..line.len() - header.rest.len()];
    ["AM", "PM"].iter().any(|period| stamp.contains(period))
}

/// Splits `Name: text`.
fn split_sender(rest: &str) -> Option<(&str, &str)> {
    /// Bound on the length of a name; a longer text before a colon is no name.
    const MAX_BYTES: usize = 400;
    let end = rest.char_indices().map(|(at, _)| at).take_while(|&at| at <= MAX_BYTES).last()?;
    let colon = rest[..end].match_indices(':').map(|(at, _)| at).find(|&at| {
        let next = rest[at + 1..].chars().next();
        next.is_none_or(|c| c.is_whitespace() || is_invisible(c))
    });
    // The colon may also be the last character.
    let colon = colon.or_else(|| rest[end..].starts_with(':').then_some(end))?;
    let name = rest[..colon].trim_matches(|c: char| is_invisible(c) || c.is_whitespace());
    (!name.is_empty()).then(|| (name, &rest[colon + 1..]))
}

/// Returns sender, text and number of media of a message; `None` for an announcement of the messenger.
fn spoken<'a>(draft: &Draft<'a>, text: &str, style: Style, is_signal: bool) -> Option<(&'a str, String, usize)> {
    let (sender, first) = split_sender(draft.first).filter(|(sender, _)| !is_system_sender(sender))?;
    let first = first.trim_start();
    let body = format!("{first}\n{}", &text[draft.others.clone()]);
    let mut media = 0;
    let mut lines: Vec<String> = Vec::new();
    for line in without_edited(&body).lines() {
        let line = line.trim_end();
        // A quote only repeats a message, and a reaction is no message.
        let is_quote = lines.iter().all(String::is_empty) && line.starts_with("> ");
        if is_signal && (is_quote || (line.starts_with("(- ") && line.ends_with(" -)"))) {
            continue;
        }
        let (line, marks) = if line.is_empty() { (String::new(), 0) } else { mark_line(line) };
        media += marks;
        lines.push(line);
    }
    let is_announced = style == Style::Bracket && first.starts_with(SYSTEM_MARK) && media == 0;
    let is_poll = || {
        let title = lines.first().map(|line| line.trim_end_matches([':', ' ']));
        title.is_some_and(|title| ["POLL", "ENCUESTA", "SONDAGE", "UMFRAGE"].contains(&title))
    };
    let text = lines.join("\n");
    if is_system_text(text.trim_start()) || (is_announced && !is_poll()) {
        return None;
    }
    Some((sender, text, media))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_lines(text: &str) -> Option<Vec<String>> {
        let chat = read("chat.txt", text, None).unwrap()?;
        Some(chat.conversation.messages().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn senders_are_split_off() {
        let long = "x".repeat(500);
        for (rest, expected) in [
            ("Ana: hi: ho", Some(("Ana", " hi: ho"))),
            ("Ana:", Some(("Ana", ""))),
            ("Ana:\u{200e}hi", Some(("Ana", "\u{200e}hi"))),
            ("\u{202a}+49 170\u{202c}: hi", Some(("+49 170", " hi"))),
            ("A:b: hi", Some(("A:b", " hi"))),
            ("Ana left", None),
            (": hi", None),
            ("", None),
            (&format!("{long}: hi"), None),
            (&format!("{}:", "ä".repeat(300)), None),
        ] {
            assert_eq!(split_sender(rest), expected, "{rest}");
        }
    }

    #[test]
    fn names_that_are_none_stay_apart_from_the_message_before() {
        let text =
            "24.12.23, 10:00 - Ana: a\n24.12.23, 10:01 - \0: b\n24.12.23, 10:02 - ~: c\n24.12.23, 10:03 - ~ Bo: d";
        let expected = ["Ana: a", "Unknown: b", "Unknown: c", "Bo: d"].map(str::to_owned);
        assert_eq!(read_lines(text), Some(expected.into()));
    }

    #[test]
    fn one_style_makes_headers_and_others_are_text() {
        let text = "24.12.23, 10:00 - Ana: see\n[24.12.23, 10:00:00] Ben: quoted\n24.12.23, 10:01 - Ben: ok";
        let expected = ["Ana: see\n[24.12.23, 10:00:00] Ben: quoted", "Ben: ok"].map(str::to_owned);
        assert_eq!(read_lines(text), Some(expected.into()));
    }

    #[test]
    fn plain_text_is_not_read() {
        for text in ["", "hello", "Ana: hi", "hello\n24.12.23, 10:00 - Ana: once", "at 24.12.23, 10:00 - Ana: hi"] {
            assert_eq!(read_lines(text), None, "{text:?}");
        }
    }

    #[test]
    fn words_of_whatsapp_for_ios_are_left_out_and_what_people_made_is_not() {
        let text = "[1/5/24, 10:00:00] Ana: \u{200e}Ana changed this\n[1/5/24, 10:00:01] Ana: \u{200e}POLL:\nWhen?\n\
                    [1/5/24, 10:00:02] Ana: \u{200e}image omitted\n[1/5/24, 10:00:03] Ana: hi \u{200e}there";
        let expected = ["Ana: POLL:\nWhen?", "Ana: [photo]", "Ana: hi there"].map(str::to_owned);
        assert_eq!(read_lines(text), Some(expected.into()));
    }

    #[test]
    fn american_times_hint_at_american_dates() {
        for (text, order) in [
            ("1/5/24, 3:04\u{202f}PM - Ana: hi", DateOrder::MonthFirst),
            ("1/5/24, 3:04 pm - Ana: hi", DateOrder::DayFirst),
            ("1/5/24, 15:04 - PM: hi", DateOrder::DayFirst),
        ] {
            let chat = read("", text, None).unwrap().unwrap();
            assert_eq!(chat.dates, Some((order, Certainty::Ambiguous)), "{text}");
        }
    }

    #[test]
    fn an_export_without_messages_says_so() {
        let error = read("", "24.12.23, 10:00 - Ana left\n24.12.23, 10:01 - Ben left", None).unwrap_err().to_string();
        assert_eq!(error, "the export has no messages, only 2 lines of the messenger itself");
    }
}
