//! A byte-level BPE vocabulary of random words that is like Llama 3's to a tokenizer: as many tokens of each length, as
//! many merges for each token, and about as much text of more than one byte a character.
//!
//! The numbers were counted in the vocabulary of Llama 3: 128,000 tokens besides the special ones, of 6.5 bytes on
//! average, 45 of 100 with a space before them, and 280,147 merges, which are all the ways to cut
//! a token into two tokens.

use std::collections::HashSet;

use super::bytes::byte_characters;
use super::stream::Stream;
use crate::error::Result;
use crate::failure;

/// Tokens of Llama 3 by length in bytes, from 2 to 24. Of its 344 longer ones 115 are runs of one character, which are
/// the only ones that are longer here.
const OF_LENGTH: [usize; 25] = [
    0, 0, 4287, 15369, 18557, 17226, 19356, 15062, 10710, 9579, 5708, 4401, 2528, 1825, 782, 763, 279, 308, 174, 177,
    65, 114, 50, 48, 32,
];
/// Longest token that is no run.
const LONGEST: usize = OF_LENGTH.len() - 1;
/// Characters whose runs are tokens, up to [`LONGEST_RUN`].
const RUNS: [char; 2] = [' ', '-'];
/// Length of the longest runs.
const LONGEST_RUN: usize = 81;
/// Percentage of words in Latin script that are tried with a space before them; of all words, 43% then have one.
const SPACED: usize = 55;
/// Percentage of words that are tried in the script of two bytes a letter. It has few short words, so fewer succeed.
const CYRILLIC: usize = 40;
/// Percentage of words that are an existing word and one more letter. With more of them, words can be cut in more ways.
const GROWN: usize = 30;

/// Letters by frequency, then the other printable ASCII characters.
const LATIN: &str = "etaoinshrdlcumwfgypbvkjxqzETAOINSHRDLCUMWFGYPBVKJXQZ!\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~";

/// Tokens by id, and the merges that make them.
pub(super) struct Vocabulary {
    /// Texts as a file holds them: a character for each byte.
    pub pieces: Vec<String>,
    merges: Vec<Merge>,
}

/// A cut of a token into two, at byte `at` of its text.
struct Merge {
    token: u32,
    at: u32,
}

impl Vocabulary {
    /// Makes `tokens` ordinary tokens, the 256 bytes first, and `merges` merges. Both depend on `name` alone.
    ///
    /// # Errors
    /// If so many tokens do not have so many merges.
    pub fn new(name: &str, tokens: usize, merges: usize) -> Result<Self> {
        let pieces = Words::new(name).finish(tokens);
        let merges = merges_of(&pieces, merges)?;
        Ok(Self { pieces, merges })
    }

    /// Lists the merges by rank, in the form in which a file holds them.
    pub fn merges(&self) -> impl Iterator<Item = String> {
        self.merges.iter().map(|merge| {
            let (left, right) = self.pieces[merge.token as usize].split_at(merge.at as usize);
            format!("{left} {right}")
        })
    }
}

/// Returns `wanted` cuts of tokens into two tokens, in the order of the tokens: one for every token that has any, and
/// an even choice of the others.
fn merges_of(pieces: &[String], wanted: usize) -> Result<Vec<Merge>> {
    let known: HashSet<&str> = pieces.iter().map(String::as_str).collect();
    let cuts = |piece: &str| -> Vec<u32> {
        let cuts = piece.char_indices().skip(1).map(|(at, _)| at);
        cuts.filter(|at| known.contains(&piece[..*at]) && known.contains(&piece[*at..])).map(|at| at as u32).collect()
    };
    let all: Vec<Vec<u32>> = pieces.iter().map(|piece| cuts(piece)).collect();
    let first = all.iter().filter(|cuts| !cuts.is_empty()).count();
    let others = all.iter().map(Vec::len).sum::<usize>() - first;
    let kept = wanted
        .checked_sub(first)
        .filter(|kept| *kept <= others)
        .ok_or_else(|| failure!("{wanted} merges are wanted; the vocabulary has {first} to {}", first + others))?;
    let mut merges = Vec::with_capacity(wanted);
    let mut due = 0;
    for (token, cuts) in all.iter().enumerate() {
        for (i, at) in cuts.iter().enumerate() {
            due += if i == 0 { others } else { kept };
            if due >= others {
                due -= others;
                merges.push(Merge { token: token as u32, at: *at });
            }
        }
    }
    Ok(merges)
}

/// The vocabulary while it grows: each new word joins two existing ones.
struct Words {
    random: Stream,
    pieces: Vec<String>,
    known: HashSet<String>,
    /// Ids by script, by whether a space comes first, and by length in bytes.
    ids: [[Vec<Vec<u32>>; 2]; 2],
}

