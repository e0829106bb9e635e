//! A n of low-rank branches, for one token, by the dispatch that computes their input n: more workgroups, each of which
//! computes n again, are cheaper than a dispatch of their own.

use std::rc::Rc;

use crate::gpu::device::Buffer;
use crate::gpu::shader::{Access, Builder};

/// Rows of A that a workgroup computes, as in `branch_input.wgsl`.
const ROWS: usize = 4;

/// Which A, and where A n goes. Where there is no branch A has no rows, and the buffers stand in.
#[derive(Clone, Copy)]
pub struct BranchInput<'a> {
    /// A of all targets with the input n, as f16: [rows, width of n].
    pub a: &'a Rc<Buffer>,
    /// Rows of A.
    pub rows: usize,
    /// A n, of so many rows.
    pub inner: &'a Rc<Buffer>,
}

impl BranchInput<'_> {
    /// Adds what a kernel does for it. The kernel declares its buffers as `pairs` and `inner`; `params.inner_rows` are the
    /// rows of A.
    pub fn declare(&self, builder: Builder) -> Builder {
        let builder = builder.flag("ADAPTED", self.rows > 0).storage(&[Access::Read, Access::Write]);
        builder.include(include_str!("branch_input.wgsl"))
    }

    /// Workgroups for it.
    pub fn groups(&self) -> u32 {
        self.rows.div_ceil(ROWS) as u32
    }

    /// Bytes of A.
    pub fn bytes(&self, width: usize) -> u64 {
        (2 * self.rows * width) as u64
    }
}
