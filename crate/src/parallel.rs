//! Work on all cores where there are several: natively, not in a browser.

/// Applies `work` to each item, on all cores, and returns the results in the order of the items.
#[cfg(not(target_arch = "wasm32"))]
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(work).collect()
}

/// Applies `work` to each item, one after the other, and returns the results in the order of the items.
#[cfg(target_arch = "wasm32")]
pub fn each<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}
