//! A learned correction of any kind, and what its file says of itself.

use super::baked::Baked;
use super::calibration::Calibration;
use super::correction_file::{CorrectionFile, Provenance};
use super::lorahub::{self, LoraHub};
use super::method::Method;
use super::projection::Projection;
use crate::error::Result;
use crate::input;
use crate::model::config::ModelConfig;

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
    pub fn read(name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        let summary = CorrectionInfo::of(file).map_err(|error| error.at(name))?;
        Self::read_as(summary.method.as_deref().unwrap_or("projection"), name, file, config)
    }

    /// Reads a learned file of `kind`, as the catalog names it.
    ///
    /// # Errors
    /// As [`Correction::read`].
    pub fn read_as(kind: &str, name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        Ok(match kind {
            "projection" => Self::Projection(Projection::read(name, file, config)?),
            "baked" => Self::Baked(Baked::read(name, file, config)?),
            "calibration" => Self::Calibration(Calibration::read(name, file, config)?),
            "calibration-pp" => Self::CalibrationPlus(Calibration::read_plus(name, file, config)?),
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
    pub fn provenance(&self) -> &Provenance {
        match self {
            Correction::Projection(projection) => &projection.provenance,
            Correction::Baked(baked) => &baked.provenance,
            Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => &calibration.provenance,
            Correction::LoraHub(found) => &found.provenance,
        }
    }
}

/// What a learned file says of itself, without a model to check it against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionInfo {
    /// The method that it is for, if it says so.
    pub method: Option<String>,
    /// Inner width, if it says so.
    pub s: Option<String>,
    /// What it was made with.
    pub provenance: Provenance,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of values.
    pub parameters: usize,
}

impl CorrectionInfo {
    /// Reads it from a safetensors file or, for LoraHub weights, JSON.
    ///
    /// # Errors
    /// If the file is neither.
    pub fn of(file: &[u8]) -> Result<Self> {
        if is_json(file) {
            let LoraHub { weights, provenance, .. } = LoraHub::parse(file)?;
            let method = Some(lorahub::METHOD.to_owned());
            return Ok(Self { method, s: None, provenance, tensors: 0, parameters: weights.len() });
        }
        let learned = CorrectionFile::open_any(file)?;
        Ok(Self {
            method: learned.entry("method"),
            s: learned.entry("s"),
            provenance: learned.provenance()?,
            tensors: learned.tensor_count(),
            parameters: learned.parameters(),
        })
    }
}

/// Whether `file` is text rather than safetensors, which begin with eight bytes of length: the last of them is always 0.
fn is_json(file: &[u8]) -> bool {
    file.get(7).is_some_and(|byte| *byte != 0)
}
