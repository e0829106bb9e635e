//! A GPU: its features and limits, its memory, and what can go wrong with it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::oneshot;

use super::shader::{Access, Pipeline, Shader};
use crate::error::{DeviceFault, Error, Result};
use crate::input;

/// Longest wait for work that was submitted; phones' own watchdogs end it long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// A GPU in software, which shares the processor with whatever else runs, is given so many times as long.
const SOFTWARE_PATIENCE: u32 = 10;

/// What may be used of a GPU. The default takes all that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Store and compute with f16 where that is exact enough.
    pub f16: bool,
    /// Reduce by subgroup operations.
    pub subgroups: bool,
    /// Largest binding, in bytes, if smaller than the device's: matrices above are split by rows.
    pub largest_binding: Option<u64>,
    /// Most bytes that a model may take, where somebody knows.
    pub memory: Option<u64>,
    /// How long to wait for submitted work.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { f16: true, subgroups: true, largest_binding: None, memory: None, patience: PATIENCE }
    }
}

/// What shaders are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Whether `enable f16` is possible.
    pub f16: bool,
    /// The smallest size of a subgroup, or `None` where there are none.
    pub subgroup: Option<u32>,
}

/// An open device.
pub struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// What it calls itself. Browsers often do not tell wgpu; the caller may know better.
    pub name: String,
    /// Whether it computes on the processor.
    pub software: bool,
    /// What shaders are made for.
    pub features: Features,
    /// Largest binding in bytes.
    pub largest_binding: u64,
    /// Most bytes that a model may take, where that is known.
    pub memory: Option<u64>,
    largest_buffer: u64,
    patience: Duration,
    faults: Arc<Mutex<Option<(DeviceFault, String)>>>,
    allocated: Rc<Cell<u64>>,
    pipelines: RefCell<HashMap<String, Rc<Pipeline>>>,
}

/// A buffer, destroyed when it is dropped: in a browser, dropping alone frees nothing.
pub struct Buffer {
    raw: wgpu::Buffer,
    allocated: Rc<Cell<u64>>,
}

impl Buffer {
    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        self.raw.size()
    }

    /// The whole of it, for a bind group.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        self.raw.as_entire_binding()
    }

    /// `bytes` bytes from `offset` on, for a bind group.
    pub fn range(&self, offset: u64, bytes: u64) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.raw,
            offset,
            size: std::num::NonZeroU64::new(bytes),
        })
    }

    /// As wgpu's.
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

