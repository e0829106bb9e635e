//! Adapters as other tools make and read them: PEFT's folders, and one that `gist merge` made, against PEFT's own
//! forward; GGUF LoRAs that `gist export` made, against llama.cpp's.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;
use std::path::Path;

use common::{divergence, largest_difference, tiny_in};
use gist::adapters::{LoraAdapter, PEFT_FILES, write_gguf, write_peft};
use gist::adapters::{read_gguf, read_peft};
use gist::decoder::cpu::Mode;
use gist::engine::Engine;
use gist::methods::merge;
use gist::model::config::ModelConfig;
use serde::Deserialize;

/// A model whose files hold the rows of q and k interleaved.
const INTERLEAVED: &str = "tiny-llama-f32";

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

/// Compares the exported adapter `file` on `engine` with what llama.cpp computed of it on the same model.
fn equals_llama_cpp(model: &str, engine: &mut Engine, file: &[u8]) {
    let goldens: Vec<Golden> = serde_json::from_str(include_str!("goldens/lora.json")).unwrap();
    let golden = goldens.iter().find(|golden| golden.model == model).unwrap();
    let plain = divergence(&golden.top, &engine.logits(&golden.tokens).unwrap());
    let adapter = pollster::block_on(read_gguf("exported", file, &engine.config)).unwrap();
    engine.set_pairs(&merge::single(&adapter)).unwrap();
    let found = divergence(&golden.top, &engine.logits(&golden.tokens).unwrap());
    println!("{model}: divergence {found:.5}, without the adapter {plain:.5}");
    // llama.cpp rounds activations to 8 bits before products with Q8_0 and keeps keys and values in F16: the bar of
    // ARCHITECTURE.md for such a path.
    assert!(found < 0.03, "{model}: divergence {found}");
    assert!(plain > 0.1, "{model}: without the adapter {plain}");
}

#[test]
fn an_exported_adapter_with_interleaved_rows_does_here_what_it_does_in_llama_cpp() {
    let mut engine = tiny_in(INTERLEAVED, Mode::Exact);
    let adapter = read(&format!("{INTERLEAVED}-one"), &engine.config);
    let mut file = Cursor::new(Vec::new());
    write_gguf(&adapter, &engine.config, &mut file).unwrap();
    equals_llama_cpp(INTERLEAVED, &mut engine, &file.into_inner());
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn an_exported_adapter_with_rows_in_hugging_face_s_order_does_here_what_it_does_in_llama_cpp() {
    let file = std::fs::read(common::data("adapters/gemma-3-270m/summarize/adapter.gguf")).unwrap();
    let mut engine = common::engine(&common::model("gemma-3-270m"), Mode::Exact);
    equals_llama_cpp("gemma-3-270m", &mut engine, &file);
}
