//! Order of day, month and year in the dates of a chat, inferred from all of its dates together.

use std::cmp::Ordering;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::timestamp::{RawDate, YearAt};

/// Order of the numbers of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// 24/12/2019
    DayFirst,
    /// 12/24/2019
    MonthFirst,
    /// 2019/12/24
    YearFirst,
}

/// Certainty of the order of dates in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The caller gave the order.
    Given,
    /// Only this order gives dates that exist, or all orders give the same.
    Certain,
    /// In this order time runs backwards less often, or the days between messages are fewer.
    Inferred,
    /// The dates do not tell; the order is the usual one.
    Ambiguous,
}

impl DateOrder {
    /// Returns the date of `raw` in this order, if there is one. A year of four digits is the year in any order, and
    /// years of Thailand, which count from 543 BC, are converted.
    pub fn date(self, raw: RawDate) -> Option<Date> {
        let [a, b, c] = raw.parts;
        let (year, month, day) = match (raw.year, self) {
            (YearAt::First, _) => (a, b, c),
            (YearAt::Last | YearAt::Unknown, DateOrder::DayFirst) => (c, b, a),
            (YearAt::Last | YearAt::Unknown, DateOrder::MonthFirst) => (c, a, b),
            (YearAt::Unknown, DateOrder::YearFirst) => (a, b, c),
            (YearAt::Last, DateOrder::YearFirst) => return None,
        };
        let year = match year {
            0..100 => year + 2000,
            2500..2700 => year - 543,
            _ => year,
        };
        // No messenger is older, so another year is of another calendar, in which the date would be wrong.
        (1990..2200).contains(&year).then_some(())?;
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

/// Misfit of an order to the dates of a chat: less is better, and the first number counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Misfit {
    /// Number of dates that do not exist.
    impossible: usize,
    /// Number of dates that are earlier than the one before.
    backwards: usize,
    /// Sum of the days from each date to the next. Reading the month as the day turns days into months.
    days: u64,
}

impl Misfit {
    fn of(order: DateOrder, dates: &[RawDate]) -> Self {
        let mut misfit = Misfit { impossible: 0, backwards: 0, days: 0 };
        let mut before: Option<Date> = None;
        for &raw in dates {
            let Some(date) = order.date(raw) else {
                misfit.impossible += 1;
                continue;
            };
            if let Some(before) = before {
                misfit.backwards += usize::from(date < before);
                misfit.days += (date - before).get_days().unsigned_abs() as u64;
            }
            before = Some(date);
        }
        misfit
    }
}

/// Infers the order of `dates`, which come in the order of the chat; it is `usual`, day or month first, if they do not
/// tell.
pub fn infer(dates: &[RawDate], usual: DateOrder) -> (DateOrder, Certainty) {
    use DateOrder::{DayFirst, MonthFirst, YearFirst};
    if dates.iter().all(|date| date.year == YearAt::First) {
        return (YearFirst, Certainty::Certain);
    }
    let [day, month, year] = [DayFirst, MonthFirst, YearFirst].map(|order| Misfit::of(order, dates));
    // `19-12-24` is rarely meant as a year first, so that takes dates that are possible in no other way.
    if year.impossible < day.impossible.min(month.impossible) {
        return (YearFirst, Certainty::Certain);
    }
    let order = match month.cmp(&day) {
        Ordering::Less => MonthFirst,
        Ordering::Equal => usual,
        Ordering::Greater => DayFirst,
    };
    let same = || dates.iter().all(|&raw| DayFirst.date(raw) == MonthFirst.date(raw));
    let certainty = match () {
        () if day.impossible != month.impossible || same() => Certainty::Certain,
        () if day != month => Certainty::Inferred,
        () => Certainty::Ambiguous,
    };
    (order, certainty)
}

#[cfg(test)]
mod tests {
    use super::super::timestamp::header;
    use super::Certainty::{Ambiguous, Certain, Inferred};
    use super::DateOrder::{DayFirst, MonthFirst, YearFirst};
    use super::*;

    fn raw(date: &str) -> RawDate {
        header(&format!("{date}, 10:00 - a: b")).unwrap().date.unwrap()
    }

    #[test]
    fn the_dates_of_a_chat_tell_their_order() {
        let cases: &[(&[&str], DateOrder, Certainty)] = &[
            (&["12/24/19"], MonthFirst, Certain),
            (&["24.12.19"], DayFirst, Certain),
            (&["1/2/24", "13/2/24"], DayFirst, Certain),
            (&["1/2/24", "2/13/24"], MonthFirst, Certain),
            (&["2023-12-20"], YearFirst, Certain),
            (&["2024/1/5", "2024/2/4"], YearFirst, Certain),
            (&["19-12-24"], DayFirst, Certain), // the 24th, as likely as 2019, cannot be a month
            (&["99-12-24"], YearFirst, Certain),
            (&["5/5/24"], DayFirst, Certain),
            (&["1/2/24", "2/2/24", "3/2/24"], DayFirst, Inferred),
            (&["2/1/24", "2/2/24", "2/3/24"], MonthFirst, Inferred),
            (&["11/12/23", "12/1/23"], MonthFirst, Inferred), // else 12 January would follow 11 December
            (&["9/11/23", "10/11/23", "3/12/23"], DayFirst, Inferred),
            (&["1/2/24"], DayFirst, Ambiguous),
            (&["1/2/2024"], DayFirst, Ambiguous),
        ];
        for (dates, order, certainty) in cases {
            let dates: Vec<RawDate> = dates.iter().map(|date| raw(date)).collect();
            assert_eq!(infer(&dates, DayFirst), (*order, *certainty), "{dates:?}");
        }
    }

    #[test]
    fn an_order_reads_dates() {
        let cases = [
            (DayFirst, "3/4/24", Some("2024-04-03")),
            (MonthFirst, "3/4/24", Some("2024-03-04")),
            (YearFirst, "3/4/24", Some("2003-04-24")),
            (YearFirst, "3/4/2024", None),
            (DayFirst, "2024/3/4", Some("2024-03-04")),
            (DayFirst, "29/2/2023", None),
            (DayFirst, "5/1/2567", Some("2024-01-05")), // Thailand
            (DayFirst, "5/1/1402", None),               // Iran: not in this calendar
        ];
        for (order, date, expected) in cases {
            let read = order.date(raw(date)).map(|date| date.to_string());
            assert_eq!(read.as_deref(), expected, "{order:?} {date}");
        }
    }
}
