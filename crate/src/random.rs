//! Random numbers that depend on a name alone: splitmix64 seeded by FNV-1a.

use crate::hash::fnv1a;

/// Constant that splitmix64 adds to its state for each number.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes a state of splitmix64 into the number that it stands for.
pub(crate) fn scramble(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Returns the top 24 bits of `x` as a number in [0, 1).
pub(crate) fn fraction(x: u64) -> f32 {
    (x >> 40) as f32 / (1 << 24) as f32
}

/// Returns `n` numbers in [`centre - spread`, `centre + spread`) that depend on `name` alone.
///
/// Number i comes from the top 24 bits of splitmix64(FNV-1a(name) + i).
pub fn random(name: &str, n: usize, centre: f32, spread: f32) -> Vec<f32> {
    let start = fnv1a(name.as_bytes());
    let number = |i: usize| {
        let x = scramble(start.wrapping_add(i as u64).wrapping_add(STEP));
        centre + (fraction(x) - 0.5) * 2.0 * spread
    };
    (0..n).map(number).collect()
}
