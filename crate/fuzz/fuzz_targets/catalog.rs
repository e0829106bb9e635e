//! The catalog, and the list of a model's pieces.
#![no_main]

use gist::catalog::{Catalog, Manifest};
use gist_fuzz::{accepted, seed};
use libfuzzer_sys::fuzz_target;

const CATALOG: &str = r#"{"models":[{"id":"m","name":"M","arch":"llama","file":"m.gguf","bytes":9,"sha256":"00",
"chunk_sha256":["00"],"sources":[{"kind":"url","url":"u"},{"kind":"pypi"},{"kind":"shards","manifest":"p"}],
"template":{"prompt":"{instruction} {text}"},"licence":"L"}],"adapters":[{"id":"a","base":"m","task":"translate",
"from":"en","to":"es","method":"lora","path":"p","bytes":9,"sha256":"00"}]}"#;
const MANIFEST: &str = r#"{"bytes":9,"sha256":"00","chunk_bytes":4194304,"shards":[{"path":"0","sha256":"00"}]}"#;

fn write_seeds() {
    seed("catalog", "catalog", CATALOG.as_bytes());
    seed("catalog", "manifest", MANIFEST.as_bytes());
}

fuzz_target!(init: write_seeds(), |data: &[u8]| {
    if let Some(catalog) = accepted(Catalog::parse(data)) {
        for model in &catalog.models {
            model.template();
            catalog.adapters_of(&model.id).for_each(drop);
        }
        accepted(catalog.model("m"));
    }
    let known = Catalog::parse(CATALOG.as_bytes()).expect("its own catalog");
    accepted(Manifest::parse(data, known.model("m").expect("it is in there")));
});
