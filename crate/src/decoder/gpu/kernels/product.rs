//! Products of matrices that have the same input: recorded here for [`super::linear`], which computes them for one
//! token, and for [`super::matmul`], which computes them for many.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::{ACTIVATION, NONE};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::format::WeightFormat;
use crate::decoder::gpu::matrix::{Layout, Matrix};
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::Activation;

/// Number of rows of a bundle, as in `product.wgsl`.
const ROWS: usize = 4;
/// Largest number of segments, as in `product.wgsl`.
const MAX_SEGMENTS: usize = 3;

/// Rows that follow each other in the output, as `Segment` in `product.wgsl`.
#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Segment {
    pub(super) matrix: Layout,
    pub(super) rows: u32,
    pub(super) first: u32,
    pub(super) format: u32,
    pub(super) bias: u32,
    pub(super) out: u32,
    pub(super) pair_row: u32,
    pub(super) inner: u32,
    pub(super) pad: u32,
}

/// Parameters, as `Product` in `product.wgsl`.
#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) parts: u32,
    pub(super) segments: u32,
    pub(super) shard_rows: u32,
    pub(super) pair_parts: u32,
    pub(super) y_row: u32,
    pub(super) inner_row: u32,
    pub(super) pair_scales: u32,
    pub(super) splits: u32,
    pub(super) segment: [Segment; MAX_SEGMENTS],
}

/// Part of a low-rank branch that is computed together with the products beside it. Ranks are multiples of 8.
#[derive(Clone)]
pub enum Branch {
    /// B (A x) is added to the products.
    Added {
        /// B of the matrices, row under row, as f16 or Q8_0: [all rows, rank].
        b: Matrix,
        /// A x of each matrix, one after the other, as the sum of `splits`: [splits, tokens, matrices · rank].
        inner: Rc<Buffer>,
        /// Number of sums that `inner` is split into, see [`Product::splits`].
        splits: usize,
    },
    /// A x is written behind the products, and the op that reads them adds B. Only for one matrix and one token.
    Appended {
        /// A as f16: [rank, columns].
        a: Matrix,
    },
}

/// Last operation on the products before they are written.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// Biases are added: the offset in `vectors` of the bias of each matrix, if it has one.
    Bias(&'a [Option<u32>]),
    /// The two matrices are gate and up projection, of one shape and format, and activation(gate) · up is written.
    Gate(Activation),
}

/// Products of up to three matrices with the same vectors.
pub struct Product<'a> {
    /// Matrices with the same number of columns.
    pub matrices: &'a [Matrix],
    /// Index of the only matrix to compute, which may be split. Without it, all have to be in one buffer.
    pub index: Option<usize>,
    /// Input: [tokens, columns].
    pub x: &'a Rc<Buffer>,
    /// Output: for each token the rows of all matrices one after the other, or half as many of a gate.
    pub y: &'a Rc<Buffer>,
    /// Norms and biases.
    pub vectors: &'a Rc<Buffer>,
    /// Low-rank branch beside the products.
    pub branch: Option<Branch>,
    /// Last operation.
    pub epilogue: Epilogue<'a>,
    /// Number of workgroups that share the columns. If it is not 1, each writes an output of its own, and the product
    /// is their sum. Only for many tokens, without a branch.
    pub splits: usize,
    /// Stand-in for buffers that a variant does not read.
    pub placeholder: &'a Rc<Buffer>,
}

impl Params {
    /// Returns the parameters of `product`, without segments.
    fn new(product: &Product<'_>) -> Self {
        let first = product.first();
        let pairs = product.branch.as_ref().map(Branch::matrix);
        let rows = product.matrices.iter().map(|matrix| matrix.rows).sum();
        Self {
            parts: (first.columns / 8) as u32,
            shard_rows: first.shard_rows as u32,
            pair_parts: pairs.map_or(0, |pairs| pairs.columns / 8) as u32,
            y_row: if product.is_gated() { first.rows } else { rows } as u32,
            inner_row: (product.matrices.len() * product.rank() / 4) as u32,
            pair_scales: pairs.map_or(0, |pairs| pairs.layout.scales()),
            splits: (product.splits * product.inner_splits()) as u32,
            ..Self::default()
        }
    }

    /// Adds the segments of `product` and returns the number of their bundles. They make up the output row of a token:
    ///
    /// ```text
    ///       out = 0    out = rows of matrix 0
    ///       ↓          ↓
    ///     [ matrix 0 | matrix 1 | … | A x ]                    A x only if it is appended
    ///     [ activation(matrix 0) · matrix 1 ]                  gated
    /// ```
    ///
    /// If `one_segment_per_workgroup`, each begins at a multiple of `bundles`, the bundles of a workgroup.
    fn segments(&mut self, product: &Product<'_>, bundles: usize, one_segment_per_workgroup: bool) -> usize {
        let (mut end, mut out) = (0, 0);
        for (i, matrix) in product.matrices.iter().enumerate() {
            if product.includes(i) {
                self.push(Segment {
                    matrix: matrix.layout,
                    rows: matrix.rows as u32,
                    first: end as u32,
                    format: matrix.format as u32,
                    bias: product.bias(i).unwrap_or(NONE),
                    out: out as u32,
                    pair_row: out as u32,
                    inner: (i * product.rank() / 4) as u32,
                    pad: 0,
                });
                end += matrix.rows.div_ceil(ROWS);
                if one_segment_per_workgroup {
                    end = end.next_multiple_of(bundles);
                }
            }
            out += matrix.rows;
        }
        if product.is_gated() {
            // One bundle has two rows of each.
            return product.first().rows.div_ceil(ROWS / 2);
        }
        if let Some(Branch::Appended { a }) = &product.branch {
            self.push(Segment {
                rows: a.rows as u32,
                first: end as u32,
                format: NONE,
                bias: NONE,
                out: out as u32,
                ..Segment::default()
            });
            end += a.rows.div_ceil(ROWS);
        }
        end
    }

