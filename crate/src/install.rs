//! Puts what the catalog lists for a model into its engine: natively from files, in the browser from the store.

use crate::adapter::Adapter;
use crate::calibration::Calibration;
use crate::catalog;
use crate::engine::Engine;
use crate::error::Result;
use crate::input;
use crate::method::{Correction, Skill};
use crate::projection::Projection;

/// Adds the adapter or projection `entry`, whose file is `file`, to the engine's library.
///
/// # Errors
/// If the file is not what the catalog says, or does not fit the model.
pub async fn install(engine: &mut Engine, entry: &catalog::Adapter, file: &[u8]) -> Result<()> {
    let translate = || Skill::Translate { from: entry.from.clone(), to: entry.to.clone() };
    match (entry.method.as_str(), entry.task.as_str()) {
        ("lora", task) => {
            let skill = match task {
                "summarize" => Skill::Summarize,
                "translate" => translate(),
                "summarize-translate" => Skill::SummarizeTranslate { from: entry.from.clone(), to: entry.to.clone() },
                other => return Err(input!("{}: adapters for task {other} are not known", entry.id)),
            };
            engine.library.add(skill, Adapter::from_gguf(&entry.id, file, &engine.spec).await?);
        }
        (method @ ("projection" | "calibration" | "calibration-pp"), _) => {
            let correction = match method {
                "projection" => Correction::Projection(Projection::read(&entry.id, file, &engine.spec)?),
                "calibration" => Correction::Calibration(Calibration::read(&entry.id, file, &engine.spec)?),
                _ => Correction::CalibrationPlus(Calibration::read_plus(&entry.id, file, &engine.spec)?),
            };
            engine.library.add_correction(&entry.from, &entry.to, correction);
        }
        (other, _) => return Err(input!("{}: method {other} is not known", entry.id)),
    }
    Ok(())
}
