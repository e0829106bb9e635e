//! The date and time that an exported message begins with, in the many ways in which phones write them.
//!
//! Only the whole chat tells which number of `3/4/24` is the day, so dates stay as three numbers here ([`RawDate`]).

mod words;

use jiff::civil::Time;

use self::words::{DAY_AFTER, DAY_PERIODS, DayPeriod, HOURS, MINUTES, MONTH_AFTER, SECONDS, YEAR_AFTER};
use super::scanner::Scanner;

/// Date and time before an exported message, and the rest of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Punctuation of date and time.
    pub style: Style,
    /// Date; `None` for a header with only a day and a month.
    pub date: Option<RawDate>,
    /// Time of day.
    pub time: Time,
    /// `true` if the time has seconds.
    pub has_seconds: bool,
    /// Rest of the line: `Name: text`, or an announcement of the app.
    pub rest: &'a str,
}

/// Punctuation that separates date and time from the message. A chat has one style; dates in another are part of the
/// text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `[date, time] Name: text`
    Bracket,
    /// `date, time - Name: text`
    Dash,
    /// `date time: Name: text`
    Colon,
    /// `date time Name: text`
    Space,
}

impl Style {
    /// All styles, those first that ordinary text is less likely to have.
    pub const ALL: [Style; 4] = [Style::Bracket, Style::Dash, Style::Colon, Style::Space];
}

/// Numbers of a date, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawDate {
    /// Numbers in the order in which they are written.
    pub parts: [u16; 3],
    /// Place of the year.
    pub year: YearAt,
    /// `true` if hyphens join them, as in ISO 8601.
    pub hyphens: bool,
}

/// Place of the year in a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearAt {
    /// `2024/1/5`
    First,
    /// `5/1/2024`
    Last,
    /// `5/1/24`: two digits may be any part of a date.
    Unknown,
}

/// Reads the header of `line`, if it has one.
pub fn header(line: &str) -> Option<Header<'_>> {
    let mut scan = Scanner::new(line);
    scan.spaces();
    if scan.eat("[") {
        let start = scan.at;
        let (date, clock) = match date_and_clock(&mut scan, true) {
            Some(read) => read,
            None => {
                scan.at = start;
                clock_and_date(&mut scan)?
            }
        };
        scan.spaces();
        return scan.eat("]").then(|| clock.header(Style::Bracket, date, scan.rest()));
    }
    let (date, clock) = date_and_clock(&mut scan, false)?;
    let spaced = scan.spaces();
    let end = scan.at;
    let style = if spaced && scan.eat_any(&["-", "–", "—"]).is_some() && scan.at_space() {
        Style::Dash
    } else if !spaced && scan.eat(":") && scan.at_space() {
        Style::Colon
    } else if spaced && clock.has_seconds {
        // Only the oldest exports have no mark at all, and those have seconds.
        scan.at = end;
        Style::Space
    } else {
        return None;
    };
    Some(clock.header(style, date, scan.rest()))
}

/// Reads `12/24/19, 11:23`; with `short`, also `24/12, 11:23`, as WhatsApp copies messages.
fn date_and_clock(scan: &mut Scanner<'_>, short: bool) -> Option<(Option<RawDate>, Clock)> {
    let start = scan.at;
    if let Some(date) = date(scan) {
        gap(scan)?;
        return Some((Some(date), clock(scan)?));
    }
    scan.at = start;
    let (day, separator, month) = (scan.number()?, separator(scan)?, scan.number()?);
    scan.eat(".");
    let plausible = separator != '-' && day.digits <= 2 && month.digits <= 2 && short && scan.eat(",");
    scan.spaces();
    Some((None, plausible.then(|| clock(scan))??))
}

/// Reads `11:23, 24/12/2019`, as WhatsApp's web page copies it.
fn clock_and_date(scan: &mut Scanner<'_>) -> Option<(Option<RawDate>, Clock)> {
    let clock = clock(scan)?;
    scan.spaces();
    let comma = scan.eat(",");
    scan.spaces();
    let date = date(scan)?;
    comma.then_some((Some(date), clock))
}

