//! ROUGE-1, ROUGE-2 and ROUGE-L between a candidate and a reference.
//!
//! The scores equal those of the Python package `rouge-score` without stemming, except for its definition of a word: a
//! run of `[a-z0-9]`, which drops every accented letter. Here a word is a run of grapheme clusters that begin with an
//! alphanumeric character, in lower case, so that an accent stays with its letter in either encoding. On English text
//! both are the same.

use std::collections::HashMap;

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

/// F1 score of each measure, in percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rouge {
    /// F1 score of single words.
    pub rouge1: f64,
    /// F1 score of pairs of neighbouring words.
    pub rouge2: f64,
    /// F1 score of the longest common subsequence of words.
    #[serde(rename = "rougeL")]
    pub rouge_l: f64,
}

/// Scores `candidate` against `reference`.
pub fn rouge(reference: &str, candidate: &str) -> Rouge {
    let (reference, candidate) = (words(reference), words(candidate));
    Rouge {
        rouge1: overlap(&reference, &candidate, 1),
        rouge2: overlap(&reference, &candidate, 2),
        rouge_l: f1(longest_common(&reference, &candidate), reference.len(), candidate.len()),
    }
}

/// Returns the words of `text`, in lower case.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut words = vec![String::new()];
    for cluster in text.graphemes(true) {
        match (cluster.starts_with(char::is_alphanumeric), words.last_mut()) {
            (true, Some(word)) => word.push_str(cluster),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns F1 of the n-grams, each counted as often as it occurs in both.
fn overlap(reference: &[String], candidate: &[String], n: usize) -> f64 {
    let mut counts: HashMap<&[String], usize> = HashMap::new();
    for gram in reference.windows(n) {
        *counts.entry(gram).or_default() += 1;
    }
    let common = candidate.windows(n).filter(|gram| {
        counts.get_mut(gram).filter(|left| **left > 0).is_some_and(|left| {
            *left -= 1;
            true
        })
    });
    let grams = |words: &[String]| (words.len() + 1).saturating_sub(n);
    f1(common.count(), grams(reference), grams(candidate))
}

/// Returns the length of the longest common subsequence.
fn longest_common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for a in a {
        let mut diagonal = 0;
        for (j, b) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if a == b { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

/// Returns F1 in percent for `common` units of `reference` and `candidate` many.
fn f1(common: usize, reference: usize, candidate: usize) -> f64 {
    match common {
        0 => 0.0,
        _ => {
            let (precision, recall) = (common as f64 / candidate as f64, common as f64 / reference as f64);
            200.0 * precision * recall / (precision + recall)
        }
    }
}
