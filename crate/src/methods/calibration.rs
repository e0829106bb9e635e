//! Learnable calibration: a term `Q2 Q1` for each kind of target, shared by all layers, added to the merge of both
//! adapters. Plain calibration learns only a bias p of d values for each target, which is the term `p·1ᵀ`: Q2 = p, Q1 =
//! 1.

use crate::adapters::low_rank::{LowRankPair, Target};
use crate::error::{Error, Result};
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction_file::{CorrectionFile, Provenance};
use crate::model::config::ModelConfig;

/// A calibration file, checked against the model.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// Inner width s; 1 for plain calibration.
    pub s: usize,
    /// Terms Q2 Q1, by [`Target::index`].
    pub terms: Vec<LowRankPair>,
    /// Base, adapters and languages that it was trained with.
    pub provenance: Provenance,
}

impl Calibration {
    /// Reads `calibration.safetensors`, with `{target}.p` of d values for each target, such as `q_proj.p`.
    ///
    /// # Errors
    /// If it is not a calibration, lacks a target, or has values that are not finite.
    pub fn read(name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        let parse = || {
            let file = CorrectionFile::open(file, AdapterKind::Calibration)?;
            let term = |target: Target| {
                let (d, k) = target.shape(config);
                let key = format!("{}.p", target.hf_name());
                let (shape, p) = file.tensor(&key)?;
                match shape == [d] {
                    true => Ok(LowRankPair { rank: 1, a: vec![1.0; k], b: p }),
                    false => Err(input!("tensor {key} has shape {shape:?} where [{d}] is needed")),
                }
            };
            let terms = Target::ALL.into_iter().map(term).collect::<Result<_>>()?;
            file.expect_count(Target::ALL.len())?;
            Ok(Self { s: 1, terms, provenance: file.provenance()? })
        };
        parse().map_err(|error: Error| error.at(format!("calibration {name}")))
    }

    /// Reads `calibration-pp.safetensors`, with `{target}.Q1` [s, k] and `{target}.Q2` [d, s] for each target.
    ///
    /// # Errors
    /// As [`Calibration::read`].
    pub fn read_plus(name: &str, file: &[u8], config: &ModelConfig) -> Result<Self> {
        let parse = || {
            let file = CorrectionFile::open(file, AdapterKind::CalibrationPlus)?;
            let mut s = None;
            let mut term = |target: Target| {
                let (d, k) = target.shape(config);
                let key = |part: &str| format!("{}.{part}", target.hf_name());
                let ((q1_shape, q1), (q2_shape, q2)) = (file.tensor(&key("Q1"))?, file.tensor(&key("Q2"))?);
                let width = *s.get_or_insert(q1_shape.first().copied().unwrap_or(0));
                match q1_shape == [width, k] && q2_shape == [d, width] && width > 0 {
                    true => Ok(LowRankPair { rank: width, a: q1, b: q2 }),
                    false => Err(input!(
                        "{} has Q1 {q1_shape:?} and Q2 {q2_shape:?} where [{width}, {k}] and [{d}, {width}] are needed",
                        target.hf_name()
                    )),
                }
            };
            let terms = Target::ALL.into_iter().map(&mut term).collect::<Result<_>>()?;
            file.expect_count(2 * Target::ALL.len())?;
            Ok(Self { s: s.unwrap_or_default(), terms, provenance: file.provenance()? })
        };
        parse().map_err(|error: Error| error.at(format!("calibration++ {name}")))
    }
}

/// Returns the number of values that plain calibration learns: Σ d.
pub fn parameters(config: &ModelConfig) -> usize {
    Target::ALL.map(|target| target.shape(config).0).iter().sum()
}

/// Returns the number of values that calibration++ of width `s` learns: Σ s (d + k).
pub fn parameters_plus(config: &ModelConfig, s: usize) -> usize {
    Target::ALL.map(|target| target.shape(config)).iter().map(|(d, k)| s * (d + k)).sum()
}
