//! Random numbers that depend on a name alone: splitmix64 seeded by FNV-1a.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a of `name`.
fn seed(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// What splitmix64 makes of its state.
fn scramble(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// The top 24 bits of `x` as a number from 0 to below 1.
fn fraction(x: u64) -> f32 {
    (x >> 40) as f32 / (1 << 24) as f32
}

/// `n` numbers around `centre`, at most `spread` away, that depend on `name` alone.
///
/// Number i is made of the top 24 bits of splitmix64(FNV-1a(name) + i).
pub fn random(name: &str, n: usize, centre: f32, spread: f32) -> Vec<f32> {
    let start = seed(name);
    let number = |i: usize| {
        let x = scramble(start.wrapping_add(i as u64).wrapping_add(STEP));
        centre + (fraction(x) - 0.5) * 2.0 * spread
    };
    (0..n).map(number).collect()
}

/// An endless sequence of random numbers.
pub(super) struct Stream {
    state: u64,
}

impl Stream {
    /// The sequence of `name`.
    pub fn new(name: &str) -> Self {
        Self { state: seed(name) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        scramble(self.state)
    }

    /// A number from 0 to below `n`, which is at most 2^32; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (((self.next() >> 32) * n as u64) >> 32) as usize
    }

    /// True `percent` times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number from 0 to below 1.
    pub fn fraction(&mut self) -> f32 {
        fraction(self.next())
    }

    /// Random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
