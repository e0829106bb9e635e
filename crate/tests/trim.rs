//! Models with fewer tokens: the same logits for the tokens that stay, and the same base to adapters.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use gist::catalog::install::install;
use gist::catalog::{Catalog, Origin};
use gist::chat::dialogue::Dialogue;
use gist::decoder::cpu::Mode;
use gist::engine::Engine;
use gist::files::gguf::Header;
use gist::files::source::{FileSource, Source};
use gist::hash::sha256;
use gist::methods::method::Method;
use gist::model::prompt::Task;
use gist::model::tokenizer::Tokenizer;
use gist::model::trim::{KeptTokens, TokenCounts, prompt_tokens, write_trimmed};

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
    equal(&kept, &whole.logits(&ids).unwrap(), &small.logits(new_ids).unwrap());
}

/// Compares the logits of the tokens that stay.
fn equal(kept: &KeptTokens, whole: &[f32], small: &[f32]) {
    assert_eq!(small.len(), kept.ids().len());
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

#[test]
#[ignore = "needs pkg-scripts/models"]
fn the_catalog_s_trimmed_model_is_what_its_list_gives_and_adapters_do_the_same_to_it() {
    let catalog = Catalog::parse(&std::fs::read(common::data("catalog.json")).unwrap()).unwrap();
    let entry = catalog.model("gemma-3-270m-64k").unwrap();
    let Some(Origin::Trim { model, keep }) = entry.sources.first() else { panic!("it is made by gist trim") };
    let source = FileSource::open(&common::model(model)).unwrap();
    let list = std::fs::read_to_string(common::data(keep)).unwrap();
    let kept = KeptTokens::from_list(&list, &tokenizer(&source)).unwrap();
    let mut file = Vec::new();
    write_trimmed(&source, &kept, &mut file).unwrap();
    assert_eq!(Some(sha256(&file)), entry.sha256);

    let load = |source: &FileSource, id: &str| {
        let template = catalog.model(id).unwrap().template();
        let loading = async { Engine::load(source, template, Mode::Fast, 512, &mut |_, _| {}).await };
        let mut engine = pollster::block_on(loading).unwrap();
        for adapter in catalog.adapters_of(id).filter(|adapter| !adapter.is_derived()) {
            let file = std::fs::read(common::data(&adapter.path)).unwrap();
            pollster::block_on(install(&mut engine, adapter, &file)).unwrap();
        }
        engine
    };
    let trimmed = FileSource::open(&common::model(&entry.id)).unwrap();
    let (mut whole, mut small) = (load(&source, model), load(&trimmed, &entry.id));
    let task = Task::summary("en", "es").unwrap();
    let chat = "Ana: The rope on number 5 has gone.\nBen: Then we ring from 2.45.";
    let tokens = prompt_tokens(&catalog.model(model).unwrap().template().unwrap(), &whole.tokenizer).unwrap();
    assert!(tokens.iter().all(|id| kept.new_id(*id).is_some()), "the tokens of all prompts stay");
    let (ids, new_ids) = (whole.prompt(&task, chat).unwrap(), small.prompt(&task, chat).unwrap());
    let expected: Option<Vec<u32>> = ids.iter().map(|id| kept.new_id(*id)).collect();
    assert_eq!(Some(&new_ids), expected.as_ref(), "all tokens of the chat stay");
    let bare = whole.logits(&ids).unwrap();
    for method in [Method::Primary, Method::Projection, Method::JointExpert] {
        whole.set_method(method, &task).unwrap();
        small.set_method(method, &task).unwrap();
        let adapted = whole.logits(&ids).unwrap();
        assert!(bare.iter().zip(&adapted).any(|(a, b)| (a - b).abs() > 1.0), "{method} changes nothing");
        equal(&kept, &adapted, &small.logits(&new_ids).unwrap());
    }
}