/// Reads a date of three numbers.
fn date(scan: &mut Scanner<'_>) -> Option<RawDate> {
    let first = scan.number()?;
    let before = separator(scan)?;
    let second = scan.number()?;
    let after = separator(scan)?;
    let third = scan.number()?;
    if before != after && (before, after) != (YEAR_AFTER[0], MONTH_AFTER[0]) {
        return None;
    }
    let end = scan.at;
    scan.spaces();
    if scan.eat_any(DAY_AFTER).is_none() {
        scan.at = end;
        scan.eat(".");
    }
    let year = match (first.digits, second.digits, third.digits) {
        (4, 1 | 2, 1 | 2) => YearAt::First,
        (1 | 2, 1 | 2, 4) => YearAt::Last,
        (1 | 2, 1 | 2, 1 | 2) => YearAt::Unknown,
        _ => return None,
    };
    let could_be_days =
        |parts: [u16; 2]| parts.iter().all(|part| (1..=31).contains(part)) && parts.iter().min() <= Some(&12);
    let parts = [first.value, second.value, third.value];
    let [a, b, c] = parts;
    let plausible = match year {
        YearAt::First => could_be_days([b, c]),
        YearAt::Last => could_be_days([a, b]),
        YearAt::Unknown => could_be_days([a, b]) || could_be_days([b, c]),
    };
    plausible.then_some(RawDate { parts, year, hyphens: before == '-' })
}

/// Reads what separates two numbers of a date. A Korean word reads as the Chinese one.
fn separator(scan: &mut Scanner<'_>) -> Option<char> {
    scan.spaces();
    let separator = match scan.next()? {
        c if YEAR_AFTER.contains(&c) => YEAR_AFTER[0],
        c if MONTH_AFTER.contains(&c) => MONTH_AFTER[0],
        c @ ('/' | '-' | '.') => c,
        _ => return None,
    };
    scan.spaces();
    Some(separator)
}

/// Skips the gap between date and time: a comma, spaces, a word or two such as `klo`, `à` or `a las`.
fn gap(scan: &mut Scanner<'_>) -> Option<()> {
    const MAX_WORDS: usize = 2;
    const MAX_LETTERS: usize = 8;
    let start = scan.at;
    for _ in 0..=MAX_WORDS {
        while scan.eat_any(&[",", "."]).is_some() || scan.spaces() {}
        let word = scan.at;
        if scan.peek()?.is_ascii_digit() || day_period(scan).is_some() {
            scan.at = word;
            // Chinese, Japanese and Korean write no space after the day.
            return (word > start || DAY_AFTER.iter().any(|day| scan.text[..start].ends_with(day))).then_some(());
        }
        let letters =
            (0..MAX_LETTERS).take_while(|_| scan.peek().is_some_and(char::is_alphabetic) && scan.next().is_some());
        if letters.count() == 0 {
            return None;
        }
    }
    None
}

/// A time of day, as written.
struct Clock {
    time: Time,
    has_seconds: bool,
}

impl Clock {
    fn header(self, style: Style, date: Option<RawDate>, rest: &str) -> Header<'_> {
        Header { style, date, time: self.time, has_seconds: self.has_seconds, rest }
    }
}

/// Reads `14:08`, `14.08.18`, `2:35:22 p. m.`, `下午3:04`, `15 h 04`, `15時04分`.
fn clock(scan: &mut Scanner<'_>) -> Option<Clock> {
    let before = day_period(scan);
    scan.spaces();
    let hour = scan.number()?;
    let in_words = scan.eat_any(&[":", "."]).is_none();
    if in_words {
        scan.spaces();
        scan.eat_any(HOURS)?;
        scan.spaces();
    }
    let minute = scan.number()?;
    let mut end = scan.at;
    let mut second = None;
    if in_words {
        scan.spaces();
        if scan.eat_any(MINUTES).is_some() {
            end = scan.at;
        }
        scan.spaces();
        second = scan.number().filter(|_| {
            scan.spaces();
            scan.eat_any(SECONDS).is_some()
        });
    } else if scan.eat_any(&[":", "."]).is_some() {
        second = scan.number().filter(|second| second.digits == 2);
    }
    if second.is_none() {
        scan.at = end;
    }
    let end = scan.at;
    scan.spaces();
    let after = day_period(scan);
    if after.is_none() {
        scan.at = end;
    }
    if hour.digits > 2 || minute.digits > 2 || (!in_words && minute.digits != 2) {
        return None;
    }
    let hour = match (before.or(after), hour.value) {
        (Some(DayPeriod::Morning), 12) => 0,
        (Some(DayPeriod::Afternoon), hour @ 0..12) => hour + 12,
        (_, hour) => hour,
    };
    let has_seconds = second.is_some();
    let [hour, minute, second] = [hour, minute.value, second.map_or(0, |second| second.value)].map(i8::try_from);
    let time = Time::new(hour.ok()?, minute.ok()?, second.ok()?, 0).ok()?;
    Some(Clock { time, has_seconds })
}

