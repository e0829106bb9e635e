//! The plan of passes that a method comes down to: prompts and low-rank pairs. What runs them never learns its name.

use super::correction::Correction;
use super::merge;
use super::method::Method;
use super::registry::AdapterRegistry;
use super::{baked, calibration, projection};
use crate::adapters::LoraAdapter;
use crate::adapters::low_rank::LowRankPairs;
use crate::error::Result;
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::prompt::Task;

/// One pass of the model, or one for each part of a text that is too long for it.
#[derive(Debug)]
pub struct PlannedPass<'a> {
    /// What the prompt asks for. The text is the chat for the first, and for the next what the one before wrote.
    pub task: Task,
    /// What is applied to the base.
    pub pairs: LowRankPairs<'a>,
}

/// The adapters that a summary from `from` in `to` is made with: primary, then secondary.
///
/// # Errors
/// If one of them is not in `registry`.
pub fn translation_pair<'a>(registry: &'a AdapterRegistry, from: &str, to: &str) -> Result<[&'a LoraAdapter; 2]> {
    let secondary = Task::Translate { from: from.to_owned(), to: to.to_owned() };
    Ok([registry.adapter(&Task::Summarize)?, registry.adapter(&secondary)?])
}

/// The passes that `method` takes for `task`.
///
/// # Errors
/// If an adapter or projection it needs is not in `registry`, or the method is not for this task.
pub fn plan<'a>(
    method: Method,
    task: &Task,
    registry: &'a AdapterRegistry,
    config: &'a ModelConfig,
) -> Result<Vec<PlannedPass<'a>>> {
    let once = |pairs: LowRankPairs<'a>| vec![PlannedPass { task: task.clone(), pairs }];
    let translate = |from: &str, to: &str| Task::Translate { from: from.to_owned(), to: to.to_owned() };
    let primary = || registry.adapter(&Task::Summarize);
    match (method, task) {
        (Method::ZeroShot, _) => Ok(once(LowRankPairs::none(config))),
        (Method::Primary, Task::Summarize | Task::SummarizeTranslate { .. }) => Ok(once(merge::single(primary()?))),
        (Method::Secondary, Task::Translate { from, to } | Task::SummarizeTranslate { from, to }) => {
            Ok(once(merge::single(registry.adapter(&translate(from, to))?)))
        }
        (Method::JointExpert, Task::SummarizeTranslate { from, to }) => {
            let joint = Task::SummarizeTranslate { from: from.clone(), to: to.clone() };
            Ok(once(merge::single(registry.adapter(&joint)?)))
        }
        (Method::Linear | Method::Concat | Method::Ties, Task::SummarizeTranslate { from, to }) => {
            let adapters = translation_pair(registry, from, to)?;
            Ok(once(match method {
                Method::Linear => merge::linear(adapters)?,
                Method::Ties => merge::ties(adapters)?,
                _ => merge::concat_halves(adapters),
            }))
        }
        (
            Method::Projection | Method::Calibration | Method::CalibrationPlus | Method::LoraHub,
            Task::SummarizeTranslate { from, to },
        ) => {
            let adapters = || translation_pair(registry, from, to);
            Ok(once(match registry.correction(method, from, to)? {
                Correction::Projection(projection) => merge::project(config, projection, adapters()?)?,
                Correction::Baked(baked) => baked.pairs(),
                Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => {
                    merge::calibrate(calibration, adapters()?)?
                }
                Correction::LoraHub(found) => merge::lorahub(found, adapters()?)?,
            }))
        }
        (Method::TwoStep, Task::SummarizeTranslate { from, to }) => {
            let [primary, secondary] = translation_pair(registry, from, to)?;
            Ok(vec![
                PlannedPass { task: Task::Summarize, pairs: merge::single(primary) },
                PlannedPass {
                    task: Task::Translate { from: from.clone(), to: to.clone() },
                    pairs: merge::single(secondary),
                },
            ])
        }
        (method, _) => {
            Err(input!("method {method} is not made for this task; use zero-shot, or the adapter of this task alone"))
        }
    }
}

/// Number of values that `method` has learned for `task` beyond the two adapters that it merges.
///
/// # Errors
/// If it has learned some, and they are not in `registry`.
pub fn extra_parameters(
    method: Method,
    task: &Task,
    registry: &AdapterRegistry,
    config: &ModelConfig,
) -> Result<usize> {
    let Task::SummarizeTranslate { from, to } = task else { return Ok(0) };
    Ok(match method {
        Method::JointExpert => {
            let joint = Task::SummarizeTranslate { from: from.clone(), to: to.clone() };
            registry.adapter(&joint)?.parameters()
        }
        Method::Projection | Method::Calibration | Method::CalibrationPlus | Method::LoraHub => {
            match registry.correction(method, from, to)? {
                Correction::Projection(projection) => projection::parameters(config, projection.s),
                Correction::Baked(baked) => baked::parameters(config, baked.s),
                Correction::Calibration(_) => calibration::parameters(config),
                Correction::CalibrationPlus(calibration) => calibration::parameters_plus(config, calibration.s),
                Correction::LoraHub(found) => found.weights.len(),
            }
        }
        _ => 0,
    })
}

/// The pass that makes a summary, in its own language, of one part of a chat that is too long for `method` to read at
/// once: with the summarization adapter, and zero-shot without. `None` where that adapter is not at hand, as beside a baked
/// projection.
pub fn shorten<'a>(method: Method, registry: &'a AdapterRegistry, config: &'a ModelConfig) -> Option<PlannedPass<'a>> {
    let pairs = match method {
        Method::ZeroShot => LowRankPairs::none(config),
        _ => merge::single(registry.adapter(&Task::Summarize).ok()?),
    };
    Some(PlannedPass { task: Task::Summarize, pairs })
}
