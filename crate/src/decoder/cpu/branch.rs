//! The low-rank branch beside a weight, `y += B (A x)`, in the form that is fastest for one token at a time.
//!
//! Decoding is one row of x, so A x is `rank` dot products of length k, and B (A x) would be d dot products of length
//! rank, too short for SIMD where the rank is 4. B of a small rank is therefore kept transposed, and its rows are
//! added to y, four at once. Large ones stay as they are: transposing two LoRAs of rank 32 takes longer than
//! changing to them should.
//!
//! All layers of a projection merge share one B. It is held once, so that from the second layer on it is in the
//! processor's cache, which is half of the bytes that such a branch reads for a token.

use std::sync::Arc;

use super::products::{Strides, add_scaled, dot4, for_tiles, gemm_add, matmul_transposed_add};
use crate::adapters::low_rank::LowRankPair;

/// Least rank from which on B is kept as it is: [`super::ops::dot`] has 16 lanes. Below it B is transposed.
const LARGE_RANK: usize = 16;

/// A low-rank pair in the form in which the decoder applies it.
pub struct Branch {
    rank: usize,
    a: Vec<f32>,      // [rank, k]
    b: Arc<Vec<f32>>, // [rank, d] below LARGE_RANK, [d, rank] from there on
}

/// Matrices B of the branches made so far: each as it came and as it is kept.
#[derive(Default)]
pub struct Seen(Vec<(Vec<f32>, Arc<Vec<f32>>)>);

impl Branch {
    /// Prepares `pair`; a small B that is in `seen` is shared.
    pub fn new(pair: LowRankPair, seen: &mut Seen) -> Self {
        let LowRankPair { rank, a, b } = pair;
        if rank >= LARGE_RANK {
            return Self { rank, a, b: Arc::new(b) };
        }
        let shared = seen.0.iter().find(|(other, _)| *other == b).map(|(_, kept)| kept.clone());
        let b = shared.unwrap_or_else(|| {
            let kept = Arc::new(transposed(&b, rank));
            seen.0.push((b, kept.clone()));
            kept
        });
        Self { rank, a, b }
    }

    /// Computes `y += B (A x)`: x is [n, k], y is [n, d].
    pub fn add(&self, x: &[f32], y: &mut [f32]) {
        let (rank, k, d) = (self.rank, self.a.len() / self.rank, self.b.len() / self.rank);
        let n = x.len() / k;
        if rank >= LARGE_RANK {
            let mut inner = vec![0.0; n * rank];
            matmul_transposed_add(x, &self.a, &mut inner, k);
            matmul_transposed_add(&inner, &self.b, y, rank);
        } else if n == 1 {
            // A few rows are not worth waking the pool, and gemm's packing is not worth it for one column.
            for (a, b) in self.a.chunks(4 * k).zip(self.b.chunks(4 * d)) {
                let inner = dot4(a, x);
                add_scaled(y, &inner[..a.len() / k], b);
            }
        } else {
            for_tiles(x, k, y, d, n, |x, y, n| {
                let mut inner = vec![0.0; n * rank];
                let (a_transposed, b) = (Strides { row: 1, column: k }, Strides { row: d, column: 1 });
                gemm_add((n, rank, k), x, k, &self.a, a_transposed, &mut inner, rank, false, 1.0);
                gemm_add((n, d, rank), &inner, rank, &self.b, b, y, d, true, 1.0);
            });
        }
    }
}

/// Returns b [d, rank] as [rank, d].
fn transposed(b: &[f32], rank: usize) -> Vec<f32> {
    let d = b.len() / rank;
    (0..rank).flat_map(|column| (0..d).map(move |row| b[row * rank + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::cpu::products::dot;
    use crate::random::random;

    #[test]
    fn a_branch_is_its_formula_for_one_token_and_for_many() {
        for (rank, k, d) in [(1, 5, 7), (4, 64, 48), (6, 19, 33), (9, 40, 17), (35, 33, 20)] {
            for n in [1, 2, 37] {
                let pair = LowRankPair { rank, a: random("a", rank * k, 0.0, 1.0), b: random("b", d * rank, 0.0, 1.0) };
                let x = random("x", n * k, 0.0, 1.0);
                let mut y = random("y", n * d, 0.0, 1.0);
                let before = y.clone();
                Branch::new(pair.clone(), &mut Seen::default()).add(&x, &mut y);
                for (i, y) in y.iter().enumerate() {
                    let x = &x[i / d * k..][..k];
                    let inner: Vec<f32> = pair.a.chunks(k).map(|a| dot(a, x)).collect();
                    let expected = before[i] + dot(&pair.b[i % d * rank..][..rank], &inner);
                    // At most 64 + 35 products below 64, each rounded to f32, in another order.
                    assert!((y - expected).abs() < 2e-4, "rank {rank}, n {n}, element {i}: {y} for {expected}");
                }
            }
        }
    }
}
