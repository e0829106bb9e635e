//! The memory bandwidth of a device, with which the speed of decoding is compared.

use web_time::Instant;

use super::device::Gpu;
use crate::error::Result;

/// Number of bytes of each copy: more than any cache holds, and within the smallest binding.
const BYTES: u64 = 128 << 20;

/// Numbers of copies in the two submits of a round. Submitting and waiting take milliseconds, in which a large GPU
/// could copy as much again; both submits contain that time, so their difference does not.
const COPIES: [usize; 2] = [1, 9];

/// Number of rounds, of which the fastest counts.
const ROUNDS: usize = 3;

/// Measures the bytes that copies between two buffers read in a second. They write as many, so a kernel that only reads
/// may be faster.
///
/// # Errors
/// If the device fails.
pub async fn measure(gpu: &Gpu) -> Result<f64> {
    let (from, to) = (gpu.storage("copy source", BYTES)?, gpu.storage("copy target", BYTES)?);
    let mut best = [f64::INFINITY; 2];
    for _ in 0..=ROUNDS {
        for (best, copies) in best.iter_mut().zip(COPIES) {
            let mut encoder = gpu.encoder();
            for _ in 0..copies {
                encoder.copy_buffer_to_buffer(from.raw(), 0, to.raw(), 0, BYTES);
            }
            let started = Instant::now();
            gpu.submit(encoder);
            gpu.finish().await?;
            *best = best.min(started.elapsed().as_secs_f64());
        }
    }
    let [few, many] = best;
    Ok((BYTES * (COPIES[1] - COPIES[0]) as u64) as f64 / (many - few).max(f64::MIN_POSITIVE))
}
