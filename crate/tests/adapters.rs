//! Adapters as other tools make and read them: PEFT's folders, and one that `gist merge` made, against PEFT's own forward;
//! GGUF LoRAs that `gist export` made, against llama.cpp's.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;
use std::path::Path;

use common::{divergence, largest_difference, tiny_in};
use gist::adapters::{LoraAdapter, PEFT_FILES, write_gguf, write_peft};
use gist::adapters::{read_gguf, read_peft};
use gist::decoder::cpu::Mode;
use gist::methods::merge;
use gist::model::config::ModelConfig;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    model: String,
    #[serde(default)]
    adapter: String,
    tokens: Vec<u32>,
    top: Vec<(usize, f64)>,
}

fn read(name: &str, config: &ModelConfig) -> LoraAdapter {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/peft").join(name);
    let [peft_config, tensors] = PEFT_FILES.map(|file| std::fs::read(folder.join(file)).unwrap());
    read_peft(name, &peft_config, &tensors, config).unwrap()
}

#[test]
fn adapters_of_peft_do_here_what_they_do_there() {
    let goldens: Vec<Golden> = serde_json::from_str(include_str!("goldens/peft/peft.json")).unwrap();
    assert_eq!(goldens.len(), 6, "three adapters of two architectures");
    for golden in goldens {
        let mut engine = tiny_in(&golden.model, Mode::Exact);
        let config = engine.config.clone();
        let [one, two] = ["one", "two"].map(|which| read(&format!("{}-{which}", golden.model), &config));
        assert_eq!((one.rank, one.scale, two.rank, two.scale), (2, 1.5, 3, 4.0));
        let plain = largest_difference(&golden.top, &engine.logits(&golden.tokens).unwrap());
        let adapter = match golden.adapter.as_str() {
            "one" => one,
            "two" => two,
            "merged" => {
                // The folder that `gist merge --method concat` writes: unequal ranks, and targets that only one has.
                let merged = LoraAdapter::from_pairs("merged", &merge::concat_halves([&one, &two]), &config).unwrap();
                let [peft_config, tensors] = write_peft(&merged, &config, &golden.model).unwrap();
                read_peft("merged", &peft_config, &tensors, &config).unwrap()
            }
            other => panic!("{other}"),
        };
        engine.set_pairs(&merge::single(&adapter)).unwrap();
        let difference = largest_difference(&golden.top, &engine.logits(&golden.tokens).unwrap());
        // f32 on both sides, added in other orders; without the adapter the difference is hundreds of times the bar.
        assert!(difference < 0.003, "{} {}: {difference}", golden.model, golden.adapter);
        assert!(plain > 0.3, "{} {}: the adapter changes something ({plain})", golden.model, golden.adapter);
    }
}

#[test]
fn exported_adapters_do_here_what_they_do_in_llama_cpp() {
    let goldens: Vec<Golden> = serde_json::from_str(include_str!("goldens/lora.json")).unwrap();
    assert_eq!(goldens.len(), 2, "one with rows in Hugging Face's order, one with interleaved rows");
    for golden in goldens {
        let (mut engine, file) = if golden.model == "gemma-3-270m" {
            let file = std::fs::read(common::data("adapters/gemma-3-270m/summarize/adapter.gguf")).unwrap();
            (common::engine(&common::model("gemma-3-270m"), Mode::Exact), file)
        } else {
            let engine = tiny_in(&golden.model, Mode::Exact);
            let mut file = Cursor::new(Vec::new());
            write_gguf(&read(&format!("{}-one", golden.model), &engine.config), &engine.config, &mut file).unwrap();
            (engine, file.into_inner())
        };
        let plain = divergence(&golden.top, &engine.logits(&golden.tokens).unwrap());
        let adapter = pollster::block_on(read_gguf("exported", &file, &engine.config)).unwrap();
        engine.set_pairs(&merge::single(&adapter)).unwrap();
        let found = divergence(&golden.top, &engine.logits(&golden.tokens).unwrap());
        println!("{}: divergence {found:.5}, without the adapter {plain:.5}", golden.model);
        // llama.cpp rounds activations to 8 bits before products with Q8_0 and keeps keys and values in F16: DESIGN's bar
        // for such a path.
        assert!(found < 0.03, "{}: divergence {found}", golden.model);
        assert!(plain > 0.1, "{}: without the adapter {plain}", golden.model);
    }
}
