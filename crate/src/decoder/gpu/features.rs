//! The features of a GPU that shaders are built for, and the options that restrict them.

use std::time::Duration;

/// Longest wait for submitted work. The watchdogs of phones end such work long before.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Restrictions on the use of a GPU. The default uses all that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Store and compute with f16 where that is exact enough.
    pub f16: bool,
    /// Reduce by subgroup operations.
    pub subgroups: bool,
    /// Largest binding in bytes, if smaller than the device's: larger matrices are split by rows.
    pub largest_binding: Option<u64>,
    /// Largest number of bytes that a model may take, if known.
    pub memory: Option<u64>,
    /// Longest wait for submitted work.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { f16: true, subgroups: true, largest_binding: None, memory: None, timeout: TIMEOUT }
    }
}

/// Optional features of a device that decide which shader variants are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// True if shaders can `enable f16`.
    pub f16: bool,
    /// Smallest size of a subgroup, or `None` without subgroup operations.
    pub subgroup: Option<u32>,
}
