//! Operations between matrix products, on plain slices.

use candle_core::utils::barrier_pool;

use super::products::dot;
use super::shared_mut::SharedMut;
use crate::model::config::{Activation, RopeStyle};

/// Returns the RMSNorm of each row of `x` [n, weight.len()].
pub fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = x.to_vec();
    rms_norm_in_place(&mut out, weight, epsilon);
    out
}

/// Normalises each row of `x` [n, weight.len()] in place: `x[i] · weight[i] / √(mean(x²) + epsilon)`.
pub fn rms_norm_in_place(x: &mut [f32], weight: &[f32], epsilon: f32) {
    for row in x.chunks_exact_mut(weight.len()) {
        let mean_square = dot(row, row) / row.len() as f32;
        let scale = 1.0 / (mean_square + epsilon).sqrt();
        for (value, weight) in row.iter_mut().zip(weight) {
            *value *= scale * weight;
        }
    }
}

/// Adds y to x, element by element.
pub fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// Computes `gate = activation(gate) · up`, element by element.
pub fn gated(activation: Activation, gate: &mut [f32], up: &[f32]) {
    const PIECE: usize = 4096;
    let gate = SharedMut::new(gate);
    barrier_pool().execute_chunked(up.len().div_ceil(PIECE), |pieces| {
        let range = pieces.start * PIECE..(pieces.end * PIECE).min(up.len());
        let up = &up[range.clone()];
        // SAFETY: the pool hands out each piece once, so these ranges do not overlap.
        let gate = unsafe { gate.range(range) };
        for (gate, up) in gate.iter_mut().zip(up) {
            let x = *gate;
            // GELU's tanh form is a sigmoid too: (1 + tanh u) / 2 = sigmoid(2u).
            let argument = match activation {
                Activation::Silu => x,
                Activation::GeluTanh => 1.595_769 * (x + 0.044_715 * x * x * x),
            };
            *gate = x / (1.0 + exp(-argument)) * up;
        }
    });
}

/// Returns e^x to about two units in the last place, in a form that the compiler turns into SIMD, unlike the library's.
#[inline]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E).round();
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4; // ln 2 in two parts, so that r keeps its low bits
    let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_67 + r * (0.041_666_53 + r * (0.008_333_45 + r * 0.001_397)))));
    p * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

/// Turns a row of scores into probabilities.
pub fn softmax_in_place(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = exp(*value - max);
        sum += *value;
    }
    let scale = 1.0 / sum;
    for value in row.iter_mut() {
        *value *= scale;
    }
}