    fn push(&mut self, segment: Segment) {
        self.segment[self.segments as usize] = segment;
        self.segments += 1;
    }
}

impl Branch {
    /// Returns the matrix that the product reads: B to be added, or A to be appended.
    fn matrix(&self) -> &Matrix {
        match self {
            Branch::Added { b, .. } => b,
            Branch::Appended { a } => a,
        }
    }

    /// Returns the buffers of the bindings `pairs` and `inner`.
    fn bindings<'a>(&'a self, placeholder: &'a Rc<Buffer>) -> [&'a Rc<Buffer>; 2] {
        match self {
            Branch::Added { b, inner, .. } => [&b.shards[0], inner],
            Branch::Appended { a } => [&a.shards[0], placeholder],
        }
    }
}

impl Product<'_> {
    /// Adds the code of products to a shader, `code` last.
    pub fn shader(&self, builder: Builder, code: &str) -> Builder {
        builder
            .flag("SPLIT", self.splits > 1)
            .flag("GATED", self.is_gated())
            .flag("GELU", matches!(self.epilogue, Epilogue::Gate(Activation::GeluTanh)))
            .flag("ADAPTED", matches!(self.branch, Some(Branch::Added { .. })))
            .flag("APPENDED", matches!(self.branch, Some(Branch::Appended { .. })))
            .storage(&[Access::Read, Access::ReadWrite, Access::Read, Access::Read, Access::Read])
            .matrix(self.first().shards.len(), &self.formats())
            .include(ACTIVATION)
            .include(include_str!("product.wgsl"))
            .include(code)
    }

    /// Records the dispatch that runs `builder`'s shader, whose workgroups compute `bundles` bundles each: all of one
    /// segment if `one_segment_per_workgroup`.
    pub fn op(self, builder: Builder, bundles: usize, one_segment_per_workgroup: bool, extent: Extent) -> Op {
        self.check(extent);
        let mut params = Params::new(&self);
        let all_bundles = params.segments(&self, bundles, one_segment_per_workgroup);
        let Self { x, y, vectors, branch, splits, placeholder, .. } = &self;
        let [pairs, inner] = branch.as_ref().map_or([*placeholder; 2], |branch| branch.bindings(placeholder));
        let mut buffers = [*x, *y, *vectors, pairs, inner].map(Rc::clone).to_vec();
        buffers.extend(self.first().shards.iter().cloned());
        let workgroups = (all_bundles.div_ceil(bundles) * splits) as u32;
        Op::new(builder.finish(), &params, buffers, (workgroups, extent)).reading(self.bytes_read())
    }

    /// Panics if the shaders cannot compute this combination, which the recorder never asks for.
    fn check(&self, extent: Extent) {
        let whole = self.splits == 1 && self.inner_splits() == 1;
        assert!(whole || extent != Extent::One, "products of one token are not split, nor A x that they add");
        assert!(self.splits == 1 || self.branch.is_none(), "products that are split have no branch");
        if let Some(Branch::Appended { a }) = &self.branch {
            assert!(
                self.matrices.len() == 1 && !self.is_gated() && extent == Extent::One && a.format == WeightFormat::F16,
                "A x is appended, for A in f16, to one product of one token"
            );
        }
    }

    /// Returns the bytes of weights and low-rank pairs that the dispatch reads.
    fn bytes_read(&self) -> u64 {
        let (pair_row, appended) = match &self.branch {
            None => (0, 0),
            Some(Branch::Added { b, .. }) => (b.format.row_bytes(b.columns), 0),
            Some(Branch::Appended { a }) => (0, a.bytes()),
        };
        let bytes = self.included().map(|matrix| matrix.bytes() + matrix.rows as u64 * pair_row);
        bytes.sum::<u64>() + appended
    }

    /// Returns the formats of the matrices, each once.
    pub fn formats(&self) -> Vec<WeightFormat> {
        let mut formats: Vec<WeightFormat> = self.included().map(|matrix| matrix.format).collect();
        formats.sort();
        formats.dedup();
        formats
    }

    /// Returns the rank of the A x that is added.
    fn rank(&self) -> usize {
        if let Some(Branch::Added { b, .. }) = &self.branch { b.columns } else { 0 }
    }

    /// Returns the number of sums that A x is split into.
    fn inner_splits(&self) -> usize {
        if let Some(Branch::Added { splits, .. }) = &self.branch { *splits } else { 1 }
    }

    fn bias(&self, i: usize) -> Option<u32> {
        if let Epilogue::Bias(biases) = self.epilogue { biases.get(i).copied().flatten() } else { None }
    }

    fn is_gated(&self) -> bool {
        matches!(self.epilogue, Epilogue::Gate(_))
    }

    fn includes(&self, i: usize) -> bool {
        self.index.is_none_or(|index| index == i)
    }

    fn included(&self) -> impl Iterator<Item = &Matrix> {
        self.matrices.iter().enumerate().filter(|(i, _)| self.includes(*i)).map(|(_, matrix)| matrix)
    }

    fn first(&self) -> &Matrix {
        &self.matrices[self.index.unwrap_or(0)]
    }
}
