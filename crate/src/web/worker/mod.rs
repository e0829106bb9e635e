//! The worker: decodes requests, runs them side by side, and answers.

mod dispatch;
mod import;
mod lease;
mod loading;
mod model_store;
mod page_sender;
mod present;
mod running;
mod state;
mod user_models;

use std::rc::Rc;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use self::page_sender::PageSender;
use self::state::WorkerState;
use super::protocol::Request;
use crate::chat::import::check_length;
use crate::input;

/// The engine of one worker.
#[wasm_bindgen]
pub struct Worker {
    state: Rc<WorkerState>,
}

#[wasm_bindgen]
impl Worker {
    /// Makes an engine that calls `post` with every [`super::protocol::Response`].
    ///
    /// # Errors
    /// If the browser lacks a part that the worker needs.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "(response: Response) => void")] post: Function,
    ) -> Result<Worker, JsValue> {
        let page = PageSender::new(post);
        page.report_panics();
        Ok(Self { state: Rc::new(WorkerState::new(page)?) })
    }

    /// Starts the request `message`. Its events and its answer come through `post`.
    pub fn handle(&self, #[wasm_bindgen(unchecked_param_type = "Request")] message: JsValue) {
        let id = Reflect::get(&message, &"id".into()).ok().and_then(|id| id.as_f64()).unwrap_or(0.0) as u32;
        // Before the file's bytes are copied into this memory: exports with their media can be larger than it.
        let bytes = Reflect::get(&message, &"bytes".into()).ok();
        if let Some(bytes) = bytes.and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok())
            && let Err(error) = check_length(bytes.length() as usize)
        {
            return self.state.page.send(id, error.into());
        }
        // Files are handles, which serde does not know.
        let files = Reflect::get(&message, &"files".into()).ok().and_then(|files| files.dyn_into::<Array>().ok());
        let files =
            files.map(|files| files.iter().filter_map(|file| file.dyn_into().ok()).collect()).unwrap_or_default();
        let request: Request = match serde_wasm_bindgen::from_value(message) {
            Ok(request) => request,
            Err(error) => {
                let error = input!("the worker does not understand this request: {error}");
                return self.state.page.send(id, error.into());
            }
        };
        let state = self.state.clone();
        spawn_local(async move { state.answer(request, files).await });
    }
}
