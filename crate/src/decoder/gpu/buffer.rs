//! Buffers in GPU memory, counted while they are alive.

use std::cell::Cell;
use std::rc::Rc;

/// A buffer that is destroyed when it is dropped: in a browser, dropping the handle alone frees no memory.
pub struct Buffer {
    raw: wgpu::Buffer,
    allocated: Rc<Cell<u64>>,
}

impl Buffer {
    /// Takes over `raw` and adds its size to `allocated` until it is dropped.
    pub(super) fn new(raw: wgpu::Buffer, allocated: &Rc<Cell<u64>>) -> Self {
        allocated.set(allocated.get() + raw.size());
        Self { raw, allocated: allocated.clone() }
    }

    /// Returns the length in bytes.
    pub fn bytes(&self) -> u64 {
        self.raw.size()
    }

    /// Returns the whole buffer as a resource of a bind group.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        self.raw.as_entire_binding()
    }

    /// Returns `bytes` bytes from `offset` on as a resource of a bind group.
    pub fn range(&self, offset: u64, bytes: u64) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.raw,
            offset,
            size: std::num::NonZeroU64::new(bytes),
        })
    }

    /// Returns wgpu's buffer.
    pub fn raw(&self) -> &wgpu::Buffer {
        &self.raw
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.allocated.set(self.allocated.get() - self.raw.size());
        self.raw.destroy();
    }
}
