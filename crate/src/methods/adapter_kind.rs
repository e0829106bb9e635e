//! The kinds of adapter files, their names, and the method that each kind of correction serves: nothing else in the
//! crate pairs the two.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::method::Method;
use crate::error::{Error, Result};
use crate::input;

/// A kind of file that is added to a base model. `models/catalog.json` calls it the file's `method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum AdapterKind {
    /// A LoRA, trained for one task.
    Lora,
    /// A learned projection of two LoRAs.
    Projection,
    /// The result of a projection, which needs neither of its LoRAs.
    Baked,
    /// A learned bias beside two LoRAs.
    Calibration,
    /// A learned term of low rank beside two LoRAs.
    #[serde(rename = "calibration-pp")]
    CalibrationPlus,
    /// Weights of two LoRAs, found by a search.
    #[serde(rename = "lorahub")]
    LoraHub,
}

impl AdapterKind {
    /// The kind of a safetensors file whose metadata names none.
    pub const UNNAMED: Self = Self::Projection;

    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Lora, Self::Projection, Self::Baked, Self::Calibration, Self::CalibrationPlus, Self::LoraHub];

    /// Returns the name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Lora => "lora",
            Self::Projection => "projection",
            Self::Baked => "baked",
            Self::Calibration => "calibration",
            Self::CalibrationPlus => "calibration-pp",
            Self::LoraHub => "lorahub",
        }
    }

    /// Returns `true` for a correction that holds what it takes of its two adapters. `gist bake` makes such a file of
    /// others, so it is of use only to those who lack these.
    pub fn stands_alone(self) -> bool {
        self == Self::Baked
    }

    /// Returns the method that a correction of this kind serves. A LoRA serves several.
    pub fn method(self) -> Option<Method> {
        match self {
            Self::Lora => None,
            Self::Projection | Self::Baked => Some(Method::Projection),
            Self::Calibration => Some(Method::Calibration),
            Self::CalibrationPlus => Some(Method::CalibrationPlus),
            Self::LoraHub => Some(Method::LoraHub),
        }
    }
}

impl Method {
    /// Returns `true` if the method merges two adapters with a correction.
    pub fn needs_correction(self) -> bool {
        AdapterKind::ALL.into_iter().any(|kind| kind.method() == Some(self))
    }
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for AdapterKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let kind = Self::ALL.into_iter().find(|kind| kind.id() == name);
        kind.ok_or_else(|| input!("method {name} is not known"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_but_loras_serve_the_methods_that_need_a_correction() {
        let served = AdapterKind::ALL.into_iter().filter_map(AdapterKind::method);
        assert!(served.clone().count() == 5 && served.into_iter().all(Method::needs_correction));
        let others = Method::ALL.into_iter().filter(|method| !method.needs_correction()).map(Method::id);
        let expected = "zero-shot primary secondary linear concat ties two-step joint-expert";
        assert_eq!(others.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn every_kind_has_one_name_in_files_and_in_json() {
        for kind in AdapterKind::ALL {
            assert_eq!(kind.id().parse::<AdapterKind>().unwrap(), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.id()));
        }
        assert_eq!("magic".parse::<AdapterKind>().unwrap_err().to_string(), "method magic is not known");
    }
}
