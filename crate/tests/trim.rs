//! Models with fewer tokens: the same logits for the tokens that stay, and the same base to adapters.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use gist::chat::dialogue::Dialogue;
use gist::decoder::cpu::Mode;
use gist::engine::Engine;
use gist::files::gguf::Header;
use gist::files::source::{FileSource, Source};
use gist::model::tokenizer::Tokenizer;
use gist::model::trim::{KeptTokens, TokenCounts, write_trimmed};

/// Number of tokens that stay: few enough that many texts come out in smaller pieces.
const KEPT: usize = 16_384;

fn load(source: &impl Source) -> Engine {
    pollster::block_on(Engine::load(source, None, Mode::Fast, 128, &mut |_, _| {})).unwrap()
}

fn tokenizer(source: &impl Source) -> Tokenizer {
    Tokenizer::from_metadata(&mut pollster::block_on(Header::read(source)).unwrap().metadata).unwrap()
}

fn dialogues(file: &str) -> Vec<Dialogue> {
    let text = std::fs::read_to_string(common::data(&format!("dialogues/{file}.jsonl"))).unwrap();
    text.lines().map(|line| Dialogue::parse(line).unwrap()).collect()
}

fn count(tokenizer: &Tokenizer, file: &str) -> TokenCounts {
    let mut counts = TokenCounts::new(tokenizer);
    for dialogue in dialogues(file) {
        counts.add(tokenizer, &dialogue.chat()).unwrap();
        dialogue.summary.values().for_each(|summary| counts.add(tokenizer, summary).unwrap());
    }
    counts
}

/// Trims `model` by the training dialogues and compares it with the whole one on those of val, of whose tokens at least
/// `share` have to be among those that stay.
fn compare(model: &str, share: f64) {
    let source = FileSource::open(&common::model(model)).unwrap();
    let whole = tokenizer(&source);
    let kept = KeptTokens::most_frequent(&whole, &[], &count(&whole, "train"), KEPT).unwrap();
    let mut file = Vec::new();
    write_trimmed(&source, &kept, &mut file).unwrap();
    let small = tokenizer(&&file[..]);
    assert_eq!(small.vocab_size(), kept.ids().len());

    let (all, same) = count(&whole, "val").coverage(&kept);
    assert!(same as f64 > share * all as f64, "{same} of {all} tokens stay");
    let (mut unchanged, mut changed) = (Vec::new(), 0);
    for dialogue in dialogues("val") {
        for text in dialogue.turns.iter().map(|turn| &turn.text) {
            let expected: Option<Vec<u32>> = whole.encode(text).unwrap().iter().map(|id| kept.new_id(*id)).collect();
            let found = small.encode(text).unwrap();
            match expected {
                Some(expected) => {
                    assert_eq!(found, expected, "{text}");
                    unchanged.push((text.clone(), found.clone()));
                }
                None => changed += 1,
            }
            let mut decoder = small.decoder();
            let back: String = found.iter().map(|id| decoder.push(*id)).collect();
            assert_eq!(&(back + &decoder.finish()), text);
        }
    }
    assert!(
        unchanged.len() > 100 && changed > 100,
        "{} texts have the same tokens and {changed} others",
        unchanged.len()
    );

    let (mut whole, mut small) = (load(&source), load(&&file[..]));
    assert_eq!(small.base, whole.base, "adapters are made for either");
    let (text, new_ids) = unchanged.iter().max_by_key(|(_, ids)| ids.len()).unwrap();
    let ids = whole.tokenizer.encode(text).unwrap();
    let (whole, small) = (whole.logits(&ids).unwrap(), small.logits(new_ids).unwrap());
    for (id, logit) in kept.ids().iter().zip(small) {
        // The same row times the same activations; other rows beside it can change the order of additions.
        assert!((logit - whole[*id as usize]).abs() < 1e-3, "token {id}: {logit} and {}", whole[*id as usize]);
    }
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn a_sentencepiece_model_is_the_same_for_the_tokens_that_stay() {
    compare("gemma-3-270m", 0.90);
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn a_byte_level_model_is_the_same_for_the_tokens_that_stay() {
    compare("smollm2-135m", 0.95);
}
