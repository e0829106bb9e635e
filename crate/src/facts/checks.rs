//! Checks of a text that need no facts: loops, and how much of it is copied.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

/// Number of words of a run that makes a loop if it is there [`LOOP_TIMES`] times.
const LOOP_WORDS: usize = 4;
const LOOP_TIMES: usize = 3;

/// Number of words of a run that counts as copied.
const COPIED_WORDS: usize = 5;

/// Returns `true` if a run of four words is in `text` three times.
pub fn has_loop(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.unicode_words().collect();
    let mut counts: HashMap<&[&str], usize> = HashMap::new();
    words.windows(LOOP_WORDS).any(|run| {
        let count = counts.entry(run).or_default();
        *count += 1;
        *count == LOOP_TIMES
    })
}

/// The runs of five words of the texts of a chat.
pub(super) struct Runs {
    runs: HashSet<String>,
}

impl Runs {
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self { runs: texts.into_iter().flat_map(runs).collect() }
    }

    /// Returns the share of the runs of `text` that are among these, from 0 to 1; 0 for a text of fewer words.
    pub fn copied(&self, text: &str) -> f64 {
        let own = runs(text);
        let copied = own.iter().filter(|run| self.runs.contains(*run)).count();
        copied as f64 / own.len().max(1) as f64
    }
}

fn runs(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.unicode_words().collect();
    words.windows(COPIED_WORDS).map(|run| run.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_four_words_three_times() {
        assert!(has_loop("de la boda de la boda de la boda de la boda"));
        assert!(!has_loop("Ana goes to the market. Ben goes to the market and home."));
    }

    #[test]
    fn runs_of_five_words_are_copied() {
        let runs = Runs::new(["The train is late again today.", "ok"]);
        assert_eq!(runs.copied("The train is late again"), 1.0);
        assert_eq!(runs.copied("Ana says the train is late again."), 1.0 / 3.0);
        assert_eq!(runs.copied("ok"), 0.0);
    }
}
