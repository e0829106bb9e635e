//! The messages between page and worker, version 1. The page's TypeScript types are made from these.
//!
//! Every message carries the `id` of its request. A request gets any number of events (`progress`, `notice`, `delta`,
//! `draft`, `rewritten`) and then one answer (`done`, `status`, `loaded`, `benchmark`, `imported`, …) or an `error`.
//! Requests about files that the user picked carry those as `files`: handles, from which the worker reads the parts it
//! needs.

mod fault;
mod imported;
mod metrics;
mod request;
mod response;
mod status;

use wasm_bindgen::prelude::wasm_bindgen;

pub use self::fault::FaultKind;
pub use self::imported::ChatTitle;
pub use self::metrics::{GpuMetrics, SummaryMetrics};
pub use self::request::{Action, Backend, Purpose, Request};
pub use self::response::{Body, NoticeKind, Part, Phase, Response};
pub use self::status::{
    Direction, EngineInfo, ExaminedAdapter, MethodStatus, ModelOrigin, ModelStatus, Readiness, Storage, StoredAdapter,
    SummaryFiles,
};

/// Version of these messages; the worker refuses others.
pub const VERSION: u32 = 1;

/// Types of the messages themselves: a struct with a flattened enum has no TypeScript form that tsify gets right.
#[wasm_bindgen(typescript_custom_section)]
const ENVELOPES: &str = "
export type Request = { version: 1; id: number; files?: readonly File[] } & Action;
export type Response = { version: 1; id: number } & Body;
";
