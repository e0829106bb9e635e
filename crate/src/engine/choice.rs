//! The choice among several texts of one prompt, by what can be checked without a model.
//!
//! A small model that has made something up says something else at the next try, and more often what the chat says: so
//! what many candidates agree on is likely to be right (minimum Bayes risk decoding, Kumar and Byrne 2004, with
//! ROUGE-L as the utility), and what the chat does not have is wrong.

use crate::facts::{Check, FactKind};
use crate::rouge::rouge;

/// Kinds of facts that a summary cannot have from elsewhere.
const CHECKED: [FactKind; 6] =
    [FactKind::Number, FactKind::Time, FactKind::Amount, FactKind::Name, FactKind::Link, FactKind::Phone];

/// Cost of a fault beside a difference of one percent of ROUGE-L to the other candidates. Chosen on val.
const FAULT_COST: f64 = 20.0;

/// Weights of faults that are not single facts, in faults.
const LOOP: usize = 3;
const WRONG_LANGUAGE: usize = 3;
const CUT: usize = 1;
const EMPTY: usize = 10;

/// A text that was written, with what its check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Text.
    pub text: String,
    /// `true` if it ended at the limit of tokens.
    pub cut: bool,
    /// `true` if it was ended because it repeated itself.
    pub looped: bool,
    /// Number of faults: facts that the chat lacks, and weights of a loop, another language, a cut and an empty text.
    pub faults: usize,
}

impl Candidate {
    /// Counts the faults of `text`, which was wanted in `language`. `cut` and `looped` say how it ended.
    pub fn new(text: String, check: &Check, language: &str, cut: bool, looped: bool) -> Self {
        let unknown: usize = CHECKED.iter().map(|kind| check.unknown(*kind).count()).sum();
        let other_language = check.language.as_deref().is_some_and(|found| found != language);
        let weigh = |is: bool, weight: usize| if is { weight } else { 0 };
        let faults = unknown
            + weigh(looped || check.has_loop, LOOP)
            + weigh(other_language, WRONG_LANGUAGE)
            + weigh(cut, CUT)
            + weigh(check.is_empty, EMPTY);
        Self { text, cut, looped, faults }
    }
}

/// Returns the index of the best of `candidates`: few faults, and agreement with the others. The first of equals.
pub fn best(candidates: &[Candidate]) -> usize {
    let agreement = |index: usize| {
        let others = candidates.iter().enumerate().filter(|(other, _)| *other != index);
        let scores: Vec<f64> = others.map(|(_, other)| rouge(&other.text, &candidates[index].text).rouge_l).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    };
    let score = |index: usize| agreement(index) - FAULT_COST * candidates[index].faults as f64;
    let scores: Vec<f64> = (0..candidates.len()).map(score).collect();
    (0..candidates.len()).fold(0, |best, index| if scores[index] > scores[best] { index } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(text: &str, faults: usize) -> Candidate {
        Candidate { text: text.to_owned(), cut: false, looped: false, faults }
    }

    #[test]
    fn what_most_say_without_a_fault_is_chosen() {
        let texts =
            ["Ana brings 9 cakes on Friday", "Ana brings a cake on Friday", "Ben calls", "Ana brings cake Friday"];
        let all: Vec<Candidate> = texts.iter().map(|text| candidate(text, 0)).collect();
        assert_eq!(best(&all), 1);
        let mut faulty = all;
        faulty[1].faults = 1;
        assert_eq!(best(&faulty), 3);
        assert_eq!(best(&[candidate("same", 0), candidate("same", 0)]), 0, "the first of equals");
        assert_eq!(best(&[candidate("only", 5)]), 0);
    }
}
