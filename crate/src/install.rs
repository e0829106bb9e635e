//! Puts what the catalog lists for a model into its engine: natively from files, in the browser from the store.

use crate::adapter::Adapter;
use crate::catalog;
use crate::engine::Engine;
use crate::error::Result;
use crate::input;
use crate::method::{Correction, Skill};

/// Adds the adapter or learned file `entry`, whose file is `file`, to the engine's library.
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
        (kind, _) => {
            let correction = Correction::read_as(kind, &entry.id, file, &engine.spec)?;
            engine.add_correction(&entry.from, &entry.to, correction).map_err(|error| error.at(&entry.id))?;
        }
    }
    Ok(())
}
