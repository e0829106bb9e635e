//! The engine in a browser's worker: messages in, messages out, model files in IndexedDB.
//!
//! This is the only module that knows JavaScript values.

mod browser;
mod protocol;
mod worker;
