//! Choice of the next token from logits: greedy, or temperature with top-k and top-p.
//!
//! Random numbers are a function of seed and position alone, so that every executor draws the same token from the same
//! logits, and a run can be repeated. The arithmetic is on 32-bit integers because shaders have no other.

use crate::error::Result;
use crate::input;

/// Largest top-k: the number of candidates that a shader keeps for one token.
pub const MAX_TOP_K: usize = 64;

/// Parameters of the choice of the next token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Divisor of the logits, 0 to 10; 0 takes the largest logit (greedy).
    pub temperature: f32,
    /// Number of candidates, the tokens with the largest logits: 1 to [`MAX_TOP_K`].
    pub top_k: usize,
    /// Probability, above 0 up to 1, that the most probable candidates have to reach together; the others are dropped.
    pub top_p: f32,
    /// Seed of the random numbers; the same seed gives the same text.
    pub seed: u64,
}

impl Default for Sampling {
    /// Returns greedy sampling: summaries should not change from one run to the next.
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 40, top_p: 0.95, seed: 0 }
    }
}

impl Sampling {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Naming the value that is out of range.
    pub fn check(&self) -> Result<()> {
        if !(0.0..=10.0).contains(&self.temperature) {
            return Err(input!("temperature is {}; 0 to 10 are possible", self.temperature));
        }
        if !(1..=MAX_TOP_K).contains(&self.top_k) {
            return Err(input!("top-k is {}; 1 to {MAX_TOP_K} are possible", self.top_k));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(input!("top-p is {}; above 0 up to 1 is possible", self.top_p));
        }
        Ok(())
    }

    /// Chooses the next token, where `step` counts the tokens generated before. `logits` has one value per token.
    pub fn choose(&self, logits: &[f32], step: u32) -> u32 {
        if self.temperature == 0.0 {
            return argmax(logits);
        }
        let candidates = top_k(logits, self.top_k);
        let max = candidates.first().map_or(0.0, |best| best.1);
        let weights: Vec<f32> = candidates.iter().map(|(_, logit)| ((logit - max) / self.temperature).exp()).collect();
        let wanted = self.top_p * weights.iter().sum::<f32>();
        let mut kept = 0.0;
        let mut count = 0;
        while count < weights.len() && kept < wanted {
            kept += weights[count];
            count += 1;
        }
        let mut left = uniform(self.seed, step) * kept;
        for ((id, _), weight) in candidates.iter().zip(&weights[..count]) {
            left -= weight;
            if left < 0.0 {
                return *id;
            }
        }
        candidates[count.max(1) - 1].0 // rounding left a sliver above the last one
    }
}

/// Returns the id of the largest logit, the lowest id on ties.
pub fn argmax(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = id;
        }
    }
    best as u32
}

/// Returns ids and values of the `k` largest logits, largest first, lower ids first on ties.
fn top_k(logits: &[f32], k: usize) -> Vec<(u32, f32)> {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(k + 1);
    for (id, logit) in logits.iter().enumerate() {
        if best.len() == k && *logit <= best[k - 1].1 {
            continue;
        }
        let at = best.partition_point(|(_, other)| other >= logit);
        best.insert(at, (id as u32, *logit));
        best.truncate(k);
    }
    best
}

/// Returns a number in [0, 1) that depends on seed and step alone: the pcg3d hash (Jarzynski and Olano, 2020).
pub fn uniform(seed: u64, step: u32) -> f32 {
    let mut v = [seed as u32, (seed >> 32) as u32, step];
    v.iter_mut().for_each(|x| *x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let mix = |v: &mut [u32; 3]| {
        v[0] = v[0].wrapping_add(v[1].wrapping_mul(v[2]));
        v[1] = v[1].wrapping_add(v[2].wrapping_mul(v[0]));
        v[2] = v[2].wrapping_add(v[0].wrapping_mul(v[1]));
    };
    mix(&mut v);
    v.iter_mut().for_each(|x| *x ^= *x >> 16);
    mix(&mut v);
    (v[0] >> 8) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_takes_the_largest_and_the_first_of_equals() {
        assert_eq!(Sampling::default().choose(&[1.0, 3.0, 3.0, -1.0], 0), 1);
    }

    #[test]
    fn sampling_follows_the_probabilities_within_top_k_and_top_p() {
        let logits = [0.0, 2.0_f32.ln(), f32::NEG_INFINITY, 0.0, -9.0];
        let sampling = Sampling { temperature: 1.0, top_k: 4, top_p: 0.999, seed: 7 };
        let mut counts = [0; 5];
        for step in 0..4000 {
            counts[sampling.choose(&logits, step) as usize] += 1;
        }
        assert_eq!((counts[2], counts[4]), (0, 0), "outside top-p");
        // Half of 4000; six standard deviations of a binomial are 190.
        assert!((1810..2190).contains(&counts[1]), "{counts:?}");
        let narrow = Sampling { top_k: 1, ..sampling };
        assert!((0..50).all(|step| narrow.choose(&logits, step) == 1));
        let greedy_enough = Sampling { top_p: 0.4, ..sampling };
        assert!((0..50).all(|step| greedy_enough.choose(&logits, step) == 1));
    }

    #[test]
    fn random_numbers_depend_on_seed_and_step_only() {
        assert_eq!(uniform(1, 2), uniform(1, 2));
        assert_ne!(uniform(1, 2), uniform(1, 3));
        assert_ne!(uniform(1, 2), uniform(2, 2));
        assert_ne!(uniform(1, 2), uniform(1 + (1 << 32), 2));
        let mean = (0..10_000).map(|step| uniform(3, step)).sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}"); // seven standard deviations
    }

    #[test]
    fn ranges_are_checked() {
        let bad = [
            Sampling { temperature: -1.0, ..Sampling::default() },
            Sampling { temperature: f32::NAN, ..Sampling::default() },
            Sampling { top_k: 0, ..Sampling::default() },
            Sampling { top_k: 65, ..Sampling::default() },
            Sampling { top_p: 0.0, ..Sampling::default() },
        ];
        assert!(bad.iter().all(|sampling| sampling.check().is_err()));
        assert!(Sampling::default().check().is_ok());
    }
}
