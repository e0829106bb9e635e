//! Conversion of ids to text as they are generated: a character is held back until all of its bytes are there.

use super::spm::SPACE;
use super::vocabulary::{TokenKind, Vocabulary};

/// Collector of the bytes of tokens, which gives them out as whole characters.
pub struct TextDecoder<'a> {
    vocabulary: &'a Vocabulary,
    byte_level: bool,
    /// True if the next text begins with a space that only the tokenizer added.
    drops_space: bool,
    pending: Vec<u8>,
}

impl<'a> TextDecoder<'a> {
    /// Makes a decoder that holds nothing yet.
    pub(super) fn new(vocabulary: &'a Vocabulary, byte_level: bool, drops_first_space: bool) -> Self {
        Self { vocabulary, byte_level, drops_space: drops_first_space, pending: Vec::new() }
    }

    /// Adds token `id` and returns the text that is complete with it: empty while a character is
    /// not, and for control tokens.
    pub fn push(&mut self, id: u32) -> String {
        let piece = self.vocabulary.piece(id);
        match self.vocabulary.kind(id) {
            TokenKind::Control | TokenKind::Unknown => {}
            TokenKind::Byte => self.pending.extend(byte_of(piece)),
            TokenKind::UserDefined if self.byte_level => self.pending.extend(piece.bytes()),
            _ if self.byte_level => piece.chars().for_each(|character| match byte_of_character(character) {
                Some(byte) => self.pending.push(byte),
                None => self.pending.extend(character.to_string().bytes()),
            }),
            _ => self.pending.extend(piece.replace(SPACE, " ").bytes()),
        }
        if self.drops_space && !self.pending.is_empty() {
            self.drops_space = false;
            if self.pending[0] == b' ' {
                self.pending.remove(0);
            }
        }
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(rest) => {
                    text.push_str(rest);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let (whole, rest) = self.pending.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    let Some(broken) = error.error_len() else {
                        self.pending = rest.to_vec();
                        return text;
                    };
                    // Bytes that no continuation could make a character of.
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.pending = rest[broken..].to_vec();
                }
            }
        }
    }

    /// Returns the rest when no more tokens come; a broken character becomes U+FFFD.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.pending).into_owned()
    }
}

/// Returns the byte of a piece such as `<0x0A>`.
fn byte_of(piece: &str) -> Option<u8> {
    u8::from_str_radix(piece.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}

/// Returns the byte that byte-level BPE writes as `character`: printable Latin-1 is itself, the other 68 bytes
/// are counted up from U+0100.
fn byte_of_character(character: char) -> Option<u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    match u32::from(character) {
        code @ 0..=0xff => Some(code as u8).filter(|byte| printable(*byte)),
        code => (0..=255).filter(|byte| !printable(*byte)).nth(code as usize - 0x100),
    }
}
