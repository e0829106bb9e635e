//! A PEFT folder: two bytes say how long `adapter_config.json` is, `adapter_model.safetensors` follows it.
#![no_main]

use std::sync::LazyLock;

use gist::adapter::{Adapter, write_peft};
use gist::spec::Spec;
use gist_fuzz::{accepted, adapter, seed, spec};
use libfuzzer_sys::fuzz_target;

static SPEC: LazyLock<Spec> = LazyLock::new(spec);

fn write_seed() {
    let [config, tensors] = write_peft(&adapter(&SPEC), &SPEC, "base").expect("it can be written");
    seed("peft", "adapter", &[&(config.len() as u16).to_le_bytes(), &config[..], &tensors].concat());
}

fuzz_target!(init: write_seed(), |data: &[u8]| {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let (config, tensors) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
    if let Some(adapter) = accepted(Adapter::from_peft("input", config, tensors, &SPEC)) {
        // What was read can be written, and read again.
        let [config, tensors] = write_peft(&adapter, &SPEC, "base").expect("it can be written");
        assert_eq!(Adapter::from_peft("input", &config, &tensors, &SPEC).expect("its own file").rank, adapter.rank);
    }
});
