//! The browser: network, storage, files, and the scope of the worker.

pub mod download;
pub mod host;
pub mod picked;
pub mod store;
