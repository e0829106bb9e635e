//! What the fuzz targets share: seeds, and what has to hold of every refusal.

use std::path::Path;

use gist::error::Result;

/// Writes a valid input for `target` where `pkg-scripts/fuzz` looks for seeds. Called once, before the fuzzer reads them.
pub fn seed(target: &str, name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
        std::fs::write(Path::new(&folder).join(target).join(name), bytes).expect("the folder is there");
    }
}

/// Checks that a refusal is one clear line, and hands on what was accepted.
pub fn accepted<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && text.lines().count() == 1, "{text:?}");
            None
        }
    }
}
