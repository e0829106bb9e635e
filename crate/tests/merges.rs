//! Merges equal PEFT's `add_weighted_adapter`, and collapsed corrections equal their formulas.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use gist::adapter::Adapter;
use gist::low_rank::{Pair, Pairs, Target};
use gist::merge;
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

fn adapter(name: &str, rank: usize, alpha: f32) -> Adapter {
    let pair = Pair {
        rank,
        a: synth::random(&format!("{name}.A"), rank * K, 0.0, 0.5),
        b: synth::random(&format!("{name}.B"), D * rank, 0.0, 0.5),
    };
    let mut layer = [const { None }; 7];
    layer[Target::Q.index()] = Some(pair);
    Adapter { name: name.to_owned(), sha256: String::new(), scale: alpha / rank as f32, rank, layers: vec![layer] }
}

/// B A of the only pair.
fn delta(pairs: &Pairs) -> Vec<f64> {
    let Pair { rank, a, b } = pairs.layers[0][Target::Q.index()].as_ref().unwrap();
    let at = |d: usize, k: usize| (0..*rank).map(|r| f64::from(b[d * rank + r]) * f64::from(a[r * K + k])).sum();
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
