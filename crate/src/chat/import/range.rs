//! Ranges of a chat: its last messages, or those of some days.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use crate::chat::conversation::{Conversation, Message};
use crate::error::Result;
use crate::input;

/// Range of a chat. A message without a time is in the range if the one before it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The given number of newest messages.
    Last(usize),
    /// Messages from this moment on.
    Since(DateTime),
    /// Messages from the first moment on, and before the second.
    Between(DateTime, DateTime),
    /// Messages before this moment.
    Before(DateTime),
}

impl Range {
    /// Returns the messages of `chat` in this range.
    ///
    /// # Errors
    /// If there are none.
    pub fn of(self, chat: &Conversation) -> Result<Conversation> {
        let messages = chat.messages();
        let (start, end) = match self {
            Range::Last(0) => return Err(input!("the last 0 messages are none; ask for at least 1")),
            Range::Last(count) => {
                return Conversation::new(messages[messages.len().saturating_sub(count)..].to_vec());
            }
            Range::Since(start) => (start, DateTime::MAX),
            Range::Between(start, end) => (start, end),
            Range::Before(end) => (DateTime::MIN, end),
        };
        let newest =
            newest(chat).ok_or_else(|| input!("the messages have no dates; ask for the last so many instead"))?;
        let mut inside = start == DateTime::MIN;
        let kept: Vec<Message> = messages
            .iter()
            .filter(|message| {
                if let Some(time) = message.time {
                    inside = (start..end).contains(&time);
                }
                inside
            })
            .cloned()
            .collect();
        Conversation::new(kept).map_err(|_| match self {
            Range::Before(_) => input!("no message is before {end}; give a later date"),
            Range::Between(..) => input!("no message is from {start} to {end}; the newest is of {newest}"),
            _ => input!("no message is of {start} or later; the newest is of {newest}"),
        })
    }
}

/// Returns the time of the newest message of `chat`, if any message has a time.
pub fn newest(chat: &Conversation) -> Option<DateTime> {
    chat.messages().iter().filter_map(|message| message.time).max()
}

/// Reads a date: `2024-01-31`, `2024-01-31 18:00`, `today` or `yesterday`. A date without a time is the beginning of
/// the day. `now` is local to the chat: the time of its newest message, or of a clock.
///
/// # Errors
/// If it is none of these.
pub fn parse_date(text: &str, now: Option<DateTime>) -> Result<DateTime> {
    let days_ago = |days: i32| {
        let now = now.ok_or_else(|| input!("the messages have no dates, so {text} is no day; give a date"))?;
        let day = now.date().checked_sub(days.days());
        day.map_err(|_| input!("{text} is before all calendars")).map(|day| day.to_datetime(Time::midnight()))
    };
    match text.trim().to_lowercase().as_str() {
        "today" => days_ago(0),
        "yesterday" => days_ago(1),
        text => match (text.parse::<DateTime>(), text.parse::<Date>()) {
            (Ok(moment), _) => Ok(moment),
            (_, Ok(day)) => Ok(day.to_datetime(Time::midnight())),
            _ => Err(input!("{text:?} is no date; give 2024-01-31, \"2024-01-31 18:00\", today or yesterday")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat() -> Conversation {
        let times = ["2024-01-05T10:00", "2024-01-06T23:59", "", "2024-01-07T00:00", "2024-01-07T12:00"];
        let messages = times.iter().enumerate();
        let messages = messages.map(|(i, time)| Message::new("Ana", &i.to_string(), time.parse().ok()));
        Conversation::new(messages.collect()).unwrap()
    }

    #[test]
    fn ranges_select_messages() {
        let at = |text: &str| parse_date(text, newest(&chat())).unwrap();
        let cases = [
            (Range::Last(2), "34"),
            (Range::Last(99), "01234"),
            (Range::Since(at("today")), "34"),
            (Range::Since(at("yesterday")), "1234"),
            (Range::Since(at("2024-01-07 12:00")), "4"),
            (Range::Since(at("2024-01-01")), "01234"),
            (Range::Between(at("2024-01-06"), at("2024-01-07")), "12"),
            (Range::Before(at("2024-01-07")), "012"),
        ];
        for (range, expected) in cases {
            let kept = range.of(&chat()).unwrap();
            let texts: String = kept.messages().iter().map(|message| message.text.as_str()).collect();
            assert_eq!(texts, expected, "{range:?}");
        }
    }

    #[test]
    fn empty_ranges_and_other_words_are_refused() {
        let now = newest(&chat());
        let late = parse_date("2025-01-01", now).unwrap();
        let plain = Conversation::parse("Ana: hi").unwrap();
        for (error, message) in [
            (Range::Last(0).of(&chat()).unwrap_err(), "ask for at least 1"),
            (Range::Since(late).of(&chat()).unwrap_err(), "the newest is of 2024-01-07T12:00:00"),
            (Range::Between(late, late).of(&chat()).unwrap_err(), "no message is from"),
            (Range::Before(parse_date("2023-12-31", now).unwrap()).of(&chat()).unwrap_err(), "give a later date"),
            (Range::Since(late).of(&plain).unwrap_err(), "have no dates"),
            (parse_date("yesterday", None).unwrap_err(), "have no dates"),
            (parse_date("last week", now).unwrap_err(), "is no date"),
        ] {
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}
