//! Attention over the key-value cache, of one token and of many.

use std::rc::Rc;

use super::rope::Heads;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op, SPLIT};
use crate::decoder::gpu::shader::Access;

/// Threads of a workgroup, and positions that it takes at a time.
const THREADS: u32 = SPLIT;
/// Number of threads that prepare one query and compute its softmax.
const LANES: u32 = 16;
/// Largest number of queries of a workgroup.
const QUERIES: u32 = THREADS / LANES;

/// Largest size of a head: a group of threads takes all of its elements, four each, and workgroup memory holds eight
/// heads.
pub const MAX_HEAD: usize = 256;

impl Heads<'_> {
    /// Records attention of decoding: prepares q, k and v of the one token, puts k and v into the cache and writes the
    /// partial results that [`super::combine`] combines to `out`.
    pub fn attend_one(&self, features: Features, out: &Rc<Buffer>) -> Op {
        let shared = (self.config.heads / self.config.kv_heads) as u32;
        let queries = shared.min(QUERIES);
        let workgroups = self.config.kv_heads as u32 * shared.div_ceil(queries);
        self.attend(features, queries, true, out, (workgroups, Extent::Splits { window: self.window }))
    }

    /// Records attention of prefill: of all tokens, after [`Heads::rope`], to `out` [tokens, heads, head_dim].
    pub fn attend_many(&self, features: Features, out: &Rc<Buffer>) -> Op {
        self.attend(features, QUERIES, false, out, (self.config.heads as u32, Extent::Tokens(QUERIES)))
    }

    fn attend(&self, features: Features, queries: u32, decode: bool, out: &Rc<Buffer>, grid: (u32, Extent)) -> Op {
        let shader = self
            .builder("attend", features, THREADS, LANES, queries + u32::from(decode))
            .number("QUERIES", queries)
            .number("SPLIT", SPLIT)
            .flag("DECODE", decode)
            .include(include_str!("attend.wgsl"))
            .storage(&[
                Access::Read,
                Access::Read,
                Access::Read,
                Access::ReadWrite,
                Access::ReadWrite,
                Access::ReadWrite,
            ])
            .finish();
        let buffers = [self.qkv, self.vectors, self.rotations, self.keys, self.values, out].map(Rc::clone).to_vec();
        Op::new(shader, &self.params(), buffers, grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::device::Gpu;
    use crate::decoder::gpu::kernels::branch_input::BranchInput;
    use crate::decoder::gpu::kernels::combine::{self, Combine};
    use crate::decoder::gpu::kernels::testing::{
        compare, config, dot, each_gpu, pair_matrix, prepared_head, random, rotations, run,
    };
    use crate::decoder::gpu::matrix::Matrix;
    use crate::decoder::gpu::step_uniforms::StepUniforms;
    use crate::model::config::{ModelConfig, RopeStyle};
    use crate::model::quant::Q8_BLOCK;

    /// Rows of the A that is computed with attention's output.
    const INNER_ROWS: usize = 6;

    struct Case {
        config: ModelConfig,
        window: usize,
        norms: bool,
    }

    /// Returns attention by its definition, in f64: [tokens, heads · head_dim] of qkv of all tokens.
    fn expected(case: &Case, qkv: &[f32], vectors: &[f32], frequencies: &[f32]) -> Vec<f64> {
        let Case { config, window, norms } = case;
        let (dim, row) = (config.head_dim, config.q_width() + 2 * config.kv_width());
        let tokens = qkv.len() / row;
        let head = |token: usize, index: usize, weight: &[f32]| {
            let x = &qkv[token * row + index * dim..][..dim];
            prepared_head(config, x, norms.then_some(weight), frequencies, token)
        };
        let mut out = Vec::new();
        for token in 0..tokens {
            for query in 0..config.heads {
                let kv = query / (config.heads / config.kv_heads);
                let q = head(token, query, &vectors[..dim]);
                let first = if *window == 0 { 0 } else { (token + 1).saturating_sub(*window) };
                let scores: Vec<f64> = (first..=token)
                    .map(|t| {
                        let k = head(t, config.heads + kv, &vectors[dim..]);
                        let product: f64 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
                        (product * f64::from(config.attention_scale)).exp()
                    })
                    .collect();
                let sum: f64 = scores.iter().sum();
                for d in 0..dim {
                    let value =
                        |t: usize| f64::from(qkv[t * row + config.q_width() + config.kv_width() + kv * dim + d]);
                    out.push((first..=token).map(|t| scores[t - first] / sum * value(t)).sum());
                }
            }
        }
        out
    }

    /// Prefills all but the last few tokens in two passes, decodes those, and compares each token's output.
    async fn check(gpu: &Gpu, case: Case, tokens: usize) {
        let Case { config, window, norms } = &case;
        let (dim, row, out_row) = (config.head_dim, config.q_width() + 2 * config.kv_width(), config.q_width());
        let qkv = random("qkv", tokens * row);
        let vectors = random("norms", 2 * dim);
        let frequencies = config.rope_frequencies(0, None);
        let rotations = rotations(&frequencies, tokens);
        let expected = expected(&case, &qkv, &vectors, &frequencies);

        let storage = |n: usize| gpu.storage("test", 4 * n as u64).unwrap();
        let positions = tokens.next_multiple_of(64);
        let (keys, values) = (storage(positions * config.kv_width()), storage(positions * config.kv_width()));
        let (buffer, partials, out) = (
            storage(tokens * row),
            gpu.storage("partials", combine::partials_bytes(config, tokens)).unwrap(),
            storage(tokens * out_row),
        );
        let in_halves = pair_matrix(gpu, false, INNER_ROWS, out_row);
        // Files have Q8_0 only for whole blocks.
        let in_blocks = out_row.is_multiple_of(Q8_BLOCK).then(|| pair_matrix(gpu, true, INNER_ROWS, out_row));
        let inner = storage(INNER_ROWS);
        let heads = Heads {
            config,
            window: *window as u32,
            norms: norms.then_some((0, dim as u32)),
            table: 0,
            qkv: &buffer,
            vectors: &gpu.storage_with("norms", &vectors).unwrap(),
            rotations: &gpu.storage_with("rotations", &rotations).unwrap(),
            keys: &keys,
            values: &values,
            cache_f16: gpu.features.f16,
        };
        // f32: sums of a few hundred terms. f16: keys and values are rounded to 11 bits.
        let tolerance = if gpu.features.f16 { 5e-3 } else { 2e-5 };
        let decoded = 3.min(tokens - 2);
        let cuts = [0, tokens / 2, tokens - decoded];
        for range in cuts.windows(2).map(|cut| cut[0]..cut[1]) {
            gpu.write(&buffer, 0, &qkv[range.start * row..range.end * row]);
            let ops = vec![heads.rope(gpu.features), heads.attend_many(gpu.features, &out)];
            run(gpu, StepUniforms::new(range.start, range.len()), ops).await;
            let got: Vec<f32> = gpu.read(&out, range.len() * out_row).await.unwrap();
            let label = format!("{config:?}, window {window}, prefill of {range:?}");
            compare(&label, &got, &expected[range.start * out_row..range.end * out_row], tolerance);
        }
        for token in tokens - decoded..tokens {
            gpu.write(&buffer, 0, &qkv[token * row..(token + 1) * row]);
            // With the A of what comes next in both formats, and without, in turn.
            let (a, a_values) = if token % 3 == 0 { in_blocks.as_ref().unwrap_or(&in_halves) } else { &in_halves };
            let rows = if token % 3 == 1 { 0 } else { INNER_ROWS };
            let branch = BranchInput { a: Matrix { rows, ..a.clone() }, inner: &inner };
            let combine = Combine { config, window: *window as u32, partials: &partials, out: &out, branch };
            let ops = vec![heads.attend_one(gpu.features, &partials), combine.op(gpu.features)];
            run(gpu, StepUniforms::new(token, 1), ops).await;
            let got: Vec<f32> = gpu.read(&out, out_row).await.unwrap();
            let label = format!("{config:?}, window {window}, token {token}");
            let output = &expected[token * out_row..(token + 1) * out_row];
            compare(&label, &got, output, tolerance);
            if rows > 0 {
                let output: Vec<f32> = output.iter().map(|value| *value as f32).collect();
                let products: Vec<f64> = a_values.chunks(out_row).map(|row| dot(row, &output)).collect();
                let got: Vec<f32> = gpu.read(&inner, INNER_ROWS).await.unwrap();
                // Of a thousand terms at most, whose errors cancel in part.
                compare(&format!("A x, {label}"), &got, &products, 10.0 * tolerance);
            }
        }
    }

    #[test]
    fn attention_is_its_definition() {
        each_gpu(async |gpu| {
            let neox = RopeStyle::NeoX;
            check(gpu, Case { config: config(4, 1, 256, neox), window: 0, norms: true }, 20).await;
            check(gpu, Case { config: config(4, 2, 16, neox), window: 16, norms: true }, 70).await;
            check(gpu, Case { config: config(9, 3, 64, RopeStyle::Interleaved), window: 0, norms: false }, 45).await;
            // Several splits of the context; more query heads than a workgroup takes; an odd size of head.
            check(gpu, Case { config: config(11, 1, 24, neox), window: 0, norms: false }, 300).await;
            check(gpu, Case { config: config(2, 1, 8, RopeStyle::Interleaved), window: 200, norms: false }, 280).await;
        });
    }
}
