//! What the browser gives: network, storage, files, and the worker's own scope.

pub mod download;
pub mod host;
pub mod picked;
pub mod store;
