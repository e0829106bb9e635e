//! TIES on vectors: trim each to its larger half, elect a sign at each place, average the values that have it.
//!
//! Signs of trained values are as good as random, so loops that branch on them run at the speed of mispredictions. The
//! loops below select values instead, which compiles to vector instructions. They do not use `max`: WebAssembly calls a
//! function for it.

/// Returns the TIES merge of `vectors`, all of one length, each with its weight.
pub(super) fn ties(vectors: &[(&[f32], f32)]) -> Vec<f32> {
    let trimmed: Vec<(Vec<f32>, f32)> = vectors.iter().map(|(values, weight)| (larger_half(values), *weight)).collect();
    let n = trimmed.first().map_or(0, |(values, _)| values.len());
    let mut elected = vec![0.0; n]; // its sign counts, 0 as +
    for (values, _) in &trimmed {
        elected.iter_mut().zip(values).for_each(|(elected, value)| *elected += value);
    }
    let (mut sums, mut counts) = (vec![0.0; n], vec![0.0; n]);
    for (values, weight) in &trimmed {
        for (((value, elected), sum), count) in values.iter().zip(&elected).zip(&mut sums).zip(&mut counts) {
            let agreeing = if (*elected >= 0.0) == (*value > 0.0) { *value } else { 0.0 };
            *sum += weight * agreeing;
            *count += if agreeing == 0.0 { 0.0 } else { 1.0 };
        }
    }
    sums.iter_mut().zip(&counts).for_each(|(sum, count)| *sum /= if *count > 1.0 { *count } else { 1.0 });
    sums
}

/// Returns `values` with all but the ⌊n / 2⌋ largest magnitudes set to 0; of equal ones, the first are kept.
fn larger_half(values: &[f32]) -> Vec<f32> {
    let wanted = values.len() / 2;
    let smallest_kept = nth_largest_magnitude(values, wanted);
    let mut kept: Vec<f32> =
        values.iter().map(|value| if magnitude(value) > smallest_kept { *value } else { 0.0 }).collect();
    let larger = kept.iter().filter(|value| **value != 0.0).count();
    let equal = values.iter().enumerate().filter(|(_, value)| magnitude(value) == smallest_kept);
    for (i, value) in equal.take(wanted - larger) {
        kept[i] = *value;
    }
    kept
}

/// Returns the bits of the magnitude of `value`, which are in the order of the magnitudes.
fn magnitude(value: &f32) -> u32 {
    value.abs().to_bits()
}

/// Number of low bits that a bin ignores: bins differ by exponent and three bits of mantissa.
const BIN_SHIFT: u32 = 20;

/// Returns the `n`-th largest magnitude, counted from 1, and the largest possible for `n` = 0.
///
/// It counts values by coarse bins first, so that it has to sort only those of one bin.
fn nth_largest_magnitude(values: &[f32], n: usize) -> u32 {
    if n == 0 {
        return u32::MAX;
    }
    let bin = |value: &f32| (magnitude(value) >> BIN_SHIFT) as usize;
    let mut counts = [0_usize; 1 << (31 - BIN_SHIFT)];
    values.iter().for_each(|value| counts[bin(value)] += 1);
    let mut wanted = n;
    let mut chosen = counts.len() - 1;
    while chosen > 0 && counts[chosen] < wanted {
        wanted -= counts[chosen];
        chosen -= 1;
    }
    let mut candidates: Vec<u32> = values.iter().filter(|value| bin(value) == chosen).map(magnitude).collect();
    let at = candidates.len().saturating_sub(wanted);
    *candidates.select_nth_unstable(at).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random;

    #[test]
    fn values_that_agree_with_the_larger_sum_are_averaged() {
        let one = [4.0, -3.0, 6.0, 1.0, -1.0, 0.0];
        let two = [-2.0, -5.0, 0.5, -0.1, 7.0, 0.0];
        // Trimmed to three each, that is 4 -3 6 0 0 0 and -2 -5 0 0 7 0, of which only -2 is of the other sign.
        assert_eq!(ties(&[(&one, 0.5), (&two, 2.0)]), [2.0, (-1.5 - 10.0) / 2.0, 3.0, 0.0, 14.0, 0.0]);
        assert_eq!(ties(&[(&one, 0.5)]), [2.0, -1.5, 3.0, 0.0, 0.0, 0.0]);
        assert_eq!(ties(&[(&[1.0, -3.0], 1.0), (&[3.0, 1.0], 1.0)]), [3.0, -3.0]);
    }

    #[test]
    fn the_larger_half_is_what_sorting_would_keep() {
        for n in [1, 2, 3, 10, 999, 4096] {
            let random = random(&format!("half {n}"), n, 0.0, 1.0);
            let coarse: Vec<f32> = random.iter().map(|value| (value * 4.0).round()).collect(); // many of them equal
            for values in [random, coarse, vec![0.0; n], vec![-1.0; n]] {
                let mut order: Vec<usize> = (0..n).collect();
                // Stable: the first of equal ones wins.
                order.sort_by(|i, j| values[*j].abs().total_cmp(&values[*i].abs()));
                let mut expected = vec![0.0; n];
                order[..n / 2].iter().for_each(|i| expected[*i] = values[*i]);
                assert_eq!(larger_half(&values), expected, "{n}");
            }
        }
    }
}
