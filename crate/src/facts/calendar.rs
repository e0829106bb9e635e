//! Appointments as a calendar file, iCalendar of RFC 5545.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

use super::agenda::{Item, ItemKind};
use crate::hash::sha256;

/// Longest line in bytes, without its end.
const LINE_BYTES: usize = 75;

/// Returns the appointments among `items` that have a certain day as an iCalendar file, or `None` if there are none.
/// With a certain time, an event begins then, on the clock of whoever reads the calendar, since chats name no time
/// zone; otherwise it is one of the whole day. `created` is the present time in seconds since 1970.
pub fn calendar(items: &[Item], created: i64) -> Option<String> {
    let created = date(1970, 1, 1).at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(created)).ok()?;
    let events: Vec<String> = items.iter().filter_map(|item| event(item, created)).collect();
    let ends = ["BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Pocket Gist//gist//EN\r\n", "END:VCALENDAR\r\n"];
    (!events.is_empty()).then(|| format!("{}{}{}", ends[0], events.concat(), ends[1]))
}

fn event(item: &Item, created: DateTime) -> Option<String> {
    let day = item.day().filter(|_| item.kind == ItemKind::Appointment)?;
    let start = match item.start() {
        Some(start) => format!("DTSTART:{}", stamp(start)),
        None => format!("DTSTART;VALUE=DATE:{}", basic(day)),
    };
    let described = match item.speaker.as_str() {
        "" => item.text.clone(),
        speaker => format!("{speaker}: {}", item.text),
    };
    // The same appointment of the same chat stays one event when it is imported again.
    let id = sha256(format!("{start}\n{}\n{described}", item.message).as_bytes());
    let lines = [
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@pocket-gist", &id[..32]),
        format!("DTSTAMP:{}Z", stamp(created)),
        start,
        format!("SUMMARY:{}", escape(&item.text)),
        format!("DESCRIPTION:{}", escape(&described)),
        "END:VEVENT".to_owned(),
    ];
    Some(lines.iter().map(|line| fold_line(line)).collect())
}

/// Writes a day as `20260512`.
fn basic(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// Writes a day and a time as `20260512T190000`.
fn stamp(at: DateTime) -> String {
    format!("{}T{:02}{:02}{:02}", basic(at.date()), at.hour(), at.minute(), at.second())
}

/// Escapes a text value.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Breaks a line into lines of at most 75 bytes, all but the first with a space before them, and ends it.
fn fold_line(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 4);
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LINE_BYTES {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(c);
        length += c.len_utf8();
    }
    folded + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::conversation::{Conversation, Message};
    use crate::facts::{ChatFacts, agenda};

    #[test]
    fn events_have_a_start_or_a_day() {
        let message =
            |speaker: &str, text: &str| Message::new(speaker, text, Some("2026-03-04T10:00:00".parse().unwrap()));
        let long = "wir treffen uns morgen um 19:30 Uhr beim großen Brunnen; bring Käse, Öl und Brot mit, für alle \\ den Rest";
        let chat = Conversation::new(vec![
            message("Lena", long),
            message("Jo", "am 20. hab ich Geburtstag"),
            message("Jo", "um 18 Uhr"),
        ])
        .unwrap();
        let items = agenda(&ChatFacts::new(&chat, "de").unwrap(), None);
        let file = calendar(&items, 1_772_612_096).unwrap();
        assert!(file.lines().all(|line| line.len() <= LINE_BYTES), "{file}");
        assert_eq!(file.matches("\r\n").count(), file.matches('\n').count());
        let unfolded = file.replace("\r\n ", "");
        let escaped = "wir treffen uns morgen um 19:30 Uhr beim großen Brunnen\\; bring Käse\\, Öl und Brot mit\\, für alle \\\\ den Rest";
        let lines: Vec<&str> = unfolded.lines().filter(|line| !line.starts_with("UID:")).collect();
        assert_eq!(
            lines,
            [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:-//Pocket Gist//gist//EN",
                "BEGIN:VEVENT",
                "DTSTAMP:20260304T081456Z",
                "DTSTART:20260305T193000",
                &format!("SUMMARY:{escaped}"),
                &format!("DESCRIPTION:Lena: {escaped}"),
                "END:VEVENT",
                "BEGIN:VEVENT",
                "DTSTAMP:20260304T081456Z",
                "DTSTART;VALUE=DATE:20260320",
                "SUMMARY:am 20. hab ich Geburtstag",
                "DESCRIPTION:Jo: am 20. hab ich Geburtstag",
                "END:VEVENT",
                "END:VCALENDAR",
            ]
        );
        assert_eq!(calendar(&items, 1_772_612_096).unwrap(), file);
        assert_eq!(calendar(&items[2..], 0), None);
    }
}