/// Rotates the heads in each row of `x` [n, heads · head_dim] (rotary position embedding). Row i is at `position + i`;
/// a `row` has heads · head_dim elements, and `frequencies` one for each pair of a head.
pub fn rope(x: &mut [f32], row: usize, frequencies: &[f32], style: RopeStyle, position: usize) {
    let half = frequencies.len();
    let mut angles = vec![(0.0, 0.0); half];
    for (i, row) in x.chunks_exact_mut(row).enumerate() {
        for (angle, frequency) in angles.iter_mut().zip(frequencies) {
            *angle = ((position + i) as f32 * frequency).sin_cos();
        }
        for head in row.chunks_exact_mut(2 * half) {
            for (j, (sin, cos)) in angles.iter().enumerate() {
                let (a, b) = match style {
                    RopeStyle::Interleaved => (2 * j, 2 * j + 1),
                    RopeStyle::NeoX => (j, j + half),
                };
                (head[a], head[b]) = (head[a] * cos - head[b] * sin, head[b] * cos + head[a] * sin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random;

    /// Rounding of a single f32 operation, relative to its result.
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;

    #[test]
    fn exp_is_the_library_s_to_a_few_units_in_the_last_place() {
        for i in -8700..8800 {
            let x = i as f32 / 100.0;
            let expected = x.exp();
            assert!((exp(x) - expected).abs() <= expected * 4e-7, "exp({x}) = {} for {expected}", exp(x));
        }
    }

    /// Largest relative error of `rms_norm` with `epsilon` against the definition with `exact_epsilon`, in f64.
    fn rms_norm_error(columns: usize, size: f32, epsilon: f32, exact_epsilon: f32) -> f64 {
        let (x, weight) = (random("x", 3 * columns, 0.0, size), random("weight", columns, 1.0, 0.5));
        let mut largest = 0.0_f64;
        for (x, out) in x.chunks(columns).zip(rms_norm(&x, &weight, epsilon).chunks(columns)) {
            let mean = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / columns as f64;
            let root = (mean + f64::from(exact_epsilon)).sqrt();
            for ((x, weight), out) in x.iter().zip(&weight).zip(out) {
                let exact = f64::from(*x) * f64::from(*weight) / root;
                largest = largest.max((f64::from(*out) / exact - 1.0).abs());
            }
        }
        largest
    }

    #[test]
    fn rms_norm_is_its_definition_on_odd_sizes() {
        for (columns, size) in [(1, 1.0), (37, 1.0), (37, 1e-3), (640, 30.0)] {
            // A sum of squares in 16 lanes rounds columns / 16 + 16 times, and the root halves
            // that; the rest is below 8.
            let bar = (columns as f64 / 32.0 + 16.0) * ROUNDING;
            let error = rms_norm_error(columns, size, 1e-6, 1e-6);
            assert!(error <= bar, "{columns} columns: {error:e} above {bar:e}");
        }
        // The epsilon counts where values are small, and is seen there.
        assert!(rms_norm_error(37, 1e-3, 1e-5, 1e-6) > 0.5);
        assert!(rms_norm_error(37, 1e-3, 1.1e-6, 1e-6) > 0.01);
    }

    #[test]
    fn rope_is_its_definition_in_both_styles() {
        let (heads, half, n, position) = (3, 5, 4, 61);
        let row = heads * 2 * half;
        let frequencies: Vec<f32> = (0..half).map(|i| 10_000_f32.powf(-(i as f32) / half as f32)).collect();
        for style in [RopeStyle::Interleaved, RopeStyle::NeoX] {
            let before = random("x", n * row, 0.0, 1.0);
            let mut x = before.clone();
            rope(&mut x, row, &frequencies, style, position);
            for (i, x) in x.iter().enumerate() {
                let (start, element) = (i / (2 * half) * 2 * half, i % (2 * half));
                let (pair, second) = match style {
                    RopeStyle::Interleaved => (element / 2, element % 2 == 1),
                    RopeStyle::NeoX => (element % half, element >= half),
                };
                let (a, b) = match style {
                    RopeStyle::Interleaved => (2 * pair, 2 * pair + 1),
                    RopeStyle::NeoX => (pair, pair + half),
                };
                let [a, b] = [a, b].map(|at| f64::from(before[start + at]));
                let angle = (position + i / row) as f64 * f64::from(frequencies[pair]);
                let (sin, cos) = angle.sin_cos();
                let exact = if second { b * cos + a * sin } else { a * cos - b * sin };
                // An angle of up to 64 is rounded to f32, and moves two terms of at most 1; four
                // operations round after it.
                let bar = (2.0 * 64.0 + 8.0) * ROUNDING;
                assert!((f64::from(*x) - exact).abs() <= bar, "{style:?}, element {i}: {x} for {exact}");
            }
        }
    }

    #[test]
    fn gated_is_its_definition_for_both_activations() {
        let n = 4099; // more than one piece of the pool
        let (gate, up) = (random("gate", n, 0.0, 6.0), random("up", n, 0.0, 1.0));
        for activation in [Activation::Silu, Activation::GeluTanh] {
            let mut out = gate.clone();
            gated(activation, &mut out, &up);
            for ((x, up), out) in gate.iter().zip(&up).zip(&out) {
                let x = f64::from(*x);
                let exact = match activation {
                    Activation::Silu => x / (1.0 + (-x).exp()),
                    Activation::GeluTanh => {
                        let root = (2.0 / std::f64::consts::PI).sqrt();
                        0.5 * x * (1.0 + (root * (x + 0.044_715 * x.powi(3))).tanh())
                    }
                } * f64::from(*up);
                // The argument of exp is up to 25 and rounded a few times, exp is good to 4e-7,
                // and results are below 6.
                assert!((f64::from(*out) - exact).abs() < 6.0 * (100.0 * ROUNDING + 4e-7), "{out} for {exact}");
            }
        }
    }
}
