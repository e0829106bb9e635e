//! A PEFT folder: two bytes say how long `adapter_config.json` is, `adapter_model.safetensors` follows it.
#![no_main]

use std::sync::LazyLock;

use gist::adapters::read_peft;
use gist::adapters::write_peft;
use gist::model::config::ModelConfig;
use gist_fuzz::{accepted, adapter, seed, config};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<ModelConfig> = LazyLock::new(config);

fn write_seed() {
    let [peft_config, tensors] = write_peft(&adapter(&CONFIG), &CONFIG, "base").expect("it can be written");
    seed("peft", "adapter", &[&(peft_config.len() as u16).to_le_bytes(), &peft_config[..], &tensors].concat());
}

fuzz_target!(init: write_seed(), |data: &[u8]| {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let (peft_config, tensors) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
    if let Some(adapter) = accepted(read_peft("input", peft_config, tensors, &CONFIG)) {
        // What was read can be written, and read again.
        let [peft_config, tensors] = write_peft(&adapter, &CONFIG, "base").expect("it can be written");
        assert_eq!(read_peft("input", &peft_config, &tensors, &CONFIG).expect("its own file").rank, adapter.rank);
    }
});
