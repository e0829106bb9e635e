//! Faults of a device: wgpu reports them by callbacks, and the next check turns the first of them into an error.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{DeviceFault, Error, Result};

/// The first fault of a device; later ones are its consequences. Clones share it.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Option<(DeviceFault, String)>>>);

impl Faults {
    /// Has wgpu record the faults of `device`.
    pub fn watch(device: &wgpu::Device) -> Self {
        let faults = Self::default();
        let lost = faults.clone();
        device.set_device_lost_callback(move |_, reason| lost.record_fault(DeviceFault::Lost, reason));
        let uncaptured = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            let (kind, text) = describe(&error);
            uncaptured.record_fault(kind, text);
        }));
        faults
    }

    /// Records a fault, unless there is one already.
    pub fn record_fault(&self, kind: DeviceFault, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((kind, text));
    }

    /// Fails if a fault was recorded; `name` is that of the device.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, name: &str) -> Result<()> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some((kind, text)) => Err(device_error(*kind, format!("the GPU {name} failed: {text}"))),
        }
    }
}

/// Returns the error of a device that failed with a fault of `kind`.
pub fn device_error(kind: DeviceFault, text: String) -> Error {
    Error::device(kind, text)
}

/// Returns the kind of wgpu's error and its whole text, which [`Error`] brings into one line.
fn describe(error: &wgpu::Error) -> (DeviceFault, String) {
    match error {
        wgpu::Error::OutOfMemory { .. } => (DeviceFault::OutOfMemory, "its memory is full".to_owned()),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            (DeviceFault::Validation, description.clone())
        }
    }
}
