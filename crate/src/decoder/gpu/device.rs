//! An open GPU: its features and limits, its memory, and the work that is submitted to it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::buffer::Buffer;
use super::faults::{Faults, device_error};
use super::features::{Features, Options};
use super::pipeline::{Pipeline, PipelineCache};
use super::shader::Shader;
use crate::error::{DeviceFault, Result};
use crate::input;

/// Factor of the timeout for a GPU in software, which shares the processor with other programs.
const SOFTWARE_TIMEOUTS: u32 = 10;

/// An open device.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    /// Name that the device gives itself. Browsers often do not tell wgpu; the caller may know better.
    pub name: String,
    /// True if the device computes on the processor.
    pub software: bool,
    /// Features that shaders are built for.
    pub features: Features,
    /// Largest binding in bytes.
    pub largest_binding: u64,
    /// Largest number of bytes that a model may take, if known.
    pub memory: Option<u64>,
    largest_buffer: u64,
    pub(super) timeout: Duration,
    faults: Faults,
    allocated: Rc<Cell<u64>>,
    pipelines: PipelineCache,
}

/// Returns the adapters of this machine.
pub async fn adapters() -> Vec<wgpu::Adapter> {
    instance().enumerate_adapters(backends()).await
}

fn backends() -> wgpu::Backends {
    if cfg!(target_arch = "wasm32") { wgpu::Backends::BROWSER_WEBGPU } else { wgpu::Backends::PRIMARY }
}

fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends();
    wgpu::Instance::new(descriptor)
}

impl Gpu {
    /// Opens the fastest GPU.
    ///
    /// # Errors
    /// If there is none, or it cannot be opened.
    pub async fn open(options: Options) -> Result<Self> {
        let request = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = instance().request_adapter(&request).await.map_err(|error| {
            input!("there is no GPU that this program can use ({error}); use the processor instead")
        })?;
        Self::open_adapter(&adapter, options).await
    }

