//! The small steps between matrix products, on plain slices.

use candle_core::utils::barrier_pool;

use crate::model::config::{Activation, RopeStyle};

/// RMSNorm of each row of `x` [n, weight.len()].
pub fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = x.to_vec();
    rms_norm_in_place(&mut out, weight, epsilon);
    out
}

/// RMSNorm of each row of `x` [n, weight.len()], in place.
pub fn rms_norm_in_place(x: &mut [f32], weight: &[f32], epsilon: f32) {
    for row in x.chunks_exact_mut(weight.len()) {
        let mean_square = dot(row, row) / row.len() as f32;
        let scale = 1.0 / (mean_square + epsilon).sqrt();
        for (value, weight) in row.iter_mut().zip(weight) {
            *value *= scale * weight;
        }
    }
}

/// `x += y`.
pub fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// `gate = activation(gate) · up`, element by element.
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

/// e^x to about two units in the last place, in a form that the compiler turns into SIMD (the library's is not).
#[inline]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E).round();
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4; // ln 2 in two parts, so that r keeps its low bits
    let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_67 + r * (0.041_666_53 + r * (0.008_333_45 + r * 0.001_397)))));
    p * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

/// Turns each row into probabilities.
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

/// Σ a·b, in 16 running sums so that it becomes SIMD.
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

/// Up to four dot products with the same x, in one pass over it: `rows` is [at most 4, x.len()].
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

/// `y += Σ scales[i] · rows[i]`, four rows in one pass over y: `rows` is [scales.len(), y.len()], at most 4.
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

/// Strides of a row-major operand of [`gemm_add`]: elements from one row and from one column to the next.
#[derive(Clone, Copy)]
pub struct Strides {
    /// From row to row.
    pub row: usize,
    /// From column to column.
    pub column: usize,
}

/// `y = scale·a b (+ y)` on one thread: a is [m, k], b is [k, n] with any strides, y is [m, n] with rows `y_row` apart.
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

/// `y += x wᵀ`: x is [n, k], w is [d, k], y is [n, d].
pub fn matmul_add(x: &[f32], w: &[f32], y: &mut [f32], k: usize) {
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

/// Splits the n tokens of x [n, k] and y [n, d] among threads; `work` is given a part of x, that of y, and its tokens.
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

/// Rotary position embedding of the heads in each row of `x` [n, heads · head_dim]; row i is at `position + i`.
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

/// A slice whose parts different threads write to.
pub struct SharedMut<'a> {
    start: *mut f32,
    length: usize,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: access is only through `range`, whose caller promises disjoint parts.
unsafe impl Sync for SharedMut<'_> {}

impl<'a> SharedMut<'a> {
    /// Takes the slice for as long as parts of it are handed out.
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), lifetime: std::marker::PhantomData }
    }

    /// The part `range`.
    ///
    /// # Safety
    /// No two parts handed out at one time may overlap.
    #[allow(clippy::mut_from_ref)] // that is its purpose
    pub unsafe fn range(&self, range: std::ops::Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length, "the part is outside the slice");
        // SAFETY: within the slice by the assertion, and exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_the_library_s_to_a_few_units_in_the_last_place() {
        for i in -8700..8800 {
            let x = i as f32 / 100.0;
            let expected = x.exp();
            assert!((exp(x) - expected).abs() <= expected * 4e-7, "exp({x}) = {} for {expected}", exp(x));
        }
    }

    #[test]
    fn dot_and_gemm_agree_on_odd_sizes() {
        let (n, d, k) = (37, 5, 19);
        let value = |i: usize| (i * 31 % 17) as f32 - 8.0;
        let x: Vec<f32> = (0..n * k).map(value).collect();
        let w: Vec<f32> = (0..d * k).map(|i| value(i + 3)).collect();
        let mut y = vec![1.0; n * d];
        matmul_add(&x, &w, &mut y, k);
        for (i, y) in y.iter().enumerate() {
            let expected = 1.0 + dot(&x[i / d * k..][..k], &w[i % d * k..][..k]);
            assert_eq!(*y, expected, "element {i}"); // small integers: exact in f32 in any order
        }
    }
}
