//! Merging: pure functions from adapters to the pairs that the forward pass applies, in Hugging Face's layout.
//!
//! Below, 1 is the primary adapter (summarise), 2 the secondary (translate), and ΔW = scale · B A.

use crate::adapter::Adapter;
use crate::error::Result;
use crate::input;
use crate::low_rank::{Pair, Pairs, Target};
use crate::projection::Projection;
use crate::spec::Spec;

/// Weight of each adapter where two are merged.
const HALF: f32 = 0.5;

/// ΔW of one adapter.
pub fn single(adapter: &Adapter) -> Pairs {
    concat(&[(adapter, 1.0)])
}

/// Exactly `½ ΔW1 + ½ ΔW2`, of rank r1 + r2 (PEFT's `cat`).
pub fn concat_halves(adapters: [&Adapter; 2]) -> Pairs {
    concat(&adapters.map(|adapter| (adapter, HALF)))
}

/// Σ weight · ΔW: the A stacked below each other, the B, with weight and scale, beside each other.
fn concat(adapters: &[(&Adapter, f32)]) -> Pairs {
    let layers = adapters.iter().map(|(adapter, _)| adapter.layers.len()).max().unwrap_or(0);
    let merge = |layer: usize, target: Target| {
        let parts: Vec<(&Pair, f32)> = adapters
            .iter()
            .filter_map(|(adapter, weight)| {
                let pair = adapter.layers.get(layer)?[target.index()].as_ref()?;
                Some((pair, weight * adapter.scale))
            })
            .collect();
        let rank = parts.iter().map(|(pair, _)| pair.rank).sum();
        let rows = parts.first().map(|(pair, _)| pair.b.len() / pair.rank)?;
        let a = parts.iter().flat_map(|(pair, _)| &pair.a).copied().collect();
        let mut b = Vec::with_capacity(rows * rank);
        for row in 0..rows {
            for (pair, scale) in &parts {
                b.extend(pair.b[row * pair.rank..][..pair.rank].iter().map(|value| scale * value));
            }
        }
        Some(Pair { rank, a, b })
    };
    Pairs { layers: (0..layers).map(|layer| Target::ALL.map(|target| merge(layer, target))).collect() }
}

/// The projection merge `P2 P1 (½ ΔW1 + ½ ΔW2)`, collapsed: A' = P1 (½ ΔW1 + ½ ΔW2) [s, k] and B' = P2 [d, s].
///
/// # Errors
/// If the projection was trained with other adapters.
pub fn project(spec: &Spec, projection: &Projection, adapters: [&Adapter; 2]) -> Result<Pairs> {
    projection.check_adapters(adapters)?;
    let s = projection.s;
    let mut pairs = concat_halves(adapters);
    for (i, layer) in pairs.layers.iter_mut().enumerate() {
        for target in Target::ALL {
            let Some(pair) = &mut layer[target.index()] else { continue };
            let (d, k) = target.shape(spec);
            let group = projection
                .groups
                .get(&(k, d))
                .ok_or_else(|| input!("layer {i} {}: the projection has no group {k}x{d}", target.hf_name()))?;
            let inner = matmul(&group.p1, &pair.b, s, d, pair.rank); // P1 B: [s, rank]
            let a = matmul(&inner, &pair.a, s, pair.rank, k); // [s, k]
            *pair = Pair { rank: s, a, b: group.p2.clone() };
        }
    }
    Ok(pairs)
}

/// `x y` for x [m, k] and y [k, n].
fn matmul(x: &[f32], y: &[f32], m: usize, k: usize, n: usize) -> Vec<f32> {
    let mut out = vec![0.0; m * n];
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (x, y) in x.iter().zip(y.chunks_exact(n)) {
            for (out, y) in out.iter_mut().zip(y) {
                *out += x * y;
            }
        }
    }
    out
}
