//! Small operations between and beside candle's matrix products, on plain slices.

use candle_core::utils::barrier_pool;

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

/// Returns Σ a·b, added in 16 running sums so that it becomes SIMD.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Returns up to four dot products with the same x, in one pass over it: `rows` is [at most 4, x.len()].
pub fn dot4(rows: &[f32], x: &[f32]) -> [f32; 4] {
    let k = x.len();
    if rows.len() != 4 * k {
        let mut out = [0.0; 4];
        for (out, row) in out.iter_mut().zip(rows.chunks_exact(k)) {
            *out = dot(row, x);
        }
        return out;
    }
    const LANES: usize = 8;
    let mut sums = [[0.0; LANES]; 4];
    let (x, x_rest) = x.as_chunks::<LANES>();
    let rows = [&rows[..k], &rows[k..2 * k], &rows[2 * k..3 * k], &rows[3 * k..]].map(|row| row.as_chunks::<LANES>());
    let [r0, r1, r2, r3] = rows.map(|(chunks, _)| &chunks[..x.len()]);
    for (i, x) in x.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip([&r0[i], &r1[i], &r2[i], &r3[i]]) {
            for lane in 0..LANES {
                sums[lane] += row[lane] * x[lane];
            }
        }
    }
    let rest = |rest: &[f32]| -> f32 { rest.iter().zip(x_rest).map(|(a, b)| a * b).sum() };
    std::array::from_fn(|row| sums[row].iter().sum::<f32>() + rest(rows[row].1))
}

/// Computes `y += Σ scales[i] · rows[i]`, four rows in one pass over y: `rows` is [scales.len(), y.len()], at most 4.
pub fn add_scaled(y: &mut [f32], scales: &[f32], rows: &[f32]) {
    let d = y.len();
    if let [s0, s1, s2, s3] = *scales {
        let (r0, r1, r2, r3) = (&rows[..d], &rows[d..2 * d], &rows[2 * d..3 * d], &rows[3 * d..4 * d]);
        for i in 0..d {
            y[i] += (s0 * r0[i] + s1 * r1[i]) + (s2 * r2[i] + s3 * r3[i]);
        }
        return;
    }
    for (scale, row) in scales.iter().zip(rows.chunks_exact(d)) {
        y.iter_mut().zip(row).for_each(|(y, value)| *y += scale * value);
    }
}

/// Strides of the second operand of [`gemm_add`], in elements.
#[derive(Clone, Copy)]
pub struct Strides {
    /// Distance from one row to the next.
    pub row: usize,
    /// Distance from one column to the next.
    pub column: usize,
}

