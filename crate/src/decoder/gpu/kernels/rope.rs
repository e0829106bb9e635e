//! Prefill: normalises and rotates q and k, and puts k and v into the cache.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::{HEAD, NONE, cached};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::{ModelConfig, RopeStyle};

const THREADS: u32 = 32;

/// Parameters of kernels that work on heads, as `Heads` in `head.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) heads: u32,
    pub(super) kv_heads: u32,
    pub(super) window: u32,
    pub(super) row: u32,
    pub(super) q_norm: u32,
    pub(super) k_norm: u32,
    pub(super) table: u32,
    pub(super) epsilon: f32,
    pub(super) scale: f32,
}

/// The heads of a layer's attention and the buffers that they are in.
#[derive(Clone)]
pub struct Heads<'a> {
    /// Configuration of the model.
    pub config: &'a ModelConfig,
    /// Number of positions that a query sees; 0 for all.
    pub window: u32,
    /// Offsets of the weights of q's and k's norms in `vectors`.
    pub norms: Option<(u32, u32)>,
    /// Offset of the layer's rotations, in elements.
    pub table: u32,
    /// Queries, keys and values: [tokens, q | k | v].
    pub qkv: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// cos and sin by position: [position, head_dim / 8, (cos, sin), 4] for each set of frequencies.
    pub rotations: &'a Rc<Buffer>,
    /// Keys of the layer, as `head.wgsl` lays them out.
    pub keys: &'a Rc<Buffer>,
    /// Values of the layer, as `head.wgsl` lays them out.
    pub values: &'a Rc<Buffer>,
    /// True if the cache holds f16.
    pub cache_f16: bool,
}

