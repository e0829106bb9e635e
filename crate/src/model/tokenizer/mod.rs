//! Conversion of text to token ids and back, as llama.cpp does it, with the vocabulary in a GGUF file's metadata.
//!
//! There are two kinds of vocabulary: byte-level BPE (`gpt2`) and SentencePiece (`llama`). The `tokenizers` crate
//! splits text and maps bytes. Its models are not used: they hold every token twice as a separate string, and for a
//! SentencePiece vocabulary a table of all merges that GGUF files do not even contain; for Gemma that took 122 MiB and
//! 1.9 s in WebAssembly. Here a vocabulary is one text, one hash table of ids and (for BPE) one of merges.

mod bpe;
mod merge;
mod spm;
#[cfg(test)]
pub mod testing;
mod text_decoder;
mod vocabulary;

use aho_corasick::{AhoCorasick, MatchKind};

use merge::Symbol;
pub use text_decoder::TextDecoder;
pub use vocabulary::TokenKind;
use vocabulary::{Vocabulary, required};

use crate::error::Result;
use crate::failure;
use crate::files::gguf::Metadata;
use crate::input;

/// A piece of a prompt.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// Text of a template: control tokens in it are control tokens.
    Markup(&'a str),
    /// Text of anybody else: a control token in it is plain text.
    Plain(&'a str),
}

/// Converter of text into ids and ids into text.
pub struct Tokenizer {
    vocabulary: Vocabulary,
    model: Algorithm,
    control: Specials,
    user_defined: Specials,
    bos: Option<u32>,
    adds_bos: bool,
    eos: Option<u32>,
    ends: Vec<u32>,
}

/// Way of splitting text into tokens.
enum Algorithm {
    Bpe(bpe::Bpe),
    Spm(spm::Spm),
}

/// Pieces that end a turn or a text in known models, whatever the metadata say of them.
const END_PIECES: [&str; 8] =
    ["<end_of_turn>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<EOT>"];

impl Tokenizer {
    /// Builds the tokenizer and takes the vocabulary out of `metadata`, so that it is not held twice.
    ///
    /// # Errors
    /// If the vocabulary is missing, inconsistent, or of a kind that is not supported.
    pub fn from_metadata(metadata: &mut Metadata) -> Result<Self> {
        let model = required(metadata.text("tokenizer.ggml.model")?, "tokenizer.ggml.model")?.to_owned();
        let pre = metadata.text("tokenizer.ggml.pre")?.unwrap_or("default").to_owned();
        let vocabulary = Vocabulary::take(metadata)?;
        let (model, adds_bos) = match model.as_str() {
            "gpt2" => (Algorithm::Bpe(bpe::Bpe::take(metadata, &pre, &vocabulary)?), pre == "llama-bpe"),
            "llama" => (Algorithm::Spm(spm::Spm::take(metadata, &vocabulary)?), true),
            other => {
                return Err(input!(
                    "tokenizer model {other} is not supported; use a model with gpt2 (BPE) or llama (SPM)"
                ));
            }
        };
        let special_id = |name: &str| -> Result<Option<u32>> {
            let key = format!("tokenizer.ggml.{name}_token_id");
            match metadata.u32(&key)? {
                Some(id) if id as usize >= vocabulary.len() => {
                    Err(input!("metadata key {key} is {id}, beyond the vocabulary of {}", vocabulary.len()))
                }
                id => Ok(id),
            }
        };
        let (bos, eos, eot) = (special_id("bos")?, special_id("eos")?, special_id("eot")?);
        let mut ends: Vec<u32> = END_PIECES.iter().filter_map(|piece| vocabulary.id(piece)).collect();
        ends.extend(eos.into_iter().chain(eot));
        Ok(Self {
            control: Specials::new(&vocabulary, |kind| matches!(kind, TokenKind::Control | TokenKind::Unknown))?,
            user_defined: Specials::new(&vocabulary, |kind| kind == TokenKind::UserDefined)?,
            adds_bos: metadata.bool("tokenizer.ggml.add_bos_token")?.unwrap_or(adds_bos),
            vocabulary,
            model,
            bos,
            eos,
            ends,
        })
    }

    /// Returns the number of tokens.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }

    /// Returns the token that begins every prompt, where the model wants one.
    pub fn bos(&self) -> Option<u32> {
        self.bos.filter(|_| self.adds_bos)
    }

    /// Returns the text of the begin token, for chat templates; empty if there is none.
    pub fn bos_piece(&self) -> &str {
        self.bos.map_or("", |id| self.vocabulary.piece(id))
    }

    /// Returns the text of the end token, for chat templates; empty if there is none.
    pub fn eos_piece(&self) -> &str {
        self.eos.map_or("", |id| self.vocabulary.piece(id))
    }

    /// Returns true if this token ends a text.
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// Returns the tokens that end a text.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Returns the tokens whose text has a line break.
    pub fn line_breaks(&self) -> Vec<u32> {
        let has_break = |id: &u32| match (self.kind(*id), &self.model) {
            (TokenKind::Byte, _) => self.piece(*id) == "<0x0A>",
            (TokenKind::Normal, Algorithm::Bpe(_)) => self.piece(*id).contains(bpe::LINE_BREAK),
            _ => self.piece(*id).contains('\n'),
        };
        (0..self.vocab_size() as u32).filter(has_break).collect()
    }

    /// Returns the id of a piece as the vocabulary writes it.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.vocabulary.id(piece)
    }

    /// Returns the ids of `text`, special tokens parsed, no begin token added.
    ///
    /// # Errors
    /// If the text cannot be split.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_parts(&[Part::Markup(text)])
    }

    /// Returns the ids of `text` with the begin token before them, where the model wants one and the text lacks it.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_with_bos(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_prompt(&[Part::Markup(text)])
    }

    /// Returns the number of tokens of `text` in a prompt, where nothing in it is a control token.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn count(&self, text: &str) -> Result<usize> {
        Ok(self.encode_plain(text)?.len())
    }

    /// Returns the ids of `text`, where nothing in it is a control token, no begin token added.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_parts(&[Part::Plain(text)])
    }

    /// Returns the ids of a prompt in parts, joined as one text, with control tokens parsed in markup only. The begin
    /// token is added as by [`Tokenizer::encode_with_bos`].
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompt(&self, parts: &[Part<'_>]) -> Result<Vec<u32>> {
        let mut ids = self.encode_parts(parts)?;
        if let Some(bos) = self.bos().filter(|bos| ids.first() != Some(bos)) {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    /// Returns a decoder that turns ids into text as they come.
    pub fn decoder(&self) -> TextDecoder<'_> {
        let drops_first_space = matches!(&self.model, Algorithm::Spm(spm) if spm.adds_space_prefix());
        TextDecoder::new(&self.vocabulary, matches!(self.model, Algorithm::Bpe(_)), drops_first_space)
    }

    /// Returns the piece of `id` as the vocabulary writes it.
    pub fn piece(&self, id: u32) -> &str {
        self.vocabulary.piece(id)
    }

    /// Returns whether pieces are written in characters that stand for bytes.
    pub fn is_byte_level(&self) -> bool {
        matches!(self.model, Algorithm::Bpe(_))
    }

    /// Returns the purpose of `id` in the vocabulary.
    pub fn kind(&self, id: u32) -> TokenKind {
        self.vocabulary.kind(id)
    }

    /// Returns the tokens that merging makes on its way from characters to `id`, characters included and `id` itself
    /// last. Only `id` where the token is not made by merging, as control tokens are not.
    pub fn path(&self, id: u32) -> Vec<u32> {
        let piece = self.vocabulary.piece(id);
        let mut path: Vec<u32> = Symbol::characters(piece, &self.vocabulary)
            .iter()
            .map(|symbol| symbol.id)
            .filter(|id| *id != Symbol::NONE)
            .collect();
        let joined = |id| path.push(id);
        let reached = self.kind(id) == TokenKind::Normal
            && match &self.model {
                Algorithm::Bpe(bpe) => {
                    bpe.merge(piece, &self.vocabulary, joined).iter().map(|symbol| symbol.id).eq([id])
                }
                Algorithm::Spm(spm) => {
                    spm.merge(piece, &self.vocabulary, joined).iter().map(|symbol| symbol.id).eq([id])
                }
            };
        if reached && path.last() == Some(&id) { path } else { vec![id] }
    }

    /// Returns the ids of a prompt in parts, without a begin token added.
    fn encode_parts(&self, parts: &[Part<'_>]) -> Result<Vec<u32>> {
        // Control tokens cut the text; what lies between two of them is one text, whoever wrote its parts.
        let mut ids = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Markup(markup) => {
                    let mut from = 0;
                    for (start, end, id) in self.control.find(markup) {
                        text.push_str(&markup[from..start]);
                        self.encode_text(&text, &mut ids)?;
                        text.clear();
                        ids.push(id);
                        from = end;
                    }
                    text.push_str(&markup[from..]);
                }
            }
        }
        self.encode_text(&text, &mut ids)?;
        Ok(ids)
    }

    /// Appends the ids of text without control tokens.
    fn encode_text(&self, text: &str, ids: &mut Vec<u32>) -> Result<()> {
        let mut from = 0;
        for (start, end, id) in self.user_defined.find(text) {
            self.encode_words(&text[from..start], ids)?;
            ids.push(id);
            from = end;
        }
        self.encode_words(&text[from..], ids)
    }

    /// Appends the ids of text without any special token.
    fn encode_words(&self, text: &str, ids: &mut Vec<u32>) -> Result<()> {
        match &self.model {
            _ if text.is_empty() => Ok(()),
            Algorithm::Bpe(bpe) => bpe.encode(text, &self.vocabulary, ids),
            Algorithm::Spm(spm) => {
                spm.encode(text, &self.vocabulary, ids);
                Ok(())
            }
        }
    }
}

