//! Byte-level BPE vocabularies: words are split by a pattern, bytes become characters, neighbours join by merge rank.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior};

use super::merge::{Symbol, merge};
use super::vocabulary::{Vocabulary, hash, required};
use crate::error::Result;
use crate::failure;
use crate::files::gguf::{Metadata, Value};
use crate::input;

/// A byte-level BPE vocabulary's patterns and merges.
pub(super) struct Bpe {
    splits: Vec<Split>,
    merges: Merges,
    /// True if a word that is a token stays whole, whatever the merges would do.
    whole_words: bool,
}

/// Character that stands for the byte of a line break.
pub const LINE_BREAK: char = 'Ċ';

/// Patterns that words are split by, one for each kind of pre-tokenizer.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DIGIT: &str = r"\p{N}";

impl Bpe {
    /// Takes the merges out of `metadata`.
    pub fn take(metadata: &mut Metadata, pre: &str, vocabulary: &Vocabulary) -> Result<Self> {
        let patterns: &[&str] = match pre {
            "gpt-2" => &[GPT2],
            "smollm" => &[DIGIT, GPT2],
            "llama-bpe" => &[LLAMA3],
            "qwen2" => &[QWEN2],
            other => {
                return Err(input!(
                    "pre-tokenizer {other} is not supported; use a model with gpt-2, smollm, llama-bpe or qwen2"
                ));
            }
        };
        let split = |pattern: &&str| {
            let pattern = SplitPattern::Regex((*pattern).to_owned());
            Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
                .map_err(|error| failure!("the pre-tokenizer's pattern cannot be compiled: {error}"))
        };
        let splits = patterns.iter().map(split).collect::<Result<_>>()?;
        let key = "tokenizer.ggml.merges";
        metadata.strings(key)?; // complains about another type of value
        let Some(Value::Strings(merges)) = metadata.remove(key) else { return required(None, key) };
        let merges = Merges::new(merges.len(), merges.iter(), vocabulary)?;
        Ok(Self { splits, merges, whole_words: pre == "llama-bpe" })
    }

    /// Appends the ids of `text`.
    pub fn encode(&self, text: &str, vocabulary: &Vocabulary, ids: &mut Vec<u32>) -> Result<()> {
        let failed = |error: tokenizers::Error| failure!("the text cannot be split into words: {error}");
        let mut words = PreTokenizedString::from(text);
        for split in &self.splits {
            split.pre_tokenize(&mut words).map_err(failed)?;
        }
        ByteLevel::new(false, false, false).pre_tokenize(&mut words).map_err(failed)?;
        for (word, _, _) in words.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            if let Some(id) = vocabulary.id(word).filter(|_| self.whole_words) {
                ids.push(id);
                continue;
            }
            let left = self.merge(word, vocabulary, |_| {});
            // A byte that has no token is left out, as llama.cpp does.
            ids.extend(left.iter().map(|symbol| symbol.id).filter(|id| *id != Symbol::NONE));
        }
        Ok(())
    }

    /// Merges `word`, whose bytes are characters, and calls `joined` with each token that is made.
    pub fn merge(&self, word: &str, vocabulary: &Vocabulary, joined: impl FnMut(u32)) -> Vec<Symbol> {
        merge(Symbol::characters(word, vocabulary), |left, right| self.merges.get(left.id, right.id), joined)
    }
}

/// Map from two neighbouring tokens to the rank of their merge and the token that they become.
struct Merges {
    /// Merges, found by the hash of their tokens.
    table: HashTable<Merge>,
}

/// A merge of the tokens `left` and `right` into `id`.
struct Merge {
    left: u32,
    right: u32,
    rank: u32,
    id: u32,
}

impl Merges {
    /// Builds the map of `count` merges, ordered by rank.
    ///
    /// # Errors
    /// If one is not of tokens.
    fn new<'a>(count: usize, merges: impl Iterator<Item = &'a str>, vocabulary: &Vocabulary) -> Result<Self> {
        let mut table = HashTable::with_capacity(count);
        let mut joined = String::new();
        for (rank, merge) in merges.enumerate() {
            // The space that separates the halves is not at the start: a piece may be a character that looks like one.
            let at = merge.char_indices().skip(1).find(|(_, c)| *c == ' ').map(|(at, _)| at);
            let parts = at.map(|at| (&merge[..at], &merge[at + 1..]));
            let ids = parts.and_then(|(left, right)| {
                joined.clear();
                joined.push_str(left);
                joined.push_str(right);
                Some((vocabulary.id(left)?, vocabulary.id(right)?, vocabulary.id(&joined)?))
            });
            let Some((left, right, id)) = ids else {
                return Err(input!("merge {rank} of the tokenizer ({merge}) is not of tokens; the file is broken"));
            };
            let is_same = |other: &Merge| (other.left, other.right) == (left, right);
            let entry = table.entry(hash_of(left, right), is_same, |other| hash_of(other.left, other.right));
            if let Entry::Vacant(entry) = entry {
                entry.insert(Merge { left, right, rank: rank as u32, id }); // the first of equals has the best rank
            }
        }
        Ok(Self { table })
    }

    /// Returns rank and token of the merge of `left` and `right`, or `None` if they do not merge.
    fn get(&self, left: u32, right: u32) -> Option<(u32, u32)> {
        let found = self.table.find(hash_of(left, right), |merge| (merge.left, merge.right) == (left, right));
        found.map(|merge| (merge.rank, merge.id))
    }
}

/// Returns the hash by which the merge of two tokens is found.
fn hash_of(left: u32, right: u32) -> u64 {
    hash(&(u64::from(left) << 32 | u64::from(right)).to_le_bytes())
}
