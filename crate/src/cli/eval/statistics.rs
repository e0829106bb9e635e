//! Means, standard deviations and bootstrap intervals.

use gist::model::sampler::uniform;

/// Number of bootstrap resamples.
const RESAMPLES: usize = 10_000;

/// Returns the mean of `values`.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Returns the standard deviation of the sample `values`; 0 for a single value.
pub fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// Draws of examples with replacement. All comparisons use the same draws, so that intervals of differences are paired.
pub struct Bootstrap {
    draws: Vec<u32>,
    examples: usize,
}

impl Bootstrap {
    /// Draws `examples` out of as many examples, [`RESAMPLES`] times.
    pub fn new(examples: usize, seed: u64) -> Self {
        let draw = |i: usize| (f64::from(uniform(seed, i as u32)) * examples as f64) as u32;
        Self { draws: (0..RESAMPLES * examples).map(draw).collect(), examples }
    }

    /// Returns the interval that contains 95% of the resampled means of `values`, one value for each example.
    pub fn interval(&self, values: &[f64]) -> [f64; 2] {
        let mut means: Vec<f64> = self
            .draws
            .chunks_exact(self.examples)
            .map(|draw| draw.iter().map(|i| values[*i as usize]).sum::<f64>() / self.examples as f64)
            .collect();
        means.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
        [at(0.025), at(0.975)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_is_that_of_a_sample() {
        assert_eq!(deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), (32.0f64 / 7.0).sqrt());
        assert_eq!(deviation(&[3.0]), 0.0);
    }

    #[test]
    fn an_interval_is_as_wide_as_the_error_of_the_mean() {
        // 100 values evenly from 0 to 99: mean 49.5, standard error 28.87 / 10, and 1.96 of those each way.
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        for seed in 0..5 {
            let [low, high] = Bootstrap::new(100, seed).interval(&values);
            // 10,000 draws place a quantile to about 0.1.
            assert!((low - (49.5 - 5.66)).abs() < 0.3, "seed {seed}: from {low}");
            assert!((high - (49.5 + 5.66)).abs() < 0.3, "seed {seed}: to {high}");
        }
    }

    #[test]
    fn differences_are_paired() {
        // One method is always better by 1, which differs far less than the examples do.
        let one: Vec<f64> = (0..20).map(|i| f64::from(i * i)).collect();
        let difference: Vec<f64> = one.iter().map(|value| (value + 1.0) - value).collect();
        let bootstrap = Bootstrap::new(20, 3);
        assert_eq!(bootstrap.interval(&difference), [1.0, 1.0]);
        let [low, high] = bootstrap.interval(&one);
        assert!(high - low > 50.0, "{low} to {high}");
    }
}
