//! Checks of all shaders without compiling them for a device: naga parses every variant, and the structs that Rust and
//! WGSL share have the same size and the same fields at the same offsets in both.

use std::collections::BTreeSet;
use std::mem::offset_of;
use std::rc::Rc;

use naga::{AddressSpace, Module, Type, TypeInner};

use super::attend::MAX_HEAD;
use super::branch_input::BranchInput;
use super::combine::{self, Combine};
use super::norm::{self, Norm, SMALL_RANK, SublayerOutput};
use super::product::{self, Branch, Epilogue, Product};
use super::rope::{self, Heads};
use super::testing::{any_gpu, config};
use super::{embed, gated, linear, matmul, sample, top_k};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::format::WeightFormat;
use crate::decoder::gpu::matrix::{Layout, MAX_SHARDS, Matrix};
use crate::decoder::gpu::program::Op;
use crate::decoder::gpu::step_uniforms::StepUniforms;
use crate::model::config::{Activation, RopeStyle};

/// Layout of a Rust struct that a WGSL struct mirrors.
struct Mirrored {
    wgsl_name: &'static str,
    bytes: usize,
    /// Names and offsets, in order.
    fields: Vec<(&'static str, usize)>,
}

macro_rules! mirrored {
    ($rust:ty as $wgsl:ident: $($field:ident)*) => {
        Mirrored {
            wgsl_name: stringify!($wgsl),
            bytes: size_of::<$rust>(),
            fields: vec![$((stringify!($field), offset_of!($rust, $field))),*],
        }
    };
}

/// Returns all structs that are shared. A trailing `pad` that WGSL has by alignment alone is not a field here.
fn mirrored() -> Vec<Mirrored> {
    vec![
        mirrored!(StepUniforms as StepUniforms: position tokens generated top_k seed temperature top_p),
        mirrored!(Layout as Matrix: start row),
        mirrored!(combine::Params as Combine: heads window inner_rows inner_scales),
        mirrored!(embed::Params as Embedding: matrix format parts shard_rows vocab scale tiles),
        mirrored!(gated::Params as Gated: width),
        mirrored!(norm::Params as Norm: width post weight inner_rows inner_scales epsilon),
        mirrored!(rope::Params as Heads: heads kv_heads window row q_norm k_norm table epsilon scale),
        mirrored!(top_k::Params as TopK: vocab tile),
        mirrored!(product::Segment as Segment: matrix rows first format bias out pair_row inner pad),
        mirrored!(product::Params as Product:
            parts segments shard_rows pair_parts y_row inner_row pair_scales splits segment),
    ]
}

/// Fails unless the WGSL struct `ty` has the layout of its Rust struct. Returns its name if it has one.
fn check_struct(ty: &Type, label: &str) -> Option<&'static str> {
    let (Some(name), TypeInner::Struct { members, span }) = (&ty.name, &ty.inner) else { return None };
    let rust = mirrored().into_iter().find(|mirrored| mirrored.wgsl_name == name)?;
    let fields: Vec<(&str, usize)> =
        members.iter().map(|member| (member.name.as_deref().unwrap_or_default(), member.offset as usize)).collect();
    assert_eq!(rust.fields, fields, "{label}: fields of {name} and their offsets, in Rust and in WGSL");
    assert_eq!(rust.bytes, *span as usize, "{label}: bytes of {name} in Rust and in WGSL");
    Some(rust.wgsl_name)
}

/// Returns the names of the shared structs in `module`, after checking their layouts, and that its two uniforms are
/// such.
fn check_module(module: &Module, op: &Op) -> BTreeSet<&'static str> {
    let label = &op.shader.label;
    let names = module.types.iter().filter_map(|(_, ty)| check_struct(ty, label)).collect();
    let mut uniforms = Vec::new();
    for (_, global) in module.global_variables.iter().filter(|(_, global)| global.space == AddressSpace::Uniform) {
        let ty = &module.types[global.ty];
        assert!(check_struct(ty, label).is_some(), "{label}: {:?} is not in the table of this test", ty.name);
        let TypeInner::Struct { span, .. } = ty.inner else { continue };
        uniforms.push((global.binding.map(|binding| binding.binding), span as usize));
    }
    uniforms.sort_unstable();
    assert_eq!(uniforms, [(Some(0), size_of::<StepUniforms>()), (Some(1), op.params.len())], "{label}: uniforms");
    names
}

