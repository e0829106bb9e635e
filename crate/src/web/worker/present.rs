//! The engine as the page sees it: its limits, and the languages and methods of a loaded model.

use super::model_store::StoredAdapters;
use super::state::LoadedModel;
use crate::catalog::Catalog;
use crate::chat::import::MAX_FILE_BYTES;
use crate::decoder::gpu::Decoder;
use crate::decoder::gpu::device::Gpu;
use crate::engine::Engine;
use crate::error::Result;
use crate::methods::method::Method;
use crate::model::prompt::{Form, Task, languages};
use crate::web::browser::host;
use crate::web::protocol::{Body, Direction, EngineInfo, MethodStatus, Readiness};

/// Returns the languages and limits that the page has to know.
pub fn engine_info() -> EngineInfo {
    EngineInfo { languages: languages().map(str::to_owned).collect(), max_import_bytes: MAX_FILE_BYTES }
}

impl LoadedModel {
    /// Makes the answer that the model is loaded, with all that it can be asked for.
    pub(super) fn present(&mut self, catalog: &Catalog, stored: &StoredAdapters) -> Result<Body> {
        let directions = directions(&self.engine, catalog, stored, &self.id)?;
        let gpu = self.engine.executor().gpu().map(Decoder::gpu);
        Ok(Body::Loaded {
            model: self.id.clone(),
            directions,
            gpu: gpu.map(|gpu| gpu.name.clone()),
            no_gpu: self.no_gpu.clone(),
            wasm_bytes: host::wasm_bytes(),
            gpu_bytes: gpu.map_or(0, Gpu::allocated),
        })
    }
}

/// Lists the languages of chats and summaries, and the forms of these, that there are adapters for, in `engine`, which
/// has the model `id`, or in the catalog, and the methods for each. A model that follows instructions has all languages
/// without adapters; another without adapters of the catalog writes at least summaries in the language of the chat.
fn directions(engine: &Engine, catalog: &Catalog, stored: &StoredAdapters, id: &str) -> Result<Vec<Direction>> {
    let installed = engine.registry.directions();
    let is_bare = catalog.adapters_of(id).all(|adapter| adapter.user.is_some());
    let mut tasks = Vec::new();
    for (from, to) in languages().flat_map(|from| languages().map(move |to| (from, to))) {
        let is_open = installed.contains(&(from, to)) || engine.zero_shot.is_some() || is_bare && from == to;
        for form in Form::ALL {
            let task = Task::summary(from, to)?.in_form(form);
            let listed = catalog.default_method(id, &task);
            if listed.is_some() || form.is_default() && is_open || engine.default_method(&task).is_some() {
                tasks.push((task, listed));
            }
        }
    }
    let directions = tasks.into_iter().map(|(task, listed)| {
        let readiness = |method, task: &Task| stored.readiness(engine, catalog, id, method, task);
        let methods = Method::ALL.map(|method| MethodStatus {
            method,
            name: method.name().to_owned(),
            passes: method.passes(),
            readiness: readiness(method, &task),
            extra_bytes: catalog
                .adapters_of(id)
                .filter(|file| file.task.includes(&task) && file.method() == Some(method) && !file.is_derived())
                .filter_map(|adapter| adapter.bytes)
                .sum(),
        });
        let can_be_had = |method: &Method| {
            let of = methods.iter().find(|status| status.method == *method).map(|status| &status.readiness);
            of.is_some_and(|of| of.unavailable.is_none() || of.missing.is_some())
        };
        let default_method = listed.filter(can_be_had).or_else(|| engine.default_method(&task));
        let (from, to, form) = (task.from().to_owned(), task.to().to_owned(), task.form().unwrap_or_default());
        let way_back = match Task::translation(&to, &from) {
            Ok(back) => readiness(Method::Secondary, &back),
            Err(error) => Readiness { unavailable: Some(error.to_string()), missing: None },
        };
        let one_of_parts = readiness(Method::Primary, &task.primary().unwrap_or(task));
        Ok(Direction { from, to, form, methods: methods.into(), default_method, way_back, one_of_parts })
    });
    directions.collect()
}
