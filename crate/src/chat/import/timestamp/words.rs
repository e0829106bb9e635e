//! Words and characters in dates and times, in lower case: a phone in another language may need another entry here.

/// Half of the day that a time of twelve hours is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DayPeriod {
    /// Before noon.
    Morning,
    /// From noon on.
    Afternoon,
}

/// Words for the half of the day, but for the many spellings of `am` and `pm`.
pub const DAY_PERIODS: [(&str, DayPeriod); 10] = [
    ("上午", DayPeriod::Morning),
    ("午前", DayPeriod::Morning),
    ("오전", DayPeriod::Morning),
    ("下午", DayPeriod::Afternoon),
    ("午後", DayPeriod::Afternoon),
    ("오후", DayPeriod::Afternoon),
    ("π.μ.", DayPeriod::Morning),
    ("μ.μ.", DayPeriod::Afternoon),
    ("ص", DayPeriod::Morning),
    ("م", DayPeriod::Afternoon),
];

/// Characters after the year of a date: Chinese and Japanese, Korean.
pub const YEAR_AFTER: [char; 2] = ['年', '년'];

/// Characters after the month of a date: Chinese and Japanese, Korean.
pub const MONTH_AFTER: [char; 2] = ['月', '월'];

/// Characters after the day of a date: Chinese and Japanese, Korean.
pub const DAY_AFTER: &[&str] = &["日", "일"];

/// Words after the hours of a time.
pub const HOURS: &[&str] = &["h", "時", "时", "点", "시"];

/// Words after the minutes of a time.
pub const MINUTES: &[&str] = &["min", "分", "분"];

/// Words after the seconds of a time.
pub const SECONDS: &[&str] = &["s", "秒", "초"];
