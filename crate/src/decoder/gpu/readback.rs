//! Waiting for a device and reading its results back.

use futures_channel::oneshot;

use super::buffer::Buffer;
use super::device::Gpu;
use super::faults::device_error;
use crate::error::{DeviceFault, Error, Result};

impl Gpu {
    /// Waits until all submitted work is done.
    ///
    /// # Errors
    /// If the device failed, or does not finish in time.
    pub async fn finish(&self) -> Result<()> {
        let (sender, done) = oneshot::channel();
        self.queue.on_submitted_work_done(move || {
            let _ = sender.send(()); // the receiver may have given up
        });
        self.wait(done).await
    }

    /// Returns the contents of `buffer`, which has to be made for mapping.
    ///
    /// # Errors
    /// As [`Gpu::finish`].
    pub async fn map<T: bytemuck::Pod>(&self, buffer: &Buffer) -> Result<Vec<T>> {
        let (sender, mapped) = oneshot::channel();
        buffer.raw().map_async(wgpu::MapMode::Read, .., move |result| {
            let _ = sender.send(result); // the receiver may have given up
        });
        if let Err(error) = self.wait(mapped).await? {
            self.check()?;
            return Err(device_error(DeviceFault::Lost, format!("the GPU's results cannot be read: {error}")));
        }
        let view = buffer.raw().get_mapped_range(..);
        let view = view.map_err(|error| device_error(DeviceFault::Validation, error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        buffer.raw().unmap();
        Ok(values)
    }

    /// Returns the first `count` values of a storage buffer. For tests and tools: decoding never waits for one buffer.
    ///
    /// # Errors
    /// As [`Gpu::finish`].
    pub async fn read<T: bytemuck::Pod>(&self, buffer: &Buffer, count: usize) -> Result<Vec<T>> {
        let bytes = (count * size_of::<T>()) as u64;
        let staging = self.buffer("readback", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST)?;
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(buffer.raw(), 0, staging.raw(), 0, bytes);
        self.submit(encoder);
        let mut values = self.map(&staging).await?;
        values.truncate(count);
        Ok(values)
    }

    /// Waits for `event`, which a callback of wgpu sends.
    #[cfg(not(target_arch = "wasm32"))]
    async fn wait<T>(&self, event: oneshot::Receiver<T>) -> Result<T> {
        let poll = wgpu::PollType::Wait { submission_index: None, timeout: Some(self.timeout) };
        match self.device.poll(poll) {
            Err(wgpu::PollError::Timeout) => return Err(self.timed_out()),
            Err(error) => return Err(device_error(DeviceFault::Validation, error.to_string())),
            Ok(_) => self.check()?,
        }
        event.await.map_err(|_| self.dropped())
    }

    /// Waits for `event`, which a callback of wgpu sends.
    #[cfg(target_arch = "wasm32")]
    async fn wait<T>(&self, event: oneshot::Receiver<T>) -> Result<T> {
        let late = async {
            gloo::timers::future::sleep(self.timeout).await;
            None
        };
        let Some(event) = futures_lite::future::or(async { Some(event.await) }, late).await else {
            return Err(self.timed_out());
        };
        self.check()?;
        event.map_err(|_| self.dropped())
    }

    fn timed_out(&self) -> Error {
        let seconds = self.timeout.as_secs_f64();
        device_error(DeviceFault::Hang, format!("the GPU {} did not answer within {seconds} s", self.name))
    }

    fn dropped(&self) -> Error {
        device_error(DeviceFault::Lost, format!("the GPU {} dropped its work", self.name))
    }
}
