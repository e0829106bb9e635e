//! Puts what the catalog lists for a model into its engine: natively from files, in the browser from the store.

use crate::adapters::{read_gguf, read_peft};
use crate::catalog;
use crate::engine::Engine;
use crate::error::Result;
use crate::input;
use crate::methods::correction::Correction;
use crate::model::prompt::Task;

/// Adds the adapter or learned file `entry`, whose file is `file`, to the engine's registry.
///
/// # Errors
/// If the file is not what the catalog says, or does not fit the model.
pub async fn install(engine: &mut Engine, entry: &catalog::CatalogAdapter, file: &[u8]) -> Result<()> {
    let name = entry.own.as_ref().map_or(&entry.id, |own| &own.name);
    let translate = || Task::Translate { from: entry.from.clone(), to: entry.to.clone() };
    match (entry.method.as_str(), entry.task.as_str()) {
        ("lora", task) => {
            let task = match task {
                "summarize" => Task::Summarize,
                "translate" => translate(),
                "summarize-translate" => Task::SummarizeTranslate { from: entry.from.clone(), to: entry.to.clone() },
                other => return Err(input!("{name}: adapters for task {other} are not known")),
            };
            let peft_config = entry.own.as_ref().and_then(|own| own.peft_config.as_deref());
            let adapter = match peft_config {
                Some(peft_config) => read_peft(name, peft_config.as_bytes(), file, &engine.config)?,
                None => read_gguf(name, file, &engine.config).await?,
            };
            engine.registry.add(task, adapter);
        }
        (kind, _) => {
            let kind = kind.parse().map_err(|error: crate::error::Error| error.at(name))?;
            let correction = Correction::read_as(kind, name, file, &engine.config)?;
            engine.add_correction(&entry.from, &entry.to, correction).map_err(|error| error.at(name))?;
        }
    }
    Ok(())
}
