//! The plan of a method: one or two stages, each a prompt with low-rank pairs. The code that runs them never learns the
//! method's name.

use super::merge;
use super::method::Method;
use super::registry::AdapterRegistry;
use crate::adapters::LoraAdapter;
use crate::adapters::low_rank::LowRankPairs;
use crate::error::Result;
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::prompt::Task;

/// One stage of a run: a pass of the model, or one for each window of a text that is too long for one pass.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Task of the prompt. The first stage reads the chat, each other one what the stage before it wrote.
    pub task: Task,
    /// Pairs added to the base.
    pub pairs: LowRankPairs<'a>,
}

/// Returns the two adapters that a summary from `from` in `to` is made with: primary, then secondary.
///
/// # Errors
/// If one of them is not in `registry`.
pub fn translation_pair<'a>(registry: &'a AdapterRegistry, from: &str, to: &str) -> Result<[&'a LoraAdapter; 2]> {
    Ok([registry.adapter(&summary(from))?, registry.adapter(&translation(from, to))?])
}

/// Plans the stages that `method` takes for `task`.
///
/// # Errors
/// If an adapter or correction that it needs is not in `registry`, or the method is not for this task.
pub fn plan<'a>(
    method: Method,
    task: &Task,
    registry: &'a AdapterRegistry,
    config: &'a ModelConfig,
) -> Result<Vec<Stage<'a>>> {
    let once = |pairs: LowRankPairs<'a>| vec![Stage { task: task.clone(), pairs }];
    Ok(match (method, task) {
        (Method::ZeroShot, _) => once(LowRankPairs::none(config)),
        (Method::Primary, Task::Summarize { from } | Task::SummarizeTranslate { from, .. }) => {
            once(merge::single(registry.adapter(&summary(from))?))
        }
        (Method::Secondary, Task::Translate { from, to } | Task::SummarizeTranslate { from, to }) => {
            once(merge::single(registry.adapter(&translation(from, to))?))
        }
        (Method::JointExpert, Task::SummarizeTranslate { .. }) => once(merge::single(registry.adapter(task)?)),
        (Method::Linear, Task::SummarizeTranslate { from, to }) => {
            once(merge::linear(translation_pair(registry, from, to)?)?)
        }
        (Method::Concat, Task::SummarizeTranslate { from, to }) => {
            once(merge::concat_halves(translation_pair(registry, from, to)?))
        }
        (Method::Ties, Task::SummarizeTranslate { from, to }) => {
            once(merge::ties(translation_pair(registry, from, to)?)?)
        }
        (Method::TwoStep, Task::SummarizeTranslate { from, to }) => {
            let [primary, secondary] = translation_pair(registry, from, to)?;
            vec![
                Stage { task: summary(from), pairs: merge::single(primary) },
                Stage { task: translation(from, to), pairs: merge::single(secondary) },
            ]
        }
        (corrected, Task::SummarizeTranslate { from, to }) if corrected.needs_correction() => {
            let correction = registry.correction(corrected, from, to)?;
            once(correction.merge(config, || translation_pair(registry, from, to))?)
        }
        (method, _) => {
            return Err(input!(
                "method {method} is not made for this task; use zero-shot, or the adapter of this task alone"
            ));
        }
    })
}

fn summary(from: &str) -> Task {
    Task::Summarize { from: from.to_owned() }
}

fn translation(from: &str, to: &str) -> Task {
    Task::Translate { from: from.to_owned(), to: to.to_owned() }
}

/// Methods to take by default where none was set for two languages, the first choice first.
const DEFAULTS: [Method; 3] = [Method::Projection, Method::TwoStep, Method::JointExpert];

/// Returns the method to do `task` with unless the user names another: the one that was set for its languages, or else
/// the first of a usual order that `registry` has the adapters for. Returns `None` if it has them for none.
pub fn default_method(task: &Task, registry: &AdapterRegistry, config: &ModelConfig) -> Option<Method> {
    let choices = match task {
        Task::Summarize { .. } => vec![Method::Primary],
        Task::Translate { .. } => vec![Method::Secondary],
        Task::SummarizeTranslate { from, to } => {
            registry.default_method(from, to).into_iter().chain(DEFAULTS).collect()
        }
    };
    choices.into_iter().find(|method| plan(*method, task, registry, config).is_ok())
}

/// Returns the number of values that `method` has learned for `task` beyond the two adapters that it merges.
///
/// # Errors
/// If it has learned some, and they are not in `registry`.
pub fn extra_parameters(
    method: Method,
    task: &Task,
    registry: &AdapterRegistry,
    config: &ModelConfig,
) -> Result<usize> {
    match task {
        Task::SummarizeTranslate { .. } if method == Method::JointExpert => Ok(registry.adapter(task)?.parameters()),
        Task::SummarizeTranslate { from, to } if method.needs_correction() => {
            Ok(registry.correction(method, from, to)?.parameters(config))
        }
        _ => Ok(0),
    }
}

/// Plans the stage that summarises, in its language `from`, one window of a chat that is too long for one pass of
/// `method`: with the summarization adapter, or zero-shot without adapters. Returns `None` if that adapter is not in `registry`,
/// for instance beside a baked projection.
pub fn shorten<'a>(
    method: Method,
    from: &str,
    registry: &'a AdapterRegistry,
    config: &'a ModelConfig,
) -> Option<Stage<'a>> {
    let task = summary(from);
    let pairs = match method {
        Method::ZeroShot => LowRankPairs::none(config),
        _ => merge::single(registry.adapter(&task).ok()?),
    };
    Some(Stage { task, pairs })
}
