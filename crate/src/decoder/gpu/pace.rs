//! The amount of work in one submit: as much as takes about a fifth of a second. With more, a cancel or a reader would
//! have to wait, and phones end the work of a GPU that does not answer.

use std::time::Duration;

/// Largest number of tokens of a pass.
pub const MOST_TOKENS: usize = 256;

/// Number of tokens of the first pass, whose speed is unknown, and the smallest of any: a tile of the matrix product.
const FEWEST_TOKENS: usize = 64;

/// Number of submits of the first pass.
const FIRST_SUBMITS: usize = 4;

/// Time that a submit should take.
const TARGET: Duration = Duration::from_millis(200);

/// Largest number of tokens whose ids come back together.
const GROUP: usize = 8;

/// Smallest number of tokens whose ids come back together.
const SMALL_GROUP: usize = 4;

/// Longest time for the smallest group. Where it would take longer, as on a GPU in software, ids come back one by one.
const LONGEST_GROUP: Duration = Duration::from_secs(2);

/// Number of tokens of the first group, whose speed is unknown.
const FIRST_GROUP: usize = 2;

/// Sizes of the next pass, submit and group, learned from the times of those before.
pub struct Pace {
    all_layers: usize,
    most: usize,
    tokens: usize,
    layers: usize,
    group: usize,
}

impl Pace {
    /// Returns the first sizes for a decoder of `layers` whose buffers hold `most` tokens.
    pub fn new(layers: usize, most: usize) -> Self {
        let tokens = FEWEST_TOKENS.min(most);
        Self { all_layers: layers, most, tokens, layers: layers.div_ceil(FIRST_SUBMITS), group: FIRST_GROUP }
    }

    /// Returns the number of tokens of the next pass.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Returns the number of layers of each submit.
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// Returns the number of tokens that are generated before their ids come back.
    pub fn group(&self) -> usize {
        self.group
    }

    /// Learns that generating `tokens` took `time`.
    pub fn generated(&mut self, tokens: usize, time: Duration) {
        let each = time.as_secs_f64().max(1e-6) / tokens as f64;
        let small = if SMALL_GROUP as f64 * each > LONGEST_GROUP.as_secs_f64() { 1 } else { SMALL_GROUP };
        self.group = ((TARGET.as_secs_f64() / each) as usize).clamp(small, GROUP);
    }

    /// Learns that a pass of `tokens` took `time`.
    pub fn took(&mut self, tokens: usize, time: Duration) {
        if tokens < self.tokens {
            return; // the end of a prompt says little
        }
        let fitting = tokens as f64 * TARGET.as_secs_f64() / time.as_secs_f64().max(1e-6);
        // Whole tiles, and at most twice as many as before: the first pass after a pause may be an odd one.
        let tiles = (fitting as usize / FEWEST_TOKENS).clamp(1, 2 * self.tokens.div_ceil(FEWEST_TOKENS));
        self.tokens = (tiles * FEWEST_TOKENS).min(self.most);
        let share = (fitting / self.tokens as f64).min(1.0);
        self.layers = ((self.all_layers as f64 * share) as usize).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_device_gets_more_and_a_slow_one_is_given_breaks() {
        let mut pace = Pace::new(18, 256);
        assert_eq!((pace.tokens(), pace.layers()), (64, 5));
        for expected in [128, 256, 256] {
            pace.took(pace.tokens(), Duration::from_millis(1));
            assert_eq!((pace.tokens(), pace.layers()), (expected, 18));
        }
        pace.took(256, Duration::from_millis(400));
        assert_eq!((pace.tokens(), pace.layers()), (128, 18));
        pace.took(128, Duration::from_millis(8000));
        assert_eq!((pace.tokens(), pace.layers()), (64, 1));
        pace.took(7, Duration::from_millis(1));
        assert_eq!((pace.tokens(), pace.layers()), (64, 1), "a short rest says nothing");
    }

    #[test]
    fn ids_come_back_in_groups_or_one_by_one_where_that_takes_seconds() {
        let mut pace = Pace::new(18, 256);
        let mut after = |tokens, milliseconds| {
            pace.generated(tokens, Duration::from_millis(milliseconds));
            pace.group()
        };
        assert_eq!([after(1, 5), after(8, 300), after(4, 1900), after(4, 2100), after(1, 10)], [8, 5, 4, 1, 8]);
    }
}
