//! The worker: decodes requests, runs them side by side, and answers.

mod model_store;
mod page_sender;
mod user_models;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, AbortSignal, File};
use web_time::Instant;

use self::model_store::{Site, adapter_file_id, file_id};
use self::page_sender::{Outlet, Report};
use super::browser::download;
use super::browser::host::{self, Breath};
use super::protocol::imported::answer;
use super::protocol::metrics::{GpuMetrics, Metrics};
use super::protocol::{
    Action, Backend, Body, ChatMessage, Fault, FaultKind, MethodStatus, NoticeKind, Part, Request, Sampling, Stage,
    Target, VERSION,
};
use crate::catalog::install::install;
use crate::catalog::user_files::Purpose;
use crate::catalog::{Catalog, CatalogAdapter};
use crate::chat::conversation::{Conversation, Message};
use crate::chat::import::{self, import};
use crate::decoder::benchmark;
use crate::decoder::cpu::Mode;
use crate::decoder::executor;
use crate::decoder::gpu;
use crate::decoder::gpu::device::Gpu;
use crate::decoder::gpu::features::Options;
use crate::engine::{self, DEFAULT_CONTEXT, Engine, Event};
use crate::files::source::Source;
use crate::input;
use crate::methods::method::Method;
use crate::model::prompt::Task;
use crate::model::sampler;
use crate::rouge::{Rouge, rouge};

/// Language that chats are in: the one that adapters are trained on.
const CHAT_LANGUAGE: &str = "en";

/// The engine of one worker.
#[wasm_bindgen]
pub struct Worker {
    shared: Rc<Shared>,
}

#[wasm_bindgen]
impl Worker {
    /// `post` is called with every [`Response`].
    ///
    /// # Errors
    /// If the browser lacks what the worker needs.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "(response: Response) => void")] post: Function,
    ) -> Result<Worker, JsValue> {
        let outlet = Outlet { post: post.clone() };
        std::panic::set_hook(Box::new(move |info| {
            console_error_panic_hook::hook(info);
            let text =
                format!("The engine stopped unexpectedly ({}).", info.payload_as_str().unwrap_or("no reason given"));
            outlet.send(0, Body::Error { kind: FaultKind::Panic, text });
        }));
        Ok(Self {
            shared: Rc::new(Shared {
                outlet: Outlet { post },
                site: RefCell::new(None),
                engine: RefCell::new(None),
                engine_user: RefCell::new(None),
                running: RefCell::new(HashMap::new()),
                breath: Breath::new()?,
            }),
        })
    }

    /// Begins what `message` asks. Its events and its answer come through `post`.
    pub fn handle(&self, #[wasm_bindgen(unchecked_param_type = "Request")] message: JsValue) {
        let id = Reflect::get(&message, &"id".into()).ok().and_then(|id| id.as_f64()).unwrap_or(0.0) as u32;
        // Before the file's bytes are copied into this memory: exports with their media can be larger than it.
        let bytes = Reflect::get(&message, &"bytes".into()).ok();
        if let Some(bytes) = bytes.and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok())
            && let Err(error) = import::check_length(bytes.length() as usize)
        {
            return self.shared.outlet.send(id, Body::Error { kind: FaultKind::Input, text: error.to_string() });
        }
        // Files are handles, which serde does not know.
        let files = Reflect::get(&message, &"files".into()).ok().and_then(|files| files.dyn_into::<Array>().ok());
        let files =
            files.map(|files| files.iter().filter_map(|file| file.dyn_into().ok()).collect()).unwrap_or_default();
        let request: Request = match serde_wasm_bindgen::from_value(message) {
            Ok(request) => request,
            Err(error) => {
                let text = format!("the worker does not understand this request: {error}");
                return self.shared.outlet.send(id, Body::Error { kind: FaultKind::Input, text });
            }
        };
        let shared = self.shared.clone();
        spawn_local(async move { shared.answer(request, files).await });
    }
}

