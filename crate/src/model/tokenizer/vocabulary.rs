//! The pieces of a vocabulary: one text, and a hash table of ids.

use super::required;
use crate::error::Result;
use crate::files::gguf::{Metadata, Strings, Value};
use crate::input;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Byte,
}

/// Pieces by id and ids by piece.
pub(super) struct Vocabulary {
    pieces: Strings,
    kinds: Vec<u8>,
    /// Open addressing with linear probing; `EMPTY` or an id. At most half full.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl Vocabulary {
    /// Takes tokens and their types out of `metadata`.
    pub fn take(metadata: &mut Metadata) -> Result<Self> {
        let key = "tokenizer.ggml.tokens";
        metadata.strings(key)?; // complains about another type of value
        let Some(Value::Strings(pieces)) = metadata.remove(key) else { return required(None, key) };
        let kinds = match metadata.ints("tokenizer.ggml.token_type")? {
            Some(kinds) => kinds.iter().map(|kind| u8::try_from(*kind).unwrap_or(0)).collect(),
            None => vec![1; pieces.len()],
        };
        check_length("tokenizer.ggml.token_type", kinds.len(), pieces.len())?;
        metadata.remove("tokenizer.ggml.token_type");
        let mut vocabulary = Self { slots: vec![EMPTY; (pieces.len() * 2).next_power_of_two()], pieces, kinds };
        for id in 0..vocabulary.pieces.len() as u32 {
            let slot = vocabulary.slot(vocabulary.piece(id));
            vocabulary.slots[slot] = id; // of equal pieces the last counts, as in llama.cpp
        }
        Ok(vocabulary)
    }

    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    pub fn piece(&self, id: u32) -> &str {
        self.pieces.get(id as usize).unwrap_or_default()
    }

    pub fn kind(&self, id: u32) -> Kind {
        match self.kinds.get(id as usize) {
            Some(2) => Kind::Unknown,
            Some(3) => Kind::Control,
            Some(4) => Kind::UserDefined,
            Some(6) => Kind::Byte,
            _ => Kind::Normal,
        }
    }

    pub fn id(&self, piece: &str) -> Option<u32> {
        Some(self.slots[self.slot(piece)]).filter(|id| *id != EMPTY)
    }

    /// Where `piece` is, or where it would go.
    fn slot(&self, piece: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(piece.as_bytes()) as usize & mask;
        while self.slots[slot] != EMPTY && self.piece(self.slots[slot]) != piece {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// Refuses an array that is not as long as the vocabulary.
pub(super) fn check_length(key: &str, length: usize, tokens: usize) -> Result<()> {
    match length == tokens {
        true => Ok(()),
        false => Err(input!("metadata key {key} has {length} entries for {tokens} tokens; the file is broken")),
    }
}

/// FNV-1a, its high bits mixed into the low ones that index a table.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    fnv ^ fnv >> 32
}
