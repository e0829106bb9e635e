//! Helpers of the fuzz targets: a small model to read adapters for, seeds, and a check of every refusal.

use std::io::Cursor;
use std::path::Path;

use gist::adapters::LoraAdapter;
use gist::error::Result;
use gist::files::gguf::Header;
use gist::adapters::low_rank::{LowRankPair, LowRankPairs, Target};
use gist::model::config::ModelConfig;
use gist::synth;

/// Runs `future`, which never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// The header of a synthetic model: all but its tensors.
pub fn model_header(name: &str) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    synth::write(name, &mut file).expect("the name is one of the generator's");
    let mut file = file.into_inner();
    let header = now(Header::read(&&file[..])).expect("it is a model");
    let data = header.tensors.values().map(|tensor| tensor.offset).min();
    file.truncate(data.expect("it has tensors") as usize);
    file
}

/// A model so small that an adapter for it is a few hundred bytes.
pub fn config() -> ModelConfig {
    let mut file = Cursor::new(Vec::new());
    synth::write("tiny-llama-q8_0", &mut file).expect("the name is one of the generator's");
    let header = now(Header::read(&&file.get_ref()[..])).expect("it is a model");
    let config = ModelConfig::from_header(&header).expect("it is supported");
    ModelConfig { layers: 2, hidden_size: 8, heads: 2, kv_heads: 1, head_dim: 4, intermediate_size: 8, ..config }
}

/// An adapter of rank 2 for [`config`].
pub fn adapter(config: &ModelConfig) -> LoraAdapter {
    let pair = |target: Target| {
        let (d, k) = target.shape(config);
        let values = |n: usize| synth::random(target.hf_name(), n, 0.0, 1.0);
        Some(LowRankPair { rank: 2, a: values(2 * k), b: values(d * 2) })
    };
    let pairs = LowRankPairs::new(config.layers, 2, |_, target| pair(target));
    LoraAdapter::from_pairs("seed", &pairs, config).expect("the pairs are made for it")
}

/// Makes all of `pairs`, which have to fit the model.
pub fn check(pairs: &LowRankPairs<'_>, config: &ModelConfig) {
    pairs.base_layers(config).expect("what is accepted fits the model");
}

/// Writes a valid input for `target` where `pkg-scripts/fuzz` looks for seeds. Called once,
/// before the fuzzer reads them.
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
