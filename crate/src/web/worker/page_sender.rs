//! Messages from the worker to the page.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_time::Instant;

use crate::web::browser::download::Listener;
use crate::web::protocol::{Body, FaultKind, NoticeKind, Phase, Response, VERSION};

/// Least time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The way to the page: a callback that gets every message.
#[derive(Clone)]
pub struct PageSender {
    post: Function,
}

thread_local! {
    /// The sender for the panic hook, which has to be `Send` and so cannot hold a JavaScript function itself.
    static PANIC_SENDER: RefCell<Option<PageSender>> = const { RefCell::new(None) };
}

impl PageSender {
    /// Makes a sender that calls `post`.
    pub fn new(post: Function) -> Self {
        Self { post }
    }

    /// Posts an event or answer of request `id`.
    pub fn send(&self, id: u32, body: Body) {
        let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
        // A message that cannot be made or posted leaves nobody to tell.
        if let Ok(message) = (Response { version: VERSION, id, body }).serialize(&serializer) {
            let _ = self.post.call1(&JsValue::NULL, &message);
        }
    }

    /// Sends an error to the page if this worker panics from now on.
    pub fn report_panics(&self) {
        PANIC_SENDER.set(Some(self.clone()));
        std::panic::set_hook(Box::new(|info| {
            console_error_panic_hook::hook(info);
            let reason = info.payload_as_str().unwrap_or("no reason given");
            let text = format!("The engine stopped unexpectedly ({reason}).");
            PANIC_SENDER.with_borrow(|sender| {
                if let Some(sender) = sender {
                    sender.send(0, Body::Error { kind: FaultKind::Panic, text });
                }
            });
        }));
    }
}

/// Reports to the page how many bytes have arrived, at most every [`PROGRESS_INTERVAL`].
pub struct ProgressReporter<'a> {
    page: &'a PageSender,
    id: u32,
    phase: Phase,
    done: Cell<i64>,
    total: u64,
    reported: Cell<Option<Instant>>,
}

impl<'a> ProgressReporter<'a> {
    /// Makes a reporter for request `id`, of whose `total` bytes `done` are there.
    pub fn new(page: &'a PageSender, id: u32, phase: Phase, done: u64, total: u64) -> Self {
        Self { page, id, phase, done: Cell::new(done as i64), total, reported: Cell::new(None) }
    }

    /// Reports at once.
    pub fn report(&self) {
        let (phase, done) = (self.phase, self.done.get().max(0) as u64);
        self.page.send(self.id, Body::Progress { phase, done, total: self.total, part: None });
    }
}

impl Listener for ProgressReporter<'_> {
    fn arrived(&self, bytes: i64) {
        self.done.set(self.done.get() + bytes);
        if self.reported.get().is_none_or(|reported| reported.elapsed() >= PROGRESS_INTERVAL) {
            self.reported.set(Some(Instant::now()));
            self.report();
        }
    }

    fn notice(&self, kind: NoticeKind, text: String) {
        self.page.send(self.id, Body::Notice { kind, text });
    }
}
