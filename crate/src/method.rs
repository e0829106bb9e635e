//! The methods, and the plan of generations that each comes down to.
//!
//! This is the only place that knows method names. What comes out is prompts and low-rank pairs.

use std::fmt;
use std::str::FromStr;

use crate::adapter::Adapter;
use crate::error::{Error, Result};
use crate::input;
pub use crate::library::{Correction, Library, Skill};
use crate::low_rank::Pairs;
use crate::merge;
use crate::prompt::Task;
use crate::spec::Spec;
use crate::{baked, calibration, projection};

/// A way to make a summary in another language from the adapters at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The base model alone.
    ZeroShot,
    /// The summarisation adapter alone.
    Primary,
    /// The translation adapter alone.
    Secondary,
    /// Both adapters, their A and their B added.
    Linear,
    /// Both adapters, half each.
    Concat,
    /// Both adapters, trimmed, where their signs agree.
    Ties,
    /// Both adapters, their A and their B added with weights that a search has found.
    LoraHub,
    /// Summarise with the first adapter, then translate that with the second.
    TwoStep,
    /// An adapter trained on the whole task.
    JointExpert,
    /// Both adapters, half each, corrected by the learned projection.
    Projection,
    /// Both adapters, half each, and a learned bias.
    Calibration,
    /// Both adapters, half each, and a learned term of low rank.
    CalibrationPlus,
}

impl Method {
    /// All methods, in the order in which they are listed.
    pub const ALL: [Method; 12] = [
        Method::ZeroShot,
        Method::Primary,
        Method::Secondary,
        Method::Linear,
        Method::Concat,
        Method::Ties,
        Method::LoraHub,
        Method::TwoStep,
        Method::JointExpert,
        Method::Projection,
        Method::Calibration,
        Method::CalibrationPlus,
    ];

    /// The name on the command line and in files.
    pub fn id(self) -> &'static str {
        match self {
            Method::ZeroShot => "zero-shot",
            Method::Primary => "primary",
            Method::Secondary => "secondary",
            Method::Linear => "linear",
            Method::Concat => "concat",
            Method::Ties => "ties",
            Method::LoraHub => "lorahub",
            Method::TwoStep => "two-step",
            Method::JointExpert => "joint-expert",
            Method::Projection => "projection",
            Method::Calibration => "calibration",
            Method::CalibrationPlus => "calibration-pp",
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Method::ZeroShot => "Zero-shot",
            Method::Primary => "Summarization LoRA",
            Method::Secondary => "Translation LoRA",
            Method::Linear => "Linear merge",
            Method::Concat => "Concat merge",
            Method::Ties => "TIES merge",
            Method::LoraHub => "LoraHub",
            Method::TwoStep => "Two-step",
            Method::JointExpert => "Joint-expert LoRA",
            Method::Projection => "Projection merge",
            Method::Calibration => "Learnable calibration",
            Method::CalibrationPlus => "Learnable calibration++",
        }
    }

    /// The method that is used for `task` unless another is asked for.
    pub fn default_for(task: &Task) -> Self {
        match task {
            Task::Summarize => Method::Primary,
            Task::Translate { .. } => Method::Secondary,
            Task::SummarizeTranslate { .. } => Method::Projection,
        }
    }

    /// How many times the model generates for a chat that it can read at once.
    pub fn passes(self) -> usize {
        if self == Method::TwoStep { 2 } else { 1 }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|method| method.id() == name)
            .ok_or_else(|| input!("there is no method {name}; use one of {}", Self::ALL.map(Method::id).join(", ")))
    }
}

/// One pass of the model, or one for each part of a text that is too long for it.
#[derive(Debug)]
pub struct Generation<'a> {
    /// What the prompt asks for. The text is the chat for the first, and for the next what the one before wrote.
    pub task: Task,
    /// What is applied to the base.
    pub pairs: Pairs<'a>,
}

/// The adapters that a summary from `from` in `to` is made with: primary, then secondary.
///
/// # Errors
/// If one of them is not in `library`.
pub fn translation_pair<'a>(library: &'a Library, from: &str, to: &str) -> Result<[&'a Adapter; 2]> {
    let secondary = Skill::Translate { from: from.to_owned(), to: to.to_owned() };
    Ok([library.adapter(&Skill::Summarize)?, library.adapter(&secondary)?])
}