impl Heads<'_> {
    /// Returns the parameters.
    pub(super) fn params(&self) -> Params {
        let config = self.config;
        let (q_norm, k_norm) = self.norms.map_or((NONE, NONE), |(q, k)| (q / 4, k / 4));
        Params {
            heads: config.heads as u32,
            kv_heads: config.kv_heads as u32,
            window: self.window,
            row: ((config.q_width() + 2 * config.kv_width()) / 4) as u32,
            q_norm,
            k_norm,
            table: self.table / 4,
            epsilon: config.epsilon,
            scale: config.attention_scale,
        }
    }

    /// Begins a kernel that works on heads: `rows` of them in workgroup memory, a run of `lanes` threads for each.
    pub(super) fn builder(&self, label: &str, features: Features, threads: u32, lanes: u32, rows: u32) -> Builder {
        Builder::new(label, features, threads)
            .number("HEAD", self.config.head_dim as u32)
            .number("ROWS", rows)
            .flag("QK_NORM", self.norms.is_some())
            .flag("INTERLEAVED", self.config.rope_style == RopeStyle::Interleaved)
            .include(cached(self.cache_f16))
            .reduce(lanes)
            .include(HEAD)
    }

    /// Records the preparation of q, k and v of all tokens: q stays in `qkv`, k and v go to the cache.
    pub fn rope(&self, features: Features) -> Op {
        let shader = self
            .builder("rope", features, THREADS, THREADS, 1)
            .include(include_str!("rope.wgsl"))
            .storage(&[Access::ReadWrite, Access::Read, Access::Read, Access::ReadWrite, Access::ReadWrite])
            .finish();
        let buffers = [self.qkv, self.vectors, self.rotations, self.keys, self.values].map(Rc::clone).to_vec();
        let heads = (self.config.heads + 2 * self.config.kv_heads) as u32;
        Op::new(shader, &self.params(), buffers, (heads, Extent::Tokens(1)))
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;
    use crate::decoder::gpu::device::Gpu;
    use crate::decoder::gpu::kernels::testing::{compare, config, each_gpu, prepared_head, random, rotations, run};
    use crate::decoder::gpu::step_uniforms::StepUniforms;

    /// Positions of a page of keys, as in `head.wgsl`.
    const PAGE: usize = 64;

    /// Returns the first `count` values of keys or values.
    async fn cached(gpu: &Gpu, buffer: &Buffer, f16: bool, count: usize) -> Vec<f32> {
        match f16 {
            true => {
                gpu.read::<u16>(buffer, count).await.unwrap().into_iter().map(|x| f16::from_bits(x).to_f32()).collect()
            }
            false => gpu.read(buffer, count).await.unwrap(),
        }
    }

    /// Prepares `tokens` tokens from position `first` on, and compares q, k and v.
    async fn check(gpu: &Gpu, config: &ModelConfig, norms: bool, cache_f16: bool, first: usize, tokens: usize) {
        let (heads, kv_heads, dim) = (config.heads, config.kv_heads, config.head_dim);
        let row = config.q_width() + 2 * config.kv_width();
        let qkv = random("qkv", tokens * row);
        let vectors = random("norms", 2 * dim);
        let frequencies = config.rope_frequencies(0, None);
        let positions = (first + tokens).next_multiple_of(PAGE);
        let storage = |n: usize| gpu.storage("test", 4 * n as u64).unwrap();
        let (keys, values) = (storage(positions * config.kv_width()), storage(positions * config.kv_width()));
        let buffer = gpu.storage_with("qkv", &qkv).unwrap();
        let layer = Heads {
            config,
            window: 0,
            norms: norms.then_some((0, dim as u32)),
            table: 0,
            qkv: &buffer,
            vectors: &gpu.storage_with("norms", &vectors).unwrap(),
            rotations: &gpu.storage_with("rotations", &rotations(&frequencies, positions)).unwrap(),
            keys: &keys,
            values: &values,
            cache_f16,
        };
        run(gpu, StepUniforms::new(first, tokens), vec![layer.rope(gpu.features)]).await;

        let got: Vec<f32> = gpu.read(&buffer, tokens * row).await.unwrap();
        let got_keys = cached(gpu, &keys, cache_f16, positions * config.kv_width()).await;
        let got_values = cached(gpu, &values, cache_f16, positions * config.kv_width()).await;
        let label = format!("{config:?}, norms {norms}, f16 {cache_f16}");
        // Angles of at most 100 are rounded to 24 bits, elements are below 4.
        let tolerance = 5e-5;
        // f16 has 11 bits, and devices may round to either side.
        let cache_tolerance = if cache_f16 { 4e-3 } else { tolerance };
        for token in 0..tokens {
            let position = first + token;
            let head = |index: usize, norm: usize| {
                let x = &qkv[token * row + index * dim..][..dim];
                let weight = norms.then_some(&vectors[norm * dim..][..dim]);
                prepared_head(config, x, weight, &frequencies, position)
            };
            for query in 0..heads {
                let scale = f64::from(config.attention_scale);
                let expected: Vec<f64> = head(query, 0).iter().map(|x| x * scale).collect();
                let got = &got[token * row + query * dim..][..dim];
                compare(&format!("q {query} at {position}, {label}"), got, &expected, tolerance);
            }
            for kv in 0..kv_heads {
                let key = |d: usize| {
                    let four = ((position / PAGE * kv_heads + kv) * (dim / 4) + d / 4) * PAGE + position % PAGE;
                    got_keys[4 * four + d % 4]
                };
                let got: Vec<f32> = (0..dim).map(key).collect();
                compare(&format!("k {kv} at {position}, {label}"), &got, &head(heads + kv, 1), cache_tolerance);
                let v = &qkv[token * row + (heads + kv_heads + kv) * dim..][..dim];
                let expected: Vec<f64> = v.iter().copied().map(f64::from).collect();
                let got = &got_values[(position * kv_heads + kv) * dim..][..dim];
                compare(&format!("v {kv} at {position}, {label}"), got, &expected, cache_tolerance);
            }
        }
    }

    #[test]
    fn heads_are_normalised_rotated_and_cached() {
        each_gpu(async |gpu| {
            let (neox, interleaved) = (RopeStyle::NeoX, RopeStyle::Interleaved);
            check(gpu, &config(2, 1, 8, interleaved), false, false, 0, 1).await;
            // Over the end of a page.
            check(gpu, &config(3, 3, 24, neox), true, false, 61, 7).await;
            check(gpu, &config(3, 1, 40, interleaved), true, true, 61, 7).await;
            check(gpu, &config(4, 2, 256, neox), false, true, 90, 3).await;
        });
    }
}