impl Words {
    /// Begins with bytes, letters of two bytes, and runs.
    fn new(name: &str) -> Self {
        let bytes = byte_characters();
        let none = || vec![Vec::new(); LONGEST + 1];
        let mut words = Self {
            random: Stream::new(name),
            pieces: Vec::new(),
            known: HashSet::new(),
            ids: [[none(), none()], [none(), none()]],
        };
        let mut single = bytes;
        single.sort_unstable(); // those that can be printed are the first tokens
        for character in single {
            words.add(character.to_string());
        }
        let id = |character: u8| single.partition_point(|other| *other < bytes[usize::from(character)]) as u32;
        words.ids[0][0][1] = LATIN.bytes().map(id).collect();
        words.ids[0][1][1] = vec![id(b' ')];
        words.ids[1][1][1] = vec![id(b' ')];
        let characters = |text: &str| text.bytes().map(|byte| bytes[usize::from(byte)]).collect::<String>();
        words.ids[1][0][2] = ('а'..='я').filter_map(|letter| words.add(characters(&letter.to_string()))).collect();
        for character in RUNS {
            for length in 2..=LONGEST_RUN {
                words.add(characters(&character.to_string().repeat(length)));
            }
        }
        words
    }

    /// Grows to `tokens` and returns the pieces, shorter words earlier, as in a vocabulary by frequency.
    fn finish(mut self, tokens: usize) -> Vec<String> {
        let missing = tokens.saturating_sub(self.pieces.len());
        let mut lengths: Vec<(usize, usize)> = (0..missing).map(|_| self.length()).collect();
        lengths.sort_unstable();
        for (_, mut length) in lengths {
            let mut tries = 0;
            while !self.grow(length) {
                tries += 1;
                if tries % 64 == 0 {
                    length = length % LONGEST + 1; // there are not enough words of this length
                }
            }
        }
        self.pieces
    }

    /// Draws a length with its frequency in Llama 3, and before it the key by which words are ordered.
    fn length(&mut self) -> (usize, usize) {
        let mut rest = self.random.below(OF_LENGTH.iter().sum());
        let mut length = 0;
        while rest >= OF_LENGTH[length] {
            rest -= OF_LENGTH[length];
            length += 1;
        }
        (2 * length + self.random.below(8), length)
    }

    /// Draws a word of `length` bytes and adds it; returns false if there was no new one.
    fn grow(&mut self, length: usize) -> bool {
        let script = usize::from(self.random.chance(CYRILLIC));
        // A letter of two bytes leaves no choice: what is of odd length begins with a space.
        let spaced = if script == 1 { length % 2 == 1 } else { self.random.chance(SPACED) };
        let [plain, with_space] = &self.ids[script];
        let starts = if spaced { with_space } else { plain };
        let cuts: Vec<usize> =
            (1..length).filter(|at| !starts[*at].is_empty() && !plain[length - at].is_empty()).collect();
        let Some(longest) = cuts.last() else { return false };
        let at = if self.random.chance(GROWN) { *longest } else { cuts[self.random.below(cuts.len())] };
        let (left, right) = (&starts[at], &plain[length - at]);
        let mut piece = |ids: &[u32]| self.pieces[ids[early(&mut self.random, ids.len())] as usize].as_str();
        let word = [piece(left), piece(right)].concat();
        match self.add(word) {
            Some(id) => self.ids[script][usize::from(spaced)][length].push(id),
            None => return false,
        }
        true
    }

    /// Adds a token and returns its id, or `None` if it is there already.
    fn add(&mut self, piece: String) -> Option<u32> {
        let id = self.pieces.len() as u32;
        self.known.insert(piece.clone()).then(|| self.pieces.push(piece)).map(|()| id)
    }
}

/// Draws a number below `n`, small ones far more often: frequent words are part of more words than rare ones.
fn early(random: &mut Stream, n: usize) -> usize {
    let below = (0..3).fold(n, |below, _| random.below(below) + 1);
    random.below(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_vocabularies_have_bytes_first_and_merges_of_tokens() {
        let vocabulary = Vocabulary::new("small", 1000, 1500).unwrap();
        assert_eq!(vocabulary.pieces.len(), 1000);
        assert_eq!(vocabulary.pieces[..2], ["!", "\""]);
        assert_eq!(vocabulary.pieces[220], "\u{120}", "the space");
        let known: HashSet<&str> = vocabulary.pieces.iter().map(String::as_str).collect();
        assert_eq!(known.len(), 1000, "no token is there twice");
        let merges: Vec<String> = vocabulary.merges().collect();
        assert_eq!(merges.len(), 1500);
        let mut made: HashSet<String> = vocabulary.pieces[..256].iter().cloned().collect();
        for merge in &merges {
            let (left, right) = merge.split_once(' ').unwrap();
            assert!(known.contains(left) && known.contains(right), "{merge}");
            made.insert(format!("{left}{right}"));
        }
        assert_eq!(made.len(), 1000, "every token is a byte or has a merge");
    }

    #[test]
    fn merges_that_cannot_be_are_refused() {
        for merges in [100, 1_000_000] {
            let error = Vocabulary::new("small", 1000, merges).err().unwrap().to_string();
            assert!(error.contains(&format!("{merges} merges are wanted; the vocabulary has 744 to ")), "{error}");
        }
    }
}