struct Shared {
    outlet: Outlet,
    site: RefCell<Option<Rc<Site>>>,
    engine: RefCell<Option<Ready>>,
    /// The signal of the request that has the engine.
    engine_user: RefCell<Option<AbortSignal>>,
    running: RefCell<HashMap<u32, AbortController>>,
    breath: Breath,
}

/// A loaded model, and what it takes to load it again.
struct Ready {
    engine: Engine,
    model: String,
    backend: Backend,
    /// Why it does not run on the GPU, where it was to if possible.
    no_gpu: Option<String>,
}

impl Ready {
    /// What the page is told of it.
    fn loaded(&mut self, catalog: &Catalog) -> Result<Body, Fault> {
        let targets = targets(&self.engine, catalog, &self.model)?;
        let gpu = self.engine.executor().gpu().map(gpu::Decoder::gpu);
        Ok(Body::Loaded {
            model: self.model.clone(),
            targets,
            gpu: gpu.map(|gpu| gpu.name.clone()),
            no_gpu: self.no_gpu.clone(),
            wasm_bytes: host::wasm_bytes(),
            gpu_bytes: gpu.map_or(0, Gpu::allocated),
        })
    }
}

impl Shared {
    async fn answer(self: Rc<Self>, request: Request, files: Vec<File>) {
        let Request { version, id, action } = request;
        if let Action::Cancel { target } = action {
            if let Some(controller) = self.running.borrow().get(&target) {
                controller.abort();
            }
            return;
        }
        let controller = match AbortController::new() {
            Ok(controller) => controller,
            Err(error) => {
                let text = host::text_of(&error);
                return self.outlet.send(id, Body::Error { kind: FaultKind::Failure, text });
            }
        };
        let signal = controller.signal();
        self.running.borrow_mut().insert(id, controller);
        let result = match version {
            VERSION => self.perform(id, action, files, &signal).await,
            other => {
                Err(input!("the page speaks version {other} of the protocol, the worker {VERSION}; reload the page")
                    .into())
            }
        };
        self.running.borrow_mut().remove(&id);
        self.outlet.send(
            id,
            match result {
                _ if signal.aborted() => Body::Done { cancelled: true, metrics: None },
                Ok(body) => body,
                Err(Fault { kind, text }) => Body::Error { kind, text },
            },
        );
    }

    async fn perform(&self, id: u32, action: Action, files: Vec<File>, signal: &AbortSignal) -> Result<Body, Fault> {
        let done = || Body::Done { cancelled: false, metrics: None };
        match action {
            Action::Open { base } => self.open(&base, signal).await.map(|()| done()),
            Action::Status => self.status().await,
            Action::Download { model } => self.download(id, &model, signal).await.map(|()| done()),
            Action::Delete { model } => self.delete(model.as_deref()).await.map(|()| done()),
            Action::ImportModel => match <[File; 1]>::try_from(files) {
                Ok([file]) => self.import_model(id, file, signal).await,
                Err(files) => Err(input!("{} files were given; open one model at a time", files.len()).into()),
            },
            Action::AddAddress { address } => self.add_address(&address, signal).await,
            Action::ExamineAdapter { model, paths } => self.examine_adapter(&model, &paths, files, signal).await,
            Action::AddAdapter { model, paths, task, from, to } => {
                self.add_adapter(&model, &paths, Purpose { task, from, to }, files, signal).await
            }
            Action::RemoveAdapter { adapter } => self.remove_adapter(&adapter).await.map(|()| done()),
            Action::Load { model, backend } => self.load(id, &model, backend, signal).await,
            Action::Trial { model } => self.trial(&model, signal).await,
            Action::Summarize { messages, from, to, method, max_tokens, sampling } => {
                let chat = Conversation::new(messages.into_iter().map(Message::from).collect())?;
                let request = engine::Request {
                    task: Task::summary(&from, &to)?,
                    method: method.parse()?,
                    max_tokens,
                    sampling: sampling.into(),
                };
                self.summarize(id, &chat, &request, signal).await
            }
            Action::Translate { text, from, to, max_tokens } => {
                let chat = Conversation::new(vec![Message::new("", &text, None)])?;
                let request = engine::Request {
                    task: Task::translation(&from, &to)?,
                    method: Method::Secondary,
                    max_tokens,
                    sampling: sampler::Sampling::default(),
                };
                self.summarize(id, &chat, &request, signal).await
            }
            Action::Rouge { reference, candidate } => {
                let Rouge { rouge1, rouge2, rouge_l } = rouge(&reference, &candidate);
                Ok(Body::Rouge { rouge1, rouge2, rouge_l })
            }
            Action::Import { name, bytes, order, chat } => {
                let options = import::Options { order: order.map(Into::into), chat };
                Ok(answer(import(&name, &bytes, &options)?))
            }
            Action::Cancel { .. } => Ok(done()),
        }
    }

