//! A n of low-rank branches, for one token, by the dispatch that computes their input n: more workgroups, each of which
//! computes n again, are cheaper than a dispatch of their own.

use std::rc::Rc;

use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::format;
use crate::decoder::gpu::matrix::Matrix;
use crate::decoder::gpu::shader::{Access, Builder};

/// Rows of A that a workgroup computes, as in `branch_input.wgsl`.
const ROWS: usize = 4;

/// Which A, and where A n goes. Where there is no branch A has no rows, and the buffers stand in.
pub struct BranchInput<'a> {
    /// A of all targets with the input n, as f16 or Q8_0: [rows, width of n].
    pub a: Matrix,
    /// A n, of as many rows.
    pub inner: &'a Rc<Buffer>,
}

impl BranchInput<'_> {
    /// Adds what a kernel does for it. The kernel declares its buffers as `pairs` and `inner`; `params.inner_rows` and
    /// `params.inner_scales` are [`BranchInput::rows`] and [`BranchInput::scales`].
    pub fn declare(&self, builder: Builder) -> Builder {
        let builder = builder.flag("ADAPTED", self.a.rows > 0).storage(&[Access::Read, Access::Write]);
        builder.include(format::BYTES).include(include_str!("branch_input.wgsl"))
    }

    /// Rows of A.
    pub fn rows(&self) -> u32 {
        self.a.rows as u32
    }

    /// The word where scales of A begin; 0 for f16, which has none.
    pub fn scales(&self) -> u32 {
        self.a.layout.scales()
    }

    /// Workgroups for it.
    pub fn groups(&self) -> u32 {
        self.a.rows.div_ceil(ROWS) as u32
    }
}
