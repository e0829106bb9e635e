//! An endless sequence of random numbers, for models whose bytes are drawn one after the other.

use crate::hash::fnv1a;
use crate::random::{STEP, fraction, scramble};

/// Generator of random numbers (splitmix64).
pub(super) struct Stream {
    state: u64,
}

impl Stream {
    /// Starts the sequence of `name`; the same name gives the same sequence.
    pub fn new(name: &str) -> Self {
        Self { state: fnv1a(name.as_bytes()) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        scramble(self.state)
    }

    /// Draws an integer in [0, `n`), where `n` is at most 2^32; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (((self.next() >> 32) * n as u64) >> 32) as usize
    }

    /// Draws true with a probability of `percent` in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Draws a number in [0, 1).
    pub fn fraction(&mut self) -> f32 {
        fraction(self.next())
    }

    /// Fills `bytes` with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
