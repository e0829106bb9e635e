//! Merges equal PEFT's `add_weighted_adapter`, and collapsed corrections equal their formulas.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;

use gist::adapters::LoraAdapter;
use gist::adapters::low_rank::{LowRankPair, LowRankPairs, Target};
use gist::methods::merge;
use gist::synth;
use serde::Deserialize;

const D: usize = 12;
const K: usize = 10;

#[derive(Deserialize)]
struct Golden {
    kind: String,
    ranks: [usize; 2],
    delta: Vec<f64>,
}

fn adapter(name: &str, rank: usize, alpha: f32) -> LoraAdapter {
    let pair = LowRankPair {
        rank,
        a: synth::random(&format!("{name}.A"), rank * K, 0.0, 0.5),
        b: synth::random(&format!("{name}.B"), D * rank, 0.0, 0.5),
    };
    common::adapter_of(name, 1, rank, alpha / rank as f32, |_, target| (target == Target::Q).then(|| pair.clone()))
}

/// B A of the only pair.
fn delta(pairs: &LowRankPairs<'_>) -> Vec<f64> {
    let LowRankPair { rank, a, b } = pairs.pair(0, Target::Q).unwrap();
    let at = |d: usize, k: usize| (0..rank).map(|r| f64::from(b[d * rank + r]) * f64::from(a[r * K + k])).sum();
    (0..D * K).map(|i| at(i / K, i % K)).collect()
}

#[test]
fn merges_equal_those_of_peft() {
    let goldens: Vec<Golden> = serde_json::from_str(include_str!("goldens/merges.json")).unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for Golden { kind, ranks, delta: expected } in goldens {
        let (one, two) = (adapter("one", ranks[0], 3.0), adapter("two", ranks[1], 10.0));
        let pairs = match kind.as_str() {
            "linear" => merge::linear([&one, &two]).unwrap(),
            "ties" => merge::ties([&one, &two]).unwrap(),
            "cat" => merge::concat_halves([&one, &two]),
            other => panic!("{other}"),
        };
        for (i, (ours, theirs)) in delta(&pairs).iter().zip(&expected).enumerate() {
            // Values are below 4, and both sides round a few products and roots to f32.
            assert!((ours - theirs).abs() < 3e-6, "{kind} {ranks:?} element {i}: {ours} for {theirs}");
        }
        *seen.entry(kind).or_default() += 1;
    }
    assert_eq!(seen, BTreeMap::from([("cat".into(), 2), ("linear".into(), 1), ("ties".into(), 1)]));
}

#[test]
fn unequal_ranks_and_negative_scales_are_refused() {
    let (one, two) = (adapter("one", 4, 3.0), adapter("two", 6, 10.0));
    for error in [merge::linear([&one, &two]).unwrap_err(), merge::ties([&one, &two]).unwrap_err()] {
        let message = "one has rank 4 and two rank 6; this method merges equal ranks only, use concat";
        assert_eq!(error.to_string(), message);
    }
    let negative = adapter("two", 4, -1.0);
    let error = merge::linear([&one, &negative]).unwrap_err().to_string();
    assert!(error.starts_with("two has the negative scale -0.25"), "{error}");
}

/// x times a row-major matrix of `columns` columns, in f64.
fn times(matrix: &[f32], columns: usize, x: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(columns).map(|row| row.iter().zip(x).map(|(a, x)| f64::from(*a) * x).sum()).collect()
}

/// B (A x).
fn apply(pair: &LowRankPair, x: &[f64]) -> Vec<f64> {
    times(&pair.b, pair.rank, &times(&pair.a, x.len(), x))
}

fn add(sum: &mut [f64], weight: f64, values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
}

#[test]
fn collapsed_corrections_equal_their_formulas() {
    let config = common::tiny("tiny-gemma3-f32").config;
    let (mut one, two) = (common::adapter("one", &config, 5), common::adapter("two", &config, 3));
    one.layers[0][Target::V.index()] = None;
    let projection = common::projection(&config);
    let calibrations = [common::calibration(&config), common::calibration_plus(&config)];
    let projected = merge::project(&config, &projection, [&one, &two]).unwrap();
    let calibrated = calibrations.each_ref().map(|calibration| merge::calibrate(calibration, [&one, &two]).unwrap());
    for layer in 0..config.layers {
        for target in Target::ALL {
            let (d, k) = target.shape(&config);
            let of = |pairs: &LowRankPairs<'_>| pairs.pair(layer, target).unwrap();
            let x: Vec<f64> = synth::random(target.hf_name(), k, 0.0, 1.0).into_iter().map(f64::from).collect();
            let mut halves = vec![0.0; d]; // (½ ΔW1 + ½ ΔW2) x
            for adapter in [&one, &two] {
                if let Some(pair) = adapter.pair(layer, target) {
                    add(&mut halves, 0.5 * f64::from(adapter.scale), &apply(&pair, &x));
                }
            }
            let group = &projection.groups[&(k, d)];
            let mut cases = vec![(of(&projected), times(&group.p2, projection.s, &times(&group.p1, d, &halves)))];
            for (calibration, pairs) in calibrations.iter().zip(&calibrated) {
                let mut expected = halves.clone();
                add(&mut expected, 1.0, &apply(&calibration.terms[target.index()], &x));
                cases.push((of(pairs), expected));
            }
            for (pair, expected) in cases {
                let size = expected.iter().map(|value| value.abs()).fold(0.0, f64::max);
                for (ours, formula) in apply(&pair, &x).iter().zip(&expected) {
                    // Of sums of at most a few hundred values, each rounded to f32.
                    assert!((ours - formula).abs() < 1e-5 * size, "layer {layer} {target:?}: {ours} for {formula}");
                }
            }
        }
    }
}
