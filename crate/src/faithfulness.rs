//! Checks of a summary against the conversation that it is of, by rule: numbers and names that the conversation lacks,
//! loops, and whether a summary follows when two speakers exchange their names.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::chat::conversation::{Conversation, Message};

/// Words for numbers of one language: those from 0 to 20, the tens from 30 to 90, and others with their values.
struct NumberWords {
    language: &'static str,
    to_twenty: &'static str,
    tens: &'static str,
    others: &'static [(&'static str, u64)],
}

const NUMBER_WORDS: [NumberWords; 4] = [
    NumberWords {
        language: "en",
        to_twenty: "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
                    seventeen eighteen nineteen twenty",
        tens: "thirty forty fifty sixty seventy eighty ninety",
        others: &[
            ("a", 1),
            ("an", 1),
            ("both", 2),
            ("dozen", 12),
            ("noon", 12),
            ("midnight", 12),
            ("quarter", 15),
            ("half", 30),
            ("hundred", 100),
        ],
    },
    NumberWords {
        language: "es",
        to_twenty: "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis \
                    diecisiete dieciocho diecinueve veinte",
        tens: "treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        others: &[
            ("un", 1),
            ("una", 1),
            ("ambos", 2),
            ("docena", 12),
            ("mediodía", 12),
            ("cuarto", 15),
            ("media", 30),
            ("cien", 100),
            ("ciento", 100),
        ],
    },
    NumberWords {
        language: "fr",
        to_twenty: "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept \
                    dix-huit dix-neuf vingt",
        tens: "trente quarante cinquante soixante soixante-dix quatre-vingt quatre-vingt-dix",
        others: &[
            ("une", 1),
            ("douzaine", 12),
            ("midi", 12),
            ("minuit", 12),
            ("quart", 15),
            ("demie", 30),
            ("demi", 30),
            ("quatre-vingts", 80),
            ("cent", 100),
        ],
    },
    NumberWords {
        language: "de",
        to_twenty: "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn \
                    siebzehn achtzehn neunzehn zwanzig",
        tens: "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
        others: &[
            ("ein", 1),
            ("eine", 1),
            ("einen", 1),
            ("einem", 1),
            ("einer", 1),
            ("beide", 2),
            ("dutzend", 12),
            ("mittag", 12),
            ("viertel", 15),
            ("halb", 30),
            ("hundert", 100),
        ],
    },
];

/// Words with a capital that are no names, in English, Spanish and French.
const CAPITALS: &str = "monday tuesday wednesday thursday friday saturday sunday january february march april may june \
    july august september october november december christmas easter english spanish french german navidad noël pâques \
    mr mrs ms dr ok tv pm am";

/// Returns the numbers in digits of `summary` that `chat`, in the language `language`, has neither in digits nor in
/// words. 7 stands for 19 too, as in 7 pm. Words are known up to twenty and for the tens; of compounds such as
/// `twenty-five` the parts are, with their sum.
pub fn unknown_numbers(chat: &Conversation, language: &str, summary: &str) -> Vec<u64> {
    let text = chat.to_string();
    let digits: HashSet<u64> = numbers(&text).into_iter().collect();
    let spelled = spelled_numbers(&text, language);
    let is_hour = |number: &u64| {
        (1..=12).contains(number) && digits.contains(&(number + 12))
            || (13..=24).contains(number) && digits.contains(&(number - 12))
    };
    let is_known = |number: &u64| digits.contains(number) || is_hour(number) || spelled.contains(number);
    numbers(summary).into_iter().filter(|number| *number != 0 && !is_known(number)).collect()
}

/// Returns the numbers that words of `text` stand for, and the sums of tens and units.
fn spelled_numbers(text: &str, language: &str) -> HashSet<u64> {
    let Some(words) = NUMBER_WORDS.iter().find(|words| words.language == language) else { return HashSet::new() };
    let to_twenty: Vec<(&str, u64)> = words.to_twenty.split_whitespace().zip(0..).collect();
    let tens: Vec<(&str, u64)> = words.tens.split_whitespace().zip((30..).step_by(10)).collect();
    let text = text.to_lowercase();
    let is_there = |name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
            !is_letter(text[..at].chars().next_back()) && !is_letter(text[at + name.len()..].chars().next())
        })
    };
    let named = to_twenty.iter().chain(&tens).chain(words.others);
    let mut numbers: HashSet<u64> = named.filter(|(name, _)| is_there(name)).map(|(_, number)| *number).collect();
    for (tens, ten) in to_twenty.iter().filter(|(_, number)| *number == 20).chain(&tens) {
        for (units, unit) in to_twenty.iter().filter(|(_, number)| (1..20).contains(number)) {
            let veinti = tens.strip_suffix('e').unwrap_or(tens);
            let compounds = [
                format!("{tens}-{units}"),
                format!("{tens} {units}"),
                format!("{tens} y {units}"),
                format!("{tens} et {units}"),
                format!("{veinti}i{units}"),
                format!("{units}und{tens}"),
            ];
            if compounds.iter().any(|compound| is_there(compound)) {
                numbers.insert(ten + unit);
            }
        }
    }
    numbers
}

