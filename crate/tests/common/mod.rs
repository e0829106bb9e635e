//! Models, adapters and measures that the integration tests share.
// Each test file uses a part of it.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use gist::adapters::low_rank::{LowRankPair, Target};
use gist::adapters::{LoraAdapter, StoredPair};
use gist::decoder::cpu::Mode;
use gist::engine::{DEFAULT_CONTEXT, Engine};
use gist::files::source::FileSource;
use gist::methods::calibration::Calibration;
use gist::methods::correction::Correction;
use gist::methods::correction_file::Provenance;
use gist::methods::projection::{Group, Projection, group_shapes};
use gist::model::config::ModelConfig;
use gist::model::prompt::Task;
use gist::synth;

/// The file of a model that `pkg-scripts/models` fetches. Tests that call this are ignored, with that command as the
/// reason; `pkg-scripts/test` runs them too. Without the file they fail: they would show nothing.
pub fn model(id: &str) -> PathBuf {
    let file = match id {
        "gemma-3-270m-64k" => "gemma-3-270m-64k-q4_k_m.gguf",
        "gemma-3-270m" => "gemma-3-270m-q4_k_m.gguf",
        "smollm2-135m" => "smollm2-135m-instruct-q4_1.gguf",
        other => panic!("no file is known for {other}"),
    };
    let folder = std::env::var_os("POCKET_GIST_MODELS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(&std::env::var_os("HOME").expect("HOME is set")).join(".cache/pocket-gist"));
    let path = folder.join(file);
    assert!(path.exists(), "{} is missing; run pkg-scripts/models {id}", path.display());
    path
}

pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(path)
}

pub fn engine(path: &Path, mode: Mode) -> Engine {
    let source = FileSource::open(path).unwrap();
    pollster::block_on(Engine::load(&source, None, mode, DEFAULT_CONTEXT, &mut |_, _| {})).unwrap()
}

/// A synthetic model.
pub fn tiny(name: &str) -> Engine {
    tiny_in(name, Mode::Fast)
}

/// A synthetic model in the mode that is wanted.
pub fn tiny_in(name: &str, mode: Mode) -> Engine {
    load(&synthetic(name), mode)
}

/// The file of a synthetic model or adapter.
pub fn synthetic(name: &str) -> Vec<u8> {
    let mut file = Vec::new();
    synth::write(name, &mut file).unwrap();
    file
}

/// The model in `file` with a context of 512 tokens.
pub fn load(file: &[u8], mode: Mode) -> Engine {
    pollster::block_on(Engine::load(&file, None, mode, 512, &mut |_, _| {})).unwrap()
}

/// An adapter of scale ½ whose values are made up.
pub fn adapter(name: &str, config: &ModelConfig, rank: usize) -> LoraAdapter {
    adapter_of(name, config.layers, rank, 0.5, |layer, target| {
        let (d, k) = target.shape(config);
        let tensor = format!("{name}.{layer}.{}", target.hf_name());
        let a = synth::random(&format!("{tensor}.a"), rank * k, 0.0, 0.1);
        let b = synth::random(&format!("{tensor}.b"), d * rank, 0.0, 0.1);
        Some(LowRankPair { rank, a, b })
    })
}

/// The adapter of the pairs that `pair` makes. Its hash is its name.
pub fn adapter_of(
    name: &str,
    layers: usize,
    rank: usize,
    scale: f32,
    pair: impl Fn(usize, Target) -> Option<LowRankPair>,
) -> LoraAdapter {
    let layers = (0..layers).map(|layer| Target::ALL.map(|target| pair(layer, target).map(StoredPair::F32))).collect();
    LoraAdapter { name: name.to_owned(), sha256: name.to_owned(), scale, rank, layers }
}

