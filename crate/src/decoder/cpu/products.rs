//! Products of f32 matrices and vectors, on plain slices: for low-rank pairs, shifts and attention.

use candle_core::utils::barrier_pool;

use super::shared_mut::SharedMut;

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

/// Computes `y = scale·a b (+ y)` on one thread: a is [m, k], b is [k, n] with any strides, y is [m, n]
/// with rows `y_row` apart.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random;

    /// Rounding of a single f32 operation, relative to its result.
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;

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
}
