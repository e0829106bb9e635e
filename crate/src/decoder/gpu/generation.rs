//! Generated tokens on their way back: their ids stay on the GPU, and a group of them is read back at a time.

use std::collections::VecDeque;
use std::rc::Rc;

use web_time::Instant;

use super::buffer::Buffer;
use super::device::Gpu;
use super::kernels::sample::RING;
use super::pace::Pace;
use crate::error::Result;

/// Ids of a group of tokens on their way back.
struct PendingReadback {
    /// Copy of the ring of chosen ids, made once the group is computed.
    staging: Rc<Buffer>,
    /// Number of the group's first token since the prompt.
    first: usize,
    /// Tokens of the group.
    count: usize,
}

/// State of generating after a prompt.
pub struct Generation {
    /// Tokens chosen since the last prompt, counting those whose computation is under way.
    chosen: usize,
    pending: VecDeque<PendingReadback>,
    /// Time when ids came back last, or generating began.
    last_readback: Instant,
}

impl Generation {
    /// Returns the state after a prompt.
    pub fn new() -> Self {
        Self { chosen: 0, pending: VecDeque::new(), last_readback: Instant::now() }
    }

    /// Begins again after a prompt. Ids on their way are not waited for.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.chosen = 0;
    }

    /// Returns the number of tokens chosen since the last prompt, counting those whose computation is under way.
    pub fn chosen(&self) -> usize {
        self.chosen
    }

    /// Counts one more token as chosen.
    pub fn add_chosen(&mut self) {
        self.chosen += 1;
    }

    /// Returns true if no ids are on their way.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Takes the time from which the next group is measured.
    pub fn start_clock(&mut self) {
        self.last_readback = Instant::now();
    }

    /// Adds the readback of the last `count` chosen tokens, whose ids are copied to `staging`.
    pub fn push(&mut self, staging: Rc<Buffer>, count: usize) {
        self.pending.push_back(PendingReadback { staging, first: self.chosen - count, count });
    }

    /// Waits for the group that was submitted first, tells `pace` how long it took, and returns its ids: none if no
    /// group is under way.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn next_group(&mut self, gpu: &Gpu, pace: &mut Pace) -> Result<Vec<u32>> {
        let Some(PendingReadback { staging, first, count }) = self.pending.pop_front() else { return Ok(Vec::new()) };
        let ring: Vec<u32> = gpu.map(&staging).await?;
        if first > 0 {
            pace.generated(count, self.last_readback.elapsed());
        }
        self.last_readback = Instant::now();
        Ok((first..first + count).map(|i| ring[i % RING as usize]).collect())
    }
}