/// Returns the numbers in digits of `text`. A point or comma before three digits separates thousands.
fn numbers(text: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = &rest[start..];
        let mut digits = String::new();
        loop {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            digits.push_str(&rest[..end]);
            rest = &rest[end..];
            let group = rest.strip_prefix(['.', ',']).unwrap_or("");
            let length = group.bytes().take_while(u8::is_ascii_digit).count();
            if length != 3 {
                break;
            }
            rest = group;
        }
        numbers.extend(digits.parse::<u64>().ok());
    }
    numbers
}

/// Returns the words of `summary` that look like names, since they have a capital within a sentence, and that `chat`
/// does not have. `None` for summaries in German, whose nouns have capitals too.
pub fn unknown_names(chat: &Conversation, summary: &str, language: &str) -> Option<Vec<String>> {
    if language == "de" {
        return None;
    }
    let text = chat.to_string();
    let known: HashSet<String> = words(&text).chain(CAPITALS.split_whitespace()).map(str::to_lowercase).collect();
    let mut unknown = Vec::new();
    for sentence in summary.unicode_sentences() {
        for word in words(sentence).skip(1).filter(|word| word.starts_with(char::is_uppercase)) {
            if word.chars().count() > 1 && !known.contains(&word.to_lowercase()) {
                unknown.push(word.to_owned());
            }
        }
    }
    Some(unknown)
}

/// Returns the runs of letters and digits of `text`; `Ana's` is two.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Returns `true` if a sequence of four words is in `text` three times.
pub fn has_loop(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.unicode_words().collect();
    let mut counts: HashMap<&[&str], usize> = HashMap::new();
    words.windows(4).any(|run| {
        let count = counts.entry(run).or_default();
        *count += 1;
        *count == 3
    })
}

/// The exchange of the names of a conversation's two speakers.
#[derive(Debug, Clone)]
pub struct NameExchange {
    names: [String; 2],
}

impl NameExchange {
    /// Returns the exchange for `chat`, or `None` if it has not two speakers with names of one word of three letters or
    /// more that mean nothing else in it.
    pub fn of(chat: &Conversation) -> Option<Self> {
        let mut names: Vec<&str> = Vec::new();
        for message in chat.messages() {
            if !names.contains(&message.speaker.as_str()) {
                names.push(&message.speaker);
            }
        }
        let [one, two] = names[..] else { return None };
        let is_word = |name: &str| name.chars().count() > 2 && name.chars().all(char::is_alphabetic);
        let text: String = chat.messages().iter().map(|message| format!("{}\n", message.text)).collect();
        let is_common = |name: &str| words(&text).any(|word| word == name.to_lowercase() && word != name);
        let usable = |name: &str| is_word(name) && name.starts_with(char::is_uppercase) && !is_common(name);
        (usable(one) && usable(two)).then(|| Self { names: [one.to_owned(), two.to_owned()] })
    }

