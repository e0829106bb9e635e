//! Counters of the work that decoding takes.

use super::program::Program;

/// Work of decoding: counts of the tokens that went through the decoder one at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Tokens that went through the decoder one at a time.
    pub tokens: u64,
    /// Dispatches for them.
    pub dispatches: u64,
    /// Compute passes for them.
    pub passes: u64,
    /// Submits for them.
    pub submits: u64,
    /// Readbacks of their ids.
    pub readbacks: u64,
    /// Bytes of weights, low-rank pairs and cache that they read.
    pub bytes: u64,
}

impl Counters {
    /// Returns the difference from an earlier state `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            tokens: self.tokens - before.tokens,
            dispatches: self.dispatches - before.dispatches,
            passes: self.passes - before.passes,
            submits: self.submits - before.submits,
            readbacks: self.readbacks - before.readbacks,
            bytes: self.bytes - before.bytes,
        }
    }

    /// Counts a token that `programs` compute in one pass and one submit, reading `cache_bytes` of the cache.
    pub(super) fn add_token(&mut self, programs: &[&Program], cache_bytes: u64) {
        self.tokens += 1;
        self.passes += 1;
        self.submits += 1;
        self.dispatches += programs.iter().map(|program| program.len() as u64).sum::<u64>();
        self.bytes += programs.iter().map(|program| program.bytes).sum::<u64>() + cache_bytes;
    }
}