/// Gives `engine` a summarization and a translation adapter of these ranks.
pub fn add_adapters(engine: &mut Engine, ranks: [usize; 2]) {
    let [one, two] = [("one", ranks[0]), ("two", ranks[1])].map(|(name, rank)| adapter(name, &engine.config, rank));
    engine.registry.add(Task::summary("en", "en").unwrap(), one);
    engine.registry.add(Task::Translate { from: "en".into(), to: "es".into() }, two);
}

/// Gives `engine` all that any method needs for summaries from English in Spanish.
pub fn add_everything(engine: &mut Engine) {
    add_adapters(engine, [8, 8]);
    let config = engine.config.clone();
    let joint = Task::summary("en", "es").unwrap();
    engine.registry.add(joint, adapter("joint", &config, 6));
    let weights =
        r#"{"method":"lorahub","weights":[0.9,-0.7],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#;
    let corrections = [
        Correction::Projection(projection(&config)),
        Correction::Calibration(calibration(&config)),
        Correction::CalibrationPlus(calibration_plus(&config)),
        Correction::read("weights", weights.as_bytes(), &config).unwrap(),
    ];
    for correction in corrections {
        engine.add_correction(Task::summary("en", "es").unwrap(), correction).unwrap();
    }
}

/// A made-up projection of width 4.
pub fn projection(config: &ModelConfig) -> Projection {
    let s = 4;
    let group = |(k, d): (usize, usize)| {
        let p1 = synth::random(&format!("{k}x{d}.P1"), s * d, 0.0, 0.5);
        let p2 = synth::random(&format!("{k}x{d}.P2"), d * s, 0.0, 0.5);
        ((k, d), Group { p1, p2 })
    };
    let provenance = Provenance { from: Some("en".into()), to: Some("es".into()), ..Provenance::default() };
    Projection { s, groups: group_shapes(config).into_iter().map(group).collect(), provenance }
}

/// A made-up calibration: a bias p for each target.
pub fn calibration(config: &ModelConfig) -> Calibration {
    let term = |target: Target| {
        let (d, k) = target.shape(config);
        LowRankPair { rank: 1, a: vec![1.0; k], b: synth::random(&format!("{}.p", target.hf_name()), d, 0.0, 0.1) }
    };
    Calibration { s: 1, terms: Target::ALL.map(term).into(), provenance: Provenance::default() }
}

/// A made-up calibration++ of width 4.
pub fn calibration_plus(config: &ModelConfig) -> Calibration {
    let s = 4;
    let term = |target: Target| {
        let (d, k) = target.shape(config);
        let values = |part: &str, n: usize| synth::random(&format!("{}.{part}", target.hf_name()), n, 0.0, 0.1);
        LowRankPair { rank: s, a: values("Q1", s * k), b: values("Q2", d * s) }
    };
    Calibration { s, terms: Target::ALL.map(term).into(), provenance: Provenance::default() }
}

/// log-softmax.
pub fn log_probabilities(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
    logits.iter().map(|logit| f64::from(logit - max) - sum.ln()).collect()
}

/// Largest difference of log-probabilities over those that a reference found most probable.
pub fn largest_difference(reference: &[(usize, f64)], logits: &[f32]) -> f64 {
    let ours = log_probabilities(logits);
    reference.iter().map(|(id, theirs)| (ours[*id] - theirs).abs()).fold(0.0, f64::max)
}

/// Largest difference of two lists of log-probabilities.
pub fn difference(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Kullback-Leibler divergence from a reference, over what it found most probable and the rest as one.
pub fn divergence(reference: &[(usize, f64)], logits: &[f32]) -> f64 {
    let ours = log_probabilities(logits);
    let (mut sum, mut rest_theirs, mut rest_ours) = (0.0, 1.0, 1.0);
    for (id, theirs) in reference {
        sum += theirs.exp() * (theirs - ours[*id]);
        rest_theirs -= theirs.exp();
        rest_ours -= ours[*id].exp();
    }
    let (theirs, ours) = (f64::max(rest_theirs, 1e-9), f64::max(rest_ours, 1e-9));
    sum + theirs * (theirs / ours).ln()
}
