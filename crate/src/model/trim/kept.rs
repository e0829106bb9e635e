//! The tokens that stay in a trimmed model: by what must stay, by prompts, and by how often a corpus has them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

use crate::error::Result;
use crate::input;
use crate::model::prompt::{Form, Task, Template, languages};
use crate::model::tokenizer::{TokenKind, Tokenizer};

/// Number of times that each token occurs in a corpus.
#[derive(Debug, Clone)]
pub struct TokenCounts(Vec<u64>);

impl TokenCounts {
    /// Makes counts without any occurrence of a token of `tokenizer`.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Self(vec![0; tokenizer.vocab_size()])
    }

    /// Adds the tokens of `text`.
    ///
    /// # Errors
    /// If the text cannot be split into words.
    pub fn add(&mut self, tokenizer: &Tokenizer, text: &str) -> Result<()> {
        for id in tokenizer.encode(text)? {
            self.0[id as usize] += 1;
        }
        Ok(())
    }

    /// Returns the number of tokens in the corpus, and of those that are in `kept`.
    pub fn coverage(&self, kept: &KeptTokens) -> (u64, u64) {
        (self.0.iter().sum(), kept.0.iter().map(|id| self.0[*id as usize]).sum())
    }
}

/// Ids of the tokens that stay, ascending. A token's place among them is its id in the trimmed model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTokens(Vec<u32>);

impl KeptTokens {
    /// Chooses at most `limit` tokens: control and byte tokens; single characters of the Latin script, digits,
    /// punctuation and emoji; those of `prompts`; then the most frequent of `counts`. With each of them stays what
    /// merging makes on the way to it.
    ///
    /// # Errors
    /// If `limit` is too low for what has to stay.
    pub fn most_frequent(tokenizer: &Tokenizer, prompts: &[u32], counts: &TokenCounts, limit: usize) -> Result<Self> {
        let ids = 0..tokenizer.vocab_size() as u32;
        let always = ids.clone().filter(|id| always_stays(tokenizer, *id)).chain(prompts.iter().copied());
        let mut kept: BTreeSet<u32> = always.flat_map(|id| tokenizer.path(id)).collect();
        if kept.len() > limit {
            return Err(input!("{} tokens have to stay, more than the {limit} that were asked for", kept.len()));
        }
        let mut by_count: Vec<u32> = ids.filter(|id| counts.0[*id as usize] > 0).collect();
        // Of equally frequent tokens the one with the lower id, which merging makes earlier.
        by_count.sort_by_key(|id| (std::cmp::Reverse(counts.0[*id as usize]), *id));
        for id in by_count {
            let path = tokenizer.path(id);
            let new = path.iter().filter(|id| !kept.contains(id)).collect::<BTreeSet<_>>().len();
            if kept.len() + new <= limit {
                kept.extend(path);
            }
        }
        Ok(Self(kept.into_iter().collect()))
    }

    /// Reads a list as [`KeptTokens::to_list`] writes it, for a vocabulary of `tokenizer`.
    ///
    /// # Errors
    /// If a line is no number and no range of numbers, the numbers do not ascend, one is not in the vocabulary, a token
    /// that has to stay is missing, or one that merging makes on the way to a token of the list is.
    pub fn from_list(list: &str, tokenizer: &Tokenizer) -> Result<Self> {
        let mut kept: Vec<u32> = Vec::new();
        for (number, line) in (1..).zip(list.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let (first, last) = line.split_once('-').unwrap_or((line, line));
            let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else {
                return Err(input!("line {number} is {line}, not a token's number or a range such as 5-9"));
            };
            if last < first || kept.last().is_some_and(|before| first <= *before) {
                return Err(input!("line {number}: the numbers of a list have to ascend"));
            }
            if last as usize >= tokenizer.vocab_size() {
                return Err(input!(
                    "line {number}: the vocabulary has {} tokens and no {last}",
                    tokenizer.vocab_size()
                ));
            }
            kept.extend(first..=last);
        }
        let kept = Self(kept);
        let ids = 0..tokenizer.vocab_size() as u32;
        let missing = |id: &u32| kept.new_id(*id).is_none();
        if let Some(missing) = ids.filter(|id| must_stay(tokenizer, *id)).find(missing) {
            return Err(input!("token {missing}, {}, has to stay", tokenizer.piece(missing)));
        }
        for id in &kept.0 {
            if let Some(missing) = tokenizer.path(*id).into_iter().find(missing) {
                let (piece, part) = (tokenizer.piece(*id), tokenizer.piece(missing));
                return Err(input!("token {id}, {piece}, is merged from {missing}, {part}, which has to stay too"));
            }
        }
        Ok(kept)
    }

