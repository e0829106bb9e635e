//! Exclusive use of the engine.

use std::cell::RefCell;

use web_sys::AbortSignal;

use super::state::WorkerState;
use crate::error::{Error, ErrorKind, Result};

/// Exclusive use of the engine; released on drop.
pub struct EngineLease<'a>(&'a RefCell<Option<AbortSignal>>);

impl WorkerState {
    /// Gives the request of `signal` exclusive use of the engine. Waits for a request that was stopped and is about to
    /// release it.
    ///
    /// # Errors
    /// If another request works with the engine.
    pub(super) async fn lease_engine(&self, signal: &AbortSignal) -> Result<EngineLease<'_>> {
        loop {
            match &*self.engine_user.borrow() {
                None => break,
                Some(user) if !user.aborted() => {
                    let text = "the engine is busy with another request; stop that first";
                    return Err(Error::new(ErrorKind::Busy, text));
                }
                Some(_) => {}
            }
            self.yielder.yield_now().await;
        }
        self.engine_user.replace(Some(signal.clone()));
        Ok(EngineLease(&self.engine_user))
    }
}

impl Drop for EngineLease<'_> {
    fn drop(&mut self) {
        self.0.replace(None);
    }
}
