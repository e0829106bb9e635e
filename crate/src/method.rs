//! The methods, and the plan of generations that each comes down to.
//!
//! This is the only place that knows method names. What comes out is prompts and low-rank pairs.

use std::fmt;
use std::str::FromStr;

use crate::adapter::Adapter;
use crate::error::{Error, Result};
use crate::input;
use crate::low_rank::Pairs;
use crate::merge;
use crate::projection::Projection;
use crate::prompt::Task;
use crate::spec::Spec;

/// A way to make a summary in another language from the adapters at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The base model alone.
    ZeroShot,
    /// The summarisation adapter alone.
    Primary,
    /// The translation adapter alone.
    Secondary,
    /// Both adapters, half each.
    Concat,
    /// Summarise with the first adapter, then translate that with the second.
    TwoStep,
    /// Both adapters, half each, corrected by the learned projection.
    Projection,
}

impl Method {
    /// All methods, in the order in which they are listed.
    pub const ALL: [Method; 6] =
        [Method::ZeroShot, Method::Primary, Method::Secondary, Method::Concat, Method::TwoStep, Method::Projection];

    /// The name on the command line and in files.
    pub fn id(self) -> &'static str {
        match self {
            Method::ZeroShot => "zero-shot",
            Method::Primary => "primary",
            Method::Secondary => "secondary",
            Method::Concat => "concat",
            Method::TwoStep => "two-step",
            Method::Projection => "projection",
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Method::ZeroShot => "Zero-shot",
            Method::Primary => "Summarization LoRA",
            Method::Secondary => "Translation LoRA",
            Method::Concat => "Concat merge",
            Method::TwoStep => "Two-step",
            Method::Projection => "Projection merge",
        }
    }

    /// How many times the model generates.
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

/// What an adapter was trained for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skill {
    /// Summaries in the language of the text.
    Summarize,
    /// Translation.
    Translate {
        /// Language code of the text.
        from: String,
        /// Language code of the translation.
        to: String,
    },
}

/// The adapters and projections at hand for one model.
#[derive(Debug, Default)]
pub struct Library {
    adapters: Vec<(Skill, Adapter)>,
    projections: Vec<(String, String, Projection)>,
}

impl Library {
    /// Adds an adapter, in place of one for the same skill.
    pub fn add(&mut self, skill: Skill, adapter: Adapter) {
        self.adapters.retain(|(other, _)| *other != skill);
        self.adapters.push((skill, adapter));
    }

    /// Adds a projection, in place of one for the same languages.
    pub fn add_projection(&mut self, from: &str, to: &str, projection: Projection) {
        self.projections.retain(|(f, t, _)| (f.as_str(), t.as_str()) != (from, to));
        self.projections.push((from.to_owned(), to.to_owned(), projection));
    }

    /// The languages that adapters at hand can write, beside the text's own.
    pub fn languages(&self) -> Vec<String> {
        let mut languages: Vec<String> = self
            .adapters
            .iter()
            .filter_map(|(skill, _)| match skill {
                Skill::Translate { to, .. } => Some(to.clone()),
                Skill::Summarize => None,
            })
            .collect();
        languages.sort();
        languages.dedup();
        languages
    }

    fn adapter(&self, wanted: &Skill) -> Result<&Adapter> {
        self.adapters.iter().find(|(skill, _)| skill == wanted).map(|(_, adapter)| adapter).ok_or_else(
            || match wanted {
                Skill::Summarize => input!("no summarization adapter is installed for this model; add one"),
                Skill::Translate { from, to } => {
                    input!("no adapter that translates {from} to {to} is installed for this model; add one")
                }
            },
        )
    }

    fn projection(&self, from: &str, to: &str) -> Result<&Projection> {
        let found = self.projections.iter().find(|(f, t, _)| (f.as_str(), t.as_str()) == (from, to));
        found
            .map(|(_, _, projection)| projection)
            .ok_or_else(|| input!("no projection from {from} to {to} is installed for this model; add one"))
    }
}

/// One pass of the model.
#[derive(Debug)]
pub struct Generation {
    /// What the prompt asks for. The text is the chat in the first pass and the result before in the next.
    pub task: Task,
    /// What is applied to the base, in Hugging Face's layout.
    pub pairs: Pairs,
}

/// The passes that `method` takes for `task`.
///
/// # Errors
/// If an adapter or projection it needs is not in `library`, or the method is not for this task.
pub fn plan(method: Method, task: &Task, library: &Library, spec: &Spec) -> Result<Vec<Generation>> {
    let once = |pairs: Pairs| vec![Generation { task: task.clone(), pairs }];
    let translate = |from: &str, to: &str| Skill::Translate { from: from.to_owned(), to: to.to_owned() };
    let primary = || library.adapter(&Skill::Summarize);
    match (method, task) {
        (Method::ZeroShot, _) => Ok(once(Pairs::none(spec))),
        (Method::Primary, Task::Summarize | Task::SummarizeTranslate { .. }) => Ok(once(merge::single(primary()?))),
        (Method::Secondary, Task::Translate { from, to } | Task::SummarizeTranslate { from, to }) => {
            Ok(once(merge::single(library.adapter(&translate(from, to))?)))
        }
        (Method::Concat, Task::SummarizeTranslate { from, to }) => {
            Ok(once(merge::concat_halves([primary()?, library.adapter(&translate(from, to))?])))
        }
        (Method::Projection, Task::SummarizeTranslate { from, to }) => {
            let adapters = [primary()?, library.adapter(&translate(from, to))?];
            Ok(once(merge::project(spec, library.projection(from, to)?, adapters)?))
        }
        (Method::TwoStep, Task::SummarizeTranslate { from, to }) => {
            let secondary = library.adapter(&translate(from, to))?;
            Ok(vec![
                Generation { task: Task::Summarize, pairs: merge::single(primary()?) },
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
