//! An allocator that counts, for tests of how much memory something takes.
#![allow(missing_docs, dead_code)] // each test file uses a part of it

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts this thread's heap, so that tests that run at the same time do not disturb each other.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: every call is passed on unchanged to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn mebibytes(bytes: isize) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Runs `work`; returns its result and the most MiB that it held on top of those before.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, mebibytes(PEAK.get() - before))
}

/// Number of allocations that this thread has made so far.
pub fn allocations() -> usize {
    ALLOCATIONS.get()
}

/// Number of MiB that `value` holds.
pub fn held<T>(value: T) -> f64 {
    let before = LIVE.get();
    drop(value);
    mebibytes(before - LIVE.get())
}
