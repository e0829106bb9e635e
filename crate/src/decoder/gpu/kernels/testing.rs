//! Shared parts of the kernels' tests: every GPU with different features, random inputs, and comparisons.

use crate::decoder::gpu::device::{Gpu, adapters};
use crate::decoder::gpu::features::Options;
use crate::decoder::gpu::format::WeightFormat;
use crate::decoder::gpu::matrix::Matrix;
use crate::decoder::gpu::program::{Op, Program};
use crate::decoder::gpu::self_test::quantised;
use crate::decoder::gpu::step_uniforms::StepUniforms;
use crate::model::config::{Activation, ModelConfig, RopeStyle};
use crate::random;

/// Calls `test` with every GPU of this machine, with and without f16 and subgroups. Fails on a machine without any,
/// unless `SKIP_GPU_TESTS=1` is set.
pub fn each_gpu(test: impl AsyncFn(&Gpu)) {
    pollster::block_on(async {
        for adapter in all_adapters().await {
            let mut seen = Vec::new();
            for (f16, subgroups) in [(true, true), (false, false)] {
                let gpu = Gpu::open_adapter(&adapter, Options { f16, subgroups, ..Options::default() }).await.unwrap();
                if !seen.contains(&gpu.features) {
                    println!("{}: {:?}", gpu.name, gpu.features);
                    seen.push(gpu.features);
                    test(&gpu).await;
                    gpu.check().unwrap();
                }
            }
        }
    });
}

/// Returns the adapters of this machine, or none with `SKIP_GPU_TESTS=1`. Fails on a machine without any.
async fn all_adapters() -> Vec<wgpu::Adapter> {
    if std::env::var("SKIP_GPU_TESTS").is_ok_and(|value| value == "1") {
        eprintln!("skipped because SKIP_GPU_TESTS=1");
        return Vec::new();
    }
    let adapters = adapters().await;
    assert!(!adapters.is_empty(), "there is no GPU; install mesa-vulkan-drivers, or set SKIP_GPU_TESTS=1");
    adapters
}

/// Opens one GPU, for tests that need buffers alone.
pub fn any_gpu() -> Option<Gpu> {
    pollster::block_on(async {
        let adapter = all_adapters().await.into_iter().next()?;
        Some(Gpu::open_adapter(&adapter, Options::default()).await.unwrap())
    })
}

/// Runs ops in one pass.
pub async fn run(gpu: &Gpu, uniforms: StepUniforms, ops: Vec<Op>) {
    use wgpu::BufferUsages as Usage;
    let buffer = gpu.buffer("uniforms", size_of::<StepUniforms>() as u64, Usage::UNIFORM | Usage::COPY_DST).unwrap();
    gpu.write(&buffer, 0, &[uniforms]);
    let program = Program::new(gpu, &buffer, ops).unwrap();
    gpu.submit_pass(|pass| program.encode_all(pass, &uniforms));
    gpu.finish().await.unwrap();
}

/// Returns `n` numbers in [-1, 1] that depend on `name` alone.
pub fn random(name: &str, n: usize) -> Vec<f32> {
    random::random(name, n, 0.0, 1.0)
}

/// Returns random matrices together in one buffer, or a single one split after `shard_rows` rows; and their values.
pub fn matrices(
    gpu: &Gpu,
    shapes: &[(WeightFormat, usize, usize)],
    shard_rows: Option<usize>,
) -> (Vec<Matrix>, Vec<Vec<f32>>) {
    let mut words = Vec::new();
    let (mut all, mut values) = (Vec::new(), Vec::new());
    for (format, rows, columns) in shapes {
        let (dequantised, bytes) = quantised(*format, *rows, *columns).unwrap();
        values.push(dequantised);
        let rows_each = shard_rows.unwrap_or(*rows);
        let (layout, end) = Matrix::layout(*format, rows_each, *columns, words.len());
        let mut shards = Vec::new();
        for piece in bytes.chunks(rows_each * format.file_row_bytes(*columns)) {
            let arrays = format.repack(piece, *columns);
            let mut shard = vec![0; end];
            shard[..words.len()].copy_from_slice(&words);
            for (array, start) in arrays.iter().zip(layout.start) {
                shard[start as usize..start as usize + array.len()].copy_from_slice(array);
            }
            shards.push(shard);
        }
        words = shards[0].clone();
        let shards = shards.iter().map(|shard| gpu.storage_with("matrix", shard).unwrap()).collect();
        let (format, rows, columns) = (*format, *rows, *columns);
        all.push(Matrix { format, rows, columns, shard_rows: rows_each, layout, shards });
    }
    if let Some(last) = all.last().filter(|_| all.len() > 1) {
        let together = last.shards.clone();
        all.iter_mut().for_each(|matrix| matrix.shards = together.clone());
    }
    (all, values)
}

