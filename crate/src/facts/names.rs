//! Names of people and of places.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::fact::{Fact, FactKind};
use super::fold::fold;
use super::languages::{Language, NameWords};
use super::meaning::{Found, Meaning};
use super::patterns::Patterns;

/// First names of many countries, folded.
static FIRST_NAMES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("names.txt").split_whitespace().collect());

/// Shortest part of a speaker's name that counts as one.
const SHORTEST: usize = 2;

/// What is known of names in a chat and a language.
pub struct Names {
    /// The words of the speakers' names, folded.
    speakers: HashSet<String>,
    homographs: HashSet<&'static str>,
    capitals: HashSet<&'static str>,
    common: HashSet<&'static str>,
    articles: HashSet<&'static str>,
    places: HashSet<&'static str>,
    titles: Vec<&'static str>,
}

impl Names {
    pub(super) fn new<'a>(language: &'static Language, speakers: impl IntoIterator<Item = &'a str>) -> Self {
        let set = |words: &'static str| words.split_whitespace().collect::<HashSet<_>>();
        let NameWords { homographs, capitals, common, articles, places, titles, .. } = language.names;
        let is_name = |word: &String| word.chars().count() >= SHORTEST && word.chars().any(char::is_alphabetic);
        let titles: Vec<&'static str> = titles.split('|').collect();
        let is_title = |word: &String| titles.contains(&word.trim_end_matches('.'));
        Self {
            speakers: speakers
                .into_iter()
                .flat_map(|speaker| parts(speaker).into_iter().filter(is_name))
                .filter(|word| !is_title(word))
                .collect(),
            homographs: set(homographs),
            capitals: set(capitals),
            common: set(common),
            articles: set(articles),
            places: set(places),
            titles,
        }
    }

    /// Returns `true` if the fact is a part of a speaker's name, with a capital.
    pub(super) fn is_speaker(&self, fact: &Fact) -> bool {
        fact.kind == FactKind::Name
            && fact.text.starts_with(char::is_uppercase)
            && fact.value.split(' ').any(|word| self.speakers.contains(word))
    }

    /// Returns `true` if a word with a capital is one of those that are no names, or begins many sentences.
    pub(super) fn is_common(&self, folded: &str) -> bool {
        self.capitals.contains(folded) || self.common.contains(folded)
    }

    /// Returns `true` if a word stands before names: `Mr`.
    pub(super) fn is_title(&self, folded: &str) -> bool {
        self.titles.contains(&folded)
    }
}

/// Returns the words of a name, folded.
pub(super) fn parts(name: &str) -> Vec<String> {
    name.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|part| !part.is_empty()).map(fold).collect()
}

/// A word of a text.
pub(super) struct Word<'a> {
    pub range: Range<usize>,
    pub text: &'a str,
    pub folded: String,
    pub has_capital: bool,
    /// `true` for the first word of a sentence, a line or a quotation.
    pub starts: bool,
}

/// Splits a text into words of letters, with hyphens between them.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let (mut words, mut at) = (Vec::new(), 0);
    while let Some(start) = text[at..].find(char::is_alphabetic).map(|offset| at + offset) {
        let mut end = start;
        let mut rest = text[start..].chars().peekable();
        while let Some(c) = rest.next() {
            let joins = c == '-' && rest.peek().is_some_and(|next| next.is_alphabetic());
            if !(c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c) || joins) {
                break;
            }
            end += c.len_utf8();
        }
        let own = &text[start..end];
        let before = text[..start].trim_end_matches([' ', '"', '“', '„', '«', '¿', '¡', '(', '*', '_']);
        let starts = before.is_empty()
            || text[before.len()..start].contains(['"', '“', '„', '«'])
            || before.ends_with(|c: char| {
                ".!?\n:…>".contains(c) || !c.is_ascii() && !c.is_alphanumeric() && c != '’' && c != '€'
            });
        let has_capital = own.starts_with(char::is_uppercase);
        words.push(Word { range: start..end, text: own, folded: fold(own), has_capital, starts });
        at = end;
    }
    words
}

