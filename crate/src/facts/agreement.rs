//! Whether two facts, of different texts and perhaps of different languages, mean the same.

use jiff::civil::Date;

use super::fact::Fact;
use super::meaning::{Clock, Meaning, When, Written};
use super::names::same_person;

/// Returns `true` if both facts mean the same or one of the readings of each does.
pub(super) fn is_same(one: &Meaning, other: &Meaning) -> bool {
    match (one, other) {
        (Meaning::Time(one), Meaning::Time(other)) => one.agrees(*other),
        (Meaning::Date(one), Meaning::Date(other)) => one.agrees(other) || unresolved(one).agrees(other),
        (Meaning::Name(one), Meaning::Name(other)) => same_person(one, other),
        (Meaning::Phone(one), Meaning::Phone(other)) => {
            one.trim_start_matches(['+', '0']) == other.trim_start_matches(['+', '0'])
        }
        _ => one == other,
    }
}

/// Returns the date without its day: the summary's `Friday` may be that of any week.
pub(super) fn unresolved(when: &When) -> When {
    When { day: None, ..when.clone() }
}

/// Returns `true` if the other meaning, of another kind, can be the fact: 7 of `7?` and 19:00, the 30 of `19:30`.
pub(super) fn is_possible(fact: &Fact, other: &Meaning) -> bool {
    match (&fact.meaning, other) {
        (Meaning::Time(time), Meaning::Number(value)) => as_clock(*value).is_some_and(|clock| clock.agrees(*time)),
        (Meaning::Number(value), Meaning::Time(time)) => {
            as_clock(*value).is_some_and(|clock| clock.agrees(*time))
                || time.readings().any(|minutes| {
                    [f64::from(minutes / 60), f64::from(minutes / 60 % 12), f64::from(minutes % 60)].contains(value)
                })
        }
        (Meaning::Number(value), Meaning::Amount { value: amount, .. }) => value == amount,
        (Meaning::Amount { value, .. }, Meaning::Number(number)) => value == number,
        (Meaning::Number(value), Meaning::Date(when)) => date_numbers(when).contains(value),
        (Meaning::Date(when), Meaning::Number(number)) => match when.written {
            Written::Day(day) | Written::MonthDay((_, day), _) => f64::from(day) == *number,
            _ => false,
        },
        (Meaning::Number(value), Meaning::Place(text) | Meaning::Link(text) | Meaning::Phone(text)) => {
            text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.parse() == Ok(*value))
        }
        (Meaning::Place(one) | Meaning::Name(one), Meaning::Place(other) | Meaning::Name(other)) => one == other,
        _ => false,
    }
}

/// Returns the time that a number can be: 7, 7.3 for half past, 730.
fn as_clock(value: f64) -> Option<Clock> {
    if value.fract() == 0.0 && (100.0..=2400.0).contains(&value) {
        let (hour, minutes) = (value as u32 / 100, value as u32 % 100);
        return (minutes < 60).then(|| Clock::new(hour, minutes as i32, None, false)).flatten();
    }
    let (hour, minutes) = (value.trunc(), (value.fract() * 100.0).round());
    ((0.0..=24.0).contains(&hour) && minutes < 60.0)
        .then(|| Clock::new(hour as u32, minutes as i32, None, false))
        .flatten()
}

/// Returns the number that a fact has, where words can stand for it.
pub(super) fn number(meaning: &Meaning) -> Option<f64> {
    match meaning {
        Meaning::Number(value) | Meaning::Amount { value, .. } => Some(*value),
        Meaning::Time(time) => time.readings().find(|minutes| minutes % 60 == 0).map(|minutes| f64::from(minutes / 60)),
        _ => None,
    }
}

/// Returns the numbers that a date has or is counted by.
fn date_numbers(when: &When) -> Vec<f64> {
    let of = |date: Date| vec![f64::from(date.year()), f64::from(date.month()), f64::from(date.day())];
    let mut numbers = when.day.map(of).unwrap_or_default();
    match when.written {
        Written::Full(date) => numbers.extend(of(date)),
        Written::MonthDay((month, day), _) => numbers.extend([f64::from(month), f64::from(day)]),
        Written::Day(day) => numbers.push(f64::from(day)),
        Written::Month(month) => numbers.push(f64::from(month)),
        Written::YearMonth(year, month) => numbers.extend([f64::from(year), f64::from(month)]),
        Written::Relative(days) => numbers.push(days as f64),
        Written::Weekday(_) => {}
    }
    numbers
}

/// Names of places that differ between languages, folded; each line is one place.
const EXONYMS: &str = "\
    london londres\nparis parigi\nvienna viena vienne wien\nmunich munchen muenchen\ncologne colonia koln koeln\n\
    lisbon lisboa lisbonne lissabon\nrome roma rom\nmilan milano mailand\nflorence florencia florenz firenze\n\
    venice venecia venise venedig venezia\nnaples napoles neapel napoli\ngeneva ginebra geneve genf\nzurich zuerich\n\
    basel basilea bale\nbern berna berne\nbrussels bruselas bruxelles brussel\nantwerp amberes anvers antwerpen\n\
    prague praga prag\nwarsaw varsovia varsovie warschau\ncopenhagen copenhague kopenhagen\nseville sevilla\n\
    barcelona barcelone\nhamburg hamburgo hambourg\nberlin\nnuremberg nurnberg\nstrasbourg estrasburgo strassburg\n\
    marseille marsella\nnice niza nizza\nbordeaux burdeos\ntoulouse tolosa\nbrittany bretana bretagne\n\
    spain espana espagne spanien\nfrance francia frankreich\ngermany alemania allemagne deutschland\n\
    italy italia italie italien\nswitzerland suiza suisse schweiz\naustria autriche osterreich\nportugal\n\
    england inglaterra angleterre\nscotland escocia ecosse schottland\nireland irlanda irlande irland\n\
    greece grecia grece griechenland\nturkey turquia turquie turkei\npoland polonia pologne polen\n\
    netherlands holanda hollande paises niederlande holland\nbelgium belgica belgique belgien\n\
    morocco marruecos maroc marokko\neurope europa";

/// Returns a place's name in all languages.
pub(super) fn forms(place: &str) -> Vec<&str> {
    let same = EXONYMS.lines().find(|line| line.split_whitespace().any(|form| form == place));
    same.map_or_else(|| vec![place], |line| line.split_whitespace().collect())
}
