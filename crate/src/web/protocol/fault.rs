//! Kinds of errors, as the page gets them.

use serde::Serialize;
use tsify::Tsify;

use crate::error::ErrorKind;

/// The kind of an error, for which the page has a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// Input that cannot be used.
    Input,
    /// Work that failed.
    Failure,
    /// A file that could not be fetched; the pieces that arrived are kept.
    Network,
    /// A browser without room.
    Quota,
    /// A file that is damaged.
    Corrupt,
    /// A GPU that failed, and with it the model that was loaded.
    Device,
    /// A defect of the engine: the page has to start a new worker.
    Panic,
}

impl From<ErrorKind> for FaultKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            // The page lets only one request have the engine, and hears nothing of those that it stopped.
            ErrorKind::Input | ErrorKind::Busy => FaultKind::Input,
            ErrorKind::Failure | ErrorKind::Stopped => FaultKind::Failure,
            ErrorKind::Network => FaultKind::Network,
            ErrorKind::Quota => FaultKind::Quota,
            ErrorKind::Corrupt => FaultKind::Corrupt,
            ErrorKind::Device(_) => FaultKind::Device,
        }
    }
}
