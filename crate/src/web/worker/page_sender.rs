//! What goes to the page.

use std::cell::Cell;
use std::time::Duration;

use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_time::Instant;

use super::super::browser::download::Listener;
use super::super::protocol::{Body, NoticeKind, Response, Stage, VERSION};

/// Progress of a download is told at most this often.
const PROGRESS: Duration = Duration::from_millis(100);

/// The way to the page. Also used where a panic is told, so it holds nothing else.
#[derive(Clone)]
pub struct Outlet {
    /// Is called with every message.
    pub post: Function,
}

// SAFETY: a worker's WebAssembly has one thread. The panic hook asks for Send and Sync.
unsafe impl Send for Outlet {}
// SAFETY: as above.
unsafe impl Sync for Outlet {}

impl Outlet {
    /// Posts an event or answer of request `id`.
    pub fn send(&self, id: u32, body: Body) {
        let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
        // A message that cannot be made or posted leaves nobody to tell.
        if let Ok(message) = (Response { version: VERSION, id, body }).serialize(&serializer) {
            let _ = self.post.call1(&JsValue::NULL, &message);
        }
    }
}

/// Tells the page how many bytes have come in, not too often.
pub struct Report<'a> {
    outlet: &'a Outlet,
    id: u32,
    stage: Stage,
    done: Cell<i64>,
    total: u64,
    told: Cell<Option<Instant>>,
}

impl<'a> Report<'a> {
    /// For request `id`, of whose `total` bytes `done` are there.
    pub fn new(outlet: &'a Outlet, id: u32, stage: Stage, done: u64, total: u64) -> Self {
        Self { outlet, id, stage, done: Cell::new(done as i64), total, told: Cell::new(None) }
    }

    /// Tells it now.
    pub fn tell(&self) {
        let (stage, done) = (self.stage, self.done.get().max(0) as u64);
        self.outlet.send(self.id, Body::Progress { stage, done, total: self.total, part: None });
    }
}

impl Listener for Report<'_> {
    fn arrived(&self, bytes: i64) {
        self.done.set(self.done.get() + bytes);
        if self.told.get().is_none_or(|told| told.elapsed() >= PROGRESS) {
            self.told.set(Some(Instant::now()));
            self.tell();
        }
    }

    fn notice(&self, kind: NoticeKind, text: String) {
        self.outlet.send(self.id, Body::Notice { kind, text });
    }
}
