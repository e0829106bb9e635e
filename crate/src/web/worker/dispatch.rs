//! From a request to its answer, and the requests that only ask for, fetch and delete files.

use std::rc::Rc;

use web_sys::{AbortController, AbortSignal, File};

use super::import::import_chat;
use super::model_store::{ModelStore, adapter_file_id, file_id};
use super::page_sender::ProgressReporter;
use super::present::engine_info;
use super::state::WorkerState;
use crate::chat::conversation::{Conversation, Message};
use crate::chat::language::{Detected, detect};
use crate::engine::{self, CAREFUL_CANDIDATES};
use crate::error::Result;
use crate::failure;
use crate::input;
use crate::methods::method::Method;
use crate::model::prompt::Task;
use crate::model::sampler::Sampling;
use crate::rouge::{Rouge, rouge};
use crate::web::browser::download::{RemoteFile, download};
use crate::web::browser::host;
use crate::web::protocol::{Action, Body, Phase, Purpose, Request, VERSION};

impl WorkerState {
    /// Performs a request and sends its answer.
    pub(super) async fn answer(self: Rc<Self>, request: Request, files: Vec<File>) {
        let Request { version, id, action } = request;
        if let Action::Cancel { target } = action {
            if let Some(controller) = self.running.borrow().get(&target) {
                controller.abort();
            }
            return;
        }
        let controller = match AbortController::new() {
            Ok(controller) => controller,
            Err(error) => return self.page.send(id, failure!("{}", host::text_of(&error)).into()),
        };
        let signal = controller.signal();
        self.running.borrow_mut().insert(id, controller);
        let result = match version {
            VERSION => self.perform(id, action, files, &signal).await,
            other => {
                Err(input!("the page speaks version {other} of the protocol, the worker {VERSION}; reload the page"))
            }
        };
        self.running.borrow_mut().remove(&id);
        self.page.send(
            id,
            match result {
                _ if signal.aborted() => Body::Done { cancelled: true, metrics: None },
                Ok(body) => body,
                Err(error) => error.into(),
            },
        );
    }

    async fn perform(&self, id: u32, action: Action, files: Vec<File>, signal: &AbortSignal) -> Result<Body> {
        match action {
            Action::Open { base } => self.open(&base, signal).await.map(|()| Body::done()),
            Action::Status => self.status().await,
            Action::Download { model, purposes } => {
                self.download(id, &model, &purposes, signal).await.map(|()| Body::done())
            }
            Action::Delete { model } => self.delete(model.as_deref()).await.map(|()| Body::done()),
            Action::DeleteLeftovers => self.delete_leftovers().await.map(|()| Body::done()),
            Action::ImportModel => match <[File; 1]>::try_from(files) {
                Ok([file]) => self.import_model(id, file, signal).await,
                Err(files) => Err(input!("{} files were given; open one model at a time", files.len())),
            },
            Action::AddAddress { address } => self.add_address(&address, signal).await,
            Action::ExamineAdapter { model, paths } => self.examine_adapter(&model, &paths, files, signal).await,
            Action::AddAdapter { model, paths, task } => self.add_adapter(&model, &paths, task, files, signal).await,
            Action::RemoveAdapter { adapter } => self.remove_adapter(&adapter).await.map(|()| Body::done()),
            Action::Load { model, backend } => self.load(id, &model, backend, signal).await,
            Action::Benchmark { model } => self.benchmark(&model, signal).await,
            Action::Summarize { messages, from, to, form, method, max_tokens, sampling, careful } => {
                let chat = Conversation::new(messages.into_iter().map(Message::from).collect())?;
                let task = Task::summary(&from, &to)?.in_form(form);
                let candidates = if careful { CAREFUL_CANDIDATES } else { 1 };
                let request = engine::Request { task, method, max_tokens, sampling: sampling.into(), candidates };
                self.run(id, &chat, &request, signal).await
            }
            Action::Translate { text, from, to, max_tokens } => {
                let chat = Conversation::new(vec![Message::new("", &text, None)])?;
                let task = Task::translation(&from, &to)?;
                let (method, sampling) = (Method::Secondary, Sampling::default());
                self.run(id, &chat, &engine::Request { task, method, max_tokens, sampling, candidates: 1 }, signal)
                    .await
            }
            Action::DetectLanguage { messages } => {
                let chat = Conversation::new(messages.into_iter().map(Message::from).collect())?;
                let Detected { language, is_certain } = detect(&chat);
                Ok(Body::Detected { language: language.to_owned(), certain: is_certain })
            }
            Action::Rouge { reference, candidate } => {
                let Rouge { rouge1, rouge2, rouge_l } = rouge(&reference, &candidate);
                Ok(Body::Rouge { rouge1, rouge2, rouge_l })
            }
            Action::Import { name, bytes, order, chat } => import_chat(&name, &bytes, order, chat),
            Action::Cancel { .. } => Ok(Body::done()), // `answer` has dealt with it
        }
    }

    async fn open(&self, base: &str, signal: &AbortSignal) -> Result<()> {
        self.store.replace(Some(Rc::new(ModelStore::open(base, signal).await?)));
        Ok(())
    }

    async fn status(&self) -> Result<Body> {
        let store = self.store()?;
        let models = store.models().await?;
        let leftover = store.leftovers().await?.iter().map(|record| record.bytes).sum();
        Ok(Body::Status { models, storage: host::storage().await?, leftover, engine: engine_info() })
    }

    async fn delete_leftovers(&self) -> Result<()> {
        let store = self.store()?;
        for record in store.leftovers().await? {
            store.files.delete(&record.id).await?;
        }
        Ok(())
    }

    async fn download(&self, id: u32, model: &str, purposes: &[Purpose], signal: &AbortSignal) -> Result<()> {
        let store = self.store()?;
        let catalog = store.catalog();
        let model = catalog.model(model)?;
        let stored = store.adapters().await?;
        let mut files: Vec<RemoteFile> = Vec::new();
        // What is here already may have no place to be fetched from.
        if !store.stored(&file_id(model)).await?.1 {
            files.push(store.remote_file(model, signal).await?);
        }
        for Purpose { task, method } in purposes {
            task.check()?;
            let needed = catalog.files_for(&model.id, *method, task, |file| stored.has(file));
            let needed = needed.ok_or_else(|| input!("{} has no files for {method} in these languages", model.name))?;
            for adapter in needed {
                if !stored.has(adapter) && !files.iter().any(|file| file.id == adapter_file_id(adapter)) {
                    files.push(store.remote_adapter(adapter, signal).await?);
                }
            }
        }
        let total: u64 = files.iter().map(|file| file.bytes).sum();
        let mut stored = 0;
        for file in &files {
            stored += store.stored(&file.id).await?.0;
        }
        host::require_room(total - stored.min(total)).await?;
        let progress = ProgressReporter::new(&self.page, id, Phase::Download, stored, total);
        for file in &files {
            download(&store.files, file, signal, &progress).await?;
        }
        progress.report();
        Ok(())
    }

    async fn delete(&self, model: Option<&str>) -> Result<()> {
        let store = self.store()?;
        let catalog = store.catalog();
        match model {
            None => store.files.clear().await?,
            Some(model) => {
                let model = catalog.model(model)?;
                store.files.delete(&file_id(model)).await?;
                if !store.adapters_are_shared(&model.id).await? {
                    for adapter in catalog.adapters_of(&model.id) {
                        store.files.delete(&adapter_file_id(adapter)).await?;
                    }
                }
            }
        }
        store.reread().await
    }
}
