//! A model with fewer tokens: the rows of its embedding that a set of languages needs, and a
//! tokenizer that knows only those.
//!
//! Kept tokens are closed under merging: with each of them stay all pieces that merging makes on the way to it
//! ([`Tokenizer::path`](crate::model::tokenizer::Tokenizer::path)). Whichever text is tokenised into kept tokens alone
//! by the whole vocabulary is therefore tokenised into the same ones by the trimmed one, since each of its merges is
//! still there and no new one is; any other text comes in smaller pieces or bytes.

mod kept;

use std::collections::HashSet;
use std::io::Write;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::files::gguf::{self, Entry, Header, Metadata, Strings, TensorInfo, Value, Version};
use crate::files::source::Source;
use crate::hash::{hex, sha256};
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::weights::VOCABULARY;

use kept::runs;
pub use kept::{KeptTokens, TokenCounts, prompt_tokens};

/// Bytes that are copied at once.
const COPY_BYTES: u64 = 1 << 20;

/// Writes the model in `source` with the tokens of `kept` alone, as a GGUF file. Rows of the embedding, and of
/// a head of its own, are copied as they are; all other tensors are the same bytes. The metadata name the
/// whole file by its SHA-256.
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
            shape[0] = kept.ids().len();
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
            true => runs(kept.ids())
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

/// Returns the metadata of the whole model with the vocabulary of `kept`, and with the keys that say so:
/// `gist.trim.source_sha256`, `gist.trim.source_tokens` and `gist.trim.list_sha256`.
fn trimmed_metadata(whole: &Metadata, source_sha256: String, kept: &KeptTokens) -> Result<Vec<(String, Value)>> {
    let all = whole.strings("tokenizer.ggml.tokens")?;
    let tokens = all.map_or(0, Strings::len);
    let pieces: HashSet<&str> =
        all.into_iter().flat_map(|all| kept.ids().iter().filter_map(|id| all.get(*id as usize))).collect();
    let mut metadata = Vec::new();
    for (key, value) in whole.iter() {
        let value = match (key, value) {
            ("tokenizer.ggml.merges", Value::Strings(merges)) => {
                Value::Strings(merges.iter().filter(|merge| joins_known(merge, &pieces)).collect())
            }
            // Arrays with an entry for each token: pieces, scores, types.
            (_, Value::Strings(list)) if list.len() == tokens => {
                Value::Strings(kept.ids().iter().filter_map(|id| list.get(*id as usize)).collect())
            }
            (_, Value::Floats(list)) if list.len() == tokens => Value::Floats(kept.pick(list)),
            (_, Value::Ints(list)) if list.len() == tokens => Value::Ints(kept.pick(list)),
            (_, Value::Int(id)) if key.starts_with("tokenizer.ggml.") && key.ends_with("_token_id") => {
                // A token that the model has no more, such as a mask: nothing asks for it.
                let Some(id) = u32::try_from(*id).ok().and_then(|id| kept.new_id(id)) else { continue };
                Value::Int(i64::from(id))
            }
            (_, Value::Int(_)) if key.ends_with(".vocab_size") => Value::Int(kept.ids().len() as i64),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::kept::{is_common, is_emoji};
    use super::*;
    use crate::model::tokenizer::{Tokenizer, testing};
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
        let words = words(&["a", "b", "c", "▁"], seed);
        let mut pieces = vec!["<unused0>", "bb\n"];
        pieces.extend(words.iter().map(String::as_str));
        let mut metadata = testing::spm(&pieces);
        metadata.insert("tokenizer.ggml.mask_token_id", Value::Int(i64::from(testing::FIRST)));
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
        assert_eq!(error, "264 tokens have to stay, more than the 10 that were asked for");
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
        assert!(list.starts_with("0-259\n262-"), "{list}");
        assert_eq!(KeptTokens::from_list(&format!("# kept\n{list}"), &whole).unwrap(), kept);
        for (list, message) in [
            ("0-1\nx", "line 2 is x, not a token's number or a range such as 5-9"),
            ("5\n4", "line 2: the numbers of a list have to ascend"),
            ("9-5", "line 1: the numbers of a list have to ascend"),
            ("9999", "line 1: the vocabulary has 346 tokens and no 9999"),
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
                let kept = KeptTokens::most_frequent(&whole, &[], &TokenCounts::new(&whole), 300).unwrap();
                let ids: BTreeSet<u32> = kept.ids().iter().chain(ids).copied().collect();
                let list: String = ids.iter().map(|id| format!("{id}\n")).collect();
                KeptTokens::from_list(&list, &whole)
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
