//! How fast a device moves memory: what decoding is compared with.

use web_time::Instant;

use super::device::Gpu;
use crate::error::Result;

/// Bytes of each copy: more than any cache holds, and within the smallest binding.
const BYTES: u64 = 128 << 20;

/// Copies of a round.
const COPIES: usize = 8;

/// Rounds, of which the fastest counts.
const ROUNDS: usize = 3;

/// Bytes that copies between two buffers read in a second. They write as many, so a kernel that only reads may be faster.
///
/// # Errors
/// If the device fails.
pub async fn measure(gpu: &Gpu) -> Result<f64> {
    let (from, to) = (gpu.storage("copy source", BYTES)?, gpu.storage("copy target", BYTES)?);
    let mut best = f64::INFINITY;
    for _ in 0..=ROUNDS {
        let mut encoder = gpu.encoder();
        for _ in 0..COPIES {
            encoder.copy_buffer_to_buffer(from.raw(), 0, to.raw(), 0, BYTES);
        }
        let started = Instant::now();
        gpu.submit(encoder);
        gpu.finish().await?;
        best = f64::min(best, started.elapsed().as_secs_f64());
    }
    Ok((BYTES * COPIES as u64) as f64 / best)
}
