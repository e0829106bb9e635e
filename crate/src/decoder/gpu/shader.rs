//! Shaders: WGSL files put together with the constants of a variant.
//!
//! There is no preprocessor. Variants differ in the `const` declarations before the code, which compilers fold; in the
//! choice between two files with the same functions; and in a few generated functions: `word`, which reads a matrix
//! that may lie in several buffers, and those like `dequant` that branch on the formats of a variant. Therefore most
//! WGSL files are not valid alone; their heads say what has to come before them.

use std::fmt::{Display, Write};

use super::features::Features;
use super::format::{self, WeightFormat};

/// Use of a storage buffer by a shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `var<storage, read>`
    Read,
    /// `var<storage, read_write>`
    ReadWrite,
}

/// A variant of a kernel. Bindings 0 and 1 are the step uniforms and the parameters; storage buffers follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shader {
    /// Name of the kernel, for messages.
    pub label: String,
    /// Complete WGSL source.
    pub source: String,
    /// Uses of the storage buffers, from binding 2 on.
    pub storage: Vec<Access>,
}

/// Puts a [`Shader`] together.
pub struct Builder {
    label: String,
    features: Features,
    enables: String,
    code: String,
    storage: Vec<Access>,
}

const STEP_UNIFORMS: &str = include_str!("kernels/step_uniforms.wgsl");
const REDUCE_SHARED: &str = include_str!("kernels/reduce_shared.wgsl");
const REDUCE_SUBGROUP: &str = include_str!("kernels/reduce_subgroup.wgsl");

impl Builder {
    /// Begins the kernel `label`, whose workgroups have `threads` threads.
    pub fn new(label: &str, features: Features, threads: u32) -> Self {
        let builder = Self {
            label: label.to_owned(),
            features,
            enables: String::new(),
            code: String::new(),
            storage: Vec::new(),
        };
        builder.number("THREADS", threads).include(STEP_UNIFORMS)
    }

    /// Declares `const name = value;` as u32.
    pub fn number(self, name: &str, value: u32) -> Self {
        self.declare(name, format_args!("{value}u"))
    }

    /// Declares `const name = value;` as bool.
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.declare(name, value)
    }

    /// Declares `const name = value;`.
    pub fn declare(mut self, name: &str, value: impl Display) -> Self {
        // Writing to a string cannot fail.
        let _ = writeln!(self.code, "const {name} = {value};");
        self
    }

    /// Adds code.
    pub fn include(mut self, code: &str) -> Self {
        self.code.push_str(code);
        self.code.push('\n');
        self
    }

    /// Adds `sum_lanes`, `sum_lanes_4` and `max_lanes` over runs of `lanes` threads.
    pub fn reduce(self, lanes: u32) -> Self {
        let builder = self.number("LANES", lanes);
        match builder.features.subgroup {
            None => builder.include(REDUCE_SHARED),
            Some(size) => builder.enable("subgroups").number("SUBGROUP", size).include(REDUCE_SUBGROUP),
        }
    }

    /// Adds `alias Element`, f16 where the device has it.
    pub fn element(self) -> Self {
        match self.features.f16 {
            true => self.enable("f16").include("alias Element = f16;"),
            false => self.include("alias Element = f32;"),
        }
    }

    /// Adds `enable name;`. naga refuses the directive for subgroups, which it knows without it; browsers require it.
    fn enable(mut self, name: &str) -> Self {
        if name != "subgroups" || cfg!(target_arch = "wasm32") {
            let _ = writeln!(self.enables, "enable {name};");
        }
        self
    }

    /// Adds storage buffers from the next binding on. The included code declares them.
    pub fn storage(mut self, accesses: &[Access]) -> Self {
        self.storage.extend(accesses);
        self
    }

    /// Adds a matrix in `shards` buffers, at the next bindings, and the functions that read `formats`. `word(i)` reads
    /// the buffer with the number `shard`, of `SHARDS`.
    pub fn matrix(self, shards: usize, formats: &[WeightFormat]) -> Self {
        let mut this = self.number("SHARDS", shards as u32);
        let first = 2 + this.storage.len();
        let mut cases = String::new();
        for shard in 0..shards {
            let binding = first + shard;
            let _ =
                writeln!(this.code, "@group(0) @binding({binding}) var<storage, read> weights_{shard}: array<u32>;");
            if shard > 0 {
                let _ = writeln!(cases, "    if (shard == {shard}u) {{ return weights_{shard}[i]; }}");
            }
        }
        this.storage.extend(std::iter::repeat_n(Access::Read, shards));
        let word =
            format!("var<private> shard: u32;\nfn word(i: u32) -> u32 {{\n{cases}    return weights_0[i];\n}}\n");
        let dequant =
            branch("fn dequant(format: u32, at: vec4<u32>, part: u32) -> Part", "dequant_FORMAT(at, part)", formats);
        this.include(&word).include(format::BYTES).include(format::WGSL).include(&dequant)
    }

    /// Adds the function `signature`, which branches on its argument `format` and returns `call`. `template` is the
    /// code of the called function; in both, `FORMAT` stands for each of `formats`.
    pub fn by_format(self, signature: &str, call: &str, template: &str, formats: &[WeightFormat]) -> Self {
        let each = |this: Self, format: &WeightFormat| this.include(&template.replace("FORMAT", format.name()));
        formats.iter().fold(self, each).include(&branch(signature, call, formats))
    }

    /// Returns the shader.
    pub fn finish(self) -> Shader {
        Shader { label: self.label, source: self.enables + &self.code, storage: self.storage }
    }
}

/// Returns the code of a function that branches on its argument `format`, one of `formats`, and returns `call` for it.
/// With one format there is no branch, so that the reads of several calls are under way at the same time.
fn branch(signature: &str, call: &str, formats: &[WeightFormat]) -> String {
    let mut code = format!("{signature} {{\n");
    for (i, format) in formats.iter().enumerate() {
        if i + 1 < formats.len() {
            let _ = write!(code, "    if (format == {}u) ", *format as u32);
        }
        let _ = writeln!(code, "    {{ return {}; }}", call.replace("FORMAT", format.name()));
    }
    code + "}\n"
}