    fn site(&self) -> Result<Rc<Site>, Fault> {
        self.site.borrow().clone().ok_or_else(|| input!("the first message has to be `open`").into())
    }

    async fn open(&self, base: &str, signal: &AbortSignal) -> Result<(), Fault> {
        self.site.replace(Some(Rc::new(Site::open(base, signal).await?)));
        Ok(())
    }

    async fn status(&self) -> Result<Body, Fault> {
        Ok(Body::Status { models: self.site()?.models().await?, storage: host::storage().await? })
    }

    async fn download(&self, id: u32, model: &str, signal: &AbortSignal) -> Result<(), Fault> {
        let site = self.site()?;
        let catalog = site.catalog();
        let model = catalog.model(model)?;
        let mut files = vec![site.wanted(model, signal).await?];
        for adapter in catalog.adapters_of(&model.id).filter(|adapter| adapter.own.is_none()) {
            files.push(site.wanted_adapter(adapter, signal).await?);
        }
        let total: u64 = files.iter().map(|file| file.bytes).sum();
        let mut stored = 0;
        for file in &files {
            stored += site.stored(&file.id).await?.0;
        }
        host::require_room(total - stored.min(total)).await?;
        let report = Report::new(&self.outlet, id, Stage::Download, stored, total);
        for file in &files {
            download::download(&site.store, file, signal, &report).await?;
        }
        report.tell();
        Ok(())
    }

    async fn delete(&self, model: Option<&str>) -> Result<(), Fault> {
        let site = self.site()?;
        let catalog = site.catalog();
        match model {
            None => site.store.clear().await?,
            Some(model) => {
                let model = catalog.model(model)?;
                site.store.delete(&file_id(model)).await?;
                for adapter in catalog.adapters_of(&model.id) {
                    site.store.delete(&adapter_file_id(adapter)).await?;
                }
            }
        }
        site.reread().await
    }

    async fn load(&self, id: u32, model: &str, backend: Backend, signal: &AbortSignal) -> Result<Body, Fault> {
        let site = self.site()?;
        let _claim = self.claim(signal).await?;
        self.engine.take(); // its memory is needed for the next one
        let mut ready = self.prepare(id, model, backend, signal).await?;
        let loaded = ready.loaded(&site.catalog())?;
        self.engine.replace(Some(ready));
        Ok(loaded)
    }

    /// Loads a model with all that there is for it.
    async fn prepare(&self, id: u32, model: &str, backend: Backend, signal: &AbortSignal) -> Result<Ready, Fault> {
        let on_cpu = || self.prepare_on(id, model, Mode::Fast.into(), signal);
        let (engine, no_gpu) = match backend {
            Backend::Cpu => (on_cpu().await?, None),
            Backend::Gpu | Backend::Auto => {
                let on_gpu = match open_gpu().await {
                    Ok(gpu) => self.prepare_on(id, model, gpu, signal).await,
                    Err(error) => Err(error.into()),
                };
                match on_gpu {
                    // A model that does not fit the GPU is refused as input; one that is broken is refused once more.
                    Err(Fault { kind: FaultKind::Device | FaultKind::Input, text }) if backend == Backend::Auto => {
                        (on_cpu().await?, Some(text))
                    }
                    result => (result?, None),
                }
            }
        };
        Ok(Ready { engine, model: model.to_owned(), backend, no_gpu })
    }