/// Reads a word for the half of the day: one of [`DAY_PERIODS`], or `am`, `p.m.` and the like.
fn day_period(scan: &mut Scanner<'_>) -> Option<DayPeriod> {
    if let Some((_, period)) = DAY_PERIODS.iter().find(|(word, _)| scan.eat(word)) {
        return Some(*period);
    }
    let start = scan.at;
    let period = match scan.next() {
        Some('a') => Some(DayPeriod::Morning),
        Some('p') => Some(DayPeriod::Afternoon),
        _ => None,
    };
    scan.eat(".");
    scan.spaces();
    let ends = scan.eat("m") && (scan.eat(".") || !scan.peek().is_some_and(char::is_alphanumeric));
    if period.is_none() || !ends {
        scan.at = start;
        return None;
    }
    period
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as phones write them, each with its style, date, time and rest.
    const LINES: &[(&str, Style, [u16; 3], &str, &str)] = &[
        ("12/24/19, 11:23 - John Doe: Lorem : x", Style::Dash, [12, 24, 19], "11:23:00", "John Doe: Lorem : x"),
        ("03.08.21, 12:30 - message", Style::Dash, [3, 8, 21], "12:30:00", "message"),
        ("2023-12-20, 5:46 p.m. - Farid: 👋🏼", Style::Dash, [2023, 12, 20], "17:46:00", "Farid: 👋🏼"),
        ("2023/12/20, 5:46 pm - Farid: a", Style::Dash, [2023, 12, 20], "17:46:00", "Farid: a"),
        ("28/3/2025, 9:29 p. m. - user1: a", Style::Dash, [28, 3, 2025], "21:29:00", "user1: a"),
        ("28/3/2025, 9:29\u{202f}p.\u{a0}m. - user1: a", Style::Dash, [28, 3, 2025], "21:29:00", "user1: a"),
        ("02.05.18 à 18:00 - Michel: a", Style::Dash, [2, 5, 18], "18:00:00", "Michel: a"),
        ("5/1/24, 12:05 AM - A: a", Style::Dash, [5, 1, 24], "00:05:00", "A: a"),
        ("5/1/24, 12:05 PM – A: a", Style::Dash, [5, 1, 24], "12:05:00", "A: a"),
        ("5/1/24 a las 9:05 - A: a", Style::Dash, [5, 1, 24], "09:05:00", "A: a"),
        ("2024-01-05 15 h 04 - A: a", Style::Dash, [2024, 1, 5], "15:04:00", "A: a"),
        ("2024-01-05 15 h 04 min 33 s - A: a", Style::Dash, [2024, 1, 5], "15:04:33", "A: a"),
        ("2024/1/5 下午3:04 - 王: 你好", Style::Dash, [2024, 1, 5], "15:04:00", "王: 你好"),
        ("2024/1/5 上午12:04 - 王: 你好", Style::Dash, [2024, 1, 5], "00:04:00", "王: 你好"),
        ("2024年1月5日 15:04 - 田中: はい", Style::Dash, [2024, 1, 5], "15:04:00", "田中: はい"),
        ("2024年1月5日15時04分 - 田中: はい", Style::Dash, [2024, 1, 5], "15:04:00", "田中: はい"),
        ("2024년 1월 5일 오후 3:04 - 김: 네", Style::Dash, [2024, 1, 5], "15:04:00", "김: 네"),
        ("2024. 1. 5. 오후 3:04 - 김: 네", Style::Dash, [2024, 1, 5], "15:04:00", "김: 네"),
        ("٥\u{200f}/١\u{200f}/٢٠٢٤، ٣:٠٤ م - أحمد: مرحبا", Style::Dash, [5, 1, 2024], "15:04:00", "أحمد: مرحبا"),
        ("۲۰۲۴/۱/۵،\u{200f} ۱۵:۰۴ - a: b", Style::Dash, [2024, 1, 5], "15:04:00", "a: b"),
        ("5/1/24, 3:04 μ.μ. - A: a", Style::Dash, [5, 1, 24], "15:04:00", "A: a"),
        ("[07.03.26, 21:22:39] Chris: Hey", Style::Bracket, [7, 3, 26], "21:22:39", "Chris: Hey"),
        ("[11/15/19, 2:35:22\u{202f}AM] N: B", Style::Bracket, [11, 15, 19], "02:35:22", "N: B"),
        ("[12.3.2022 klo 14.08.18] Matias: a", Style::Bracket, [12, 3, 2022], "14:08:18", "Matias: a"),
        ("\u{200e}[3/6/18 1:55:00 p. m.] a: m", Style::Bracket, [3, 6, 18], "13:55:00", "a: m"),
        ("[2019-05-29, 15:04] Me: How?", Style::Bracket, [2019, 5, 29], "15:04:00", "Me: How?"),
        ("[2019-05-29 15:04:10] Me: How?", Style::Bracket, [2019, 5, 29], "15:04:10", "Me: How?"),
        ("[15:04, 5/1/2024] Ana: copied", Style::Bracket, [5, 1, 2024], "15:04:00", "Ana: copied"),
        ("[2024/1/5 下午3:04:05] 王: 你", Style::Bracket, [2024, 1, 5], "15:04:05", "王: 你"),
        ("09/12/2012 17:03:48: Sender Name: M", Style::Colon, [9, 12, 2012], "17:03:48", "Sender Name: M"),
        ("13. 6. 2018. 21:25:15 a: m", Style::Space, [13, 6, 2018], "21:25:15", "a: m"),
        ("13.6.2018 9:25:15 Am Bo: m", Style::Space, [13, 6, 2018], "09:25:15", "Bo: m"),
    ];

    #[test]
    fn headers_of_many_phones_are_read() {
        for &(line, style, parts, time, rest) in LINES {
            let header = header(line).unwrap_or_else(|| panic!("{line:?} has no header"));
            let date = header.date.unwrap();
            assert_eq!((header.style, date.parts), (style, parts), "{line:?}");
            assert_eq!((header.time.to_string().as_str(), header.rest), (time, rest), "{line:?}");
        }
    }

    #[test]
    fn a_copied_message_without_a_year_has_no_date() {
        for line in ["[24/12, 11:23] Ana: hi", "[24.12., 11:23] Ana: hi"] {
            let header = header(line).unwrap();
            assert_eq!((header.date, header.rest), (None, "Ana: hi"));
        }
    }

    #[test]
    fn other_lines_have_no_header() {
        let lines = [
            "",
            "[",
            "hello",
            "1/2",
            "12/24/19",
            "12/24/19, 11:23",
            "12/24/19, 11:23 is when we meet - right?",
            "12/24/19, 25:23 - A: a",
            "12/24/19, 11:60 - A: a",
            "12/24/19, 11:2 - A: a",
            "99/99/99, 11:23 - A: a",
            "13/13/2024, 11:23 - A: a",
            "12/24-19, 11:23 - A: a",
            "124/24/19, 11:23 - A: a",
            "12345/1/1, 11:23 - A: a",
            "24/12, 11:23 - A: a",
            "[12:30] A: a",
            "[12/24/19, 11:23 A: a",
            "12/24/19 see you later than 11:23 - A: a",
            "12/24/19, 11:23 -5 degrees",
            "12.5.2024 14:30 meeting: bring cake",
            "Ana: 12/24/19, 11:23 - x",
        ];
        for line in lines {
            assert_eq!(header(line), None, "{line:?}");
        }
    }
}