/// Returns a matrix in `shards` buffers, all of them `buffer`.
fn matrix(buffer: &Rc<Buffer>, format: WeightFormat, rows: usize, columns: usize, shards: usize) -> Matrix {
    Matrix { shards: vec![buffer.clone(); shards], ..Matrix::whole(format, rows, columns, buffer.clone()) }
}

/// Returns ops that together have every variant of every kernel; `buffer` stands in for all their buffers.
fn ops(features: Features, buffer: &Rc<Buffer>) -> Vec<Op> {
    let mut ops = vec![top_k::op(features, 1000, buffer, buffer)];
    for format in WeightFormat::ALL {
        for shards in 1..=MAX_SHARDS {
            let embedding = matrix(buffer, format, 64, 256, shards);
            ops.push(embed::op(features, &embedding, 1.0, buffer, buffer));
            ops.push(sample::op(features, &embedding, 1.0, 1, buffer, buffer, buffer));
        }
    }
    for activation in [Activation::Silu, Activation::GeluTanh] {
        ops.push(gated::op(features, activation, 256, buffer, buffer));
    }
    ops.extend(norm_ops(features, buffer));
    ops.extend(head_ops(features, buffer));
    ops.extend(product_ops(features, buffer));
    ops
}

/// Returns the ops that compute the A of what comes next.
fn norm_ops(features: Features, buffer: &Rc<Buffer>) -> Vec<Op> {
    let mut ops = Vec::new();
    let branch = |rows, format| BranchInput { a: matrix(buffer, format, rows, 256, 1), inner: buffer };
    let model = config(4, 1, 64, RopeStyle::NeoX);
    for rows in [0, 6] {
        let branch = branch(rows, WeightFormat::F16);
        ops.push(Combine { config: &model, window: 0, partials: buffer, out: buffer, branch }.op(features));
    }
    let sublayers = [None, Some((None, false)), Some((Some(0), false)), Some((None, true)), Some((Some(0), true))];
    for (sublayer, rows) in sublayers.into_iter().flat_map(|sublayer| [(sublayer, 0), (sublayer, 6)]) {
        let norm = Norm {
            width: 256,
            epsilon: 1e-6,
            weight: 0,
            x: buffer,
            sublayer: sublayer.map(|(post, b)| {
                let b = b.then(|| matrix(buffer, WeightFormat::F16, 256, SMALL_RANK, 1));
                SublayerOutput { h: buffer, post, b }
            }),
            sum: buffer,
            normalised: buffer,
            vectors: buffer,
            branch: branch(rows, WeightFormat::Q8_0),
            placeholder: buffer,
        };
        ops.push(norm.op(features));
    }
    ops
}

/// Returns the ops that work on heads.
fn head_ops(features: Features, buffer: &Rc<Buffer>) -> Vec<Op> {
    let mut ops = Vec::new();
    for (style, norms, cache_f16) in [
        (RopeStyle::NeoX, None, false),
        (RopeStyle::NeoX, Some((0, 64)), true),
        (RopeStyle::Interleaved, None, true),
        (RopeStyle::Interleaved, Some((0, 64)), false),
    ] {
        for config in [config(4, 1, MAX_HEAD, style), config(9, 3, 24, style)] {
            let heads = Heads {
                config: &config,
                window: 0,
                norms,
                table: 0,
                qkv: buffer,
                vectors: buffer,
                rotations: buffer,
                keys: buffer,
                values: buffer,
                cache_f16,
            };
            ops.push(heads.rope(features));
            ops.push(heads.attend_one(features, buffer));
            ops.push(heads.attend_many(features, buffer));
        }
    }
    ops
}