/// Returns the names of people and places in a text, at their places in it.
pub(super) fn names(text: &str, patterns: &Patterns, known: &Names) -> Vec<Found> {
    let language = &patterns.words.names;
    let words = words(text);
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let read = name(text, &words, at, language, known, found.last());
        let Some((mut range, folded, count)) = read else {
            if let Some(place) = place(text, &words, at, language, known) {
                found.push(place);
            }
            at += 1;
            continue;
        };
        let mut value = folded;
        let mut last = at + count;
        // A surname after a first name.
        while let Some(next) = words.get(last).filter(|next| {
            let gap = &text[range.end..next.range.start];
            let is_name = FIRST_NAMES.contains(next.folded.as_str()) || known.speakers.contains(&next.folded);
            let is_other = known.is_common(&next.folded) || known.places.contains(next.folded.as_str());
            gap == " " && next.has_capital && !is_other && (is_name || !language.nouns_have_capitals) && last - at < 3
        }) {
            let (end, own) = without_genitive(next, language, known);
            range.end = end;
            value = format!("{value} {own}");
            last += 1;
        }
        found.push((range, Meaning::Name(value)));
        at = last;
    }
    found
}

/// Returns the end of a word and its folded form, both without a genitive's ending.
fn without_genitive(word: &Word<'_>, language: &NameWords, known: &Names) -> (usize, String) {
    let is_name = |name: &str| FIRST_NAMES.contains(name) || known.speakers.contains(name);
    for ending in language.genitives.iter().filter(|ending| ending.chars().all(char::is_alphabetic)) {
        if let Some(base) = word.folded.strip_suffix(ending)
            && is_name(base)
            && !is_name(&word.folded)
            && word.text.ends_with(ending)
        {
            return (word.range.end - ending.len(), base.to_owned());
        }
    }
    (word.range.end, word.folded.clone())
}

