//! Slots for low-rank pairs in GPU memory: allocated once for the largest rank in use, so that a change of method only
//! writes.

use std::rc::Rc;

use bytemuck::cast_slice_mut;
use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use super::buffer::Buffer;
use super::device::Gpu;
use super::format::WeightFormat;
use super::kernels::matmul;
use super::kernels::norm::SMALL_RANK;
use super::matrix::Matrix;
use crate::adapters::low_rank::{LayerPairs, LowRankPairs, Target};
use crate::error::Result;
use crate::input;
use crate::model::config::ModelConfig;
use crate::model::quant::{Element, Q8_BLOCK, Q8Block};
use crate::parallel::each;

/// Divisor of ranks, which are padded with zeros: the elements that a thread reads at once, and the rank that norms add
/// by themselves.
const RANK_GRAIN: usize = 8;
const _: () = assert!(RANK_GRAIN == SMALL_RANK && Q8_BLOCK.is_multiple_of(RANK_GRAIN));

/// Number of layers whose pairs are computed together: enough for a few cores, and few beside all of them.
const AT_ONCE: usize = 4;

/// Groups of targets that have the same input, and so share a slot.
pub const GROUPS: [&[Target]; 4] =
    [&[Target::Q, Target::K, Target::V], &[Target::O], &[Target::Gate, Target::Up], &[Target::Down]];

/// Buffers for the pairs of one group of targets in one layer.
struct Slot {
    a: Rc<Buffer>,
    b: Rc<Buffer>,
    /// Number of outputs d of each target.
    outputs: Vec<usize>,
    /// Number of inputs k.
    inputs: usize,
}

/// Storage of the pairs in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotFormat {
    /// Rank, rounded up.
    pub rank: usize,
    /// Q8_0 for pairs that adapters store so, because f16 would take twice the memory; f16 for all others.
    pub format: WeightFormat,
}

/// The pairs of one group of targets in one layer.
pub struct Group {
    /// A of each target, row under row: [targets · rank, k].
    pub a: Matrix,
    /// B of each target, row under row: [Σ d, rank].
    pub b: Matrix,
}

/// All slots.
pub struct Slots {
    /// Largest rank that the slots hold.
    pub capacity: usize,
    /// Storage of the pairs in use.
    pub format: SlotFormat,
    /// Slots by layer and group.
    layers: Vec<Vec<Slot>>,
}

/// Returns the number of values of A x for one token and rank 1, in the several sums that prefill computes: the largest
/// of all groups.
pub fn inner_values(config: &ModelConfig) -> usize {
    GROUPS.map(|targets| targets.len() * matmul::splits(targets[0].shape(config).1)).into_iter().max().unwrap_or(0)
}

/// Returns the rank that pairs of `rank` are stored with.
pub fn padded_rank(rank: usize) -> usize {
    rank.next_multiple_of(RANK_GRAIN)
}

/// Returns the bytes of slots for pairs of `rank`.
pub fn bytes(config: &ModelConfig, rank: usize) -> u64 {
    let each: usize = Target::ALL.map(|target| target.shape(config)).iter().map(|(d, k)| d + k).sum();
    (config.layers * padded_rank(rank) * each * 2) as u64
}

impl Slots {
    /// Allocates slots for pairs of up to rank `capacity`; they hold none.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, config: &ModelConfig, capacity: usize) -> Result<Self> {
        let capacity = padded_rank(capacity);
        let slot = |targets: &[Target]| {
            let inputs = targets[0].shape(config).1;
            let outputs: Vec<usize> = targets.iter().map(|target| target.shape(config).0).collect();
            let words = |n: usize| (n * capacity * 2) as u64;
            let a = gpu.storage("low-rank A", words(targets.len() * inputs))?;
            let b = gpu.storage("low-rank B", words(outputs.iter().sum()))?;
            Ok(Slot { a, b, outputs, inputs })
        };
        let layer = |_| GROUPS.iter().map(|targets| slot(targets)).collect::<Result<Vec<_>>>();
        let format = SlotFormat { rank: 0, format: WeightFormat::F16 };
        Ok(Self { capacity, format, layers: (0..config.layers).map(layer).collect::<Result<_>>()? })
    }

    /// Returns true if pairs of `rank` fit.
    pub fn holds(&self, rank: usize) -> bool {
        rank <= self.capacity
    }

    /// Returns the formats of pairs that fit, each with its largest rank; small pairs have kernels of their own.
    pub fn possible_formats(&self) -> Vec<SlotFormat> {
        let small = SlotFormat { rank: SMALL_RANK, format: WeightFormat::F16 };
        let large = SlotFormat { rank: self.capacity, format: WeightFormat::F16 };
        let blocks = SlotFormat { rank: self.capacity / Q8_BLOCK * Q8_BLOCK, format: WeightFormat::Q8_0 };
        [small, large, blocks].into_iter().filter(|format| format.rank > 0).collect()
    }

    /// Returns the pairs in use of a group of targets.
    pub fn group(&self, layer: usize, group: usize) -> Group {
        let SlotFormat { rank, format } = self.format;
        let Slot { a, b, outputs, inputs } = &self.layers[layer][group];
        Group {
            a: Matrix::whole(format, outputs.len() * rank, *inputs, a.clone()),
            b: Matrix::whole(format, outputs.iter().sum(), rank, b.clone()),
        }
    }

    /// Writes `pairs` in place of those in use.
    ///
    /// # Errors
    /// If they do not fit the model, or a value is too large for f16.
    pub fn write(&mut self, gpu: &Gpu, config: &ModelConfig, pairs: &LowRankPairs<'_>) -> Result<()> {
        let weight_format = if pairs.in_blocks() { WeightFormat::Q8_0 } else { WeightFormat::F16 };
        let rank = padded_rank(pairs.rank());
        self.format = SlotFormat { rank, format: weight_format };
        let words_of = |layer: &usize| -> Result<Vec<[Vec<u32>; 2]>> {
            if let Some(pairs) = pairs.base_blocks(config, *layer)? {
                return GROUPS.iter().map(|targets| block_words(config, targets, &pairs, rank)).collect();
            }
            let pairs = pairs.base_layer(config, *layer)?;
            GROUPS.iter().map(|targets| half_words(config, targets, &pairs, rank)).collect()
        };
        let numbers: Vec<usize> = (0..config.layers).collect();
        for (slots, numbers) in self.layers.chunks(AT_ONCE).zip(numbers.chunks(AT_ONCE)) {
            for ((slots, groups), i) in slots.iter().zip(each(numbers, words_of)).zip(numbers) {
                let groups = groups.map_err(|error| error.at(format_args!("layer {i}")))?;
                for (slot, [a, b]) in slots.iter().zip(&groups) {
                    gpu.write(&slot.a, 0, a);
                    gpu.write(&slot.b, 0, b);
                }
            }
        }
        Ok(())
    }
}

