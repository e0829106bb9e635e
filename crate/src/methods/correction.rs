//! Corrections of any kind, and the facts that a correction file states about itself.

use super::adapter_kind::AdapterKind;
use super::baked::{self, Baked};
use super::calibration::{self, Calibration};
use super::correction_file::{CorrectionFile, Provenance};
use super::lorahub::LoraHub;
use super::merge;
use super::projection::{self, Projection};
use crate::adapters::LoraAdapter;
use crate::adapters::low_rank::LowRankPairs;
use crate::error::Result;
use crate::input;
use crate::model::config::ModelConfig;

/// Learned values that correct the merge of two adapters, as a correction file holds them.
#[derive(Debug, Clone)]
pub enum Correction {
    /// A file of [`AdapterKind::Projection`].
    Projection(Projection),
    /// A file of [`AdapterKind::Calibration`].
    Calibration(Calibration),
    /// A file of [`AdapterKind::CalibrationPlus`].
    CalibrationPlus(Calibration),
    /// A file of [`AdapterKind::LoraHub`].
    LoraHub(LoraHub),
    /// A file of [`AdapterKind::Baked`], which needs neither adapter.
    Baked(Baked),
}

impl Correction {
    /// Reads a correction file of the kind that it states; see [`CorrectionInfo::kind`].
    ///
    /// # Errors
    /// If its kind is not known, it is broken, or it is made for another model.
    pub fn read(name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        let kind = CorrectionInfo::of(file).and_then(|info| info.kind()).map_err(|error| error.at(name))?;
        Self::read_as(kind, name, file, config)
    }

    /// Reads a correction file of `kind`.
    ///
    /// # Errors
    /// As [`Correction::read`].
    pub fn read_as(kind: AdapterKind, name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        Ok(match kind {
            AdapterKind::Projection => Self::Projection(Projection::read(name, file, config)?),
            AdapterKind::Baked => Self::Baked(Baked::read(name, file, config)?),
            AdapterKind::Calibration => Self::Calibration(Calibration::read(name, file, config)?),
            AdapterKind::CalibrationPlus => Self::CalibrationPlus(Calibration::read_plus(name, file, config)?),
            AdapterKind::LoraHub => Self::LoraHub(LoraHub::read(name, file)?),
            AdapterKind::Lora => return Err(input!("{name}: a LoRA is no correction")),
        })
    }

    /// Returns the kind of its file.
    pub fn kind(&self) -> AdapterKind {
        match self {
            Correction::Projection(_) => AdapterKind::Projection,
            Correction::Baked(_) => AdapterKind::Baked,
            Correction::Calibration(_) => AdapterKind::Calibration,
            Correction::CalibrationPlus(_) => AdapterKind::CalibrationPlus,
            Correction::LoraHub(_) => AdapterKind::LoraHub,
        }
    }

    /// Returns the rank that it adds to a merge.
    pub fn rank(&self) -> usize {
        match self {
            Correction::Projection(projection) => projection.s,
            Correction::Baked(baked) => baked.s,
            Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => calibration.s,
            Correction::LoraHub(_) => 0,
        }
    }

    /// Returns the number of learned values.
    pub fn parameters(&self, config: &ModelConfig) -> usize {
        match self {
            Correction::Projection(projection) => projection::parameters(config, projection.s),
            Correction::Baked(baked) => baked::parameters(config, baked.s),
            Correction::Calibration(_) => calibration::parameters(config),
            Correction::CalibrationPlus(calibration) => calibration::parameters_plus(config, calibration.s),
            Correction::LoraHub(found) => found.weights.len(),
        }
    }

    /// Returns the base, adapters and languages that it was made with.
    pub fn provenance(&self) -> &Provenance {
        match self {
            Correction::Projection(projection) => &projection.provenance,
            Correction::Baked(baked) => &baked.provenance,
            Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => &calibration.provenance,
            Correction::LoraHub(found) => &found.provenance,
        }
    }

    /// Merges the two adapters, primary first, with this correction. `adapters` is called only if they are needed.
    ///
    /// # Errors
    /// As `adapters`, or if the correction was made with other adapters or cannot merge these.
    pub fn merge<'a>(
        &'a self,
        config: &'a ModelConfig,
        adapters: impl FnOnce() -> Result<[&'a LoraAdapter; 2]>,
    ) -> Result<LowRankPairs<'a>> {
        match self {
            Correction::Projection(projection) => merge::project(config, projection, adapters()?),
            Correction::Baked(baked) => Ok(baked.pairs()),
            Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => {
                merge::calibrate(calibration, adapters()?)
            }
            Correction::LoraHub(found) => merge::lorahub(found, adapters()?),
        }
    }
}

/// Facts that a correction file states about itself, readable without a model to check it against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionInfo {
    /// Its `method` entry: the id of a [`AdapterKind`], if the file is sound.
    pub method: Option<String>,
    /// Inner width, if the file states it.
    pub s: Option<String>,
    /// Base, adapters and languages that it was made with.
    pub provenance: Provenance,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of values.
    pub parameters: usize,
}

impl CorrectionInfo {
    /// Reads the facts from a safetensors file or, for LoraHub weights, JSON.
    ///
    /// # Errors
    /// If the file is neither.
    pub fn of(file: &[u8]) -> Result<Self> {
        if is_json(file) {
            let LoraHub { weights, provenance, .. } = LoraHub::parse(file)?;
            let method = Some(AdapterKind::LoraHub.id().to_owned());
            return Ok(Self { method, s: None, provenance, tensors: 0, parameters: weights.len() });
        }
        let file = CorrectionFile::open_any(file)?;
        Ok(Self {
            method: file.entry("method"),
            s: file.entry("s"),
            provenance: file.provenance()?,
            tensors: file.tensor_count(),
            parameters: file.parameters(),
        })
    }

    /// Returns the kind that the file states; one that states none is a projection.
    ///
    /// # Errors
    /// If the kind is not known.
    pub fn kind(&self) -> Result<AdapterKind> {
        self.method.as_deref().map_or(Ok(AdapterKind::UNNAMED), str::parse)
    }
}

/// Returns `true` if `file` is text rather than safetensors, which begin with eight bytes of length: the last of them
/// is always 0.
fn is_json(file: &[u8]) -> bool {
    file.get(7).is_some_and(|byte| *byte != 0)
}
