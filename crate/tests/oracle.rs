//! The decoder and the sampler against those of candle-transformers, which share no code with
//! them but candle's tensors.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::io::Cursor;

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling as Theirs};
use candle_transformers::models::{quantized_llama, quantized_qwen2};
use gist::decoder::cpu::Mode;
use gist::model::sampler::Sampling;
use gist::synth;

/// The bar of ARCHITECTURE.md for f32: two implementations add in different orders.
const EXACT: f64 = 0.003;

/// A synthetic model that candle-transformers reads too: without factors of frequencies, which it does not know, and
/// with the number of rotated elements, which it needs.
fn plain(name: &str) -> Vec<u8> {
    let mut file = Cursor::new(common::synthetic(name));
    let mut content = Content::read(&mut file).unwrap();
    let head_dim = content.metadata.iter().find(|(key, _)| key.ends_with("attention.key_length")).unwrap().1.clone();
    content.metadata.insert("llama.rope.dimension_count".to_owned(), head_dim);
    content.tensor_infos.remove("rope_freqs.weight");
    let tensor = |name: &String| (name.clone(), content.tensor(&mut file, name, &Device::Cpu).unwrap());
    let tensors: BTreeMap<_, _> = content.tensor_infos.keys().map(tensor).collect();
    let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata: Vec<(&str, &Value)> = content.metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let mut plain = Cursor::new(Vec::new());
    gguf_file::write(&mut plain, &metadata, &tensors).unwrap();
    plain.into_inner()
}

/// Compares log-probabilities after several prompts, and after tokens that follow them one by one. `forward` is theirs:
/// ids, and the number of tokens before them.
fn equals(name: &str, file: &[u8], mut forward: impl FnMut(&Tensor, usize) -> candle_core::Result<Tensor>) {
    let mut engine = common::load(file, Mode::Exact);
    let vocab = engine.config.vocab_size as u32;
    let mut largest = 0.0_f64;
    for (seed, length) in [(1, 1), (2, 2), (3, 9), (4, 33), (5, 100), (6, 300)] {
        let prompt: Vec<u32> = (0..length).map(|i| (i * 7919 + seed * 104_729 + 13) % vocab).collect();
        let mut ours = engine.logits(&prompt).unwrap();
        let mut next = prompt.clone();
        for step in 0..4 {
            let before = if step == 0 { 0 } else { prompt.len() + step - 1 };
            let ids = Tensor::new(&next[..], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
            let theirs: Vec<f32> = forward(&ids, before).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let [a, b] = [&ours, &theirs].map(|logits| common::log_probabilities(logits));
            largest = largest.max(common::difference(&a, &b));
            next = vec![(step as u32 * 31 + seed) % vocab];
            ours = engine.forward(&next).unwrap();
        }
    }
    println!("{name}: {largest:.6}");
    assert!(largest < EXACT, "{name}: log-probabilities differ by {largest}");
}

#[test]
fn llama_is_what_candle_transformers_makes_of_it() {
    for name in ["tiny-llama-f32", "tiny-llama-f16"] {
        let file = plain(name);
        let mut reader = Cursor::new(&file);
        let content = Content::read(&mut reader).unwrap();
        let mut model = quantized_llama::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
        equals(name, &file, |ids, before| model.forward(ids, before));
    }
}

#[test]
fn qwen2_is_what_candle_transformers_makes_of_it() {
    let name = "tiny-qwen2-f32";
    let file = common::synthetic(name);
    let mut reader = Cursor::new(&file);
    let content = Content::read(&mut reader).unwrap();
    let mut model = quantized_qwen2::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
    equals(name, &file, |ids, before| model.forward(ids, before));
}

/// Logits of 60 tokens, none of them equal.
fn logits(name: &str) -> Vec<f32> {
    synth::random(name, 60, 0.0, 2.0)
}

#[test]
fn greedy_is_the_same() {
    let greedy = Sampling::default();
    assert_eq!(greedy.temperature, 0.0);
    for name in ["a", "b", "c", "d", "e"] {
        let logits = logits(name);
        let tensor = Tensor::new(&logits[..], &Device::Cpu).unwrap();
        let mut theirs = LogitsProcessor::from_sampling(0, Theirs::ArgMax);
        assert_eq!(greedy.choose(&logits, 0), theirs.sample(&tensor).unwrap());
    }
}

/// Checks that both draw the same tokens about equally often.
fn draws_alike(sampling: Sampling, theirs: Theirs) {
    const DRAWS: usize = 20_000;
    let logits = logits("sampling");
    let tensor = Tensor::new(&logits[..], &Device::Cpu).unwrap();
    let mut processor = LogitsProcessor::from_sampling(5, theirs);
    let mut counts = vec![[0_usize; 2]; logits.len()];
    for step in 0..DRAWS {
        counts[sampling.choose(&logits, step as u32) as usize][0] += 1;
        counts[processor.sample(&tensor).unwrap() as usize][1] += 1;
    }
    for (id, [ours, theirs]) in counts.iter().copied().enumerate() {
        // Every candidate has a probability of 1 in 1000 at least, so it is missed by chance once in 10^8 tests.
        assert_eq!(ours > 0, theirs > 0, "token {id} is drawn {ours} and {theirs} times");
        // Six standard deviations of a difference of two binomials.
        let bar = 6.0 * (2.0 * ours.max(theirs) as f64).sqrt();
        assert!((ours as f64 - theirs as f64).abs() <= bar, "token {id} is drawn {ours} and {theirs} times");
    }
    println!("{sampling:?}: {} candidates", counts.iter().filter(|[ours, _]| *ours > 0).count());
}

#[test]
fn sampling_draws_from_the_same_candidates() {
    let all = Sampling { temperature: 1.3, top_k: 60, top_p: 1.0, seed: 3 };
    let temperature = f64::from(all.temperature);
    draws_alike(all, Theirs::All { temperature });
    for k in [1, 2, 10, 40] {
        draws_alike(Sampling { top_k: k, ..all }, Theirs::TopK { k, temperature });
    }
    for p in [0.1_f32, 0.5, 0.9] {
        draws_alike(Sampling { top_p: p, ..all }, Theirs::TopP { p: f64::from(p), temperature });
    }
}
