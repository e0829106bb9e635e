//! Work on all cores where there are several: natively, not in a browser.

/// What `work` makes of each item, in their order.
#[cfg(not(target_arch = "wasm32"))]
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(work).collect()
}

/// What `work` makes of each item, in their order.
#[cfg(target_arch = "wasm32")]
pub fn each<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}
