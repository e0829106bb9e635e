//! The engine in a browser's worker: messages in, messages out, model files in IndexedDB.
//!
//! This is the only module that knows JavaScript values.

mod download;
mod host;
mod import;
mod metrics;
mod picked;
mod protocol;
mod store;
mod worker;