    /// Returns `text` with each name in place of the other.
    pub fn text(&self, text: &str) -> String {
        let [one, two] = &self.names;
        let mut exchanged = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            exchanged.push_str(match &rest[..end] {
                word if word == one => two,
                word if word == two => one,
                word => word,
            });
            let next = rest[end..].find(char::is_alphanumeric).map_or(rest.len(), |length| end + length);
            exchanged.push_str(&rest[end..next]);
            rest = &rest[next..];
        }
        exchanged
    }

    /// Returns `chat` with each name in place of the other, in what is said too.
    ///
    /// # Errors
    /// Never for the conversation that the exchange was made for.
    pub fn chat(&self, chat: &Conversation) -> crate::error::Result<Conversation> {
        let exchanged = |message: &Message| Message {
            speaker: self.text(&message.speaker),
            text: self.text(&message.text),
            ..*message
        };
        Conversation::new(chat.messages().iter().map(exchanged).collect())
    }

    /// Tells whether `one` and `other` name the two speakers first in the same order, or the same one alone; `None` if
    /// one of the texts names neither.
    pub fn same_order(&self, one: &str, other: &str) -> Option<bool> {
        let order = |text: &str| -> Option<Vec<&String>> {
            let place = |name: &&String| words(text).position(|word| word == *name);
            let mut named: Vec<&String> = self.names.iter().filter(|name| place(name).is_some()).collect();
            named.sort_by_key(place);
            (!named.is_empty()).then_some(named)
        };
        Some(order(one)? == order(other)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(text: &str) -> Conversation {
        Conversation::parse(text).unwrap()
    }

    #[test]
    fn numbers_of_the_chat_are_known_in_digits_and_words() {
        let chat = chat("Ana: We meet at 19:30, bring twelve eggs and 1,200 euros.\nBen: ok, half an hour for 3 of us");
        let unknown_numbers = |chat, summary| super::unknown_numbers(chat, "en", summary);
        let known = "They meet at 7:30 with 12 eggs, 1200 euros and 3 people for 30 minutes.";
        assert_eq!(unknown_numbers(&chat, known), [0_u64; 0]);
        assert_eq!(unknown_numbers(&chat, "They meet at 8:45 with 13 eggs."), [8, 45, 13]);
        assert_eq!(numbers("1.200,50 and 07:00"), [1200, 50, 7, 0]);
    }

    #[test]
    fn spelled_numbers_are_those_of_the_language() {
        let numbers = |text, language| {
            let mut numbers: Vec<u64> = spelled_numbers(text, language).into_iter().collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(numbers("Twenty-five of forty, once", "en"), [5, 20, 25, 40]);
        assert_eq!(numbers("veinticinco, treinta y dos", "es"), [2, 25, 30, 32]);
        assert_eq!(numbers("à soixante-douze par ici, quatre-vingt-un", "fr"), [1, 4, 12, 20, 21, 60, 72, 80, 81]);
        assert_eq!(numbers("um halb acht, fünfundzwanzig", "de"), [8, 25, 30]);
    }

    #[test]
    fn names_that_the_chat_lacks_are_found_within_sentences() {
        let chat = chat("Ana: ben's bike is at Moritzplatz\nBen: thanks");
        let unknown = |text, language| unknown_names(&chat, text, language);
        assert_eq!(unknown("Ana fetches Ben's bike on Monday. Clara waits.", "en").unwrap(), [] as [&str; 0]);
        assert_eq!(unknown("Ana waits for Clara at Moritzplatz.", "en").unwrap(), ["Clara"]);
        assert_eq!(unknown("Ana holt das Fahrrad.", "de"), None);
    }

    #[test]
    fn a_loop_is_four_words_three_times() {
        assert!(has_loop("de la boda de la boda de la boda de la boda"));
        assert!(!has_loop("Ana goes to the market. Ben goes to the market and home."));
    }

    #[test]
    fn names_are_exchanged_as_words() {
        let chat = chat("Ana: Ben, is Banana Ben's?\nBen: no, Ana");
        let exchange = NameExchange::of(&chat).unwrap();
        let exchanged = exchange.chat(&chat).unwrap();
        assert_eq!(exchanged.to_string(), "Ben: Ana, is Banana Ana's?\nAna: no, Ben");
        assert_eq!(exchange.chat(&exchanged).unwrap(), chat);
        assert_eq!(exchange.same_order("Ana asks Ben.", "Ana and Ben talk."), Some(true));
        assert_eq!(exchange.same_order("Ana asks Ben.", "Ben asks Ana."), Some(false));
        assert_eq!(exchange.same_order("Ana asks.", "Ana asks Ben."), Some(false));
        assert_eq!(exchange.same_order("Somebody asks.", "Ana asks Ben."), None);
    }

    #[test]
    fn names_that_mean_something_else_or_are_not_two_are_left() {
        for text in ["Rose: a rose is a rose\nBen: ok", "Ana: hi", "Ana: a\nBen: b\nCleo: c", "Ana Ott: hi\nBen: b"] {
            assert!(NameExchange::of(&chat(text)).is_none(), "{text}");
        }
    }
}
