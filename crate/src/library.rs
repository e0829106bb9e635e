//! The adapters and learned files at hand for one model.

use crate::adapter::Adapter;
use crate::baked::Baked;
use crate::calibration::Calibration;
use crate::error::Result;
use crate::input;
use crate::learned::{MadeFor, Summary};
use crate::lorahub::LoraHub;
use crate::method::Method;
use crate::projection::Projection;
use crate::spec::Spec;

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
    /// Summaries in another language at once: the joint expert.
    SummarizeTranslate {
        /// Language code of the text.
        from: String,
        /// Language code of the summary.
        to: String,
    },
}

/// A learned file that corrects the merge of two adapters.
#[derive(Debug, Clone)]
pub enum Correction {
    /// For [`Method::Projection`].
    Projection(Projection),
    /// For [`Method::Calibration`].
    Calibration(Calibration),
    /// For [`Method::CalibrationPlus`].
    CalibrationPlus(Calibration),
    /// For [`Method::LoraHub`].
    LoraHub(LoraHub),
    /// For [`Method::Projection`] too: its result, which needs neither adapter.
    Baked(Baked),
}

impl Correction {
    /// Reads a learned file of any kind, told by what it says of itself; a safetensors file that says nothing is a
    /// projection.
    ///
    /// # Errors
    /// If it is of no known kind, broken, or made for another model.
    pub fn read(name: &str, file: &[u8], spec: &Spec) -> Result<Self> {
        let summary = Summary::of(file).map_err(|error| error.at(name))?;
        Self::read_as(summary.method.as_deref().unwrap_or("projection"), name, file, spec)
    }

    /// Reads a learned file of `kind`, as the catalog names it.
    ///
    /// # Errors
    /// As [`Correction::read`].
    pub fn read_as(kind: &str, name: &str, file: &[u8], spec: &Spec) -> Result<Self> {
        Ok(match kind {
            "projection" => Self::Projection(Projection::read(name, file, spec)?),
            "baked" => Self::Baked(Baked::read(name, file, spec)?),
            "calibration" => Self::Calibration(Calibration::read(name, file, spec)?),
            "calibration-pp" => Self::CalibrationPlus(Calibration::read_plus(name, file, spec)?),
            "lorahub" => Self::LoraHub(LoraHub::read(name, file)?),
            other => return Err(input!("{name}: method {other} is not known")),
        })
    }

    /// The method that it serves.
    pub fn method(&self) -> Method {
        match self {
            Correction::Projection(_) | Correction::Baked(_) => Method::Projection,
            Correction::Calibration(_) => Method::Calibration,
            Correction::CalibrationPlus(_) => Method::CalibrationPlus,
            Correction::LoraHub(_) => Method::LoraHub,
        }
    }

    /// Rank of what it adds to a merge.
    pub fn rank(&self) -> usize {
        match self {
            Correction::Projection(projection) => projection.s,
            Correction::Baked(baked) => baked.s,
            Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => calibration.s,
            Correction::LoraHub(_) => 0,
        }
    }

    /// What it was made with.
    pub fn made_for(&self) -> &MadeFor {
        match self {
            Correction::Projection(projection) => &projection.made_for,
            Correction::Baked(baked) => &baked.made_for,
            Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => &calibration.made_for,
            Correction::LoraHub(found) => &found.made_for,
        }
    }
}

/// The adapters and corrections at hand for one model.
#[derive(Debug, Clone, Default)]
pub struct Library {
    adapters: Vec<(Skill, Adapter)>,
    corrections: Vec<(String, String, Correction)>,
}

impl Library {
    /// Adds an adapter, in place of one for the same skill.
    pub fn add(&mut self, skill: Skill, adapter: Adapter) {
        self.adapters.retain(|(other, _)| *other != skill);
        self.adapters.push((skill, adapter));
    }

    /// Adds a correction, in place of one of its method for the same languages. [`crate::engine::Engine::add_correction`]
    /// checks first that it was made for the base.
    pub(crate) fn add_correction(&mut self, from: &str, to: &str, correction: Correction) {
        let same = |(f, t, other): &(String, String, Correction)| {
            (f.as_str(), t.as_str(), other.method()) == (from, to, correction.method())
        };
        self.corrections.retain(|entry| !same(entry));
        self.corrections.push((from.to_owned(), to.to_owned(), correction));
    }

    /// The largest rank that any method can make of the adapters at hand: two of them one after the other and a
    /// correction beside them.
    pub fn largest_rank(&self) -> usize {
        let mut ranks: Vec<usize> = self.adapters.iter().map(|(_, adapter)| adapter.rank).collect();
        ranks.sort_unstable();
        let corrections = self.corrections.iter().map(|(.., correction)| correction.rank()).max().unwrap_or(0);
        ranks.iter().rev().take(2).sum::<usize>() + corrections
    }

    /// The languages that adapters and corrections at hand can write, beside the text's own.
    pub fn languages(&self) -> Vec<String> {
        let mut languages: Vec<String> = self
            .adapters
            .iter()
            .filter_map(|(skill, _)| match skill {
                Skill::Translate { to, .. } | Skill::SummarizeTranslate { to, .. } => Some(to.clone()),
                Skill::Summarize => None,
            })
            .chain(self.corrections.iter().map(|(_, to, _)| to.clone()))
            .collect();
        languages.sort();
        languages.dedup();
        languages
    }

    pub(crate) fn adapter(&self, wanted: &Skill) -> Result<&Adapter> {
        let found = self.adapters.iter().find(|(skill, _)| skill == wanted);
        found.map(|(_, adapter)| adapter).ok_or_else(|| match wanted {
            Skill::Summarize => input!("no summarization adapter is installed for this model; add one"),
            Skill::Translate { from, to } => {
                input!("no adapter that translates {from} to {to} is installed for this model; add one")
            }
            Skill::SummarizeTranslate { from, to } => {
                input!("no joint-expert adapter from {from} to {to} is installed for this model; add one")
            }
        })
    }

    /// The correction for `method` between two languages.
    ///
    /// # Errors
    /// If there is none.
    pub fn correction(&self, method: Method, from: &str, to: &str) -> Result<&Correction> {
        let wanted = |(f, t, correction): &&(String, String, Correction)| {
            (f.as_str(), t.as_str(), correction.method()) == (from, to, method)
        };
        self.corrections
            .iter()
            .find(wanted)
            .map(|(_, _, correction)| correction)
            .ok_or_else(|| input!("no {method} from {from} to {to} is installed for this model; add one"))
    }
}
