//! A GGUF LoRA.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use gist::adapters::read_gguf;
use gist::adapters::write_gguf;
use gist::methods::merge;
use gist::model::config::ModelConfig;
use gist_fuzz::{accepted, adapter, check, now, seed, config};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<ModelConfig> = LazyLock::new(config);

fn write_seed() {
    let mut file = Cursor::new(Vec::new());
    write_gguf(&adapter(&CONFIG), &CONFIG, &mut file).expect("it can be written");
    seed("gguf_lora", "adapter", file.get_ref());
}

fuzz_target!(init: write_seed(), |data: &[u8]| {
    if let Some(adapter) = accepted(now(read_gguf("input", data, &CONFIG))) {
        check(&merge::single(&adapter), &CONFIG);
    }
});
