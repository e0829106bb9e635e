//! The command line beside a catalog of its own: a model by its id, and the names of adapters
//! in files that are written.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
#[path = "common/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{adapter, tiny};
use gist::adapters::write_gguf;
use gist::hash::sha256;
use program::{Bench, refuses};
use serde_json::{Value, json};

/// A folder with the model `tiny`, two adapters for it, and a catalog that knows the model and the first adapter.
struct Setup {
    bench: Bench,
    adapters: [PathBuf; 2],
}

impl Setup {
    fn new() -> Self {
        let bench = Bench::new();
        bench.model("tiny-llama-f32");
        let config = tiny("tiny-llama-f32").config;
        let adapters = ["one", "two"].map(|name| {
            let mut file = std::io::Cursor::new(Vec::new());
            write_gguf(&adapter(name, &config, 4), &config, &mut file).unwrap();
            bench.write(&format!("{name}.gguf"), file.get_ref())
        });
        let known = std::fs::read(&adapters[0]).unwrap();
        let catalog = json!({
            "models": [{
                "id": "tiny", "name": "Tiny", "arch": "llama", "file": "tiny-llama-f32.gguf", "bytes": null, "sha256": null,
                "sources": [], "template": null, "licence": "none",
            }],
            "adapters": [{
                "id": "other/summarize", "base": "other", "task": "summarize", "from": "en", "to": "en", "method": "lora",
                "path": "elsewhere.gguf", "bytes": known.len(), "sha256": sha256(&known),
            }],
        });
        bench.write("catalog.json", catalog.to_string().as_bytes());
        Self { bench, adapters }
    }

    fn gist(&self, arguments: &[&str]) -> Output {
        let folder = self.bench.path("");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gist"));
        command.args(arguments).env("POCKET_GIST_DATA", &folder).env("POCKET_GIST_MODELS", &folder);
        command.output().unwrap()
    }

    /// What `gist` prints.
    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.gist(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_model_is_inspected_by_its_path_or_its_catalog_id() {
    let setup = Setup::new();
    let by_id = setup.printed(&["inspect", "tiny"]);
    assert!(by_id.contains("base_tensors_sha256"), "{by_id}");
    assert_eq!(setup.printed(&["inspect", text(&setup.bench.path("tiny-llama-f32.gguf"))]), by_id);
    refuses(&["inspect", "no-such-model"], b"", "there is no model no-such-model; give a .gguf file or one of");
    refuses(&["inspect", "absent.safetensors"], b"", "absent.safetensors: ");
}

#[test]
fn files_name_adapters_by_catalog_id_or_file_name_and_hold_no_folder() {
    let setup = Setup::new();
    let [one, two] = &setup.adapters;
    let dialogue = r#"{"id":"a","turns":[{"speaker":"Ana","text":"the train"}],"summary":{"es":"the other"}}"#;
    let data = setup.bench.write("dialogues.jsonl", dialogue.as_bytes());
    let out = setup.bench.path("lorahub.json");
    let adapters = ["--primary", text(one), "--secondary", text(two)];
    let options =
        ["lorahub", "--model", "tiny", "--data", text(&data), "--to", "es", "--tries", "1", "--out", text(&out)];
    setup.printed(&[&options[..], &adapters].concat());
    let written: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let names: Vec<&Value> = written["adapters"].as_array().unwrap().iter().map(|adapter| &adapter["name"]).collect();
    assert_eq!(names, ["other/summarize", "two.gguf"]);

    let exported = setup.bench.path("exported.gguf");
    let base = setup.bench.path("tiny-llama-f32.gguf");
    setup.printed(&["export", text(two), "--base", text(&base), "--out", text(&exported)]);
    let name = |line: &&str| line.starts_with("general.name ");
    let inspected = setup.printed(&["inspect", text(&exported)]);
    assert!(inspected.lines().find(name).unwrap().ends_with(r#""two.gguf""#), "{inspected}");
    for file in [out, exported] {
        let folder = setup.bench.path("");
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(text(&folder).len()).any(|window| window == text(&folder).as_bytes());
        assert!(!found, "{} holds the folder's path", file.display());
    }
}
