//! The state that the requests of one worker share.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::{AbortController, AbortSignal};

use super::model_store::ModelStore;
use super::page_sender::PageSender;
use crate::engine::Engine;
use crate::error::Result;
use crate::input;
use crate::web::browser::host::Yielder;
use crate::web::protocol::Backend;

/// The state that the requests of one worker share. Its methods lie in the files of their subjects.
pub struct WorkerState {
    /// Way to the page.
    pub page: PageSender,
    /// Models of the catalog and of the user; `None` before the request `open`.
    pub store: RefCell<Option<Rc<ModelStore>>>,
    /// Loaded model; `None` before the first one, and while a request works with it.
    pub model: RefCell<Option<LoadedModel>>,
    /// Stop signal of the request that works with the engine.
    pub engine_user: RefCell<Option<AbortSignal>>,
    /// Requests in progress, by their number.
    pub running: RefCell<HashMap<u32, AbortController>>,
    /// Way to let messages in between steps of work.
    pub yielder: Yielder,
}

/// A loaded model, and all that it takes to load it again.
pub struct LoadedModel {
    /// Engine with the model and its adapters.
    pub engine: Engine,
    /// Catalog id.
    pub id: String,
    /// Ids of the files of its adapters and corrections.
    pub files: Vec<String>,
    /// Backend that the page asked for.
    pub backend: Backend,
    /// Reason not to run on the GPU, if `auto` chose the processor.
    pub no_gpu: Option<String>,
}

impl WorkerState {
    /// Makes the state of a new worker.
    ///
    /// # Errors
    /// If the browser lacks a part that the worker needs.
    pub fn new(page: PageSender) -> Result<Self, JsValue> {
        Ok(Self {
            page,
            store: RefCell::new(None),
            model: RefCell::new(None),
            engine_user: RefCell::new(None),
            running: RefCell::new(HashMap::new()),
            yielder: Yielder::new()?,
        })
    }

    /// Returns the models of the catalog and of the user.
    ///
    /// # Errors
    /// If the page did not send `open` first.
    pub fn store(&self) -> Result<Rc<ModelStore>> {
        self.store.borrow().clone().ok_or_else(|| input!("the first message has to be `open`"))
    }
}
