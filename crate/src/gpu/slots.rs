//! Slots for low-rank pairs in GPU memory: made once at the largest rank in use, so that a change of method only writes.

use std::rc::Rc;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::device::{Buffer, Gpu};
use super::format::Format;
use super::matrix::{Layout, Matrix};
use crate::error::Result;
use crate::input;
use crate::low_rank::{Pairs, Target};
use crate::spec::Spec;

/// Ranks are rounded up to this with zeros: the elements that a thread reads at once.
const RANK_GRAIN: usize = 8;

/// Targets that have the same input, and so share a slot.
pub const GROUPS: [&[Target]; 4] =
    [&[Target::Q, Target::K, Target::V], &[Target::O], &[Target::Gate, Target::Up], &[Target::Down]];

/// The pairs of one group of targets in one layer, as f16.
pub struct Slot {
    /// A of each target, row under row: [targets · rank, k].
    pub a: Rc<Buffer>,
    /// B of each target, row under row: [Σ d, rank].
    pub b: Rc<Buffer>,
    /// Outputs d of each target.
    outputs: Vec<usize>,
    /// Inputs k.
    inputs: usize,
}

/// All slots.
pub struct Slots {
    /// Largest rank that fits.
    capacity: usize,
    /// Rank of the pairs in use, rounded up.
    pub rank: usize,
    /// By layer and group.
    pub layers: Vec<Vec<Slot>>,
}

/// The rank that pairs of `rank` take.
pub fn padded(rank: usize) -> usize {
    rank.next_multiple_of(RANK_GRAIN)
}

/// Bytes of slots for pairs of `rank`.
pub fn bytes(spec: &Spec, rank: usize) -> u64 {
    let each: usize = Target::ALL.map(|target| target.shape(spec)).iter().map(|(d, k)| d + k).sum();
    (spec.layers * padded(rank) * each * 2) as u64
}

impl Slots {
    /// Slots for pairs of up to `capacity`, holding none.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, spec: &Spec, capacity: usize) -> Result<Self> {
        let capacity = padded(capacity);
        let slot = |targets: &[Target]| {
            let inputs = targets[0].shape(spec).1;
            let outputs: Vec<usize> = targets.iter().map(|target| target.shape(spec).0).collect();
            let words = |n: usize| (n * capacity * 2) as u64;
            let a = gpu.storage("low-rank A", words(targets.len() * inputs))?;
            let b = gpu.storage("low-rank B", words(outputs.iter().sum()))?;
            Ok(Slot { a, b, outputs, inputs })
        };
        let layer = |_| GROUPS.iter().map(|targets| slot(targets)).collect::<Result<Vec<_>>>();
        Ok(Self { capacity, rank: 0, layers: (0..spec.layers).map(layer).collect::<Result<_>>()? })
    }

    /// Whether pairs of `rank` fit.
    pub fn fit(&self, rank: usize) -> bool {
        rank <= self.capacity
    }

    /// Writes `pairs`, which are in the base's layout, in place of those in use.
    ///
    /// # Errors
    /// If a value is too large for f16.
    pub fn write(&mut self, gpu: &Gpu, pairs: &Pairs) -> Result<()> {
        self.rank = padded(pairs.rank());
        let rank = self.rank;
        let mut staged: Vec<f32> = Vec::new();
        let mut halves: Vec<f16> = Vec::new();
        for (i, (slots, pairs)) in self.layers.iter().zip(&pairs.layers).enumerate() {
            for (slot, targets) in slots.iter().zip(GROUPS) {
                staged.clear();
                for target in targets {
                    let a = pairs[target.index()].as_ref().map_or(&[][..], |pair| &pair.a);
                    staged.extend_from_slice(a);
                    staged.resize(staged.len() + rank * slot.inputs - a.len(), 0.0);
                }
                convert(&staged, &mut halves).map_err(|error| error.at(format_args!("layer {i}")))?;
                gpu.write(&slot.a, 0, bits(&halves));

                staged.clear();
                for (target, outputs) in targets.iter().zip(&slot.outputs) {
                    let Some(pair) = &pairs[target.index()] else {
                        staged.resize(staged.len() + rank * outputs, 0.0);
                        continue;
                    };
                    for row in pair.b.chunks_exact(pair.rank) {
                        staged.extend_from_slice(row);
                        staged.resize(staged.len() + rank - pair.rank, 0.0);
                    }
                }
                convert(&staged, &mut halves).map_err(|error| error.at(format_args!("layer {i}")))?;
                gpu.write(&slot.b, 0, bits(&halves));
            }
        }
        Ok(())
    }
}

impl Slot {
    /// A of all targets as one matrix [targets · rank, k].
    pub fn a(&self, rank: usize) -> Matrix {
        half_matrix(&self.a, self.outputs.len() * rank, self.inputs, 0)
    }
}

/// A matrix of f16 that begins at word `start` of `buffer`.
fn half_matrix(buffer: &Rc<Buffer>, rows: usize, columns: usize, start: usize) -> Matrix {
    let layout = Layout { start: [start as u32, 0, 0, 0], row: [columns as u32 / 2, 0, 0, 0] };
    Matrix { format: Format::F16, rows, columns, shard_rows: rows, layout, shards: vec![buffer.clone()] }
}

fn convert(values: &[f32], halves: &mut Vec<f16>) -> Result<()> {
    halves.resize(values.len(), f16::ZERO);
    halves.convert_from_f32_slice(values);
    match halves.iter().position(|half| !half.is_finite()) {
        None => Ok(()),
        Some(at) => Err(input!("an adapter's value is {}, too large for the GPU; use the processor", values[at])),
    }
}

fn bits(halves: &[f16]) -> &[u16] {
    halves.reinterpret_cast()
}
