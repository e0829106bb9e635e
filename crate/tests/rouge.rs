//! ROUGE against the Python package rouge-score (goldens made by `pkg-scripts/goldens/rouge.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gist::rouge::rouge;

#[test]
fn equals_rouge_score() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/rouge.json");
    let goldens: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let goldens = goldens.as_array().unwrap();
    assert!(goldens.len() >= 20);
    for golden in goldens {
        let text = |key: &str| golden[key].as_str().unwrap();
        let score = rouge(text("reference"), text("candidate"));
        for (key, value) in [("rouge1", score.rouge1), ("rouge2", score.rouge2), ("rougeL", score.rouge_l)] {
            let expected = golden[key].as_f64().unwrap();
            // Both compute the same few operations in f64; the goldens have 9 decimals.
            assert!((value - expected).abs() < 1e-8, "{key} is {value}, not {expected}, for {golden}");
        }
    }
}
