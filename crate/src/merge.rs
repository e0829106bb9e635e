//! Merging: pure functions from adapters to the pairs that the forward pass applies, in Hugging Face's layout.
//!
//! Below, 1 is the primary adapter (summarise), 2 the secondary (translate), and ΔW = scale · B A.

use std::cmp::Ordering;

use crate::adapter::Adapter;
use crate::calibration::Calibration;
use crate::error::Result;
use crate::input;
use crate::learned::check_adapters;
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

/// PEFT's `linear`: `A = Σ √(w c) A`, `B = Σ √(w c) B`, with w = ½ and the scale c of each adapter.
///
/// # Errors
/// If the ranks differ or a scale is negative, as PEFT refuses them.
pub fn linear(adapters: [&Adapter; 2]) -> Result<Pairs> {
    combine(adapters, |matrices| {
        let mut sum = vec![0.0; matrices[0].0.len()];
        for (values, weight) in matrices {
            sum.iter_mut().zip(*values).for_each(|(sum, value)| *sum += weight * value);
        }
        sum
    })
}

/// PEFT's `ties`, on the A and on the B separately: of each adapter the larger half is kept; at each place the sign of
/// the sum is elected; those that have this sign are weighted as by [`linear`] and averaged.
///
/// # Errors
/// As [`linear`].
pub fn ties(adapters: [&Adapter; 2]) -> Result<Pairs> {
    combine(adapters, |matrices| {
        let kept: Vec<(Vec<f32>, f32)> =
            matrices.iter().map(|(values, weight)| (larger_half(values), *weight)).collect();
        let merged = |i: usize| {
            let positive = kept.iter().map(|(values, _)| values[i]).sum::<f32>() >= 0.0;
            let agreeing = kept.iter().filter(|(values, _)| if positive { values[i] > 0.0 } else { values[i] < 0.0 });
            let (sum, count) = agreeing.fold((0.0, 0), |(sum, count), (values, w)| (sum + w * values[i], count + 1));
            sum / count.max(1) as f32
        };
        (0..matrices[0].0.len()).map(merged).collect()
    })
}

/// `values` with all but the ⌊n / 2⌋ largest magnitudes set to 0; of equal ones, those that come first are kept.
fn larger_half(values: &[f32]) -> Vec<f32> {
    let wanted = values.len() / 2;
    // Bits of magnitudes are in the order of the magnitudes, and integers are selected several times as fast.
    let magnitude = |value: &f32| value.abs().to_bits();
    let mut magnitudes: Vec<u32> = values.iter().map(magnitude).collect();
    let (_, smallest_kept, _) = magnitudes.select_nth_unstable(values.len() - wanted.max(1));
    let smallest_kept = *smallest_kept;
    let larger = values.iter().filter(|value| magnitude(value) > smallest_kept).count();
    let mut equal_kept = wanted.saturating_sub(larger);
    let mut keep = |value: &f32| match magnitude(value).cmp(&smallest_kept) {
        Ordering::Greater => true,
        Ordering::Equal if equal_kept > 0 => {
            equal_kept -= 1;
            true
        }
        _ => false,
    };
    values.iter().map(|value| if keep(value) { *value } else { 0.0 }).collect()
}

/// Merges the A of all adapters, and their B, with `merge`, which is given each matrix and its weight √(w c).
fn combine(adapters: [&Adapter; 2], merge: impl Fn(&[(&[f32], f32)]) -> Vec<f32>) -> Result<Pairs> {
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
    if let Some(adapter) = adapters.into_iter().find(|adapter| adapter.scale < 0.0) {
        return Err(input!(
            "{} has the negative scale {}, whose root does not exist; use concat",
            adapter.name,
            adapter.scale
        ));
    }
    let merged = |layer: usize, target: Target| {
        let pairs: Vec<(&Pair, f32)> = adapters
            .iter()
            .filter_map(|adapter| {
                let pair = adapter.layers.get(layer)?[target.index()].as_ref()?;
                Some((pair, (HALF * adapter.scale).sqrt()))
            })
            .collect();
        let rank = pairs.first()?.0.rank;
        let a: Vec<(&[f32], f32)> = pairs.iter().map(|(pair, weight)| (&pair.a[..], *weight)).collect();
        let b: Vec<(&[f32], f32)> = pairs.iter().map(|(pair, weight)| (&pair.b[..], *weight)).collect();
        Some(Pair { rank, a: merge(&a), b: merge(&b) })
    };
    let layers = one.layers.len().max(two.layers.len());
    Ok(Pairs { layers: (0..layers).map(|layer| Target::ALL.map(|target| merged(layer, target))).collect() })
}

/// Learnable calibration: `½ ΔW1 + ½ ΔW2 + Q2 Q1`, of rank r1 + r2 + s.
///
/// # Errors
/// If the calibration was trained with other adapters.
pub fn calibrate(calibration: &Calibration, adapters: [&Adapter; 2]) -> Result<Pairs> {
    check_adapters("calibration", &calibration.adapters, adapters)?;
    let mut pairs = concat_halves(adapters);
    for layer in &mut pairs.layers {
        for target in Target::ALL {
            let Some(pair) = &mut layer[target.index()] else { continue };
            let term = &calibration.terms[target.index()];
            let rows = pair.b.chunks_exact(pair.rank).zip(term.q2.chunks_exact(calibration.s));
            pair.b = rows.flat_map(|(b, q2)| b.iter().chain(q2)).copied().collect();
            pair.a.extend_from_slice(&term.q1);
            pair.rank += calibration.s;
        }
    }
    Ok(pairs)
}

/// The projection merge `P2 P1 (½ ΔW1 + ½ ΔW2)`, collapsed: A' = P1 (½ ΔW1 + ½ ΔW2) [s, k] and B' = P2 [d, s].
///
/// # Errors
/// If the projection was trained with other adapters.
pub fn project(spec: &Spec, projection: &Projection, adapters: [&Adapter; 2]) -> Result<Pairs> {
    check_adapters("projection", &projection.adapters, adapters)?;
    let s = projection.s;
    let mut pairs = Pairs::none(spec);
    for (i, layer) in pairs.layers.iter_mut().enumerate() {
        for target in Target::ALL {
            let (d, k) = target.shape(spec);
            let mut a = vec![0.0; s * k];
            let mut changed = false;
            for adapter in adapters {
                let Some(pair) = adapter.layers.get(i).and_then(|layer| layer[target.index()].as_ref()) else {
                    continue;
                };
                let group = projection
                    .groups
                    .get(&(k, d))
                    .ok_or_else(|| input!("layer {i} {}: the projection has no group {k}x{d}", target.hf_name()))?;
                let mut inner = vec![0.0; s * pair.rank];
                matmul_add(&group.p1, &pair.b, &mut inner, d, pair.rank); // P1 B: [s, rank]
                inner.iter_mut().for_each(|value| *value *= HALF * adapter.scale);
                matmul_add(&inner, &pair.a, &mut a, pair.rank, k); // [s, k]
                changed = true;
            }
            if let (true, Some(group)) = (changed, projection.groups.get(&(k, d))) {
                layer[target.index()] = Some(Pair { rank: s, a, b: group.p2.clone() });
            }
        }
    }
    Ok(pairs)
}

/// `out += x y` for x [m, k], y [k, n] and out [m, n].
fn matmul_add(x: &[f32], y: &[f32], out: &mut [f32], k: usize, n: usize) {
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (x, y) in x.iter().zip(y.chunks_exact(n)) {
            for (out, y) in out.iter_mut().zip(y) {
                *out += x * y;
            }
        }
    }
}
