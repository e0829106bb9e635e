//! Slots for low-rank pairs in GPU memory: made once at the largest rank in use, so that a change of method only writes.

use std::rc::Rc;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::device::{Buffer, Gpu};
use super::format::Format;
use super::kernels::norm::SMALL_RANK;
use super::matrix::{Layout, Matrix};
use crate::error::Result;
use crate::input;
use crate::low_rank::{LayerPairs, Pairs, Target};
use crate::parallel::each;
use crate::spec::Spec;

/// Ranks are rounded up to this with zeros: the elements that a thread reads at once, and the rank that norms add by
/// themselves.
const RANK_GRAIN: usize = 8;
const _: () = assert!(RANK_GRAIN == SMALL_RANK);

/// Layers whose pairs are made together: enough for a few cores, and little beside all of them.
const AT_ONCE: usize = 4;

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
    pub capacity: usize,
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

    /// Writes `pairs` in place of those in use.
    ///
    /// # Errors
    /// If they do not fit the model, or a value is too large for f16.
    pub fn write(&mut self, gpu: &Gpu, spec: &Spec, pairs: &Pairs<'_>) -> Result<()> {
        self.rank = padded(pairs.rank());
        let rank = self.rank;
        let halves_of = |layer: &usize| -> Result<Vec<[Vec<f16>; 2]>> {
            let pairs = pairs.base_layer(spec, *layer)?;
            GROUPS.iter().map(|targets| halves(spec, targets, &pairs, rank)).collect()
        };
        let numbers: Vec<usize> = (0..spec.layers).collect();
        for (slots, numbers) in self.layers.chunks(AT_ONCE).zip(numbers.chunks(AT_ONCE)) {
            for ((slots, groups), i) in slots.iter().zip(each(numbers, halves_of)).zip(numbers) {
                let groups = groups.map_err(|error| error.at(format_args!("layer {i}")))?;
                for (slot, [a, b]) in slots.iter().zip(&groups) {
                    gpu.write(&slot.a, 0, bits(a));
                    gpu.write(&slot.b, 0, bits(b));
                }
            }
        }
        Ok(())
    }
}

/// A and B of a group as its slot has them, with zeros for targets that have no pair and up to `rank`.
fn halves(spec: &Spec, targets: &[Target], pairs: &LayerPairs, rank: usize) -> Result<[Vec<f16>; 2]> {
    let shapes = targets.iter().map(|target| target.shape(spec));
    let (rows, inputs) = shapes.fold((0, 0), |(rows, inputs), (d, k)| (rows + d, inputs + k));
    let mut a = vec![f16::ZERO; rank * inputs];
    let mut b = vec![f16::ZERO; rank * rows];
    let (mut a_rest, mut b_rest) = (&mut a[..], &mut b[..]);
    for target in targets {
        let (d, k) = target.shape(spec);
        let (a_here, b_here);
        (a_here, a_rest) = a_rest.split_at_mut(rank * k);
        (b_here, b_rest) = b_rest.split_at_mut(rank * d);
        let Some(pair) = &pairs[target.index()] else { continue };
        convert(&pair.a, &mut a_here[..pair.a.len()])?;
        if pair.rank == rank {
            convert(&pair.b, b_here)?;
            continue;
        }
        for (from, to) in pair.b.chunks_exact(pair.rank).zip(b_here.chunks_exact_mut(rank)) {
            convert(from, &mut to[..pair.rank])?;
        }
    }
    Ok([a, b])
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

fn convert(values: &[f32], halves: &mut [f16]) -> Result<()> {
    halves.convert_from_f32_slice(values);
    // Without a way out of the loop, many are looked at together.
    if halves.iter().fold(true, |all, half| all & half.is_finite()) {
        return Ok(());
    }
    let value = values.iter().zip(halves).find(|(_, half)| !half.is_finite()).map_or(0.0, |(value, _)| *value);
    Err(input!("an adapter's value is {value}, too large for the GPU; use the processor"))
}

fn bits(halves: &[f16]) -> &[u16] {
    halves.reinterpret_cast()
}
