//! What facts mean, without regard to language, and how that is written as a normal form.

use std::fmt;
use std::ops::Range;

use jiff::civil::{Date, Weekday};

/// A meaning with its place in a text.
pub(super) type Found = (Range<usize>, Meaning);

/// What a fact means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Meaning {
    Number(f64),
    Time(Clock),
    Date(When),
    Amount {
        value: f64,
        currency: &'static str,
    },
    /// A name or a place, in small letters without marks.
    Name(String),
    Place(String),
    Link(String),
    Email(String),
    Phone(String),
}

/// A half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Am,
    Pm,
    Night,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Minutes since midnight; before noon if the half of the day is open.
    minutes: u16,
    /// `true` if it can be twelve hours later too.
    is_open: bool,
}

const HALF_DAY: u16 = 12 * 60;

impl Clock {
    /// Creates the time `minutes` after the hour `hour` from 0 to 24, which may be before it. It is open for 1 to 12
    /// without a half of the day.
    pub fn new(hour: u32, minutes: i32, half: Option<Half>, leading_zero: bool) -> Option<Self> {
        if hour > 24 || (hour == 24 && minutes > 0) {
            return None;
        }
        let total = (hour as i32 * 60 + minutes).rem_euclid(24 * 60) as u16;
        if !(1..=12).contains(&hour) || leading_zero {
            return Some(Self { minutes: total, is_open: false });
        }
        let open = Self { minutes: total % HALF_DAY, is_open: true };
        Some(half.map_or(open, |half| open.in_half(half)))
    }

    /// Closes an open time.
    pub fn in_half(self, half: Half) -> Self {
        if !self.is_open {
            return self;
        }
        let is_late = match half {
            Half::Am => false,
            Half::Pm => true,
            Half::Night => self.minutes >= 5 * 60,
        };
        Self { minutes: self.minutes + if is_late { HALF_DAY } else { 0 }, is_open: false }
    }

    /// Returns the minutes since midnight that it can mean.
    pub fn readings(self) -> impl Iterator<Item = u16> {
        let later = self.is_open.then_some((self.minutes + HALF_DAY) % (2 * HALF_DAY));
        std::iter::once(self.minutes).chain(later)
    }

    /// Returns hour and minute, or `None` if the half of the day is open.
    pub fn certain(self) -> Option<(i8, i8)> {
        (!self.is_open).then_some(((self.minutes / 60) as i8, (self.minutes % 60) as i8))
    }

    /// Returns `true` if both can mean the same time.
    pub fn agrees(self, other: Self) -> bool {
        self.readings().any(|one| other.readings().any(|two| one == two))
    }
}

/// A date as it is written, and the day that it means if the date of its message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    pub written: Written,
    /// The weekday that stands beside it.
    pub weekday: Option<Weekday>,
    pub day: Option<Date>,
    /// The half of the day that belongs to it: `tomorrow evening`.
    pub half: Option<Half>,
}

/// A date as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// Year, month and day.
    Full(Date),
    /// Month and day; the second reading has them the other way round.
    MonthDay((i8, i8), Option<(i8, i8)>),
    /// Day of a month.
    Day(i8),
    /// Month.
    Month(i8),
    /// Year and month.
    YearMonth(i16, i8),
    Weekday(Weekday),
    /// Days from today.
    Relative(i64),
}

impl When {
    /// Returns `true` if both can mean the same day, or one is a month of the other.
    pub fn agrees(&self, other: &Self) -> bool {
        if let (Some(one), Some(two)) = (self.day, other.day) {
            return one == two || self.written == other.written;
        }
        self.written == other.written
            || self.covers(other)
            || other.covers(self)
            || self.weekday().is_some_and(|weekday| other.weekday() == Some(weekday))
    }

    /// Returns the weekday that it names or that its day is.
    fn weekday(&self) -> Option<Weekday> {
        match self.written {
            Written::Weekday(weekday) => Some(weekday),
            _ => self.weekday.or(self.day.map(Date::weekday)),
        }
    }

