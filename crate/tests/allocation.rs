//! Memory that parsers take is bounded by the length of the file, whatever the file declares. They work on one thread,
//! so that the allocator sees all of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;
mod heap;

use common::{adapter, synthetic, tiny};
use gist::adapters::write_gguf;
use gist::adapters::{read_gguf, read_peft};
use gist::catalog::Catalog;
use gist::files::gguf::Header;
use gist::methods::correction::Correction;
use gist::methods::correction::CorrectionInfo;
use gist::model::tokenizer::Tokenizer;

/// The most bytes that `parse` holds at a time beyond those held before.
fn peak(parse: impl FnOnce()) -> usize {
    (heap::peak(parse).1 * f64::from(1 << 20)) as usize
}

#[test]
fn memory_is_bounded_by_the_length_of_the_file() {
    let config = tiny("tiny-llama-q8_0").config;
    let gguf = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = synthetic("tiny-llama-q8_0");
        change(&mut file);
        file
    };
    // Every place that declares a length, a count or a shape is set to something huge, one after the other.
    let header = gguf(&|_| {});
    let data =
        pollster::block_on(Header::read(&&header[..])).unwrap().tensors.values().map(|t| t.offset).min().unwrap();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for at in (8..data as usize - 8).step_by(1) {
        if at < 400 || at % 97 == 0 {
            for value in [u64::MAX, 1 << 40, 1 << 28] {
                let spoil = |file: &mut Vec<u8>| file[at..at + 8].copy_from_slice(&value.to_le_bytes());
                files.push((format!("GGUF with {value} at byte {at}"), gguf(&spoil)));
            }
        }
    }
    files.push(("GGUF".into(), header));
    let mut lora = Vec::new();
    write_gguf(&adapter("one", &config, 32), &config, &mut lora).unwrap();
    files.push(("GGUF LoRA".into(), lora));
    for (name, header) in [
        ("huge shape", r#"{"640x256.P1":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#),
        ("empty shape", r#"{"a":{"dtype":"F32","shape":[0,1099511627776],"data_offsets":[0,0]}}"#),
        ("no tensors", "{}"),
    ] {
        files.push((name.into(), [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()));
    }
    files.push(("long header".into(), (1_u64 << 26).to_le_bytes().to_vec()));
    files.push(("deep JSON".into(), "[".repeat(1 << 20).into_bytes()));
    files.push(("wide JSON".into(), format!("{{\"a\":[{}0]}}", "0,".repeat(1 << 18)).into_bytes()));

    for (name, file) in &files {
        let parse = || {
            if let Ok(mut header) = pollster::block_on(Header::read(&&file[..])) {
                let _ = Tokenizer::from_metadata(&mut header.metadata);
            }
            let _ = pollster::block_on(read_gguf(name, file, &config));
            let _ = read_peft(name, file, file, &config);
            let _ = CorrectionInfo::of(file);
            let _ = Correction::read(name, file, &config);
            let _ = Catalog::parse(file);
        };
        let taken = peak(parse);
        // JSON values are up to 32 bytes for two of text and their vector grows by doubling; Q8_0 values are four times
        // as long in f32 and copied once; the tokenizer's fixed tables and patterns are below 24 MB.
        let bound = 64 * file.len() + (24 << 20);
        assert!(taken <= bound, "{name}: {taken} bytes for a file of {}", file.len());
    }
}