    /// Opens `adapter`.
    ///
    /// # Errors
    /// If it provides no device.
    pub async fn open_adapter(adapter: &wgpu::Adapter, options: Options) -> Result<Self> {
        let info = adapter.get_info();
        let wanted = |feature: wgpu::Features, on: bool| {
            if on { adapter.features() & feature } else { wgpu::Features::empty() }
        };
        // Some report subgroups without saying how large they are; nothing can be built on that.
        let subgroup = Some(info.subgroup_min_size)
            .filter(|size| options.subgroups && size.is_power_of_two() && *size > 1)
            .filter(|_| adapter.features().contains(wgpu::Features::SUBGROUP));
        let required_features =
            wanted(wgpu::Features::SHADER_F16, options.f16) | wanted(wgpu::Features::SUBGROUP, subgroup.is_some());
        let limits = adapter.limits();
        let software = info.device_type == wgpu::DeviceType::Cpu;
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("gist"),
                required_features,
                required_limits: limits.clone(),
                ..wgpu::DeviceDescriptor::default()
            })
            .await
            .map_err(|error| {
                device_error(DeviceFault::Lost, format!("the GPU {} cannot be opened: {error}", info.name))
            })?;

        let faults = Faults::watch(&device);
        Ok(Self {
            name: [info.name, info.driver]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or("without a name".to_owned()),
            software,
            features: Features { f16: required_features.contains(wgpu::Features::SHADER_F16), subgroup },
            largest_binding: options
                .largest_binding
                .unwrap_or(u64::MAX)
                .min(limits.max_storage_buffer_binding_size)
                .min(limits.max_buffer_size),
            largest_buffer: limits.max_buffer_size,
            memory: options.memory,
            timeout: options.timeout * if software { SOFTWARE_TIMEOUTS } else { 1 },
            device,
            queue,
            faults,
            allocated: Rc::default(),
            pipelines: PipelineCache::default(),
        })
    }

    /// Returns the bytes of all buffers that are alive.
    pub fn allocated(&self) -> u64 {
        self.allocated.get()
    }

    /// Allocates a buffer of `bytes` bytes, rounded up to words and filled with zeros.
    ///
    /// # Errors
    /// If the device's limit is lower. Full memory shows only later: see [`Gpu::check_memory`].
    pub fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<Rc<Buffer>> {
        let size = bytes.next_multiple_of(4).max(16);
        if size > self.largest_buffer {
            return Err(device_error(
                DeviceFault::OutOfMemory,
                format!(
                    "{label} needs a buffer of {} MB, and the GPU {} allows {} MB; use a smaller model or the \
                     processor",
                    size / 1_000_000,
                    self.name,
                    self.largest_buffer / 1_000_000
                ),
            ));
        }
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        });
        Ok(Rc::new(Buffer::new(raw, &self.allocated)))
    }

    /// Allocates a buffer that shaders read and write, and that the processor can write and read back.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn storage(&self, label: &str, bytes: u64) -> Result<Rc<Buffer>> {
        use wgpu::BufferUsages as Usage;
        self.buffer(label, bytes, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC)
    }

    /// Allocates storage that holds `data`.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn storage_with<T: bytemuck::NoUninit>(&self, label: &str, data: &[T]) -> Result<Rc<Buffer>> {
        let buffer = self.storage(label, size_of_val(data) as u64)?;
        self.write(&buffer, 0, data);
        Ok(buffer)
    }

    /// Writes `data` at byte `offset`, before the next submit takes effect.
    pub fn write<T: bytemuck::NoUninit>(&self, buffer: &Buffer, offset: u64, data: &[T]) {
        if !data.is_empty() {
            self.queue.write_buffer(buffer.raw(), offset, bytemuck::cast_slice(data));
        }
    }

    /// Returns an encoder for commands.
    pub fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Submits the commands that `encoder` recorded.
    pub fn submit(&self, encoder: wgpu::CommandEncoder) {
        self.queue.submit([encoder.finish()]);
    }

    /// Submits one compute pass that `encode` encodes.
    pub fn submit_pass(&self, encode: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
        let mut encoder = self.encoder();
        encode_pass(&mut encoder, encode);
        self.submit(encoder);
    }

    /// Submits copies of whole buffers, from the first of each pair to the second.
    pub fn submit_copies<'a>(&self, pairs: impl IntoIterator<Item = (&'a Rc<Buffer>, &'a Rc<Buffer>)>) {
        let mut encoder = self.encoder();
        for (from, to) in pairs {
            encoder.copy_buffer_to_buffer(from.raw(), 0, to.raw(), 0, from.bytes());
        }
        self.submit(encoder);
    }

    /// Returns the pipeline of `shader`, which is compiled at the first call.
    pub fn pipeline(&self, shader: &Shader) -> Rc<Pipeline> {
        self.pipelines.get(&self.device, shader)
    }

    /// Returns the number of compiled pipelines.
    pub fn pipeline_count(&self) -> usize {
        self.pipelines.count()
    }

    /// Returns a bind group of `pipeline`: the step uniforms, the parameters (buffer, offset, bytes), then `buffers`.
    pub fn bind_group(
        &self,
        pipeline: &Pipeline,
        uniforms: &Buffer,
        params: (&Buffer, u64, u64),
        buffers: &[Rc<Buffer>],
    ) -> wgpu::BindGroup {
        let (params, offset, bytes) = params;
        let mut entries = vec![uniforms.binding(), params.range(offset, bytes)];
        entries.extend(buffers.iter().map(|buffer| buffer.binding()));
        let entries: Vec<wgpu::BindGroupEntry<'_>> =
            (0..).zip(entries).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.layout,
            entries: &entries,
        })
    }

    /// Runs `work`, and fails if the device has no memory for what it allocates.
    ///
    /// # Errors
    /// As `work`, or if memory is out.
    pub async fn check_memory<T>(&self, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let result = work().await;
        if memory.pop().await.is_some() {
            return Err(device_error(
                DeviceFault::OutOfMemory,
                format!(
                    "the memory of the GPU {} is full ({} MB are in use here); use a smaller model or the processor",
                    self.name,
                    self.allocated() / 1_000_000
                ),
            ));
        }
        result
    }

    /// Fails if the device has failed.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<()> {
        self.faults.check(&self.name)
    }

    /// Ends the device as a crashing driver does. For tests of the recovery.
    pub fn destroy(&self) {
        self.device.destroy();
        self.faults.record_fault(DeviceFault::Lost, "the device was destroyed".to_owned());
    }
}

/// Encodes one compute pass.
pub fn encode_pass(encoder: &mut wgpu::CommandEncoder, encode: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
    encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
}
