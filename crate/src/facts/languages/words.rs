//! What a table of a language has.

/// Words of one language.
pub struct Language {
    /// Code of the language.
    pub code: &'static str,
    /// Words for numbers.
    pub numbers: NumberWords,
    /// Words and patterns for times of day.
    pub times: TimeWords,
    /// Words and patterns for dates.
    pub dates: DateWords,
    /// Words for money.
    pub money: MoneyWords,
    /// Words that tell what a name is and what none is.
    pub names: NameWords,
    /// Pattern of a street with a house number.
    pub street: &'static str,
    /// Beginnings and ends of questions without a question mark.
    pub questions: &'static str,
}

/// Words for numbers.
pub struct NumberWords {
    /// Words for 0 to 20.
    pub to_twenty: &'static str,
    /// Words for 30, 40 and so on to 90.
    pub tens: &'static str,
    /// Forms of a number of tens `T` and units `U`, such as `T-U`.
    pub compounds: &'static [&'static str],
    /// Other words.
    pub others: &'static [(&'static str, u32)],
    /// Words that multiply a number before them, or stand alone.
    pub scales: &'static [(&'static str, u32)],
    /// Words that count as a number if a summary repeats it in digits, though they can mean something else.
    pub loose: &'static [(&'static str, u32)],
    /// Words for numbers that mean something else as often; alone they are no fact.
    pub homographs: &'static str,
    /// `true` if a comma separates decimals.
    pub comma_decimals: bool,
}

/// The minutes that a pattern for a time adds to the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Minutes {
    /// Those of the group `m`, or none.
    Read,
    /// Those of the group `m`, before the hour.
    Before,
    /// A number of them.
    Add(i32),
}

/// What may follow the match of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Anything.
    Any,
    /// Anything but a unit, money or a word with a capital.
    NoUnit,
    /// The end of a clause, or a word of [`TimeWords::boundary`].
    Boundary,
    /// The same, or any word without a capital.
    NoCapital,
}

/// Words and patterns for times of day.
pub struct TimeWords {
    /// Patterns with what they mean.
    pub patterns: &'static [(&'static str, Minutes, Follow)],
    /// Phrases with a time of their own, in hours.
    pub phrases: &'static [(&'static str, u8)],
    /// Words for the first half of the day, after or before a time.
    pub am: &'static str,
    /// Words for the second half.
    pub pm: &'static str,
    /// Words for the night: late in the second half or early in the first.
    pub night: &'static str,
    /// Words between a date with a half of the day and its time.
    pub between: &'static str,
    /// Words between two times, where a time stands after them.
    pub range: &'static str,
    /// Word before two times that are joined by `and`, and that word.
    pub between_and: (&'static str, &'static str),
    /// Words before a length of time, such as `in 2 h`.
    pub lengths: &'static str,
    /// Units, which make a number no time.
    pub units: &'static str,
    /// Words that can follow a time without being counted.
    pub boundary: &'static str,
}

/// Words and patterns for dates.
pub struct DateWords {
    /// Names of months.
    pub months: [&'static str; 12],
    /// Names of weekdays, from Monday.
    pub weekdays: [&'static str; 7],
    /// Words before a month that stands alone.
    pub before_months: &'static str,
    /// Patterns.
    pub patterns: &'static [(&'static str, Follow)],
    /// Days as seen from today: pattern, days from today. A half of the day belongs to the pattern as a group.
    pub relative: &'static [(&'static str, i64)],
    /// Pattern of a number `n` of days from today: `in 3 days`.
    pub ahead: &'static str,
    /// A word for tomorrow that means the morning too.
    pub morning: Option<Morning>,
    /// Words before or after a weekday that make it one of the past.
    pub past: &'static str,
    /// Words before or after a weekday that leave open which week is meant.
    pub open: &'static str,
    /// `true` if `3/4` can be the fourth of March.
    pub month_first: bool,
}

/// A word for tomorrow that means the morning too.
pub struct Morning {
    /// The word.
    pub word: &'static str,
    /// Words before it that make it the morning.
    pub after: &'static str,
    /// Words after it that make it a greeting at the beginning of a sentence; so does a comma or an exclamation mark.
    pub before: &'static str,
    /// `true` if the morning has a capital and tomorrow has none.
    pub has_capital: bool,
}

/// Words for money.
pub struct MoneyWords {
    /// Patterns of words with the code of their currency.
    pub currencies: &'static [(&'static str, &'static str)],
    /// Phrases with an amount of their own.
    pub phrases: &'static [(&'static str, f64, &'static str)],
    /// Words before a number that make the words above no money.
    pub not_after: &'static str,
    /// Words after the words above that make them no money.
    pub not_before: &'static str,
}

/// Words that tell what a name is and what none is.
pub struct NameWords {
    /// `true` if common nouns have capitals, so that a capital says nothing.
    pub nouns_have_capitals: bool,
    /// Titles before a name.
    pub titles: &'static str,
    /// Words before a name that is not known: `with`.
    pub before: &'static str,
    /// Words before a place.
    pub before_places: &'static str,
    /// Places.
    pub places: &'static str,
    /// First names that are common words too: names only with a capital within a sentence, or if a speaker has them.
    pub homographs: &'static str,
    /// Words with a capital that are no names.
    pub capitals: &'static str,
    /// Words that often begin a sentence before a name, such as `and`.
    pub common: &'static str,
    /// Articles, after which a word that can be a name is none.
    pub articles: &'static str,
    /// Verbs after a name that begins a sentence.
    pub verbs: &'static str,
    /// Ends of a name that are not part of it.
    pub genitives: &'static [&'static str],
}
