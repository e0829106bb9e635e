//! A model with fewer tokens: the rows of its embedding that a set of languages needs, and a tokenizer that knows only those.
//!
//! Kept tokens are closed under merging: with each of them stay all pieces that merging makes on the way to it
//! ([`Tokenizer::path`]). Whichever text is tokenised into kept tokens alone by the whole vocabulary is therefore tokenised
//! into the same ones by the trimmed one, since each of its merges is still there and no new one is; any other text comes
//! in smaller pieces or bytes.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::Write;

use sha2::{Digest, Sha256};
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

use crate::error::Result;
use crate::files::gguf::{self, Entry, Header, Metadata, Strings, TensorInfo, Value, Version};
use crate::files::source::Source;
use crate::hash::{hex, sha256};
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::prompt::{Task, Template, languages};
use crate::model::tokenizer::{TokenKind, Tokenizer};
use crate::model::weights::VOCABULARY;

/// Bytes that are copied at once.
const COPY_BYTES: u64 = 1 << 20;

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
    /// Chooses at most `limit` tokens: control and byte tokens; single characters of the Latin script, digits, punctuation
    /// and emoji; those of `prompts`; then the most frequent of `counts`. With each of them stays what merging makes on the
    /// way to it.
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
    /// If a line is no number and no range of numbers, the numbers do not ascend, one is not in the vocabulary, a token that
    /// has to stay is missing, or one that merging makes on the way to a token of the list is.
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
    fn pick<T: Copy>(&self, list: &[T]) -> Vec<T> {
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

/// Returns the tokens of the prompts for all tasks between all languages, but for the text, in the frame `template`. Each
/// summary begins with them: a model that had others in their place would not be told what it was trained to do.
///
/// # Errors
/// If the template cannot be rendered.
pub fn prompt_tokens(template: &Template, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    let mut tokens = Vec::new();
    for (from, to) in languages().flat_map(|from| languages().map(move |to| (from, to))) {
        let translation = if from == to { None } else { Some(Task::translation(from, to)?) };
        for task in std::iter::once(Task::summary(from, to)?).chain(translation) {
            tokens.extend(template.encode(&task, "", tokenizer)?);
        }
    }
    Ok(tokens)
}

/// Tells whether no vocabulary can do without token `id`: templates write control tokens, and bytes write what has no token.
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

/// Tells whether token `id` stays whatever a corpus holds: [`must_stay`], and what any text of the languages may be made of.
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
fn is_common(character: char) -> bool {
    let latin = matches!(character, 'A'..='Z' | 'a'..='z' | '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    let group = character.general_category_group();
    latin
        || character.is_ascii_digit()
        || matches!(group, GeneralCategoryGroup::Punctuation)
        || character == '▁'
        || (character < '\u{2300}' && group == GeneralCategoryGroup::Symbol)
}

/// Tells whether `piece` is an emoji, or several, with what joins and modifies them.
fn is_emoji(piece: &str) -> bool {
    let joins = |character: char| matches!(character, '\u{200d}' | '\u{fe0f}' | '\u{20e3}');
    piece.chars().all(|character| (character.is_emoji_char() && !character.is_ascii()) || joins(character))
        && piece.chars().any(|character| !joins(character))
}

/// Writes the model in `source` with the tokens of `kept` alone, as a GGUF file. Rows of the embedding, and of a head of its
/// own, are copied as they are; all other tensors are the same bytes. The metadata name the whole file by its SHA-256.
///
/// # Errors
/// If `source` is no model, or cannot be read, or `out` cannot be written to.
pub fn write_trimmed(source: &impl Source, kept: &KeptTokens, out: &mut impl Write) -> Result<()> {
    let header = pollster::block_on(Header::read(source))?;
    let config = ModelConfig::from_header(&header)?;
    let has_vocabulary_rows = |name: &str| VOCABULARY.contains(&name);
    let mut tensors: Vec<(&str, &TensorInfo, Vec<usize>)> = Vec::new();
    for (name, info) in &header.tensors {
        let mut shape = info.shape.clone();
        if has_vocabulary_rows(name) {
            if shape.first() != Some(&config.vocab_size) {
                return Err(input!(
                    "tensor {name} has shape {shape:?}, not a row for each of {} tokens",
                    config.vocab_size
                ));
            }
            shape[0] = kept.0.len();
        }
        tensors.push((name, info, shape));
    }
    tensors.sort_by_key(|(_, info, _)| info.offset);
    let entries: Vec<Entry<'_>> =
        tensors.iter().map(|(name, info, shape)| Entry { name, shape, dtype: info.dtype }).collect();
    let mut digest = Sha256::new();
    for_pieces(source, 0, source.len(), |piece| {
        digest.update(piece);
        Ok(())
    })?;
    let metadata = trimmed_metadata(&header.metadata, hex(&digest.finalize()), kept)?;
    gguf::write(out, Version::V3, &metadata, &entries, |i, out| {
        let (name, info, _) = &tensors[i];
        let row_bytes = info.bytes / config.vocab_size as u64;
        let runs: Vec<(u64, u64)> = match has_vocabulary_rows(name) {
            true => runs(&kept.0)
                .map(|run| (info.offset + u64::from(run[0]) * row_bytes, run.len() as u64 * row_bytes))
                .collect(),
            false => vec![(info.offset, info.bytes)],
        };
        runs.into_iter().try_for_each(|(offset, bytes)| {
            for_pieces(source, offset, bytes, |piece| Ok(out.write_all(piece)?)).map_err(|error| error.at(name))
        })
    })
}

/// Calls `take` with the `bytes` bytes of `source` from `offset` on, a piece at a time.
fn for_pieces(source: &impl Source, offset: u64, bytes: u64, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut buffer = vec![0; bytes.min(COPY_BYTES) as usize];
    let end = offset + bytes;
    for start in (offset..end).step_by(COPY_BYTES as usize) {
        let piece = &mut buffer[..(end - start).min(COPY_BYTES) as usize];
        pollster::block_on(source.read(start, piece))?;
        take(piece)?;
    }
    Ok(())
}

/// Returns the metadata of the whole model with the vocabulary of `kept`, and with the keys that say so: `gist.trim.source_sha256`,
/// `gist.trim.source_tokens` and `gist.trim.list_sha256`.
fn trimmed_metadata(whole: &Metadata, source_sha256: String, kept: &KeptTokens) -> Result<Vec<(String, Value)>> {
    let all = whole.strings("tokenizer.ggml.tokens")?;
    let tokens = all.map_or(0, Strings::len);
    let pieces: HashSet<&str> =
        all.into_iter().flat_map(|all| kept.0.iter().filter_map(|id| all.get(*id as usize))).collect();
    let mut metadata = Vec::new();
    for (key, value) in whole.iter() {
        let value = match (key, value) {
            ("tokenizer.ggml.merges", Value::Strings(merges)) => {
                Value::Strings(merges.iter().filter(|merge| joins_known(merge, &pieces)).collect())
            }
            // Arrays with an entry for each token: pieces, scores, types.
            (_, Value::Strings(list)) if list.len() == tokens => {
                Value::Strings(kept.0.iter().filter_map(|id| list.get(*id as usize)).collect())
            }
            (_, Value::Floats(list)) if list.len() == tokens => Value::Floats(kept.pick(list)),
            (_, Value::Ints(list)) if list.len() == tokens => Value::Ints(kept.pick(list)),
            (_, Value::Int(id)) if key.starts_with("tokenizer.ggml.") && key.ends_with("_token_id") => {
                // A token that the model has no more, such as a mask: nothing asks for it.
                let Some(id) = u32::try_from(*id).ok().and_then(|id| kept.new_id(id)) else { continue };
                Value::Int(i64::from(id))
            }
            (_, Value::Int(_)) if key.ends_with(".vocab_size") => Value::Int(kept.0.len() as i64),
            ("general.alignment", _) => continue,
            _ => value.clone(),
        };
        metadata.push((key.to_owned(), value));
    }
    let text = |key: &str, value: String| (key.to_owned(), Value::Text(value));
    metadata.push(text("gist.trim.list_sha256", sha256(kept.to_list().as_bytes())));
    metadata.push(text("gist.trim.source_sha256", source_sha256));
    metadata.push(("gist.trim.source_tokens".to_owned(), Value::Int(tokens as i64)));
    Ok(metadata)
}

/// Tells whether both halves of a BPE merge, and what they make, are among `pieces`.
fn joins_known(merge: &str, pieces: &HashSet<&str>) -> bool {
    // The space that separates the halves is not at the start: a piece may be a character that looks like one.
    let halves = merge.char_indices().skip(1).find(|(_, c)| *c == ' ').map(|(at, _)| (&merge[..at], &merge[at + 1..]));
    halves.is_some_and(|(left, right)| {
        pieces.contains(left) && pieces.contains(right) && pieces.contains(format!("{left}{right}").as_str())
    })
}

/// Splits `ids`, which ascend, into runs of consecutive ones.
fn runs(ids: &[u32]) -> impl Iterator<Item = &[u32]> {
    ids.chunk_by(|one, next| one + 1 == *next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random;
    use crate::synth::bytes::byte_characters;

    /// Letters that the vocabularies below are made of; `é` is a token of its own in none of them.
    const LETTERS: [&str; 5] = ["a", "b", "c", " ", "é"];

    /// A vocabulary of all words of up to three of `letters`, in random order, in which later words merge later.
    fn words(letters: &[&str], seed: &str) -> Vec<String> {
        let mut words: Vec<String> = letters.iter().map(|letter| (*letter).to_owned()).collect();
        for _ in 0..2 {
            let longer = words.iter().flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")));
            words = words.iter().cloned().chain(longer).collect::<BTreeSet<_>>().into_iter().collect();
        }
        let keys = random(seed, words.len(), 0.0, 1.0);
        // Single letters first, words of two and three letters mixed: merges of three may come before merges of two.
        let mut keyed: Vec<(bool, f32, String)> =
            words.into_iter().zip(keys).map(|(word, key)| (word.chars().count() > 1, key, word)).collect();
        keyed.sort_by(|one, other| one.partial_cmp(other).unwrap());
        keyed.into_iter().map(|(.., word)| word).collect()
    }

    fn spm(seed: &str) -> Metadata {
        let mut pieces = vec!["<unk>".to_owned(), "<bos>".to_owned(), "<unused0>".to_owned(), "bb".to_owned() + "\n"];
        let mut kinds = vec![2, 3, 3, 4];
        for byte in 0..=255 {
            pieces.push(format!("<0x{byte:02X}>"));
            kinds.push(6);
        }
        pieces.extend(words(&["a", "b", "c", "▁"], seed));
        kinds.resize(pieces.len(), 1);
        let scores = (0..pieces.len()).map(|i| -(i as f32)).collect();
        let mut metadata = Metadata::default();
        metadata.insert("tokenizer.ggml.model", Value::Text("llama".into()));
        metadata.insert("tokenizer.ggml.tokens", Value::Strings(pieces.iter().map(String::as_str).collect()));
        metadata.insert("tokenizer.ggml.scores", Value::Floats(scores));
        metadata.insert("tokenizer.ggml.token_type", Value::Ints(kinds));
        metadata.insert("tokenizer.ggml.bos_token_id", Value::Int(1));
        metadata.insert("tokenizer.ggml.mask_token_id", Value::Int(2));
        metadata.insert("tokenizer.ggml.add_space_prefix", Value::Bool(false));
        metadata
    }

    fn bpe(seed: &str) -> Metadata {
        let mut pieces: Vec<String> = byte_characters().map(String::from).to_vec(); // a space is Ġ
        let words = words(&["a", "b", "c", "Ġ"], seed);
        let merges: Vec<String> = words
            .iter()
            .filter(|word| word.chars().count() > 1)
            .flat_map(|word| {
                let cuts = word.char_indices().skip(1).map(|(at, _)| at);
                cuts.map(|at| format!("{} {}", &word[..at], &word[at..])).collect::<Vec<_>>()
            })
            .collect();
        pieces.extend(words.into_iter().filter(|word| word.chars().count() > 1));
        pieces.push("<|end|>".to_owned());
        let mut kinds = vec![1; pieces.len()];
        kinds[pieces.len() - 1] = 3;
        let mut metadata = Metadata::default();
        metadata.insert("tokenizer.ggml.model", Value::Text("gpt2".into()));
        metadata.insert("tokenizer.ggml.pre", Value::Text("llama-bpe".into()));
        metadata.insert("tokenizer.ggml.eos_token_id", Value::Int(pieces.len() as i64 - 1));
        metadata.insert("tokenizer.ggml.tokens", Value::Strings(pieces.iter().map(String::as_str).collect()));
        metadata.insert("tokenizer.ggml.token_type", Value::Ints(kinds));
        metadata.insert("tokenizer.ggml.merges", Value::Strings(merges.iter().map(String::as_str).collect()));
        metadata
    }

    fn tokenizer(metadata: &Metadata) -> Tokenizer {
        Tokenizer::from_metadata(&mut metadata.clone()).unwrap()
    }

    fn trimmed(metadata: &Metadata, kept: &KeptTokens) -> Tokenizer {
        let mut trimmed = Metadata::default();
        for (key, value) in trimmed_metadata(metadata, String::new(), kept).unwrap() {
            trimmed.insert(&key, value);
        }
        Tokenizer::from_metadata(&mut trimmed).unwrap()
    }

    fn text(seed: &str, length: usize) -> String {
        let numbers = random(seed, length, 0.5, 0.5);
        numbers.iter().map(|x| LETTERS[((x * LETTERS.len() as f32) as usize).min(LETTERS.len() - 1)]).collect()
    }

    fn decoded(tokenizer: &Tokenizer, ids: &[u32]) -> String {
        let mut decoder = tokenizer.decoder();
        let text: String = ids.iter().map(|id| decoder.push(*id)).collect();
        text + &decoder.finish()
    }

    #[test]
    fn texts_of_kept_tokens_have_the_same_ones_and_other_texts_come_back() {
        let (mut same, mut other) = (0, 0);
        for seed in 0..12 {
            for metadata in [spm(&format!("spm {seed}")), bpe(&format!("bpe {seed}"))] {
                let whole = tokenizer(&metadata);
                let mut counts = TokenCounts::new(&whole);
                for line in 0..10 {
                    counts.add(&whole, &text(&format!("corpus {seed} {line}"), 8)).unwrap();
                }
                let kept = KeptTokens::most_frequent(&whole, &[], &counts, whole.vocab_size() - 60).unwrap();
                let small = trimmed(&metadata, &kept);
                assert_eq!(small.vocab_size(), kept.ids().len());
                for number in 0..400 {
                    let text = text(&format!("text {seed} {number}"), 1 + number % 17);
                    let ids = whole.encode(&text).unwrap();
                    let expected: Option<Vec<u32>> = ids.iter().map(|id| kept.new_id(*id)).collect();
                    let found = small.encode(&text).unwrap();
                    match expected {
                        Some(expected) => assert_eq!(found, expected, "{text}"),
                        None => other += 1,
                    }
                    same += usize::from(found.len() == ids.len());
                    assert_eq!(decoded(&small, &found), text);
                }
            }
        }
        assert!(same > 1000 && other > 1000, "{same} texts with and {other} without kept tokens alone");
    }

    #[test]
    fn what_a_template_needs_stays_and_what_no_model_knows_goes() {
        let metadata = spm("spm");
        let whole = tokenizer(&metadata);
        let kept = KeptTokens::most_frequent(&whole, &[], &TokenCounts::new(&whole), 300).unwrap();
        let small = trimmed(&metadata, &kept);
        let stays = |piece: &str| small.id(piece).is_some();
        assert!(["<unk>", "<bos>", "<0x00>", "<0xFF>", "a", "▁"].into_iter().all(stays));
        assert!(!stays("<unused0>") && !stays("bb\n"));
        assert_eq!(small.bos(), small.id("<bos>"));
        let prompt = whole.encode("ab").unwrap();
        let kept = KeptTokens::most_frequent(&whole, &prompt, &TokenCounts::new(&whole), 300).unwrap();
        assert!(prompt.iter().all(|id| kept.new_id(*id).is_some()) && small.id("ab").is_none());
        let error = KeptTokens::most_frequent(&whole, &[], &TokenCounts::new(&whole), 10).unwrap_err().to_string();
        assert_eq!(error, "262 tokens have to stay, more than the 10 that were asked for");
    }

    #[test]
    fn emoji_and_latin_letters_are_told_from_other_characters() {
        assert!(["😀", "👍🏽", "❤\u{fe0f}", "👩\u{200d}🚒", "☕"].into_iter().all(is_emoji));
        assert!(!["a", "1", "漢", "\u{200d}", ":)"].into_iter().any(is_emoji));
        assert!(['ñ', 'ß', 'œ', 'Ÿ', '¿', '»', '€', '—', '7', '▁'].into_iter().all(is_common));
        assert!(!['я', '漢', 'ع', '⥤'].into_iter().any(is_common));
    }

    #[test]
    fn a_list_is_read_back_and_a_wrong_one_refused() {
        let whole = tokenizer(&spm("spm"));
        let kept = KeptTokens::most_frequent(&whole, &[], &TokenCounts::new(&whole), 300).unwrap();
        let list = kept.to_list();
        assert!(list.starts_with("0-1\n4-"), "{list}");
        assert_eq!(KeptTokens::from_list(&format!("# kept\n{list}"), &whole).unwrap(), kept);
        for (list, message) in [
            ("0-1\nx", "line 2 is x, not a token's number or a range such as 5-9"),
            ("5\n4", "line 2: the numbers of a list have to ascend"),
            ("9-5", "line 1: the numbers of a list have to ascend"),
            ("9999", "line 1: the vocabulary has 344 tokens and no 9999"),
            ("1-300", "token 0, <unk>, has to stay"),
        ] {
            assert_eq!(KeptTokens::from_list(list, &whole).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_list_that_is_not_closed_under_merging_is_refused() {
        for metadata in [spm("spm"), bpe("bpe")] {
            let whole = tokenizer(&metadata);
            let piece = ["▁ab", "Ġab"].into_iter().find(|piece| whole.id(piece).is_some()).unwrap();
            let id = whole.id(piece).unwrap();
            let parts = whole.path(id);
            let stays = |ids: &[u32]| {
                let mut kept = KeptTokens::most_frequent(&whole, &[], &TokenCounts::new(&whole), 300).unwrap().0;
                kept.extend(ids);
                kept.sort_unstable();
                kept.dedup();
                KeptTokens::from_list(&KeptTokens(kept).to_list(), &whole)
            };
            assert!(stays(&parts).unwrap().new_id(id).is_some());
            let middle = parts[parts.len() - 2];
            assert_eq!(
                stays(&[id]).unwrap_err().to_string(),
                format!("token {id}, {piece}, is merged from {middle}, {}, which has to stay too", whole.piece(middle))
            );
        }
    }
}