    /// Returns the list: a line for each run of ids, as `5` or `5-9`.
    pub fn to_list(&self) -> String {
        let mut list = String::new();
        for run in runs(&self.0) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let _ = if first == last { writeln!(list, "{first}") } else { writeln!(list, "{first}-{last}") };
        }
        list
    }

    /// Returns the elements of `list` that belong to tokens that stay.
    pub(super) fn pick<T: Copy>(&self, list: &[T]) -> Vec<T> {
        self.0.iter().map(|id| list[*id as usize]).collect()
    }

    /// Returns the ids, ascending.
    pub fn ids(&self) -> &[u32] {
        &self.0
    }

    /// Returns the id in the trimmed model of what is `id` in the whole one, if it stays.
    pub fn new_id(&self, id: u32) -> Option<u32> {
        self.0.binary_search(&id).ok().map(|place| place as u32)
    }
}

/// Returns the tokens of the prompts for all tasks between all languages, but for the text, in the frame `template`.
/// Each summary begins with them: a model that had others in their place would not be told what it was trained to do.
///
/// # Errors
/// If the template cannot be rendered.
pub fn prompt_tokens(template: &Template, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    let mut tokens = Vec::new();
    for (from, to) in languages().flat_map(|from| languages().map(move |to| (from, to))) {
        let translation = if from == to { None } else { Some(Task::translation(from, to)?) };
        let summary = Task::summary(from, to)?;
        for task in Form::ALL.map(|form| summary.clone().in_form(form)).into_iter().chain(translation) {
            tokens.extend(template.encode(&task.instruction()?, "", tokenizer)?);
        }
    }
    Ok(tokens)
}

/// Tells whether no vocabulary can do without token `id`: templates write control tokens, and bytes
/// write what has no token.
fn must_stay(tokenizer: &Tokenizer, id: u32) -> bool {
    match tokenizer.kind(id) {
        TokenKind::Byte | TokenKind::Unknown => true,
        // Gemma has 6,242 control tokens of this name, which no model was trained on.
        TokenKind::Control => !tokenizer.piece(id).starts_with("<unused"),
        TokenKind::UserDefined => false,
        // The bytes of byte-level vocabularies.
        TokenKind::Normal => tokenizer.is_byte_level() && tokenizer.piece(id).chars().nth(1).is_none(),
    }
}

/// Tells whether token `id` stays whatever a corpus holds: [`must_stay`], and what any text of the
/// languages may be made of.
fn always_stays(tokenizer: &Tokenizer, id: u32) -> bool {
    let piece = tokenizer.piece(id);
    must_stay(tokenizer, id)
        || match tokenizer.kind(id) {
            TokenKind::UserDefined => piece.chars().all(char::is_whitespace),
            _ if is_emoji(piece) => true,
            _ => {
                let mut characters = piece.chars();
                matches!((characters.next(), characters.next()), (Some(character), None) if is_common(character))
            }
        }
}

/// Tells whether a text of any language in the Latin script may hold `character`.
pub(super) fn is_common(character: char) -> bool {
    let latin = matches!(character, 'A'..='Z' | 'a'..='z' | '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    let group = character.general_category_group();
    latin
        || character.is_ascii_digit()
        || matches!(group, GeneralCategoryGroup::Punctuation)
        || character == '▁'
        || (character < '\u{2300}' && group == GeneralCategoryGroup::Symbol)
}

/// Tells whether `piece` is an emoji, or several, with what joins and modifies them.
pub(super) fn is_emoji(piece: &str) -> bool {
    let joins = |character: char| matches!(character, '\u{200d}' | '\u{fe0f}' | '\u{20e3}');
    piece.chars().all(|character| (character.is_emoji_char() && !character.is_ascii()) || joins(character))
        && piece.chars().any(|character| !joins(character))
}

/// Splits `ids`, which ascend, into runs of consecutive ones.
pub(super) fn runs(ids: &[u32]) -> impl Iterator<Item = &[u32]> {
    ids.chunk_by(|one, next| one + 1 == *next)
}
