//! A slice that threads share, each writing to its own part.

/// A mutable slice that several threads write to at a time.
///
/// Aliasing: a `SharedMut` borrows its slice exclusively for as long as it lives, so nothing else reads or writes it
/// meanwhile. The threads call [`SharedMut::range`] with ranges that do not overlap, so that each element has one
/// owner. Every caller takes its ranges from the items of a thread pool, which hands out each item once. Safe
/// slicing cannot replace this: the pool passes indices, not parts, and in attention the parts of a head lie
/// between those of others.
pub struct SharedMut<'a> {
    start: *mut f32,
    length: usize,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: access is only through `range`, whose callers keep the aliasing rule above.
unsafe impl Sync for SharedMut<'_> {}

impl<'a> SharedMut<'a> {
    /// Borrows `slice` for as long as parts of it are handed out.
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), lifetime: std::marker::PhantomData }
    }

    /// Returns the part `range`.
    ///
    /// # Safety
    /// No two parts handed out at one time may overlap.
    #[allow(clippy::mut_from_ref)] // the aliasing rule of the type stands in for the borrow checker
    pub unsafe fn range(&self, range: std::ops::Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length, "the part is outside the slice");
        // SAFETY: within the slice by the assertion, and exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
