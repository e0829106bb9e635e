//! Kinds of correction files, and the method that each of them serves: nothing else in the crate pairs the two.

use std::fmt;
use std::str::FromStr;

use super::method::Method;
use crate::error::{Error, Result};
use crate::input;

/// Kind of a correction file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CorrectionKind {
    /// P1 and P2 of a projection; also the kind of a safetensors file that names none.
    #[default]
    Projection,
    /// A projection with its two adapters, collapsed to one small pair for each weight.
    Baked,
    /// A bias for each target.
    Calibration,
    /// A low-rank term for each target.
    CalibrationPlus,
    /// Two weights that a search has found.
    LoraHub,
}

impl CorrectionKind {
    /// All kinds.
    pub const ALL: [CorrectionKind; 5] = [
        CorrectionKind::Projection,
        CorrectionKind::Baked,
        CorrectionKind::Calibration,
        CorrectionKind::CalibrationPlus,
        CorrectionKind::LoraHub,
    ];

    /// Name of the kind in files and in the catalog.
    pub fn id(self) -> &'static str {
        match self {
            CorrectionKind::Projection => "projection",
            CorrectionKind::Baked => "baked",
            CorrectionKind::Calibration => "calibration",
            CorrectionKind::CalibrationPlus => "calibration-pp",
            CorrectionKind::LoraHub => "lorahub",
        }
    }

    /// Method that a correction of this kind serves.
    pub fn method(self) -> Method {
        match self {
            CorrectionKind::Projection | CorrectionKind::Baked => Method::Projection,
            CorrectionKind::Calibration => Method::Calibration,
            CorrectionKind::CalibrationPlus => Method::CalibrationPlus,
            CorrectionKind::LoraHub => Method::LoraHub,
        }
    }
}

impl Method {
    /// Returns `true` if the method merges two adapters with a correction.
    pub fn needs_correction(self) -> bool {
        CorrectionKind::ALL.iter().any(|kind| kind.method() == self)
    }
}

impl fmt::Display for CorrectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for CorrectionKind {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id).ok_or_else(|| input!("method {id} is not known"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_serve_the_methods_that_need_a_correction() {
        for kind in CorrectionKind::ALL {
            assert_eq!(kind.id().parse::<CorrectionKind>().unwrap(), kind);
            assert!(kind.method().needs_correction());
        }
        let others = Method::ALL.into_iter().filter(|method| !method.needs_correction()).map(Method::id);
        let expected = "zero-shot primary secondary linear concat ties two-step joint-expert";
        assert_eq!(others.collect::<Vec<_>>().join(" "), expected);
    }
}
