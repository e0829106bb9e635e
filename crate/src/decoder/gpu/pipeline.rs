//! Compute pipelines: shaders compiled once each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::shader::{Access, Shader};

/// A compiled shader.
pub struct Pipeline {
    /// Layout of its only bind group.
    pub layout: wgpu::BindGroupLayout,
    /// wgpu's pipeline.
    pub pipeline: wgpu::ComputePipeline,
}

/// The pipelines of a device, by the source of their shaders.
#[derive(Default)]
pub struct PipelineCache {
    by_source: RefCell<HashMap<String, Rc<Pipeline>>>,
}

impl PipelineCache {
    /// Returns the pipeline of `shader`, which is compiled at the first call.
    pub fn get(&self, device: &wgpu::Device, shader: &Shader) -> Rc<Pipeline> {
        let compile = || {
            #[cfg(not(target_arch = "wasm32"))]
            dump_wgsl(shader);
            Rc::new(Pipeline::new(device, shader))
        };
        self.by_source.borrow_mut().entry(shader.source.clone()).or_insert_with(compile).clone()
    }

    /// Returns the number of compiled pipelines.
    pub fn count(&self) -> usize {
        self.by_source.borrow().len()
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
        // With loop bounding, naga adds a counter to every loop, and no driver's compiler unrolls such loops.
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
            // Browsers clear workgroup memory in any case. No kernel reads what it has not written, so nothing else has
            // to.
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        });
        Self { layout, pipeline }
    }
}

/// Writes the shader to a file in the folder `WGSL_DIR`, if that variable is set, so that other WGSL compilers can be
/// run over it.
#[cfg(not(target_arch = "wasm32"))]
fn dump_wgsl(shader: &Shader) {
    let Some(folder) = std::env::var_os("WGSL_DIR") else { return };
    let name = format!("{}-{}.wgsl", shader.label, &crate::hash::sha256(shader.source.as_bytes())[..16]);
    let path = std::path::Path::new(&folder).join(name);
    if let Err(error) = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &shader.source)) {
        eprintln!("{}: {error}", path.display());
    }
}