    async fn prepare_on(
        &self,
        id: u32,
        model: &str,
        place: executor::Backend,
        signal: &AbortSignal,
    ) -> Result<Engine, Fault> {
        let site = self.site()?;
        let catalog = site.catalog();
        let model = catalog.model(model)?;
        let source = site.source(&file_id(model), signal).await?;
        let mut progress =
            |done, total| self.outlet.send(id, Body::Progress { stage: Stage::Load, done, total, part: None });
        let mut engine = Engine::load(&source, model.template(), place, DEFAULT_CONTEXT, &mut progress).await?;
        for adapter in catalog.adapters_of(&model.id) {
            let source = site.source(&adapter_file_id(adapter), signal).await?;
            let file = source.range(0, source.len()).await?;
            install(&mut engine, adapter, &file).await?;
        }
        engine.reserve_pairs()?;
        Ok(engine)
    }

    async fn trial(&self, model: &str, signal: &AbortSignal) -> Result<Body, Fault> {
        let site = self.site()?;
        let source = site.source(&file_id(site.catalog().model(model)?), signal).await?;
        let on_gpu = match open_gpu().await {
            Ok(gpu) => benchmark::typical_summary_ms(&source, gpu).await,
            Err(error) => Err(error),
        };
        Ok(match on_gpu {
            Ok(milliseconds) => {
                let cpu_ms = benchmark::typical_summary_ms(&source, Mode::Fast.into()).await?;
                Body::Trial { cpu_ms: Some(cpu_ms), gpu_ms: Some(milliseconds), no_gpu: None }
            }
            Err(error) => Body::Trial { cpu_ms: None, gpu_ms: None, no_gpu: Some(error.to_string()) },
        })
    }

    async fn summarize(
        &self,
        id: u32,
        chat: &Conversation,
        request: &engine::Request,
        signal: &AbortSignal,
    ) -> Result<Body, Fault> {
        let started = Instant::now();
        let _claim = self.claim(signal).await?;
        let mut ready = self.engine.take().ok_or_else(|| input!("no model is loaded; load one first"))?;
        let mut result = self.run(id, &mut ready.engine, chat, request, signal).await;
        if let Err(Fault { kind: FaultKind::Device, text }) = &result
            && !signal.aborted()
        {
            let text = format!("{text}. The model is loaded again.");
            self.outlet.send(id, Body::Notice { kind: NoticeKind::Restarted, text });
            let Ready { engine, model, backend, .. } = ready;
            drop(engine); // its memory is needed for the next one
            ready = self.prepare(id, &model, backend, signal).await?;
            result = self.run(id, &mut ready.engine, chat, request, signal).await;
        }
        if !matches!(result, Err(Fault { kind: FaultKind::Device, .. })) {
            self.engine.replace(Some(ready));
        }
        let (metrics, gpu) = result?;
        let total_ms = started.elapsed().as_secs_f64() * 1e3;
        let metrics = Metrics::new(metrics, total_ms, host::wasm_bytes(), gpu);
        Ok(Body::Done { cancelled: false, metrics: Some(metrics) })
    }