/// Computes `y = scale·a b (+ y)` on one thread: a is [m, k], b is [k, n] with any strides, y is [m, n] with rows `y_row` apart.
#[allow(clippy::too_many_arguments)] // a matrix product has this many
pub fn gemm_add(
    (m, n, k): (usize, usize, usize),
    a: &[f32],
    a_row: usize,
    b: &[f32],
    b_strides: Strides,
    y: &mut [f32],
    y_row: usize,
    accumulate: bool,
    scale: f32,
) {
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    assert!(a.len() >= (m - 1) * a_row + k, "a is too short");
    assert!(b.len() > (k - 1) * b_strides.row + (n - 1) * b_strides.column, "b is too short");
    assert!(y.len() >= (m - 1) * y_row + n, "y is too short");
    // SAFETY: the assertions above are the bounds of every element that the strides reach.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            y.as_mut_ptr(),
            1,
            y_row as isize,
            accumulate,
            a.as_ptr(),
            1,
            a_row as isize,
            b.as_ptr(),
            b_strides.column as isize,
            b_strides.row as isize,
            1.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Computes `y += x wᵀ`: x is [n, k], w is [d, k], y is [n, d].
pub fn matmul_transposed_add(x: &[f32], w: &[f32], y: &mut [f32], k: usize) {
    let (n, d) = (x.len() / k, w.len() / k);
    if n == 1 {
        // A few rows are not worth waking the pool, and gemm's packing is not worth it for one column.
        for (y, w) in y.iter_mut().zip(w.chunks_exact(k)) {
            *y += dot(x, w);
        }
        return;
    }
    for_tiles(x, k, y, d, n, |x, y, n| {
        gemm_add((n, d, k), x, k, w, Strides { row: 1, column: k }, y, d, true, 1.0);
    });
}

/// Splits the n tokens of x [n, k] and y [n, d] among threads. Each calls `work` with its rows of x, its rows of y, and
/// their number.
pub fn for_tiles(
    x: &[f32],
    k: usize,
    y: &mut [f32],
    d: usize,
    n: usize,
    work: impl Fn(&[f32], &mut [f32], usize) + Sync,
) {
    const TOKENS: usize = 32;
    let y = SharedMut::new(y);
    barrier_pool().execute_chunked(n.div_ceil(TOKENS), |tiles| {
        let tokens = tiles.start * TOKENS..(tiles.end * TOKENS).min(n);
        // SAFETY: the pool hands out each tile once, so these ranges do not overlap.
        let y = unsafe { y.range(tokens.start * d..tokens.end * d) };
        work(&x[tokens.start * k..tokens.end * k], y, tokens.len());
    });
}

/// Rotates the heads in each row of `x` [n, heads · head_dim] (rotary position embedding). Row i is at `position + i`; a
/// `row` has heads · head_dim elements, and `frequencies` one for each pair of a head.
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

/// A mutable slice that several threads write to at a time.
///
/// Aliasing: a `SharedMut` borrows its slice exclusively for as long as it lives, so nothing else reads or writes it
/// meanwhile. The threads call [`SharedMut::range`] with ranges that do not overlap, so that each element has one owner.
/// Every caller takes its ranges from the items of a thread pool, which hands out each item once. Safe slicing cannot
/// replace this: the pool passes indices, not parts, and in attention the parts of a head lie between those of others.
pub struct SharedMut<'a> {
    start: *mut f32,
    length: usize,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: access is only through `range`, whose callers keep the aliasing rule above.
unsafe impl Sync for SharedMut<'_> {}

impl<'a> SharedMut<'a> {
    /// Borrows `slice` for as long as parts of it are handed out.
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), lifetime: std::marker::PhantomData }
    }

    /// Returns the part `range`.
    ///
    /// # Safety
    /// No two parts handed out at one time may overlap.
    #[allow(clippy::mut_from_ref)] // the aliasing rule of the type stands in for the borrow checker
    pub unsafe fn range(&self, range: std::ops::Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length, "the part is outside the slice");
        // SAFETY: within the slice by the assertion, and exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
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

    #[test]
    fn matmul_transposed_add_is_its_definition_on_odd_sizes() {
        for (n, d, k) in [(1, 7, 19), (2, 1, 1), (37, 5, 19), (33, 17, 67)] {
            let (x, w) = (random("x", n * k, 0.0, 1.0), random("w", d * k, 0.0, 1.0));
            let before = random("y", n * d, 0.0, 1.0);
            let mut y = before.clone();
            matmul_transposed_add(&x, &w, &mut y, k);
            for (i, y) in y.iter().enumerate() {
                let products = x[i / d * k..][..k].iter().zip(&w[i % d * k..][..k]);
                let exact = f64::from(before[i]) + products.map(|(x, w)| f64::from(*x) * f64::from(*w)).sum::<f64>();
                // k products and as many sums, each of at most k + 1 and rounded once.
                let bar = 2.0 * k as f64 * (k + 1) as f64 * ROUNDING;
                assert!((f64::from(*y) - exact).abs() <= bar, "{n}x{d}x{k}, element {i}: {y} for {exact}");
            }
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
            // A sum of squares in 16 lanes rounds columns / 16 + 16 times, and the root halves that; the rest is below 8.
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
                // An angle of up to 64 is rounded to f32, and moves two terms of at most 1; four operations round after it.
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
                // The argument of exp is up to 25 and rounded a few times, exp is good to 4e-7, and results are below 6.
                assert!((f64::from(*out) - exact).abs() < 6.0 * (100.0 * ROUNDING + 4e-7), "{out} for {exact}");
            }
        }
    }
}
