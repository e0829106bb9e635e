//! Memory that parsers take is bounded by the length of the file, whatever the file declares. One test, since the
//! allocator counts for the whole process.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{adapter, tiny};
use gist::adapters::write_gguf;
use gist::adapters::{read_gguf, read_peft};
use gist::catalog::Catalog;
use gist::files::gguf::Header;
use gist::methods::correction::Correction;
use gist::methods::correction::CorrectionInfo;
use gist::model::tokenizer::Tokenizer;
use gist::synth;

/// The system's allocator, with the bytes in use and their peak.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `parse` holds at a time beyond those held before.
fn peak(parse: impl FnOnce()) -> usize {
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    parse();
    PEAK.load(Ordering::Relaxed) - before
}

#[test]
fn memory_is_bounded_by_the_length_of_the_file() {
    let config = tiny("tiny-llama-q8_0").config;
    let gguf = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = std::io::Cursor::new(Vec::new());
        synth::write("tiny-llama-q8_0", &mut file).unwrap();
        let mut file = file.into_inner();
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
    let mut lora = std::io::Cursor::new(Vec::new());
    write_gguf(&adapter("one", &config, 32), &config, &mut lora).unwrap();
    files.push(("GGUF LoRA".into(), lora.into_inner()));
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
