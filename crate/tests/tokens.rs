//! The tokenizer against llama.cpp, and what it costs, with the real vocabularies.
//!
//! `goldens/tokens.json` holds llama.cpp's tokens of each text, special tokens parsed, without BOS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod heap;

use std::time::Instant;

use gist::files::gguf::Header;
use gist::files::source::FileSource;
use gist::model::tokenizer::{Part, Tokenizer};

const GEMMA: &str = "gemma-3-270m";
const SMOLLM: &str = "smollm2-135m";

fn header(model: &str) -> Header {
    pollster::block_on(Header::read(&FileSource::open(&common::model(model)).unwrap())).unwrap()
}

fn tokenizer(model: &str) -> Tokenizer {
    Tokenizer::from_metadata(&mut header(model).metadata).unwrap()
}

fn decode(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let mut decoder = tokenizer.decoder();
    let mut text: String = ids.iter().map(|&id| decoder.push(id)).collect();
    text.push_str(&decoder.finish());
    text
}

fn equals_goldens(model: &str) {
    let tokenizer = tokenizer(model);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/tokens.json");
    let goldens: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let goldens = goldens[model].as_array().unwrap();
    assert!(!goldens.is_empty());
    let mut wrong = Vec::new();
    for golden in goldens {
        let text = golden["text"].as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(golden["tokens"].clone()).unwrap();
        let ids = tokenizer.encode(text).unwrap();
        if ids != expected {
            wrong.push(format!("{text:?}\n  is       {ids:?}\n  not as in llama.cpp {expected:?}"));
        }
        // Without control tokens nothing is lost, and cutting a text in parts changes nothing.
        let plain = tokenizer.encode_prompt(&[Part::Plain(text)]).unwrap();
        let plain = &plain[usize::from(tokenizer.bos().is_some())..];
        assert_eq!(decode(&tokenizer, plain), text, "user text comes back as it was");
        if plain == ids {
            let middle = text.floor_char_boundary(text.len() / 2);
            let parts = [Part::Plain(&text[..middle]), Part::Markup(&text[middle..])];
            let joined = tokenizer.encode_prompt(&parts).unwrap();
            assert_eq!(&joined[usize::from(tokenizer.bos().is_some())..], ids);
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts differ:\n{}", wrong.len(), goldens.len(), wrong.join("\n"));
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn gemma_equals_llama_cpp() {
    equals_goldens(GEMMA);
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn smollm_equals_llama_cpp() {
    equals_goldens(SMOLLM);
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn ends_and_starts_are_the_models() {
    let gemma = tokenizer(GEMMA);
    assert_eq!((gemma.bos(), gemma.bos_piece(), gemma.eos_piece()), (Some(2), "<bos>", "<eos>"));
    let end = gemma.id("<end_of_turn>").unwrap();
    assert!(gemma.is_end(end) && gemma.is_end(1) && !gemma.is_end(gemma.id("<start_of_turn>").unwrap()));
    let smollm = tokenizer(SMOLLM);
    assert_eq!((smollm.bos(), smollm.bos_piece(), smollm.eos_piece()), (None, "<|im_start|>", "<|im_end|>"));
    assert!(smollm.is_end(2) && smollm.is_end(0) && !smollm.is_end(1));
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn gemma_is_built_in_little_time_and_memory() {
    let mut metadata = header(GEMMA).metadata;
    let start = Instant::now();
    let allocations = heap::allocations();
    // The arrays were the metadata's: what it no longer holds counts against what the tokenizer took.
    let (tokenizer, peak) = heap::peak(|| Tokenizer::from_metadata(&mut metadata).unwrap());
    let (seconds, allocations) = (start.elapsed().as_secs_f64(), heap::allocations() - allocations);
    drop(metadata);
    let held = heap::held(tokenizer);
    println!(
        "built in {seconds:.3} s with {allocations} allocations; {held:.1} MiB held, at most {peak:.1} MiB on top of the \
         metadata meanwhile"
    );
    assert!(held < 15.0 && peak < 15.0, "{held:.1} MiB held, {peak:.1} MiB on top");
    // Time depends on what else the machine does. What made building slow was an allocation for each of 262,144 tokens.
    assert!(allocations < 10_000, "{allocations} allocations");
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn megabytes_take_seconds() {
    let chat =
        "Ana: ¿quedamos a las 17:30?  Übrigens, “l'été” isn't over 😀\nBen: sure — see https://example.org/a_b?c=1\n\n";
    let texts =
        [chat.repeat(5_000_000 / chat.len()), "a".repeat(2_000_000), "\n ".repeat(1_000_000), "見".repeat(300_000)];
    for (model, least) in [(GEMMA, 0.1), (SMOLLM, 0.1)] {
        let tokenizer = tokenizer(model);
        for text in &texts {
            let start = Instant::now();
            let (ids, peak) = heap::peak(|| tokenizer.encode(text).unwrap());
            let seconds = start.elapsed().as_secs_f64();
            println!("{model}: {} bytes, {} tokens, {seconds:.2} s, {peak:.0} MiB", text.len(), ids.len());
            assert!(ids.len() as f64 > least * text.len() as f64 / 10.0);
            assert!(seconds < 20.0, "{seconds} s"); // seconds, not the hours of a quadratic loop
            assert_eq!(&decode(&tokenizer, &ids), text);
        }
    }
}
