//! The methods and their names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::input;

/// A way to make a summary in another language from the adapters at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
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
    /// Both adapters, their A and their B added with weights found by a search.
    #[serde(rename = "lorahub")]
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
    #[serde(rename = "calibration-pp")]
    CalibrationPlus,
}

impl Method {
    /// All methods, in the order in which help texts and the page list them.
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

    /// Returns the name on the command line, in files and in messages to the page.
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

    /// Returns the name for people.
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

    /// Returns the number of passes of the model over a chat that fits its context.
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
            assert_eq!(serde_json::from_str::<Method>(&format!("{id:?}")).unwrap().id(), id);
        }
    }
}