/// Returns the words of A and B of a group of targets, as f16.
fn half_words(config: &ModelConfig, targets: &[Target], pairs: &LayerPairs, rank: usize) -> Result<[Vec<u32>; 2]> {
    let mut words = lengths(config, targets, rank).map(|values| vec![0; values / 2]);
    let [a, b] = &mut words;
    let halves = [a, b].map(|words| cast_slice_mut::<u32, u16>(words).reinterpret_cast_mut());
    place(config, targets, pairs, rank, halves, convert)?;
    Ok(words)
}

/// Returns the words of A and B of a group of targets, as Q8_0.
fn block_words(
    config: &ModelConfig,
    targets: &[Target],
    pairs: &LayerPairs<Q8Block>,
    rank: usize,
) -> Result<[Vec<u32>; 2]> {
    let [mut a, mut b] =
        lengths(config, targets, rank).map(|values| vec![[0; size_of::<Q8Block>()]; values / Q8_BLOCK]);
    place(config, targets, pairs, rank, [&mut a, &mut b], copy)?;
    let inputs = targets[0].shape(config).1;
    Ok([(a, inputs), (b, rank)]
        .map(|(blocks, columns)| WeightFormat::Q8_0.repack(blocks.as_flattened(), columns).concat()))
}

/// Returns the numbers of values of A and of B of a group of targets.
fn lengths(config: &ModelConfig, targets: &[Target], rank: usize) -> [usize; 2] {
    let shapes = targets.iter().map(|target| target.shape(config));
    let (outputs, inputs) = shapes.fold((0, 0), |(outputs, inputs), (d, k)| (outputs + d, inputs + k));
    [rank * inputs, rank * outputs]
}

/// Puts A and B of a group of targets into their places in `a` and `b`, which stay zero where a target has no pair or
/// one of less than `rank`.
fn place<T: Element, U>(
    config: &ModelConfig,
    targets: &[Target],
    pairs: &LayerPairs<T>,
    rank: usize,
    [mut a, mut b]: [&mut [U]; 2],
    put: impl Fn(&[T], &mut [U]) -> Result<()>,
) -> Result<()> {
    for target in targets {
        let (d, k) = target.shape(config);
        let row = rank / T::VALUES;
        let (a_here, b_here);
        (a_here, a) = a.split_at_mut(rank * k / T::VALUES);
        (b_here, b) = b.split_at_mut(row * d);
        let Some(pair) = &pairs[target.index()] else { continue };
        put(&pair.a, &mut a_here[..pair.a.len()])?;
        if pair.rank == rank {
            put(&pair.b, b_here)?;
            continue;
        }
        for (from, to) in pair.b.chunks_exact(pair.rank / T::VALUES).zip(b_here.chunks_exact_mut(row)) {
            put(from, &mut to[..from.len()])?;
        }
    }
    Ok(())
}

/// Converts values to f16.
///
/// # Errors
/// If one is too large.
fn convert(values: &[f32], halves: &mut [f16]) -> Result<()> {
    halves.convert_from_f32_slice(values);
    // Without an early exit from the loop, the compiler checks many at once.
    if halves.iter().fold(true, |all, half| all & half.is_finite()) {
        return Ok(());
    }
    let value = values.iter().zip(halves).find(|(_, half)| !half.is_finite()).map_or(0.0, |(value, _)| *value);
    Err(input!("an adapter's value is {value}, too large for the GPU; use the processor"))
}

/// Copies Q8_0 blocks.
///
/// # Errors
/// If a scale is too large.
fn copy(from: &[Q8Block], to: &mut [Q8Block]) -> Result<()> {
    to.copy_from_slice(from);
    let broken = from.iter().find(|block| !f16::from_le_bytes([block[0], block[1]]).is_finite());
    match broken {
        None => Ok(()),
        Some(_) => Err(input!("the scale of an adapter's values is too large for the GPU; use the processor")),
    }
}