/// Returns the ops that multiply with matrices.
fn product_ops(features: Features, buffer: &Rc<Buffer>) -> Vec<Op> {
    let product = |kernel: fn(Product<'_>, Features) -> Op, matrices: &[Matrix], branch, epilogue, splits| {
        let (x, y, vectors, placeholder) = (buffer, buffer, buffer, buffer);
        kernel(Product { matrices, index: None, x, y, vectors, branch, epilogue, splits, placeholder }, features)
    };
    let matrix = |format, rows, shards| matrix(buffer, format, rows, 256, shards);
    let b = Matrix { columns: 8, ..matrix(WeightFormat::F16, 192, 1) };
    let added = |splits| Some(Branch::Added { b: b.clone(), inner: buffer.clone(), splits });
    let bias = Epilogue::Bias(&[]);
    let mut ops = Vec::new();
    for format in WeightFormat::ALL {
        for shards in 1..=MAX_SHARDS {
            let one = [matrix(format, 64, shards)];
            ops.push(product(linear::op, &one, None, bias, 1));
            ops.push(product(matmul::op, &one, None, bias, 1));
        }
        // Two formats, whose functions branch.
        let several = [matrix(format, 64, 1), matrix(WeightFormat::Q8_0, 64, 1), matrix(format, 64, 1)];
        ops.push(product(linear::op, &several, added(1), bias, 1));
        ops.push(product(matmul::op, &several, added(2), bias, 1));
    }
    let pair = [matrix(WeightFormat::Q4_K, 64, 1), matrix(WeightFormat::Q4_K, 64, 1)];
    for activation in [Activation::Silu, Activation::GeluTanh] {
        for branch in [None, added(1)] {
            ops.push(product(linear::op, &pair, branch.clone(), Epilogue::Gate(activation), 1));
            ops.push(product(matmul::op, &pair, branch, Epilogue::Gate(activation), 1));
        }
    }
    let appended = Branch::Appended { a: matrix(WeightFormat::F16, 8, 1) };
    ops.push(product(linear::op, &pair[..1], Some(appended), bias, 1));
    ops.push(product(matmul::op, &pair[..1], None, bias, 4));
    // So many rows that `linear` takes fewer threads for each.
    ops.push(product(linear::op, &[matrix(WeightFormat::Q8_0, 1 << 16, 1)], None, bias, 1));
    ops
}

#[test]
fn structs_have_one_layout_in_rust_and_in_wgsl() {
    // Only for its buffers: nothing runs.
    let Some(gpu) = any_gpu() else { return };
    let buffer = gpu.storage("placeholder", 16).unwrap();
    let (mut parsed, mut found) = (BTreeSet::new(), BTreeSet::new());
    for f16 in [false, true] {
        for subgroup in [None, Some(4), Some(32)] {
            for op in ops(Features { f16, subgroup }, &buffer) {
                if parsed.insert(op.shader.source.clone()) {
                    let module = naga::front::wgsl::parse_str(&op.shader.source);
                    let module = module.unwrap_or_else(|error| {
                        panic!("{}: {}", op.shader.label, error.emit_to_string(&op.shader.source))
                    });
                    found.extend(check_module(&module, &op));
                }
            }
        }
    }
    println!("{} shaders", parsed.len());
    let expected: BTreeSet<&str> = mirrored().iter().map(|mirrored| mirrored.wgsl_name).collect();
    assert_eq!(found, expected, "every struct of the table is in some shader");
}

#[test]
fn files_that_are_not_valid_alone_say_so() {
    let gpu = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/decoder/gpu");
    let files = [gpu.clone(), gpu.join("kernels")].map(|folder| std::fs::read_dir(folder).unwrap());
    let mut count = 0;
    for path in files.into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "wgsl") {
            let source = std::fs::read_to_string(&path).unwrap();
            let head: Vec<&str> = source.lines().take_while(|line| line.starts_with("//")).collect();
            assert!(!head.is_empty(), "{}: no comment at its head", path.display());
            let says_so = head.join("\n").contains("// Not valid alone: ");
            let valid = naga::front::wgsl::parse_str(&source).is_ok();
            assert_eq!(valid, !says_so, "{}: valid alone, and not said to be otherwise", path.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count} files");
}
