//! Pieces of a vocabulary: one text, and a hash table of ids.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::error::Result;
use crate::files::gguf::{Metadata, Strings, Value};
use crate::hash::fnv1a;
use crate::input;

/// Purpose of a token, from `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A piece of text that merging makes.
    Normal,
    /// The token that stands for what no other can write.
    Unknown,
    /// A token that only a template writes, such as the end of a turn.
    Control,
    /// A piece of text that is found before anything is merged, such as a run of line breaks.
    UserDefined,
    /// A single byte of a character that has no token.
    Byte,
}

/// Pieces by id and ids by piece.
pub(super) struct Vocabulary {
    pieces: Strings,
    kinds: Vec<u8>,
    /// Ids, found by the hash of their piece.
    ids: HashTable<u32>,
}

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
        let mut ids = HashTable::with_capacity(pieces.len());
        for (id, piece) in pieces.iter().enumerate() {
            let hash_of = |id: &u32| hash(piece_of(&pieces, *id).as_bytes());
            match ids.entry(hash(piece.as_bytes()), |other| piece_of(&pieces, *other) == piece, hash_of) {
                Entry::Occupied(mut entry) => *entry.get_mut() = id as u32, // the last of equals, as in llama.cpp
                Entry::Vacant(entry) => drop(entry.insert(id as u32)),
            }
        }
        Ok(Self { pieces, kinds, ids })
    }

    /// Returns the number of tokens.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Returns the piece of `id`, or the empty text if there is no such token.
    pub fn piece(&self, id: u32) -> &str {
        piece_of(&self.pieces, id)
    }

    /// Returns the kind of token `id`.
    pub fn kind(&self, id: u32) -> TokenKind {
        match self.kinds.get(id as usize) {
            Some(2) => TokenKind::Unknown,
            Some(3) => TokenKind::Control,
            Some(4) => TokenKind::UserDefined,
            Some(6) => TokenKind::Byte,
            _ => TokenKind::Normal,
        }
    }

    /// Returns the id of `piece`, the last of equals.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.ids.find(hash(piece.as_bytes()), |id| self.piece(*id) == piece).copied()
    }
}

/// Returns the piece of `id`, or the empty text if there is no such token.
fn piece_of(pieces: &Strings, id: u32) -> &str {
    pieces.get(id as usize).unwrap_or_default()
}

/// Returns `value`.
///
/// # Errors
/// If there is none: a file without `key` has no tokenizer.
pub(super) fn required<T>(value: Option<T>, key: &str) -> Result<T> {
    value.ok_or_else(|| {
        input!("the file has no tokenizer (metadata key {key} is missing); use a GGUF file made with its tokenizer")
    })
}

/// Checks that an array of the metadata is as long as the vocabulary.
///
/// # Errors
/// If it is not.
pub(super) fn check_length(key: &str, length: usize, tokens: usize) -> Result<()> {
    match length == tokens {
        true => Ok(()),
        false => Err(input!("metadata key {key} has {length} entries for {tokens} tokens; the file is broken")),
    }
}

/// Returns FNV-1a with its high bits mixed into the low ones that index a table.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let fnv = fnv1a(bytes);
    fnv ^ fnv >> 32
}
