//! Byte-level BPE vocabularies: words are split by a pattern, bytes become characters, neighbours join by merge rank.

use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior};

use super::merge::{Symbol, merge};
use super::required;
use super::vocabulary::{Vocabulary, hash};
use crate::error::Result;
use crate::failure;
use crate::files::gguf::{Metadata, Value};
use crate::input;

pub(super) struct Bpe {
    splits: Vec<Split>,
    merges: Merges,
    /// A word that is a token is not taken apart, whatever the merges would make of it.
    whole_words: bool,
}

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
            let symbols = word.char_indices().map(|(start, character)| {
                let end = start + character.len_utf8();
                Symbol::new(vocabulary.id(&word[start..end]).unwrap_or(Symbol::NONE), start, end)
            });
            let left = merge(symbols.collect(), |left, right| self.merges.get(left.id, right.id));
            // A byte that has no token is left out, as llama.cpp does.
            ids.extend(left.map(|symbol| symbol.id).filter(|id| *id != Symbol::NONE));
        }
        Ok(())
    }
}

/// From two neighbouring tokens to the rank of their merge and the token that they become.
struct Merges {
    /// Open addressing with linear probing; at most half full.
    slots: Vec<Merge>,
}

#[derive(Clone, Copy)]
struct Merge {
    left: u32,
    right: u32,
    rank: u32,
    id: u32,
}

const EMPTY: Merge = Merge { left: Symbol::NONE, right: Symbol::NONE, rank: 0, id: 0 };

impl Merges {
    fn new<'a>(count: usize, merges: impl Iterator<Item = &'a str>, vocabulary: &Vocabulary) -> Result<Self> {
        let mut table = Self { slots: vec![EMPTY; (count.max(1) * 2).next_power_of_two()] };
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
            let slot = table.slot(left, right);
            if table.slots[slot].left == Symbol::NONE {
                table.slots[slot] = Merge { left, right, rank: rank as u32, id };
            }
        }
        Ok(table)
    }

    fn get(&self, left: u32, right: u32) -> Option<(u32, u32)> {
        let merge = self.slots[self.slot(left, right)];
        (merge.left == left && merge.right == right && left != Symbol::NONE).then_some((merge.rank, merge.id))
    }

    /// Where the merge is, or where it would go.
    fn slot(&self, left: u32, right: u32) -> usize {
        let mask = self.slots.len() - 1;
        let key = u64::from(left) << 32 | u64::from(right);
        let mut slot = hash(&key.to_le_bytes()) as usize & mask;
        while self.slots[slot].left != Symbol::NONE && (self.slots[slot].left, self.slots[slot].right) != (left, right)
        {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