/// Reads a name at the word `at`: its place, its folded form and the number of words.
fn name(
    text: &str,
    words: &[Word<'_>],
    at: usize,
    language: &NameWords,
    known: &Names,
    before: Option<&Found>,
) -> Option<(Range<usize>, String, usize)> {
    let word = &words[at];
    let previous = at.checked_sub(1).map(|place| &words[place]);
    let gap = previous.map_or("", |previous| &text[previous.range.end..word.range.start]);
    let (end, folded) = without_genitive(word, language, known);
    let name = (word.range.start..end, folded.clone(), 1);
    let is_speaker = known.speakers.contains(&folded);
    let is_homograph = known.homographs.contains(folded.as_str());
    let is_common = known.is_common(&folded);
    // A part of a link or an address.
    if text[..word.range.start].ends_with(['@', '/', '_']) && !is_speaker || text[end..].starts_with(['@', '_']) {
        return None;
    }
    if !word.has_capital {
        let is_plain = !is_homograph && !is_common && folded.chars().count() > SHORTEST;
        return (is_speaker && is_plain).then_some(name);
    }
    let is_title = |word: &&Word<'_>| known.titles.contains(&word.folded.as_str());
    if previous.filter(is_title).is_some() && matches!(gap, " " | ". " | ".") && !is_common {
        return Some(name);
    }
    let pronoun_follows = words.get(at + 1).is_some_and(|next| {
        const PRONOUNS: [&str; 16] =
            ["i", "you", "we", "he", "she", "they", "it", "du", "ich", "wir", "ihr", "tu", "je", "nous", "vous", "on"];
        PRONOUNS.contains(&next.folded.as_str())
    });
    if is_speaker {
        let article_before =
            previous.is_some_and(|previous| gap == " " && known.articles.contains(previous.folded.as_str()));
        let is_other = word.starts && pronoun_follows || article_before;
        return (!((is_homograph || is_common) && is_other)).then_some(name);
    }
    if is_common || word.text.len() > 1 && word.text.chars().all(char::is_uppercase) {
        return None;
    }
    let list_follows = words.get(at + 1).is_some_and(|next| {
        let is_name = FIRST_NAMES.contains(next.folded.as_str()) || known.speakers.contains(&next.folded);
        next.has_capital && is_name && text.get(end..next.range.start) == Some(", ")
    });
    let verb_follows = words.get(at + 1).is_some_and(|next| {
        let verb = text[next.range.start..].split([' ', '.', ',', '\n']).next().map(fold).unwrap_or_default();
        !next.has_capital && language.verbs.split_whitespace().any(|known| known == verb)
    });
    if FIRST_NAMES.contains(folded.as_str()) {
        let certain = !is_homograph
            || !(word.starts || language.nouns_have_capitals)
            || word.starts && (verb_follows || list_follows);
        return certain.then_some(name);
    }
    if word.starts && verb_follows && !language.nouns_have_capitals && is_homograph {
        return Some(name);
    }
    // A name that is not known: after a word such as `with`, or joined by `and` to one that is.
    let previous = previous.filter(|_| gap == " " || gap == "'" || gap == "’")?;
    let is_before = language.before.split('|').any(|word| word == previous.folded);
    let joins = ["and", "y", "e", "et", "und", "or"].contains(&previous.folded.as_str());
    let joined = before
        .and_then(|(range, _)| text.get(range.end..previous.range.start))
        .is_some_and(|between| between.trim().is_empty());
    let fits = !language.nouns_have_capitals && !word.starts && is_before && (!joins || joined);
    let is_place = known.places.contains(folded.as_str());
    let next_has_capital = words.get(at + 1).is_some_and(|next| next.has_capital && !next.starts);
    (fits && !is_place && !next_has_capital && !is_homograph).then_some(name)
}

/// Reads a place at the word `at`.
fn place(text: &str, words: &[Word<'_>], at: usize, language: &NameWords, known: &Names) -> Option<Found> {
    let word = &words[at];
    let previous = at.checked_sub(1).map(|place| &words[place])?;
    let stands_after = text[previous.range.end..word.range.start] == *" "
        && language.before_places.split('|').any(|word| word == previous.folded);
    let is_known = known.places.contains(word.folded.as_str());
    let is_possible = !language.nouns_have_capitals && word.text.chars().count() > 2 && !known.is_common(&word.folded);
    let next_has_capital = words.get(at + 1).is_some_and(|next| next.has_capital && !next.starts);
    let is_loud = word.text.chars().all(char::is_uppercase);
    (word.has_capital && !word.starts && !is_loud && (is_known || stands_after && is_possible && !next_has_capital))
        .then(|| (word.range.clone(), Meaning::Place(word.folded.clone())))
}

/// Returns `true` if both name the same person as far as they tell: the same words, a part of them, or a short form.
pub(super) fn same_person(one: &str, other: &str) -> bool {
    let words = [' ', '-'];
    is_short_form(one, other) || one.split(words).any(|one| other.split(words).any(|other| is_short_form(one, other)))
}

/// Returns `true` if the folded names are the same or one is a short form of the other: `ben` of `benjamin`, `katie` of
/// `katherine`.
fn is_short_form(one: &str, other: &str) -> bool {
    const SHORTEST_STEM: usize = 3;
    let stem = |name: &str| -> String {
        let endings = ["ita", "ito", "chen", "ie", "i", "y"];
        let ending =
            endings.iter().find(|ending| name.len() >= SHORTEST_STEM + ending.len() && name.ends_with(**ending));
        let stem = ending.map_or(name, |ending| &name[..name.len() - ending.len()]).to_owned();
        // tommy, steffi
        match stem.as_bytes() {
            [.., a, b] if a == b && ending.is_some() && stem.len() > SHORTEST_STEM => stem[..stem.len() - 1].to_owned(),
            _ => stem,
        }
    };
    let (short, long) = if one.chars().count() <= other.chars().count() { (one, other) } else { (other, one) };
    let stem = stem(short);
    short == long || stem.chars().count() >= SHORTEST_STEM && long.starts_with(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_name_the_same_person() {
        for (one, other, same) in [
            ("ben", "benjamin", true),
            ("katie", "katherine", true),
            ("kathy", "katherine", true),
            ("steffi", "stefanie", true),
            ("tobi", "tobias", true),
            ("ana ruiz", "ana", true),
            ("ana", "anton", false),
            ("jo", "john", false),
            ("maria", "marta", false),
        ] {
            assert_eq!(same_person(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn first_names_are_folded() {
        assert!(FIRST_NAMES.len() > 2000);
        assert!(FIRST_NAMES.iter().all(|name| fold(name) == **name));
    }
}
