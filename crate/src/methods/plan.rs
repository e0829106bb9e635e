//! The plan of a method: one or two stages, each a prompt with low-rank pairs. The code that runs them never learns the
//! method's name.

use super::merge;
use super::method::Method;
use super::registry::AdapterRegistry;
use crate::adapters::LoraAdapter;
use crate::adapters::low_rank::LowRankPairs;
use crate::error::{Error, Result};
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

/// Returns the two adapters that a summary in another language is made with: primary, then secondary.
///
/// # Errors
/// If one of them is not in `registry`, or `task` is not made of two.
pub fn task_pair<'a>(registry: &'a AdapterRegistry, task: &Task) -> Result<[&'a LoraAdapter; 2]> {
    let (primary, secondary) = halves(task)?;
    Ok([registry.adapter(&primary)?, registry.adapter(&secondary)?])
}

/// Returns the two tasks that `task` is made of.
fn halves(task: &Task) -> Result<(Task, Task)> {
    let both = task.primary().zip(task.secondary());
    both.ok_or_else(|| input!("only a summary in another language is made of two tasks; give another language"))
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
    let alone = |task: &Task| Ok::<_, Error>(once(merge::single(registry.adapter(task)?)));
    let pair = || task_pair(registry, task);
    match (method, task.primary(), task.secondary()) {
        (Method::ZeroShot, ..) => Ok(once(LowRankPairs::none(config))),
        (Method::Primary, Some(primary), _) => alone(&primary),
        (Method::Secondary, _, Some(secondary)) => alone(&secondary),
        (Method::JointExpert, Some(_), Some(_)) => alone(task),
        (Method::Linear, Some(_), Some(_)) => Ok(once(merge::linear(pair()?)?)),
        (Method::Concat, Some(_), Some(_)) => Ok(once(merge::concat_halves(pair()?))),
        (Method::Ties, Some(_), Some(_)) => Ok(once(merge::ties(pair()?)?)),
        (Method::TwoStep, Some(first), Some(second)) => {
            let [primary, secondary] = pair()?.map(merge::single);
            Ok(vec![Stage { task: first, pairs: primary }, Stage { task: second, pairs: secondary }])
        }
        (corrected, Some(_), Some(_)) if corrected.needs_correction() => {
            Ok(once(registry.correction(corrected, task)?.merge(config, pair)?))
        }
        (method, ..) => {
            Err(input!("method {method} is not made for this task; use zero-shot, or the adapter of this task alone"))
        }
    }
}

/// Methods to take by default where none was set for two languages, the first choice first.
const DEFAULTS: [Method; 3] = [Method::Projection, Method::TwoStep, Method::JointExpert];

/// Returns the method to do `task` with unless the user names another: the one that was set for its languages, or else
/// the first of a usual order that `registry` has the adapters for. Returns `None` if it has them for none.
pub fn default_method(task: &Task, registry: &AdapterRegistry, config: &ModelConfig) -> Option<Method> {
    let choices = default_choices(task, registry.default_method(task));
    choices.into_iter().find(|method| plan(*method, task, registry, config).is_ok())
}

/// Returns the methods to do `task` by, unless the user names another, the first choice first; `best` is the one that
/// was set for its languages.
pub fn default_choices(task: &Task, best: Option<Method>) -> Vec<Method> {
    match task {
        Task::Summarize { .. } => vec![Method::Primary],
        Task::Translate { .. } => vec![Method::Secondary],
        Task::SummarizeTranslate { .. } => best.into_iter().chain(DEFAULTS).collect(),
    }
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
        Task::SummarizeTranslate { .. } if method.needs_correction() => {
            Ok(registry.correction(method, task)?.parameters(config))
        }
        _ => Ok(0),
    }
}

/// Plans the stage that summarises, in its language and in the form of `task`, one window of a chat that is too long
/// for one pass of `method`: with the adapter for that, or zero-shot without adapters. Returns `None` if that adapter
/// is not in `registry`, for instance beside a baked projection.
pub fn shorten<'a>(
    method: Method,
    task: &Task,
    registry: &'a AdapterRegistry,
    config: &'a ModelConfig,
) -> Option<Stage<'a>> {
    let task = task.primary()?;
    let pairs = match method {
        Method::ZeroShot => LowRankPairs::none(config),
        _ => merge::single(registry.adapter(&task).ok()?),
    };
    Some(Stage { task, pairs })
}
