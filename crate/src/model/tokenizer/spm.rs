//! SentencePiece vocabularies: neighbours join if their text together is a token, the best score first.

use super::merge::{Symbol, merge};
use super::vocabulary::{TokenKind, Vocabulary, check_length, required};
use crate::error::Result;
use crate::files::gguf::Metadata;

/// Character that SentencePiece writes for a space.
pub(super) const SPACE: &str = "▁";

/// A SentencePiece vocabulary's ranks and bytes.
pub(super) struct Spm {
    /// Rank of each token: lower for a better score.
    ranks: Vec<u32>,
    /// Token of each byte, for characters that are not in the vocabulary.
    bytes: Vec<Option<u32>>,
    unknown: Option<u32>,
    adds_space_prefix: bool,
}

impl Spm {
    /// Takes the scores out of `metadata`.
    pub fn take(metadata: &mut Metadata, vocabulary: &Vocabulary) -> Result<Self> {
        let key = "tokenizer.ggml.scores";
        let scores = required(metadata.floats(key)?, key)?;
        check_length(key, scores.len(), vocabulary.len())?;
        let ranks = scores.iter().map(|score| rank(*score)).collect();
        metadata.remove(key);
        let byte = |byte: u8| {
            let id = vocabulary.id(&format!("<0x{byte:02X}>"))?;
            (vocabulary.kind(id) == TokenKind::Byte).then_some(id)
        };
        Ok(Self {
            ranks,
            bytes: (0..=255).map(byte).collect(),
            unknown: (0..vocabulary.len() as u32).find(|id| vocabulary.kind(*id) == TokenKind::Unknown),
            adds_space_prefix: metadata.bool("tokenizer.ggml.add_space_prefix")?.unwrap_or(true),
        })
    }

    /// Returns true if text is tokenised as if a space stood before it.
    pub fn adds_space_prefix(&self) -> bool {
        self.adds_space_prefix
    }

    /// Appends the ids of `text`.
    pub fn encode(&self, text: &str, vocabulary: &Vocabulary, ids: &mut Vec<u32>) {
        let mut escaped = String::with_capacity(text.len() * 2);
        if self.adds_space_prefix {
            escaped.push_str(SPACE);
        }
        for part in text.split_inclusive(' ') {
            match part.strip_suffix(' ') {
                Some(word) => {
                    escaped.push_str(word);
                    escaped.push_str(SPACE);
                }
                None => escaped.push_str(part),
            }
        }
        let text = escaped.as_str();
        for symbol in self.merge(text, vocabulary, |_| {}) {
            if symbol.id != Symbol::NONE {
                ids.push(symbol.id);
                continue;
            }
            for byte in text[symbol.start as usize..symbol.end as usize].bytes() {
                ids.extend(self.bytes[usize::from(byte)].or(self.unknown));
            }
        }
    }

    /// Merges `text`, whose spaces are escaped, and calls `joined` with each token that is made.
    pub fn merge(&self, text: &str, vocabulary: &Vocabulary, joined: impl FnMut(u32)) -> Vec<Symbol> {
        let join = |left: &Symbol, right: &Symbol| {
            let id = vocabulary.id(&text[left.start as usize..right.end as usize])?;
            Some((self.ranks[id as usize], id))
        };
        merge(Symbol::characters(text, vocabulary), join, joined)
    }
}

/// Returns an integer that is lower the higher the score: the bits of a float in order, the other way round.
fn rank(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits(); // + 0.0 makes one zero of the two
    let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    !ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_in_order_of_scores() {
        let scores = [1e9, 2.5, 1e-30, 0.0, -1e-30, -1.0, -262_000.0, f32::NEG_INFINITY];
        assert!(scores.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert_eq!(rank(0.0), rank(-0.0));
    }
}
