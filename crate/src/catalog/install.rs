//! Puts the adapters of a catalog into the engine of a model: on the command line from files, in the browser from the
//! store.

use std::rc::Rc;

use crate::adapters::{read_gguf, read_peft};
use crate::catalog::{Catalog, CatalogAdapter, CatalogModel};
use crate::engine::Engine;
use crate::error::Result;
use crate::input;
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::correction::Correction;
use crate::model::prompt::Task;

/// Tells the engine what the catalog knows of its model: the best methods, and instructions for
/// passes without adapters.
///
/// # Errors
/// If the catalog names a language that is not known.
pub fn configure(engine: &mut Engine, catalog: &Catalog, model: &CatalogModel) -> Result<()> {
    engine.zero_shot.clone_from(&model.zero_shot);
    let base = catalog.base_of(&model.id);
    for default in catalog.default_methods.iter().filter(|default| default.base == base) {
        engine.registry.set_default(default.task()?, default.method);
    }
    Ok(())
}

/// Adds the adapter or correction of `entry`, whose file is `file`, to the engine's registry.
///
/// # Errors
/// If the file is not of the kind that the catalog says, or does not fit the model.
pub async fn install(engine: &mut Engine, entry: &CatalogAdapter, file: &[u8]) -> Result<()> {
    let name = entry.user.as_ref().map_or(&entry.id, |user| &user.name);
    let tasks = entry.task.tasks().map_err(|error| error.at(name))?;
    match (entry.kind, &tasks[..]) {
        (AdapterKind::Lora, _) => {
            let peft_config = entry.user.as_ref().and_then(|user| user.peft_config.as_deref());
            let adapter = match peft_config {
                Some(peft_config) => read_peft(name, peft_config.as_bytes(), file, &engine.config)?,
                None => read_gguf(name, file, &engine.config).await?,
            };
            let adapter = Rc::new(adapter);
            tasks.into_iter().for_each(|task| engine.registry.add(task, adapter.clone()));
        }
        (kind, [task @ Task::SummarizeTranslate { .. }]) => {
            let correction = Correction::read_as(kind, name, file, &engine.config)?;
            engine.add_correction(task.clone(), correction).map_err(|error| error.at(name))?;
        }
        (kind, _) => return Err(input!("{name}: {kind} files are for the task summarize-translate in one direction")),
    }
    Ok(())
}