    async fn run(
        &self,
        id: u32,
        engine: &mut Engine,
        chat: &Conversation,
        request: &engine::Request,
        signal: &AbortSignal,
    ) -> Result<(engine::Metrics, Option<GpuMetrics>), Fault> {
        let before = engine.executor().gpu().map(|decoder| decoder.counters());
        let mut run = engine.start(chat, request)?;
        let mut metrics = engine::Metrics::default();
        while let Some(event) = run.next_event().await? {
            self.breath.take().await;
            if signal.aborted() {
                break;
            }
            match event {
                Event::Notice(text) => self.outlet.send(id, Body::Notice { kind: NoticeKind::NotMerged, text }),
                Event::Prefill { at, done, total } => {
                    let part = (at.windows > 1).then_some(Part { index: at.window, count: at.windows });
                    let (done, total) = (done as u64, total as u64);
                    self.outlet.send(id, Body::Progress { stage: Stage::Prefill, done, total, part });
                }
                Event::Text { at, delta } => self.outlet.send(id, Body::Delta { step: at.stage, text: delta }),
                Event::Done(done) => metrics = done,
            }
        }
        drop(run);
        let gpu = engine.executor().gpu().zip(before).map(|(decoder, before)| GpuMetrics::since(before, decoder));
        Ok((metrics, gpu))
    }

    /// Takes the engine for one request. Waits for one that was stopped and is about to let go; refuses beside another.
    async fn claim(&self, signal: &AbortSignal) -> Result<Claim<'_>, Fault> {
        loop {
            match &*self.engine_user.borrow() {
                None => break,
                Some(user) if !user.aborted() => {
                    return Err(input!("the engine is busy with another request; stop that first").into());
                }
                Some(_) => {}
            }
            self.breath.take().await;
        }
        self.engine_user.replace(Some(signal.clone()));
        Ok(Claim(&self.engine_user))
    }
}

/// Lets go of the engine when it is dropped.
struct Claim<'a>(&'a RefCell<Option<AbortSignal>>);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.replace(None);
    }
}

/// The browser's GPU.
async fn open_gpu() -> crate::error::Result<executor::Backend> {
    let mut gpu = Gpu::open(Options::default()).await?;
    if let Some(name) = host::gpu_name().await {
        gpu.name = name;
    }
    Ok(executor::Backend::Gpu(Rc::new(gpu)))
}

/// What can be asked of `engine`, which has the model `id`.
fn targets(engine: &Engine, catalog: &Catalog, id: &str) -> Result<Vec<Target>, Fault> {
    let mut languages = engine.registry.languages();
    languages.push(CHAT_LANGUAGE.to_owned());
    let targets = languages.into_iter().map(|language| {
        let task = Task::summary(CHAT_LANGUAGE, &language)?;
        let methods = Method::ALL.map(|method| MethodStatus {
            method: method.id().to_owned(),
            name: method.name().to_owned(),
            passes: method.passes(),
            unavailable: engine.unavailable(method, &task),
            extra_bytes: catalog
                .adapters_of(id)
                .filter(|adapter| is_extra(adapter, method) && adapter.to == language)
                .filter_map(|adapter| adapter.bytes)
                .sum(),
        });
        let no_way_back = match Task::translation(&language, CHAT_LANGUAGE) {
            Ok(back) => engine.unavailable(Method::Secondary, &back),
            Err(error) => Some(error.to_string()),
        };
        Ok(Target { language, methods: methods.into(), no_way_back })
    });
    targets.collect()
}

/// Whether `method` needs `adapter` beside the two that every merge starts from.
fn is_extra(adapter: &CatalogAdapter, method: Method) -> bool {
    match method {
        Method::JointExpert => adapter.method == "lora" && adapter.task == "summarize-translate",
        _ => adapter.method == method.id(),
    }
}

impl From<ChatMessage> for Message {
    fn from(of: ChatMessage) -> Self {
        Self::new(&of.sender, &of.text, None)
    }
}

impl From<Sampling> for sampler::Sampling {
    fn from(of: Sampling) -> Self {
        Self { temperature: of.temperature, top_k: of.top_k, top_p: of.top_p, seed: of.seed.into() }
    }
}
