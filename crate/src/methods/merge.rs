//! Merging: pure functions from adapters to the pairs that the forward pass applies, in Hugging Face's layout.
//!
//! Below, 1 is the primary adapter (summarise), 2 the secondary (translate), and ΔW = scale · B A.

use std::borrow::Cow;

use super::ties;
use crate::adapters::low_rank::{LowRankPair, LowRankPairs, Target};
use crate::adapters::{LoraAdapter, StoredPair, row_of};
use crate::error::Result;
use crate::input;
use crate::methods::calibration::Calibration;
use crate::methods::lorahub::LoraHub;
use crate::methods::projection::Projection;
use crate::model::config::ModelConfig;
use crate::model::quant::{Q8_BLOCK, Q8Block, q8_scaled};

/// Weight of each adapter where two are merged.
const HALF: f32 = 0.5;

/// Returns ΔW of one adapter.
pub fn single(adapter: &LoraAdapter) -> LowRankPairs<'_> {
    concat(vec![(adapter, 1.0)], Vec::new())
}

/// Returns exactly `½ ΔW1 + ½ ΔW2`, of rank r1 + r2 (PEFT's `cat`).
pub fn concat_halves<'a>(adapters: [&'a LoraAdapter; 2]) -> LowRankPairs<'a> {
    concat(adapters.map(|adapter| (adapter, HALF)).to_vec(), Vec::new())
}

/// Returns Σ weight · ΔW, with the pair that `beside` has for a target added wherever an adapter changes that target:
/// the A stacked below each other, the B, with weight and scale, beside each other.
fn concat<'a>(adapters: Vec<(&'a LoraAdapter, f32)>, beside: Vec<StoredPair>) -> LowRankPairs<'a> {
    let layers = adapters.iter().map(|(adapter, _)| adapter.layers.len()).max().unwrap_or(0);
    let rank = adapters.iter().map(|(adapter, _)| adapter.rank).sum::<usize>()
        + beside.iter().map(StoredPair::rank).max().unwrap_or(0);
    let in_blocks = beside.is_empty() && adapters.iter().all(|(adapter, _)| adapter.in_blocks());
    let sources = adapters.clone();
    let pairs = LowRankPairs::new(layers, rank, move |layer, target| {
        let mut parts = parts(&sources, layer, target);
        let (rows, inputs) = parts.first()?.0.shape();
        parts.extend(beside.get(target.index()).map(|stored| (stored, 1.0)));
        let rank = parts.iter().map(|(stored, _)| stored.rank()).sum();
        let (mut a, mut b) = (Vec::with_capacity(rank * inputs), Vec::with_capacity(rows * rank));
        parts.iter().for_each(|(stored, _)| stored.extend_a(&mut a));
        for row in 0..rows {
            parts.iter().for_each(|(stored, scale)| stored.extend_b_row(row, *scale, &mut b));
        }
        Some(LowRankPair { rank, a, b })
    });
    match in_blocks {
        true => pairs.with_blocks(move |layer, target| blocks_beside(&parts(&adapters, layer, target))),
        false => pairs,
    }
}

/// Returns the pairs that change one weight of the model, each with its weight times its scale.
fn parts<'a>(adapters: &[(&'a LoraAdapter, f32)], layer: usize, target: Target) -> Vec<(&'a StoredPair, f32)> {
    let changes =
        adapters.iter().map(|(adapter, weight)| Some((adapter.stored(layer, target)?, weight * adapter.scale)));
    changes.flatten().collect()
}

/// Returns the same concatenation as Q8_0 blocks. The scale is in A here: its blocks' scales are the larger ones, which
/// f16 rounds less.
fn blocks_beside(parts: &[(&StoredPair, f32)]) -> Option<LowRankPair<Q8Block>> {
    let parts: Vec<(&LowRankPair<Q8Block>, f32)> =
        parts.iter().map(|(stored, scale)| Some((stored.blocks()?, *scale))).collect::<Option<_>>()?;
    let (first, _) = parts.first()?;
    let rows = first.b.len() / (first.rank / Q8_BLOCK);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (pair, scale) in &parts {
        a.extend(pair.a.iter().map(|block| q8_scaled(block, *scale)));
    }
    for row in 0..rows {
        parts.iter().for_each(|(pair, _)| b.extend(row_of(&pair.b, row, pair.rank / Q8_BLOCK)));
    }
    Some(LowRankPair { rank: parts.iter().map(|(pair, _)| pair.rank).sum(), a, b })
}

/// Returns PEFT's `linear`: `A = Σ √(w c) A`, `B = Σ √(w c) B`, with w = ½ and the scale c of each adapter.
///
/// # Errors
/// If the ranks differ or a scale is negative, as PEFT refuses them.
pub fn linear<'a>(adapters: [&'a LoraAdapter; 2]) -> Result<LowRankPairs<'a>> {
    combine(adapters, roots(adapters)?, sum)
}

/// Returns Σ weight · matrix.
fn sum(matrices: &[(&[f32], f32)]) -> Vec<f32> {
    let mut sum = vec![0.0; matrices[0].0.len()];
    for (values, weight) in matrices {
        sum.iter_mut().zip(*values).for_each(|(sum, value)| *sum += weight * value);
    }
    sum
}

/// Returns √(½ c) of each adapter: A and B get one root each, so that their product gets ½ c.
fn roots([one, two]: [&LoraAdapter; 2]) -> Result<[f32; 2]> {
    Ok([root(one, HALF)?, root(two, HALF)?])
}

