//! Causal attention over the key-value cache, with a sliding window where the layer has one.

use candle_core::utils::barrier_pool;

use super::ops::softmax_in_place;
use super::products::{Strides, gemm_add};
use super::shared_mut::SharedMut;
use crate::model::config::ModelConfig;

/// Number of tokens whose scores are computed together: one matrix product per tile and head.
const TILE: usize = 32;

/// Keys and values of one layer.
#[derive(Default)]
pub struct KvCache {
    /// Keys of each key head: [positions, head_dim].
    keys: Vec<Vec<f32>>,
    /// Values of each key head: [positions, head_dim].
    values: Vec<Vec<f32>>,
}

impl KvCache {
    /// Makes an empty cache.
    pub fn new(config: &ModelConfig) -> Self {
        Self { keys: vec![Vec::new(); config.kv_heads], values: vec![Vec::new(); config.kv_heads] }
    }

    /// Forgets all positions and frees their memory.
    pub fn clear(&mut self) {
        self.keys.iter_mut().chain(&mut self.values).for_each(|head| *head = Vec::new());
    }

    /// Forgets all but the first `positions` positions.
    pub fn truncate(&mut self, positions: usize, head_dim: usize) {
        self.keys.iter_mut().chain(&mut self.values).for_each(|head| head.truncate(positions * head_dim));
    }

    /// Appends k and v, both [n, kv_heads · head_dim].
    pub fn append(&mut self, k: &[f32], v: &[f32], head_dim: usize) {
        let row = self.keys.len() * head_dim;
        for (k, v) in k.chunks_exact(row).zip(v.chunks_exact(row)) {
            for (head, (k, v)) in k.chunks_exact(head_dim).zip(v.chunks_exact(head_dim)).enumerate() {
                self.keys[head].extend_from_slice(k);
                self.values[head].extend_from_slice(v);
            }
        }
    }
}

/// Returns the mixed values [n, heads · head_dim] for q of the same shape, whose last row is the newest position in
/// `cache`. A query sees itself and what lies before it, with a `window` only the last `window` positions of that.
pub fn attention(config: &ModelConfig, q: &[f32], cache: &KvCache, window: Option<usize>) -> Vec<f32> {
    let (head_dim, row) = (config.head_dim, config.q_width());
    let n = q.len() / row;
    let length = cache.keys[0].len() / head_dim; // positions in the cache
    let first = length - n; // position of the first query
    let tiles = n.div_ceil(TILE);

    let mut out = vec![0.0; n * row];
    let shared = SharedMut::new(&mut out);
    barrier_pool().execute_chunked(tiles * config.heads, |items| {
        let mut scores = Vec::new();
        for item in items {
            let (tile, head) = (item / config.heads, item % config.heads);
            let tokens = tile * TILE..n.min((tile + 1) * TILE);
            let kv_head = head / (config.heads / config.kv_heads);
            // Positions that any token of the tile sees.
            let seen = |token: usize| window.map_or(0, |window| (first + token + 1).saturating_sub(window));
            let (start, end) = (seen(tokens.start), first + tokens.end);
            let count = end - start;
            let keys = &cache.keys[kv_head][start * head_dim..end * head_dim];
            let values = &cache.values[kv_head][start * head_dim..end * head_dim];

            scores.resize(tokens.len() * count, 0.0);
            let q = &q[tokens.start * row + head * head_dim..];
            let transposed = Strides { row: 1, column: head_dim };
            let shape = (tokens.len(), count, head_dim);
            gemm_add(shape, q, row, keys, transposed, &mut scores, count, false, config.attention_scale);

            for (token, scores) in tokens.clone().zip(scores.chunks_exact_mut(count)) {
                let visible = seen(token) - start..first + token + 1 - start;
                scores[..visible.start].fill(0.0);
                scores[visible.end..].fill(0.0);
                softmax_in_place(&mut scores[visible]);
            }

            // This item's columns of `out` lie between those of other heads, so it is written row by row.
            let mut mixed = vec![0.0; tokens.len() * head_dim];
            let plain = Strides { row: head_dim, column: 1 };
            let shape = (tokens.len(), head_dim, count);
            gemm_add(shape, &scores, count, values, plain, &mut mixed, head_dim, false, 1.0);
            for (token, mixed) in tokens.zip(mixed.chunks_exact(head_dim)) {
                let at = token * row + head * head_dim;
                // SAFETY: each item writes the columns of its own head in its own tokens.
                unsafe { shared.range(at..at + head_dim) }.copy_from_slice(mixed);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Opened;
    use crate::random::random;
    use crate::synth;

    /// Attention by its definition, in f64: q [n, heads · head_dim], k and v [positions, kv_heads · head_dim].
    fn definition(config: &ModelConfig, q: &[f32], k: &[f32], v: &[f32], window: Option<usize>) -> Vec<f64> {
        let (head_dim, row, kv_row) = (config.head_dim, config.q_width(), config.kv_width());
        let (n, positions) = (q.len() / row, k.len() / kv_row);
        let mut out = vec![0.0; q.len()];
        for token in 0..n {
            let position = positions - n + token;
            let first = window.map_or(0, |window| (position + 1).saturating_sub(window));
            for head in 0..config.heads {
                let kv_head = head * config.kv_heads / config.heads;
                let at = token * row + head * head_dim;
                let part = |values: &[f32], position: usize, i: usize| {
                    f64::from(values[position * kv_row + kv_head * head_dim + i])
                };
                let scores: Vec<f64> = (first..=position)
                    .map(|p| (0..head_dim).map(|i| f64::from(q[at + i]) * part(k, p, i)).sum::<f64>())
                    .map(|score| (score * f64::from(config.attention_scale)).exp())
                    .collect();
                let sum: f64 = scores.iter().sum();
                for (p, score) in (first..=position).zip(&scores) {
                    (0..head_dim).for_each(|i| out[at + i] += score / sum * part(v, p, i));
                }
            }
        }
        out
    }

    #[test]
    fn attention_is_its_definition_with_and_without_a_window() {
        let mut file = Vec::new();
        synth::write("tiny-llama-q8_0", &mut file).unwrap();
        let config = pollster::block_on(Opened::read(&&file[..])).unwrap().config;
        // Three query heads share a key head, and nothing is a multiple of what SIMD or tiles would like.
        let config = ModelConfig { heads: 6, kv_heads: 2, head_dim: 10, attention_scale: 0.4, ..config };
        for (earlier, n, window) in [(0, 1, None), (5, 3, None), (7, 37, None), (7, 37, Some(5)), (40, 1, Some(16))] {
            let positions = earlier + n;
            let values = |name: &str, rows: usize, width: usize| random(name, rows * width, 0.0, 2.0);
            let q = values("q", n, config.q_width());
            let (k, v) = (values("k", positions, config.kv_width()), values("v", positions, config.kv_width()));
            let mut cache = KvCache::new(&config);
            let split = earlier * config.kv_width();
            cache.append(&k[..split], &v[..split], config.head_dim);
            cache.append(&k[split..], &v[split..], config.head_dim);
            let out = attention(&config, &q, &cache, window);
            for (i, (found, exact)) in out.iter().zip(definition(&config, &q, &k, &v, window)).enumerate() {
                // Scores are below 16 and rounded about a dozen times (1e-5 of a probability), values are below 2.
                assert!((f64::from(*found) - exact).abs() < 2e-5, "{earlier}+{n} {window:?}, {i}: {found} for {exact}");
            }
        }
    }
}