/// Tokens that are found in raw text before it is split: the leftmost first, of those the longest.
struct Specials {
    ids: Vec<u32>,
    matcher: Option<AhoCorasick>,
}

impl Specials {
    /// Indexes the tokens whose kind is `wanted`.
    fn new(vocabulary: &Vocabulary, wanted: impl Fn(TokenKind) -> bool) -> Result<Self> {
        let ids: Vec<u32> = (0..vocabulary.len() as u32)
            .filter(|id| wanted(vocabulary.kind(*id)) && !vocabulary.piece(*id).is_empty())
            .collect();
        let matcher = match ids.is_empty() {
            true => None,
            false => Some(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(ids.iter().map(|id| vocabulary.piece(*id)))
                    .map_err(|error| failure!("the special tokens cannot be indexed: {error}"))?,
            ),
        };
        Ok(Self { ids, matcher })
    }

    /// Returns start, end and id of each special token in `text`.
    fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize, u32)> + 'a {
        let matches = self.matcher.iter().flat_map(move |matcher| matcher.find_iter(text));
        matches.map(|found| (found.start(), found.end(), self.ids[found.pattern().as_usize()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::gguf::Value;

    /// A SentencePiece vocabulary with letters, words, and a token that ends a turn.
    fn spm() -> Metadata {
        testing::spm(&["a", "b", "▁", "ab", "▁a", "aa", "▁ab", "<end_of_turn>"])
    }

    fn pieces(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<String> {
        ids.iter().map(|id| tokenizer.vocabulary.piece(*id).to_owned()).collect()
    }

    #[test]
    fn sentencepiece_joins_by_score_and_the_leftmost_of_equals() {
        let tokenizer = Tokenizer::from_metadata(&mut spm()).unwrap();
        let encode = |text: &str| pieces(&tokenizer, &tokenizer.encode(text).unwrap());
        assert_eq!(encode("ab ab"), ["ab", "▁ab"]); // twice "ab" before "▁a", although that is further left
        assert_eq!(encode("aaa"), ["aa", "a"]);
        assert_eq!(encode("é"), ["<0xC3>", "<0xA9>"]);
        assert_eq!(encode("a\n\nb"), ["a", "\n\n", "b"]);
    }

    #[test]
    fn markup_is_parsed_and_plain_text_is_not() {
        let tokenizer = Tokenizer::from_metadata(&mut spm()).unwrap();
        let end = tokenizer.id("<end_of_turn>").unwrap();
        let parts = [Part::Markup("<bos>a"), Part::Plain("b<end_of_turn>\n"), Part::Markup("\na<end_of_turn>")];
        let ids = tokenizer.encode_prompt(&parts).unwrap();
        assert_eq!(ids[..2], [1, tokenizer.id("ab").unwrap()], "bos is not doubled, words join across parts");
        assert_eq!(ids.iter().filter(|id| **id == end).count(), 1);
        assert_eq!(ids.iter().filter(|id| **id == 3).count(), 1, "line breaks join across parts");
        assert!(tokenizer.is_end(end) && tokenizer.is_end(2) && !tokenizer.is_end(1));
        let mut decoder = tokenizer.decoder();
        let text: String = ids.iter().map(|id| decoder.push(*id)).collect();
        assert_eq!(text + &decoder.finish(), "ab<end_of_turn>\n\na");
    }

    #[test]
    fn characters_come_whole() {
        let tokenizer = Tokenizer::from_metadata(&mut spm()).unwrap();
        let mut decoder = tokenizer.decoder();
        let ids = tokenizer.encode("👋").unwrap();
        let deltas: Vec<String> = ids.iter().map(|id| decoder.push(*id)).collect();
        assert_eq!(deltas, ["", "", "", "👋"]);
        decoder.push(ids[0]);
        assert_eq!(decoder.finish(), "\u{fffd}");
    }

    #[test]
    fn broken_vocabularies_are_refused() {
        type Spoil = fn(&mut Metadata);
        let cases: [(Spoil, &str); 5] = [
            (|m| drop(m.remove("tokenizer.ggml.tokens")), "tokenizer.ggml.tokens is missing"),
            (|m| drop(m.remove("tokenizer.ggml.model")), "tokenizer.ggml.model is missing"),
            (|m| m.insert("tokenizer.ggml.model", Value::Text("bert".into())), "tokenizer model bert is not supported"),
            (|m| m.insert("tokenizer.ggml.scores", Value::Floats(vec![0.0])), "has 1 entries for 268 tokens"),
            (|m| m.insert("tokenizer.ggml.bos_token_id", Value::Int(268)), "is 268, beyond the vocabulary of 268"),
        ];
        for (spoil, message) in cases {
            let mut metadata = spm();
            spoil(&mut metadata);
            let error = Tokenizer::from_metadata(&mut metadata).err().unwrap().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
