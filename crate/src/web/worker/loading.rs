//! Loads models, and measures which backend is faster.

use std::rc::Rc;

use web_sys::AbortSignal;

use super::model_store::{adapter_file_id, file_id};
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
    /// Loads a model in place of the one before it.
    pub(super) async fn load(&self, id: u32, model: &str, backend: Backend, signal: &AbortSignal) -> Result<Body> {
        let store = self.store()?;
        let _lease = self.lease_engine(signal).await?;
        self.model.take(); // its memory is needed for the next one
        let mut model = self.load_model(id, model, backend, signal).await?;
        let loaded = model.present(&store.catalog())?;
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
        let (engine, no_gpu) = match backend {
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
        Ok(LoadedModel { engine, id: model.to_owned(), backend, no_gpu })
    }

    async fn load_on(&self, id: u32, model: &str, backend: executor::Backend, signal: &AbortSignal) -> Result<Engine> {
        let store = self.store()?;
        let catalog = store.catalog();
        let model = catalog.model(model)?;
        let source = store.source(&file_id(model), signal).await?;
        let mut progress =
            |done, total| self.page.send(id, Body::Progress { phase: Phase::Load, done, total, part: None });
        let mut engine = Engine::load(&source, model.template(), backend, DEFAULT_CONTEXT, &mut progress).await?;
        for adapter in catalog.adapters_of(&model.id) {
            let source = store.source(&adapter_file_id(adapter), signal).await?;
            let file = source.range(0, source.len()).await?;
            install(&mut engine, adapter, &file).await?;
        }
        configure(&mut engine, &catalog, model)?;
        engine.reserve_pairs()?;
        Ok(engine)
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

/// Opens the browser's GPU.
async fn open_gpu() -> Result<executor::Backend> {
    let mut gpu = Gpu::open(Options::default()).await?;
    if let Some(name) = host::gpu_name().await {
        gpu.name = name;
    }
    Ok(executor::Backend::Gpu(Rc::new(gpu)))
}
