//! Loads models, and measures which backend is faster.

use std::rc::Rc;

use web_sys::AbortSignal;

use super::model_store::{ModelStore, StoredAdapters, adapter_file_id, file_id};
use super::state::{LoadedModel, WorkerState};
use crate::catalog::install::{configure, install};
use crate::decoder::benchmark;
use crate::decoder::cpu::Mode;
use crate::decoder::executor;
use crate::decoder::gpu::device::Gpu;
use crate::decoder::gpu::features::Options;
use crate::engine::{DEFAULT_CONTEXT, Engine};
use crate::error::{ErrorKind, Result};
use crate::files::source::Source;
use crate::web::browser::host;
use crate::web::protocol::{Backend, Body, Phase};

impl WorkerState {
    /// Loads a model in place of the one before it. If that is the same, adapters that have come since are added; it is
    /// loaded anew only if some are gone.
    pub(super) async fn load(&self, id: u32, model: &str, backend: Backend, signal: &AbortSignal) -> Result<Body> {
        let store = self.store()?;
        let _lease = self.lease_engine(signal).await?;
        let catalog = store.catalog();
        let stored = store.adapters().await?;
        let is_current = |loaded: &LoadedModel| {
            let has =
                |file: &String| catalog.adapters.iter().any(|one| adapter_file_id(one) == *file && stored.has(one));
            loaded.id == model && loaded.backend == backend && loaded.files.iter().all(has)
        };
        // The memory of another one is needed for the next.
        let mut model = match self.model.take().filter(is_current) {
            Some(mut loaded) => {
                install_stored(&store, &stored, &mut loaded.engine, model, &mut loaded.files, signal).await?;
                loaded
            }
            None => self.load_model(id, model, backend, signal).await?,
        };
        let loaded = model.present(&catalog, &stored)?;
        self.model.replace(Some(model));
        Ok(loaded)
    }

    /// Loads a model with its adapters. Where `backend` leaves the choice, the processor serves if the GPU cannot.
    pub(super) async fn load_model(
        &self,
        id: u32,
        model: &str,
        backend: Backend,
        signal: &AbortSignal,
    ) -> Result<LoadedModel> {
        let on_cpu = || self.load_on(id, model, Mode::Fast.into(), signal);
        let ((engine, files), no_gpu) = match backend {
            Backend::Cpu => (on_cpu().await?, None),
            Backend::Gpu | Backend::Auto => {
                let on_gpu = match open_gpu().await {
                    Ok(gpu) => self.load_on(id, model, gpu, signal).await,
                    Err(error) => Err(error),
                };
                match on_gpu {
                    // A model that does not fit the GPU is refused as input; the processor refuses a broken one too.
                    Err(error)
                        if backend == Backend::Auto && (error.is_device() || error.kind() == ErrorKind::Input) =>
                    {
                        (on_cpu().await?, Some(error.to_string()))
                    }
                    result => (result?, None),
                }
            }
        };
        Ok(LoadedModel { engine, id: model.to_owned(), files, backend, no_gpu })
    }

    /// Loads a model on one backend; returns it with the ids of the files that were added to it.
    async fn load_on(
        &self,
        id: u32,
        model: &str,
        backend: executor::Backend,
        signal: &AbortSignal,
    ) -> Result<(Engine, Vec<String>)> {
        let store = self.store()?;
        let catalog = store.catalog();
        let model = catalog.model(model)?;
        let source = store.source(&file_id(model), signal).await?;
        let mut progress =
            |done, total| self.page.send(id, Body::Progress { phase: Phase::Load, done, total, part: None });
        let mut engine = Engine::load(&source, model.template(), backend, DEFAULT_CONTEXT, &mut progress).await?;
        configure(&mut engine, &catalog, model)?;
        let mut files = Vec::new();
        install_stored(&store, &store.adapters().await?, &mut engine, &model.id, &mut files, signal).await?;
        Ok((engine, files))
    }

    /// Measures a model on the GPU and, if that can be used, on the processor.
    pub(super) async fn benchmark(&self, model: &str, signal: &AbortSignal) -> Result<Body> {
        let store = self.store()?;
        let source = store.source(&file_id(store.catalog().model(model)?), signal).await?;
        let on_gpu = match open_gpu().await {
            Ok(gpu) => benchmark::typical_summary_ms(&source, gpu).await,
            Err(error) => Err(error),
        };
        Ok(match on_gpu {
            Ok(gpu_ms) => {
                let cpu_ms = benchmark::typical_summary_ms(&source, Mode::Fast.into()).await?;
                Body::Benchmark { cpu_ms: Some(cpu_ms), gpu_ms: Some(gpu_ms), no_gpu: None }
            }
            Err(error) => Body::Benchmark { cpu_ms: None, gpu_ms: None, no_gpu: Some(error.to_string()) },
        })
    }
}

/// Adds the adapters and corrections of the model `id` that are `stored` to its engine, but for those of `files`, which
/// it has; their ids are added to `files`. What the user added is added again after others, in whose place it serves.
async fn install_stored(
    store: &ModelStore,
    stored: &StoredAdapters,
    engine: &mut Engine,
    id: &str,
    files: &mut Vec<String>,
    signal: &AbortSignal,
) -> Result<()> {
    let catalog = store.catalog();
    let mut changed = false;
    for adapter in catalog.files_to_install(id, |file| stored.has(file)) {
        let file_id = adapter_file_id(adapter);
        let is_new = !files.contains(&file_id);
        changed |= is_new;
        if is_new || changed && adapter.user.is_some() {
            let source = store.source(&file_id, signal).await?;
            let file = source.range(0, source.len()).await?;
            install(engine, adapter, &file).await?;
        }
        if is_new {
            files.push(file_id);
        }
    }
    engine.reserve_pairs()
}

/// Opens the browser's GPU.
async fn open_gpu() -> Result<executor::Backend> {
    let mut gpu = Gpu::open(Options::default()).await?;
    if let Some(name) = host::gpu_name().await {
        gpu.name = name;
    }
    Ok(executor::Backend::Gpu(Rc::new(gpu)))
}
