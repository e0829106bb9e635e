//! The engine as the page sees it: its limits, and the languages and methods of a loaded model.

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
use crate::web::protocol::{Body, Direction, EngineInfo, MethodStatus};

/// Returns the languages and limits that the page has to know.
pub fn engine_info() -> EngineInfo {
    EngineInfo { languages: languages().map(str::to_owned).collect(), max_import_bytes: MAX_FILE_BYTES }
}

impl LoadedModel {
    /// Makes the answer that the model is loaded, with all that it can be asked for.
    pub(super) fn present(&mut self, catalog: &Catalog) -> Result<Body> {
        let directions = directions(&self.engine, catalog, &self.id)?;
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

/// Lists the languages of chats and summaries, and the forms of these, that `engine`, which has the model `id`, was
/// given adapters for, and the methods for each. A model that follows instructions has all languages without adapters;
/// another without adapters of the catalog writes at least summaries in the language of the chat.
fn directions(engine: &Engine, catalog: &Catalog, id: &str) -> Result<Vec<Direction>> {
    let installed = engine.registry.directions();
    let is_bare = catalog.adapters_of(id).all(|adapter| adapter.user.is_some());
    let all = languages().flat_map(|from| languages().map(move |to| (from, to)));
    let mut tasks = Vec::new();
    for (from, to) in all {
        let gist = Task::summary(from, to)?;
        if installed.contains(&(from, to)) || engine.zero_shot.is_some() || is_bare && from == to {
            tasks.push(gist.clone());
        }
        let people = gist.in_form(Form::People);
        if engine.default_method(&people).is_some() {
            tasks.push(people);
        }
    }
    let directions = tasks.into_iter().map(|task| {
        let (from, to) = (task.from(), task.to());
        let methods = Method::ALL.map(|method| MethodStatus {
            method,
            name: method.name().to_owned(),
            passes: method.passes(),
            unavailable: engine.unavailable(method, &task),
            extra_bytes: catalog
                .adapters_of(id)
                .filter(|adapter| adapter.task.includes(&task) && adapter.method() == Some(method))
                .filter_map(|adapter| adapter.bytes)
                .sum(),
        });
        let no_way_back = match Task::translation(to, from) {
            Ok(back) => engine.unavailable(Method::Secondary, &back),
            Err(error) => Some(error.to_string()),
        };
        let default_method = engine.default_method(&task);
        Ok(Direction {
            from: from.to_owned(),
            to: to.to_owned(),
            form: task.form().unwrap_or_default(),
            methods: methods.into(),
            default_method,
            no_way_back,
        })
    });
    directions.collect()
}