/// Returns √(weight · c).
fn root(adapter: &LoraAdapter, weight: f32) -> Result<f32> {
    match adapter.scale {
        scale if scale >= 0.0 => Ok((weight * scale).sqrt()),
        scale => Err(input!("{} has the negative scale {scale}, whose root does not exist; use concat", adapter.name)),
    }
}

/// Returns PEFT's `ties`, on the A and on the B separately: of each adapter the larger half is kept; at each place the
/// sign of the sum is elected; the values of this sign are weighted as by [`linear`] and averaged.
///
/// # Errors
/// As [`linear`].
pub fn ties<'a>(adapters: [&'a LoraAdapter; 2]) -> Result<LowRankPairs<'a>> {
    combine(adapters, roots(adapters)?, ties::ties)
}

/// Returns LoraHub's merge: `A = Σ w √c A`, `B = Σ w √c B`, with the weights w that a search has found.
///
/// # Errors
/// If the weights were found with other adapters, the ranks differ or a scale is negative.
pub fn lorahub<'a>(found: &LoraHub, adapters: [&'a LoraAdapter; 2]) -> Result<LowRankPairs<'a>> {
    found.provenance.check_adapters("LoraHub file", adapters)?;
    let [one, two] = adapters;
    combine(adapters, [found.weights[0] * root(one, 1.0)?, found.weights[1] * root(two, 1.0)?], sum)
}

/// Merges the A of both adapters, and their B, by `merge`, which takes each matrix with the weight of its adapter.
fn combine<'a>(
    adapters: [&'a LoraAdapter; 2],
    weights: [f32; 2],
    merge: impl Fn(&[(&[f32], f32)]) -> Vec<f32> + Send + Sync + 'a,
) -> Result<LowRankPairs<'a>> {
    let [one, two] = adapters;
    if one.rank != two.rank {
        return Err(input!(
            "{} has rank {} and {} rank {}; this method merges equal ranks only, use concat",
            one.name,
            one.rank,
            two.name,
            two.rank
        ));
    }
    let merged = move |layer: usize, target: Target| {
        let pairs: Vec<(Cow<'_, LowRankPair>, f32)> = adapters
            .iter()
            .zip(weights)
            .filter_map(|(adapter, weight)| Some((adapter.pair(layer, target)?, weight)))
            .collect();
        let rank = pairs.first()?.0.rank;
        let a: Vec<(&[f32], f32)> = pairs.iter().map(|(pair, weight)| (&pair.a[..], *weight)).collect();
        let b: Vec<(&[f32], f32)> = pairs.iter().map(|(pair, weight)| (&pair.b[..], *weight)).collect();
        Some(LowRankPair { rank, a: merge(&a), b: merge(&b) })
    };
    Ok(LowRankPairs::new(one.layers.len().max(two.layers.len()), one.rank, merged))
}

/// Returns learnable calibration: `½ ΔW1 + ½ ΔW2 + Q2 Q1`, of rank r1 + r2 + s.
///
/// # Errors
/// If the calibration was trained with other adapters.
pub fn calibrate<'a>(calibration: &Calibration, adapters: [&'a LoraAdapter; 2]) -> Result<LowRankPairs<'a>> {
    calibration.provenance.check_adapters("calibration", adapters)?;
    let terms = calibration.terms.iter().cloned().map(StoredPair::F32).collect();
    Ok(concat(adapters.map(|adapter| (adapter, HALF)).to_vec(), terms))
}

/// Returns the projection merge `P2 P1 (½ ΔW1 + ½ ΔW2)`, collapsed: A' = P1 (½ ΔW1 + ½ ΔW2) [s, k] and B' = P2 [d, s].
///
/// # Errors
/// If the projection was trained with other adapters.
pub fn project<'a>(
    config: &'a ModelConfig,
    projection: &'a Projection,
    adapters: [&'a LoraAdapter; 2],
) -> Result<LowRankPairs<'a>> {
    projection.provenance.check_adapters("projection", adapters)?;
    let s = projection.s;
    for target in Target::ALL {
        let (d, k) = target.shape(config);
        if !projection.groups.contains_key(&(k, d)) {
            return Err(input!("{}: the projection has no group {k}x{d}", target.hf_name()));
        }
    }
    let collapsed = move |layer: usize, target: Target| {
        let (d, k) = target.shape(config);
        let group = projection.groups.get(&(k, d))?;
        let mut a = vec![0.0; s * k];
        let mut changed = false;
        for adapter in adapters {
            let Some(pair) = adapter.pair(layer, target) else { continue };
            let mut inner = vec![0.0; s * pair.rank];
            matmul_add(&group.p1, &pair.b, &mut inner, d, pair.rank); // P1 B: [s, rank]
            inner.iter_mut().for_each(|value| *value *= HALF * adapter.scale);
            matmul_add(&inner, &pair.a, &mut a, pair.rank, k); // [s, k]
            changed = true;
        }
        changed.then(|| LowRankPair { rank: s, a, b: group.p2.clone() })
    };
    Ok(LowRankPairs::new(config.layers, s, collapsed))
}

/// Computes `out += x y` for x [m, k], y [k, n] and out [m, n].
fn matmul_add(x: &[f32], y: &[f32], out: &mut [f32], k: usize, n: usize) {
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (x, y) in x.iter().zip(y.chunks_exact(n)) {
            for (out, y) in out.iter_mut().zip(y) {
                *out += x * y;
            }
        }
    }
}