    /// Returns `true` if `other` has the parts that this one names.
    fn covers(&self, other: &Self) -> bool {
        let date = match other.written {
            Written::Full(date) => Some(date),
            _ => other.day,
        };
        let month_day = match other.written {
            Written::MonthDay(one, two) => vec![Some(one), two],
            _ => vec![date.map(|date| (date.month(), date.day()))],
        };
        let any = |is: &dyn Fn((i8, i8)) -> bool| month_day.iter().flatten().any(|reading| is(*reading));
        match self.written {
            Written::Full(own) => date == Some(own),
            Written::MonthDay(one, two) => any(&|reading| reading == one || Some(reading) == two),
            Written::Day(day) => any(&|reading| reading.1 == day),
            Written::Month(month) => {
                any(&|reading| reading.0 == month)
                    || matches!(other.written, Written::YearMonth(_, own) if own == month)
            }
            Written::YearMonth(year, month) => date.is_some_and(|date| (date.year(), date.month()) == (year, month)),
            Written::Weekday(_) | Written::Relative(_) => false,
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, minutes) in self.readings().enumerate() {
            let separator = if place > 0 { "|" } else { "" };
            write!(f, "{separator}{:02}:{:02}", minutes / 60, minutes % 60)?;
        }
        Ok(())
    }
}

/// Abbreviation of a weekday in a normal form.
fn abbreviation(weekday: Weekday) -> &'static str {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][usize::from(weekday.to_monday_zero_offset().unsigned_abs()) % 7]
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.day, &self.written) {
            (Some(date), _) => write!(f, "{date}"),
            (None, Written::Full(date)) => write!(f, "{date}"),
            (None, Written::MonthDay((month, day), other)) => {
                write!(f, "--{month:02}-{day:02}")?;
                other.map_or(Ok(()), |(month, day)| write!(f, "|--{month:02}-{day:02}"))
            }
            (None, Written::Day(day)) => write!(f, "---{day:02}"),
            (None, Written::Month(month)) => write!(f, "--{month:02}"),
            (None, Written::YearMonth(year, month)) => write!(f, "{year:04}-{month:02}"),
            (None, Written::Weekday(weekday)) => f.write_str(abbreviation(*weekday)),
            (None, Written::Relative(days)) => write!(f, "day{days:+}"),
        }
    }
}

impl fmt::Display for Meaning {
    /// Writes the normal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Time(time) => write!(f, "{time}"),
            Self::Date(when) => write!(f, "{when}"),
            Self::Amount { value, currency } => write!(f, "{value} {currency}"),
            Self::Name(text) | Self::Place(text) | Self::Link(text) | Self::Email(text) | Self::Phone(text) => {
                f.write_str(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_half_of_the_day_has_two_readings() {
        let time = |hour, minutes, half| Clock::new(hour, minutes, half, false).unwrap();
        assert_eq!(time(7, 30, None).to_string(), "07:30|19:30");
        assert_eq!(time(12, 0, None).to_string(), "00:00|12:00");
        assert_eq!(time(1, -15, None).to_string(), "00:45|12:45");
        assert_eq!(time(12, 0, Some(Half::Pm)).to_string(), "12:00");
        assert_eq!(time(12, 0, Some(Half::Am)).to_string(), "00:00");
        assert_eq!(time(3, 0, Some(Half::Night)).to_string(), "03:00");
        assert_eq!(time(11, 0, Some(Half::Night)).to_string(), "23:00");
        assert_eq!(time(24, 0, None).to_string(), "00:00");
        assert!(time(7, 0, None).agrees(time(19, 0, None)));
        assert!(!time(7, 0, Some(Half::Am)).agrees(time(19, 0, None)));
        assert_eq!(Clock::new(25, 0, None, false), None);
        assert_eq!(Clock::new(7, 0, None, true).unwrap().certain(), Some((7, 0)));
    }
}
