//! The search for LoraHub's weights: a weight for each of two adapters, found without gradients on a few examples.
//!
//! The cost of two weights is the mean negative log-likelihood of reference summaries under the merged model plus a
//! small penalty on the weights. The (1+1) evolution strategy with the one-fifth rule minimises it (Rechenberg, 1973;
//! in the form of Kern et al., 2004): try a normally distributed step from the best point, go there if the cost is no
//! higher, lengthen steps after a success and shorten them after a failure.

use super::Engine;
use crate::error::Result;
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction_file::Provenance;
use crate::methods::lorahub::{LoraHub, MAX_WEIGHT};
use crate::methods::merge;
use crate::methods::plan::task_pair;
use crate::model::prompt::Task;
use crate::model::sampler::uniform;

/// Cost of a mean magnitude of 1 of the weights.
const WEIGHT_PENALTY: f64 = 0.05;

/// Standard deviation of the first step.
const FIRST_STEP: f32 = 0.5;

/// Factor by which steps grow after a success; after a failure they shrink by its fourth root. Where one try in five
/// succeeds, they keep their length.
const GROWTH: f32 = 1.5;

/// A chat with a summary that people wrote of it.
#[derive(Debug, Clone)]
pub struct Example {
    /// Name of the example.
    pub id: String,
    /// Chat as `Name: text` lines.
    pub chat: String,
    /// Summary in the language of the task.
    pub summary: String,
}

/// Settings of a search.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Number of pairs of weights to try.
    pub tries: usize,
    /// Seed of the random numbers; the same seed gives the same search.
    pub seed: u64,
}

impl Search {
    /// Finds weights for the adapters of `task` in the engine's registry. Calls `progress` after each try with the
    /// number of tries so far, the best weights and their loss.
    ///
    /// # Errors
    /// If the adapters are not there or cannot be merged, or there are no examples.
    pub fn run(
        self,
        engine: &mut Engine,
        task: &Task,
        examples: &[Example],
        progress: &mut dyn FnMut(usize, [f32; 2], f64),
    ) -> Result<LoraHub> {
        let adapters = task_pair(&engine.registry, task)?.map(Into::into).into();
        let mut texts = Vec::new();
        for example in examples {
            let prompt = engine.prompt(task, &example.chat)?;
            let reference = engine.tokenizer.encode(&example.summary)?;
            if reference.is_empty() {
                return Err(input!("example {} has an empty summary; leave it out", example.id));
            }
            texts.push((prompt, reference));
        }
        if texts.is_empty() {
            return Err(input!("there are no examples; give at least one"));
        }
        let mut found = LoraHub {
            method: AdapterKind::LoraHub.id().to_owned(),
            weights: [0.0; 2],
            loss: 0.0,
            loss_of_base: 0.0,
            tried: 0,
            seed: self.seed,
            examples: examples.iter().map(|example| example.id.clone()).collect(),
            provenance: Provenance {
                base: Some(engine.base.clone()),
                adapters,
                from: Some(task.from().to_owned()),
                to: Some(task.to().to_owned()),
            },
        };
        let mut loss = |weights: [f32; 2]| {
            let candidate = LoraHub { weights, ..found.clone() };
            engine.set_merge(|registry| merge::lorahub(&candidate, task_pair(registry, task)?))?;
            let (mut sum, mut tokens) = (0.0, 0);
            for (prompt, reference) in &texts {
                sum -= engine.log_probabilities(prompt, reference)?.iter().sum::<f64>();
                tokens += reference.len();
            }
            Ok(sum / tokens as f64)
        };
        let start = loss([0.0; 2])?;
        let (weights, best) = minimise(self, start, &mut loss, progress)?;
        (found.weights, found.loss, found.loss_of_base, found.tried) = (weights, best, start, self.tries);
        Ok(found)
    }
}

/// Returns the weights of the least cost, and their loss. The search starts at 0, where the loss is `start`.
fn minimise(
    Search { tries, seed }: Search,
    start: f64,
    loss: &mut dyn FnMut([f32; 2]) -> Result<f64>,
    progress: &mut dyn FnMut(usize, [f32; 2], f64),
) -> Result<([f32; 2], f64)> {
    let penalty = |weights: [f32; 2]| WEIGHT_PENALTY * f64::from(weights[0].abs() + weights[1].abs()) / 2.0;
    let (mut best, mut best_loss) = ([0.0; 2], start);
    let mut step = FIRST_STEP;
    for number in 0..tries {
        let normal = normal_pair(seed, number as u32);
        let weights = [0, 1].map(|i| (best[i] + step * normal[i]).clamp(-MAX_WEIGHT, MAX_WEIGHT));
        let found = loss(weights)?;
        if found + penalty(weights) <= best_loss + penalty(best) {
            (best, best_loss) = (weights, found);
            step *= GROWTH;
        } else {
            step *= GROWTH.powf(-0.25);
        }
        progress(number + 1, best, best_loss);
    }
    Ok((best, best_loss))
}

/// Returns two independent normally distributed numbers (Box and Muller, 1958).
fn normal_pair(seed: u64, number: u32) -> [f32; 2] {
    let radius = (-2.0 * (1.0 - uniform(seed, 2 * number)).ln()).sqrt();
    let angle = std::f32::consts::TAU * uniform(seed, 2 * number + 1);
    [radius * angle.cos(), radius * angle.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_cost_is_found_within_the_bounds() {
        // A valley at an angle, once with its end inside and once with it beyond the bound of the second weight.
        for (centre, expected) in [([0.6, -0.3], [0.6, -0.3]), ([0.2, 9.0], [0.2, 1.5])] {
            let mut loss = |[x, y]: [f32; 2]| {
                let (u, v) = (f64::from(x - centre[0]), f64::from(y - centre[1]));
                Ok(2.0 + 8.0 * u * u + 2.0 * v * v)
            };
            let start = loss([0.0; 2]).unwrap();
            for seed in 0..20 {
                let mut last = (0, f64::INFINITY);
                let mut progress = |number: usize, _: [f32; 2], loss: f64| {
                    assert_eq!(number, last.0 + 1);
                    last = (number, loss);
                };
                let (found, least) = minimise(Search { tries: 120, seed }, start, &mut loss, &mut progress).unwrap();
                assert_eq!((120, least), last);
                for (found, expected) in found.into_iter().zip(expected) {
                    // The penalty on weights moves the optimum by 0.05 / 2 / 4 at most.
                    assert!((found - expected).abs() < 0.03, "seed {seed}: {found} for {expected}");
                }
            }
        }
    }

    #[test]
    fn weights_that_are_not_worth_their_penalty_stay_zero() {
        let mut loss = |[x, y]: [f32; 2]| Ok(2.0 - 0.01 * f64::from(x + y));
        let (found, least) = minimise(Search { tries: 40, seed: 1 }, 2.0, &mut loss, &mut |_, _, _| {}).unwrap();
        assert_eq!((found, least), ([0.0; 2], 2.0));
    }
}
