//! A n of low-rank branches for one token, computed by the same dispatch as their input n: more workgroups, each of
//! which computes n again, are cheaper than one more dispatch.

use std::rc::Rc;

use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::format;
use crate::decoder::gpu::matrix::Matrix;
use crate::decoder::gpu::shader::{Access, Builder};

/// Number of rows of A that a workgroup computes, as in `branch_input.wgsl`.
const ROWS: usize = 4;

/// The A of the branch and the destination of A n. Without a branch, A has no rows, and the buffers are placeholders.
pub struct BranchInput<'a> {
    /// A of all targets with the input n, as f16 or Q8_0: [rows, width of n].
    pub a: Matrix,
    /// A n, of as many rows.
    pub inner: &'a Rc<Buffer>,
}

impl BranchInput<'_> {
    /// Adds the code that computes A n to a kernel. The kernel declares its buffers as `pairs` and `inner`;
    /// `params.inner_rows` and `params.inner_scales` are [`BranchInput::rows`] and [`BranchInput::scales`].
    pub fn declare(&self, builder: Builder) -> Builder {
        let builder = builder.flag("ADAPTED", self.a.rows > 0).storage(&[Access::Read, Access::ReadWrite]);
        builder.include(format::BYTES).include(include_str!("branch_input.wgsl"))
    }

    /// Returns the number of rows of A.
    pub fn rows(&self) -> u32 {
        self.a.rows as u32
    }

    /// Returns the word at which the scales of A begin; 0 for f16, which has no scales.
    pub fn scales(&self) -> u32 {
        self.a.layout.scales()
    }

    /// Returns the number of workgroups that compute A n.
    pub fn workgroups(&self) -> u32 {
        self.a.rows.div_ceil(ROWS) as u32
    }
}
