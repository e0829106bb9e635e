//! The engine as the page sees it: its limits, and the languages and methods of a loaded model.

use super::state::LoadedModel;
use crate::catalog::Catalog;
use crate::chat::import::MAX_FILE_BYTES;
use crate::decoder::gpu::Decoder;
use crate::decoder::gpu::device::Gpu;
use crate::engine::Engine;
use crate::error::Result;
use crate::methods::method::Method;
use crate::model::prompt::{Task, languages};
use crate::web::browser::host;
use crate::web::protocol::{Body, EngineInfo, MethodStatus, TargetLanguage};

/// Language of chats: the one that the adapters are trained on.
const CHAT_LANGUAGE: &str = "en";

/// Returns the languages and limits that the page has to know.
pub fn engine_info() -> EngineInfo {
    EngineInfo {
        chat_language: CHAT_LANGUAGE.to_owned(),
        languages: languages().map(str::to_owned).collect(),
        max_import_bytes: MAX_FILE_BYTES,
    }
}

impl LoadedModel {
    /// Makes the answer that the model is loaded, with all that it can be asked for.
    pub(super) fn present(&mut self, catalog: &Catalog) -> Result<Body> {
        let targets = targets(&self.engine, catalog, &self.id)?;
        let gpu = self.engine.executor().gpu().map(Decoder::gpu);
        Ok(Body::Loaded {
            model: self.id.clone(),
            targets,
            gpu: gpu.map(|gpu| gpu.name.clone()),
            no_gpu: self.no_gpu.clone(),
            wasm_bytes: host::wasm_bytes(),
            gpu_bytes: gpu.map_or(0, Gpu::allocated),
        })
    }
}

/// Lists the languages of `engine`, which has the model `id`, and the methods for each.
fn targets(engine: &Engine, catalog: &Catalog, id: &str) -> Result<Vec<TargetLanguage>> {
    let mut languages = engine.registry.languages();
    languages.push(CHAT_LANGUAGE.to_owned());
    let targets = languages.into_iter().map(|language| {
        let task = Task::summary(CHAT_LANGUAGE, &language)?;
        let methods = Method::ALL.map(|method| MethodStatus {
            method,
            name: method.name().to_owned(),
            passes: method.passes(),
            unavailable: engine.unavailable(method, &task),
            extra_bytes: catalog
                .adapters_of(id)
                .filter(|adapter| adapter.task == task && adapter.method() == Some(method))
                .filter_map(|adapter| adapter.bytes)
                .sum(),
        });
        let no_way_back = match Task::translation(&language, CHAT_LANGUAGE) {
            Ok(back) => engine.unavailable(Method::Secondary, &back),
            Err(error) => Some(error.to_string()),
        };
        Ok(TargetLanguage { language, methods: methods.into(), no_way_back })
    });
    targets.collect()
}