/// The passes that `method` takes for `task`.
///
/// # Errors
/// If an adapter or projection it needs is not in `library`, or the method is not for this task.
pub fn plan<'a>(method: Method, task: &Task, library: &'a Library, spec: &'a Spec) -> Result<Vec<Generation<'a>>> {
    let once = |pairs: Pairs<'a>| vec![Generation { task: task.clone(), pairs }];
    let translate = |from: &str, to: &str| Skill::Translate { from: from.to_owned(), to: to.to_owned() };
    let primary = || library.adapter(&Skill::Summarize);
    match (method, task) {
        (Method::ZeroShot, _) => Ok(once(Pairs::none(spec))),
        (Method::Primary, Task::Summarize | Task::SummarizeTranslate { .. }) => Ok(once(merge::single(primary()?))),
        (Method::Secondary, Task::Translate { from, to } | Task::SummarizeTranslate { from, to }) => {
            Ok(once(merge::single(library.adapter(&translate(from, to))?)))
        }
        (Method::JointExpert, Task::SummarizeTranslate { from, to }) => {
            let joint = Skill::SummarizeTranslate { from: from.clone(), to: to.clone() };
            Ok(once(merge::single(library.adapter(&joint)?)))
        }
        (Method::Linear | Method::Concat | Method::Ties, Task::SummarizeTranslate { from, to }) => {
            let adapters = translation_pair(library, from, to)?;
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
            let adapters = || translation_pair(library, from, to);
            Ok(once(match library.correction(method, from, to)? {
                Correction::Projection(projection) => merge::project(spec, projection, adapters()?)?,
                Correction::Baked(baked) => baked.pairs(),
                Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => {
                    merge::calibrate(calibration, adapters()?)?
                }
                Correction::LoraHub(found) => merge::lorahub(found, adapters()?)?,
            }))
        }
        (Method::TwoStep, Task::SummarizeTranslate { from, to }) => {
            let [primary, secondary] = translation_pair(library, from, to)?;
            Ok(vec![
                Generation { task: Task::Summarize, pairs: merge::single(primary) },
                Generation {
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
/// If it has learned some, and they are not in `library`.
pub fn extra_parameters(method: Method, task: &Task, library: &Library, spec: &Spec) -> Result<usize> {
    let Task::SummarizeTranslate { from, to } = task else { return Ok(0) };
    Ok(match method {
        Method::JointExpert => {
            let joint = Skill::SummarizeTranslate { from: from.clone(), to: to.clone() };
            library.adapter(&joint)?.parameters()
        }
        Method::Projection | Method::Calibration | Method::CalibrationPlus | Method::LoraHub => {
            match library.correction(method, from, to)? {
                Correction::Projection(projection) => projection::parameters(spec, projection.s),
                Correction::Baked(baked) => baked::parameters(spec, baked.s),
                Correction::Calibration(_) => calibration::parameters(spec),
                Correction::CalibrationPlus(calibration) => calibration::parameters_plus(spec, calibration.s),
                Correction::LoraHub(found) => found.weights.len(),
            }
        }
        _ => 0,
    })
}

/// The pass that makes a summary, in its own language, of one part of a chat that is too long for `method` to read at
/// once: with the summarization adapter, and zero-shot without. `None` where that adapter is not at hand, as beside a baked
/// projection.
pub fn shorten<'a>(method: Method, library: &'a Library, spec: &'a Spec) -> Option<Generation<'a>> {
    let pairs = match method {
        Method::ZeroShot => Pairs::none(spec),
        _ => merge::single(library.adapter(&Skill::Summarize).ok()?),
    };
    Some(Generation { task: Task::Summarize, pairs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_name_that_is_understood() {
        let ids = "zero-shot primary secondary linear concat ties lorahub two-step joint-expert projection calibration \
                   calibration-pp";
        let ids: Vec<&str> = ids.split_whitespace().collect();
        assert_eq!(Method::ALL.map(Method::id).to_vec(), ids);
        for id in ids {
            assert_eq!(id.parse::<Method>().unwrap().id(), id);
        }
    }
}
