//! A GGUF LoRA.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use gist::adapter::{Adapter, write_gguf};
use gist::merge;
use gist::spec::Spec;
use gist_fuzz::{accepted, adapter, check, now, seed, spec};
use libfuzzer_sys::fuzz_target;

static SPEC: LazyLock<Spec> = LazyLock::new(spec);

fn write_seed() {
    let mut file = Cursor::new(Vec::new());
    write_gguf(&adapter(&SPEC), &SPEC, &mut file).expect("it can be written");
    seed("gguf_lora", "adapter", file.get_ref());
}

fuzz_target!(init: write_seed(), |data: &[u8]| {
    if let Some(adapter) = accepted(now(Adapter::from_gguf("input", data, &SPEC))) {
        check(&merge::single(&adapter), &SPEC);
    }
});