/// The adapters that this machine has.
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
        Self::of(&adapter, options).await
    }

    /// Opens `adapter`.
    ///
    /// # Errors
    /// If it gives no device.
    pub async fn of(adapter: &wgpu::Adapter, options: Options) -> Result<Self> {
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
            .map_err(|error| fault(DeviceFault::Lost, format!("the GPU {} cannot be opened: {error}", info.name)))?;

        let faults = Arc::new(Mutex::new(None));
        let lost = faults.clone();
        device.set_device_lost_callback(move |_, reason| note(&lost, DeviceFault::Lost, reason));
        let uncaptured = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            let (kind, text) = describe(&error);
            note(&uncaptured, kind, text);
        }));
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
            patience: options.patience * if software { SOFTWARE_PATIENCE } else { 1 },
            device,
            queue,
            faults,
            allocated: Rc::default(),
            pipelines: RefCell::default(),
        })
    }

    /// Bytes of all buffers that are alive.
    pub fn allocated(&self) -> u64 {
        self.allocated.get()
    }

    /// A buffer of `bytes` bytes, rounded up to words; all zero.
    ///
    /// # Errors
    /// If the device's limit is lower. That its memory is full shows later: see [`Gpu::check_memory`].
    pub fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<Rc<Buffer>> {
        let size = bytes.next_multiple_of(4).max(16);
        if size > self.largest_buffer {
            return Err(fault(
                DeviceFault::OutOfMemory,
                format!(
                    "{label} needs a buffer of {} MB, and the GPU {} allows {} MB; use a smaller model or the processor",
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
        self.allocated.set(self.allocated.get() + size);
        Ok(Rc::new(Buffer { raw, allocated: self.allocated.clone() }))
    }

    /// A buffer that shaders read and write, and that can be written and read back from here.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn storage(&self, label: &str, bytes: u64) -> Result<Rc<Buffer>> {
        use wgpu::BufferUsages as Usage;
        self.buffer(label, bytes, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC)
    }

    /// Storage that holds `data`.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn storage_with<T: bytemuck::NoUninit>(&self, label: &str, data: &[T]) -> Result<Rc<Buffer>> {
        let buffer = self.storage(label, size_of_val(data) as u64)?;
        self.write(&buffer, 0, data);
        Ok(buffer)
    }

    /// Writes `data` at byte `offset`, before whatever is submitted next.
    pub fn write<T: bytemuck::NoUninit>(&self, buffer: &Buffer, offset: u64, data: &[T]) {
        if !data.is_empty() {
            self.queue.write_buffer(&buffer.raw, offset, bytemuck::cast_slice(data));
        }
    }

    /// An encoder for commands.
    pub fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Submits what `encoder` recorded.
    pub fn submit(&self, encoder: wgpu::CommandEncoder) {
        self.queue.submit([encoder.finish()]);
    }

    /// The pipeline of `shader`, compiled when it is asked for first.
    pub fn pipeline(&self, shader: &Shader) -> Rc<Pipeline> {
        let mut pipelines = self.pipelines.borrow_mut();
        let make = || {
            #[cfg(not(target_arch = "wasm32"))]
            keep(shader);
            Rc::new(Pipeline::new(&self.device, shader))
        };
        pipelines.entry(shader.source.clone()).or_insert_with(make).clone()
    }

    /// How many pipelines were compiled.
    pub fn pipeline_count(&self) -> usize {
        self.pipelines.borrow().len()
    }

    /// A bind group for a pipeline: the step, the parameters at `params`, then `buffers`.
    pub fn bind_group(
        &self,
        pipeline: &Pipeline,
        step: &Buffer,
        params: (&Buffer, u64, u64),
        buffers: &[Rc<Buffer>],
    ) -> wgpu::BindGroup {
        let (params, offset, bytes) = params;
        let mut entries = vec![step.binding(), params.range(offset, bytes)];
        entries.extend(buffers.iter().map(|buffer| buffer.binding()));
        let entries: Vec<wgpu::BindGroupEntry<'_>> =
            (0..).zip(entries).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.layout,
            entries: &entries,
        })
    }

    /// Waits until all that was submitted is done.
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

    /// Copies `buffer` here. It has to be made for mapping.
    ///
    /// # Errors
    /// As [`Gpu::finish`].
    pub async fn map<T: bytemuck::Pod>(&self, buffer: &Buffer) -> Result<Vec<T>> {
        let (sender, mapped) = oneshot::channel();
        buffer.raw.map_async(wgpu::MapMode::Read, .., move |result| {
            let _ = sender.send(result); // the receiver may have given up
        });
        if let Err(error) = self.wait(mapped).await? {
            self.check()?;
            return Err(fault(DeviceFault::Lost, format!("the GPU's results cannot be read: {error}")));
        }
        let view = buffer.raw.get_mapped_range(..);
        let view = view.map_err(|error| fault(DeviceFault::Validation, error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        buffer.raw.unmap();
        Ok(values)
    }

    /// The first `count` values of a storage buffer. For tests and tools: decoding never waits for one buffer.
    ///
    /// # Errors
    /// As [`Gpu::finish`].
    pub async fn read<T: bytemuck::Pod>(&self, buffer: &Buffer, count: usize) -> Result<Vec<T>> {
        let bytes = (count * size_of::<T>()) as u64;
        let staging = self.buffer("readback", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST)?;
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(&buffer.raw, 0, &staging.raw, 0, bytes);
        self.submit(encoder);
        let mut values = self.map(&staging).await?;
        values.truncate(count);
        Ok(values)
    }

    /// Runs `work`, and fails if the device has no memory for what it allocates.
    ///
    /// # Errors
    /// As `work`, or if memory is out.
    pub async fn check_memory<T>(&self, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let result = work().await;
        if memory.pop().await.is_some() {
            return Err(fault(
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
    /// What went wrong first.
    pub fn check(&self) -> Result<()> {
        let faults = self.faults.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*faults {
            None => Ok(()),
            Some((kind, text)) => Err(fault(*kind, format!("the GPU {} failed: {text}", self.name))),
        }
    }

    /// Ends the device as a driver that crashes does. For tests of what happens then.
    pub fn destroy(&self) {
        self.device.destroy();
        note(&self.faults, DeviceFault::Lost, "the device was destroyed".to_owned());
    }

    #[cfg(not(target_arch = "wasm32"))]
    async fn wait<T>(&self, event: oneshot::Receiver<T>) -> Result<T> {
        let poll = wgpu::PollType::Wait { submission_index: None, timeout: Some(self.patience) };
        match self.device.poll(poll) {
            Err(wgpu::PollError::Timeout) => return Err(self.hang()),
            Err(error) => return Err(fault(DeviceFault::Validation, error.to_string())),
            Ok(_) => self.check()?,
        }
        event.await.map_err(|_| fault(DeviceFault::Lost, format!("the GPU {} dropped its work", self.name)))
    }

    #[cfg(target_arch = "wasm32")]
    async fn wait<T>(&self, event: oneshot::Receiver<T>) -> Result<T> {
        let late = async {
            gloo_timers::future::sleep(self.patience).await;
            None
        };
        let Some(event) = futures_lite::future::or(async { Some(event.await) }, late).await else {
            return Err(self.hang());
        };
        self.check()?;
        event.map_err(|_| fault(DeviceFault::Lost, format!("the GPU {} dropped its work", self.name)))
    }

    fn hang(&self) -> Error {
        let seconds = self.patience.as_secs_f64();
        fault(DeviceFault::Hang, format!("the GPU {} did not answer within {seconds} s", self.name))
    }
}

/// An error of the device.
fn fault(kind: DeviceFault, text: String) -> Error {
    Error::Device(kind, text)
}

/// Keeps the first fault: what follows is its consequence.
fn note(faults: &Mutex<Option<(DeviceFault, String)>>, kind: DeviceFault, text: String) {
    faults.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert((kind, text));
}

fn describe(error: &wgpu::Error) -> (DeviceFault, String) {
    match error {
        wgpu::Error::OutOfMemory { .. } => (DeviceFault::OutOfMemory, "its memory is full".to_owned()),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            (DeviceFault::Validation, description.clone())
        }
    }
}

/// Writes the shader to a file of the folder `WGSL_DIR`, if that is set: other compilers are tried with it.
#[cfg(not(target_arch = "wasm32"))]
fn keep(shader: &Shader) {
    let Some(folder) = std::env::var_os("WGSL_DIR") else { return };
    let name = format!("{}-{}.wgsl", shader.label, &crate::hash::sha256(shader.source.as_bytes())[..16]);
    let path = std::path::Path::new(&folder).join(name);
    if let Err(error) = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &shader.source)) {
        eprintln!("{}: {error}", path.display());
    }
}

impl Pipeline {
    fn new(device: &wgpu::Device, shader: &Shader) -> Self {
        let uniform = wgpu::BufferBindingType::Uniform;
        let storage =
            shader.storage.iter().map(|access| wgpu::BufferBindingType::Storage { read_only: *access == Access::Read });
        let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..)
            .zip([uniform, uniform].into_iter().chain(storage))
            .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
                count: None,
            })
            .collect();
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let source = wgpu::ShaderModuleDescriptor {
            label: Some(&shader.label),
            source: wgpu::ShaderSource::Wgsl(shader.source.as_str().into()),
        };
        // Loops that count what is left of them, lest they never end, are unrolled by no compiler.
        let checks = wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
        // SAFETY: all shaders are this crate's, and every loop of theirs counts up to a bound. Accesses stay checked.
        let module = unsafe { device.create_shader_module_trusted(source, checks) };
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&shader.label),
            layout: Some(&device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            })),
            module: &module,
            entry_point: Some("main"),
            // Browsers clear workgroup memory in any case. No kernel reads what it has not written, so nothing else has to.
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        });
        Self { layout, pipeline }
    }
}