/// Returns a random A or B of a pair, in Q8_0 if `in_blocks`, otherwise in f16; and its values.
pub fn pair_matrix(gpu: &Gpu, in_blocks: bool, rows: usize, columns: usize) -> (Matrix, Vec<f32>) {
    let format = if in_blocks { WeightFormat::Q8_0 } else { WeightFormat::F16 };
    let (mut matrices, mut values) = matrices(gpu, &[(format, rows, columns)], None);
    (matrices.remove(0), values.remove(0))
}

/// Returns Σ a·b in f64.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Fails unless all values are within `tolerance` of the expected ones, and names the worst.
pub fn compare(what: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    let distance = |i: usize| (f64::from(got[i]) - expected[i]).abs();
    let worst = (0..got.len()).max_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap();
    let far = distance(worst);
    assert!(far <= tolerance, "{what}: element {worst} of {} is {} for {}", got.len(), got[worst], expected[worst]);
}

/// Returns the activation of `x` in f64.
pub fn activate(activation: Activation, x: f64) -> f64 {
    let argument = match activation {
        Activation::Silu => x,
        Activation::GeluTanh => 1.595_769_121_605_73 * (x + 0.044_715 * x * x * x),
    };
    x / (1.0 + (-argument).exp())
}

/// Returns the configuration of a layer with these heads.
pub fn config(heads: usize, kv_heads: usize, head_dim: usize, rope_style: RopeStyle) -> ModelConfig {
    ModelConfig {
        arch: "test".to_owned(),
        layers: 1,
        hidden_size: 64,
        heads,
        kv_heads,
        head_dim,
        intermediate_size: 64,
        vocab_size: 8,
        context: 1024,
        epsilon: 0.01,
        rope_style,
        rope_base: 100.0,
        rope_base_local: 100.0,
        rope_scale: 1.0,
        rope_factors: false,
        window: None,
        global_every: 1,
        activation: Activation::Silu,
        embedding_scale: 1.0,
        attention_scale: 2.0,
        qk_norm: false,
        post_norm: false,
        qkv_bias: false,
        tied: true,
    }
}

/// Returns a head as attention uses it, in f64: `x` normalised by `weight` if there is one, and rotated for `position`.
pub fn prepared_head(
    config: &ModelConfig,
    x: &[f32],
    weight: Option<&[f32]>,
    frequencies: &[f32],
    position: usize,
) -> Vec<f64> {
    let mut x: Vec<f64> = x.iter().copied().map(f64::from).collect();
    if let Some(weight) = weight {
        let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
        let root = (mean + f64::from(config.epsilon)).sqrt();
        x.iter_mut().zip(weight).for_each(|(x, w)| *x *= f64::from(*w) / root);
    }
    for (i, frequency) in frequencies.iter().enumerate() {
        let (a, b) = match config.rope_style {
            RopeStyle::Interleaved => (2 * i, 2 * i + 1),
            RopeStyle::NeoX => (i, i + x.len() / 2),
        };
        let (sin, cos) = (position as f64 * f64::from(*frequency)).sin_cos();
        (x[a], x[b]) = (x[a] * cos - x[b] * sin, x[b] * cos + x[a] * sin);
    }
    x
}

/// Returns the table of rotations for `positions` positions.
pub fn rotations(frequencies: &[f32], positions: usize) -> Vec<f32> {
    let four = |position: usize, four: &[f32]| {
        let angles: Vec<f32> = four.iter().map(|frequency| position as f32 * frequency).collect();
        let cos = angles.iter().map(|angle| angle.cos());
        cos.chain(angles.iter().map(|angle| angle.sin())).collect::<Vec<f32>>()
    };
    (0..positions).flat_map(|position| frequencies.chunks(4).flat_map(move |f| four(position, f))).collect()
}
