//! What a pass of the decoder does, recorded as data: the same steps as `cpu::Decoder::forward`, in the same order.
//!
//! The residual stream goes from `x` to `y` and back in each layer, because a norm reads what it replaces in all its
//! workgroups. A block's output waits in `h` until the next norm adds it.

use std::rc::Rc;

use super::buffer::Buffer;
use super::cache::Cache;
use super::device::Gpu;
use super::features::Features;
use super::format::WeightFormat;
use super::kernels::branch_input::BranchInput;
use super::kernels::combine::Combine;
use super::kernels::norm::{Block, Norm, SMALL_RANK};
use super::kernels::product::{Branch, Epilogue, Product};
use super::kernels::rope::Heads;
use super::kernels::{combine, embed, gated, linear, matmul, sample, top_k};
use super::matrix::Matrix;
use super::program::Op;
use super::slots::{self, Group, Slots};
use super::weights::{GpuWeights, Layer};
use crate::error::Result;
use crate::model::config::ModelConfig;
use crate::model::sampler::MAX_TOP_K;

/// [`linear::op`] for one token or [`matmul::op`] for many.
type Kernel = fn(Product<'_>, Features) -> Op;

/// Buffers between dispatches, for up to `tokens` tokens.
pub struct Activations {
    tokens: usize,
    /// Ids of a pass: [tokens].
    pub ids: Rc<Buffer>,
    /// Residual stream: [tokens, width].
    pub x: Rc<Buffer>,
    y: Rc<Buffer>,
    normalised: Rc<Buffer>, // [tokens, width]
    qkv: Rc<Buffer>,        // [tokens, q | k | v]
    parts: Rc<Buffer>,      // attention over splits, see combine
    mixed: Rc<Buffer>,      // [tokens, heads · head_dim]
    h: Rc<Buffer>,          // [tokens, width], and A x of one token where that is small
    both: Rc<Buffer>,       // [tokens, gate | up]
    gate: Rc<Buffer>,       // [tokens, ffn]
    inner: Rc<Buffer>,      // A x, [splits, tokens, targets · rank]
    /// [vocab]
    pub logits: Rc<Buffer>,
    candidates: Rc<Buffer>, // [blocks, top_k] of (logit, id)
    /// Ids that were chosen: [`sample::RING`].
    pub chosen: Rc<Buffer>,
    nothing: (Rc<Buffer>, Rc<Buffer>),
}

/// Bytes of [`Activations`], but for a few thousand.
pub fn work_bytes(config: &ModelConfig, tokens: usize, positions: usize, rank: usize) -> u64 {
    let row = 4 * config.hidden_size
        + 2 * config.q_width()
        + 2 * config.kv_width()
        + 3 * config.intermediate_size
        + slots::inner_values(config) * rank;
    (4 * (tokens * row + SMALL_RANK + config.vocab_size)) as u64 + combine::part_bytes(config, positions)
}

impl Activations {
    /// Buffers for passes of up to `tokens` tokens over a context of `positions`, with pairs of up to `rank`.
    ///
    /// # Errors
    /// If the device refuses a buffer.
    pub fn new(gpu: &Gpu, config: &ModelConfig, tokens: usize, positions: usize, rank: usize) -> Result<Self> {
        let per_token = |label, n: usize| gpu.storage(label, (4 * tokens * n) as u64);
        let blocks = top_k::blocks(config.vocab_size) as usize;
        Ok(Self {
            tokens,
            ids: per_token("ids", 1)?,
            x: per_token("x", config.hidden_size)?,
            y: per_token("y", config.hidden_size)?,
            normalised: per_token("normalised", config.hidden_size)?,
            qkv: per_token("qkv", config.q_width() + 2 * config.kv_width())?,
            parts: gpu.storage("attention parts", combine::part_bytes(config, positions))?,
            mixed: per_token("mixed", config.q_width())?,
            h: gpu.storage("h", (4 * (tokens * config.hidden_size + SMALL_RANK)) as u64)?,
            both: per_token("gate and up", 2 * config.intermediate_size)?,
            gate: per_token("gated", config.intermediate_size)?,
            inner: per_token("inner", slots::inner_values(config) * rank.max(1))?,
            logits: gpu.storage("logits", 4 * config.vocab_size as u64)?,
            candidates: gpu.storage("candidates", (8 * blocks * MAX_TOP_K) as u64)?,
            chosen: gpu.storage("chosen", 4 * u64::from(sample::RING))?,
            nothing: (gpu.storage("nothing", 16)?, gpu.storage("nothing", 16)?),
        })
    }

    /// Takes over what a pass leaves for the next: the residual stream, a block's output, and ids that were chosen.
    pub fn take_over(&self, gpu: &Gpu, other: &Self) {
        let mut encoder = gpu.encoder();
        for (to, from) in [(&self.x, &other.x), (&self.h, &other.h), (&self.chosen, &other.chosen)] {
            encoder.copy_buffer_to_buffer(from.raw(), 0, to.raw(), 0, from.bytes());
        }
        gpu.submit(encoder);
    }

    /// Tokens of the longest pass.
    pub fn tokens(&self) -> usize {
        self.tokens
    }
}

/// All that ops refer to.
pub struct PassRecorder<'a> {
    /// What the device can do.
    pub features: Features,
    /// The decoder's description.
    pub config: &'a ModelConfig,
    /// Its weights.
    pub model: &'a GpuWeights,
    /// Buffers between dispatches.
    pub activations: &'a Activations,
    /// Keys and values.
    pub cache: &'a Cache,
    /// LowRankPairs, if any are in use.
    pub slots: Option<&'a Slots>,
}

impl PassRecorder<'_> {
    /// `x` of `ids`.
    pub fn embed(&self) -> Vec<Op> {
        let Self { features, config, model, activations, .. } = self;
        vec![embed::op(*features, &model.embedding, config.embedding_scale, &activations.ids, &activations.x)]
    }

    /// All layers for one token: 8 ops for each where matrices with one input lie together, and one more for low-rank pairs,
    /// in the last layer alone where they are small.
    pub fn decode(&self) -> Vec<Op> {
        (0..self.config.layers).flat_map(|i| self.decode_layer(i)).collect()
    }

    /// All layers for many tokens: as many ops for each layer, 8 or 12 with low-rank pairs.
    pub fn prefill(&self) -> Vec<Op> {
        (0..self.config.layers).flat_map(|i| self.prefill_layer(i)).collect()
    }

    /// Logits of the last token.
    pub fn head(&self) -> Vec<Op> {
        let Self { model, activations, .. } = self;
        let last = &model.layers[self.config.layers - 1];
        let block = Block { h: &activations.h, post: last.post_ffn_norm, b: None };
        let norm = self.norm(&activations.x, &activations.y, Some(block), model.output_norm, None);
        let mut ops = vec![norm];
        ops.extend(self.product(linear::op, &model.head, &activations.normalised, &activations.logits, None));
        ops
    }

    /// The next token, and its embedding in `x`.
    pub fn choose(&self) -> Vec<Op> {
        let Self { features, config, model, activations, .. } = self;
        let blocks = top_k::blocks(config.vocab_size);
        vec![
            top_k::op(*features, config.vocab_size, &activations.logits, &activations.candidates),
            sample::op(
                *features,
                &model.embedding,
                config.embedding_scale,
                blocks,
                &activations.candidates,
                &activations.chosen,
                &activations.x,
            ),
        ]
    }

    fn decode_layer(&self, i: usize) -> Vec<Op> {
        let Self { features, model, activations, .. } = self;
        let layer = &model.layers[i];
        let slot = |group: usize| self.slots.map(|slots| slots.group(i, group));
        let heads = self.heads(i);
        let mut ops = Vec::new();

        ops.push(self.norm(&activations.x, &activations.y, self.block_before(i, true), layer.attention_norm, slot(0)));
        let biases = Epilogue::Bias(&layer.qkv_bias);
        ops.extend(self.products(
            linear::op,
            &layer.qkv,
            &activations.normalised,
            &activations.qkv,
            self.added(slot(0)),
            biases,
        ));
        ops.push(heads.attend_one(*features, &activations.parts));
        ops.push(self.combine(heads.window, slot(1)));
        ops.extend(self.product(linear::op, &layer.o, &activations.mixed, &activations.h, self.added(slot(1))));

        let block = Block { h: &activations.h, post: layer.post_attention_norm, b: None };
        ops.push(self.norm(&activations.y, &activations.x, Some(block), layer.ffn_norm, slot(2)));
        ops.extend(self.gate_up(linear::op, layer, self.added(slot(2))));
        let branch = match self.appended(i) {
            Some(group) => Some(Branch::Appended { a: group.a }),
            None => {
                ops.extend(self.input(slot(3), &activations.gate));
                self.added(slot(3))
            }
        };
        ops.extend(self.product(linear::op, &layer.down, &activations.gate, &activations.h, branch));
        ops
    }

    fn prefill_layer(&self, i: usize) -> Vec<Op> {
        let Self { features, model, activations, .. } = self;
        let layer = &model.layers[i];
        let slot = |group: usize| self.slots.map(|slots| slots.group(i, group));
        let heads = self.heads(i);
        let mut ops = Vec::new();

        ops.push(self.norm(&activations.x, &activations.y, self.block_before(i, false), layer.attention_norm, None));
        ops.extend(self.input_sums(slot(0), &activations.normalised));
        let biases = Epilogue::Bias(&layer.qkv_bias);
        ops.extend(self.products(
            matmul::op,
            &layer.qkv,
            &activations.normalised,
            &activations.qkv,
            self.added_sums(slot(0)),
            biases,
        ));
        ops.push(heads.rope(*features));
        ops.push(heads.attend_many(*features, &activations.mixed));
        ops.extend(self.input_sums(slot(1), &activations.mixed));
        ops.extend(self.product(matmul::op, &layer.o, &activations.mixed, &activations.h, self.added_sums(slot(1))));

        let block = Block { h: &activations.h, post: layer.post_attention_norm, b: None };
        ops.push(self.norm(&activations.y, &activations.x, Some(block), layer.ffn_norm, None));
        ops.extend(self.input_sums(slot(2), &activations.normalised));
        ops.extend(self.gate_up(matmul::op, layer, self.added_sums(slot(2))));
        ops.extend(self.input_sums(slot(3), &activations.gate));
        ops.extend(self.product(matmul::op, &layer.down, &activations.gate, &activations.h, self.added_sums(slot(3))));
        ops
    }

    /// The output of the layer before `i` that is not added to the residual stream yet. In passes of one token it may lack
    /// its low-rank branch's B.
    fn block_before(&self, i: usize, one_token: bool) -> Option<Block<'_>> {
        let before = i.checked_sub(1)?;
        let b = self.appended(before).filter(|_| one_token).map(|group| group.b);
        Some(Block { h: &self.activations.h, post: self.model.layers[before].post_ffn_norm, b })
    }

    /// The pair of layer `i`'s down projection, where in decoding the next layer's norm adds it. That is where it is small,
    /// and not in the last layer: what reads its output is the same op after a prompt.
    fn appended(&self, i: usize) -> Option<Group> {
        let slots = self.slots?;
        (slots.stored.rank == SMALL_RANK && i + 1 < self.config.layers).then(|| slots.group(i, 3))
    }

    fn heads(&self, i: usize) -> Heads<'_> {
        let Self { config, model, activations, cache, .. } = self;
        Heads {
            config,
            window: config.layer_window(i).unwrap_or(0) as u32,
            norms: model.layers[i].head_norms,
            table: cache.tables[i],
            qkv: &activations.qkv,
            vectors: &model.vectors,
            rotations: &cache.rotations,
            keys: &cache.keys[i],
            values: &cache.values[i],
            cache_f16: cache.f16,
        }
    }

    fn norm(
        &self,
        from: &Rc<Buffer>,
        to: &Rc<Buffer>,
        block: Option<Block<'_>>,
        weight: u32,
        slot: Option<Group>,
    ) -> Op {
        let Self { config, model, activations, .. } = self;
        let norm = Norm {
            width: config.hidden_size,
            epsilon: config.epsilon,
            weight,
            x: from,
            block,
            sum: to,
            normalised: &activations.normalised,
            vectors: &model.vectors,
            branch: self.next_input(slot),
            nothing: &activations.nothing.0,
        };
        norm.op(self.features)
    }

    fn combine(&self, window: u32, slot: Option<Group>) -> Op {
        let Self { features, config, activations, .. } = self;
        let branch = self.next_input(slot);
        Combine { config, window, parts: &activations.parts, out: &activations.mixed, branch }.op(*features)
    }

    /// What computes A x together with x.
    fn next_input(&self, slot: Option<Group>) -> BranchInput<'_> {
        let (nothing, inner) = (&self.activations.nothing, &self.activations.inner);
        match slot {
            Some(Group { a, .. }) => BranchInput { a, inner },
            None => BranchInput { a: Matrix::whole(WeightFormat::F16, 0, 0, nothing.0.clone()), inner: &nothing.1 },
        }
    }

    /// The branch of a group whose A x is known, for one token.
    fn added(&self, slot: Option<Group>) -> Option<Branch> {
        slot.map(|Group { b, .. }| Branch::Added { b, inner: self.activations.inner.clone(), splits: 1 })
    }

    /// The branch of a group whose A x is known as [`PassRecorder::input_sums`], for many tokens.
    fn added_sums(&self, slot: Option<Group>) -> Option<Branch> {
        slot.map(|Group { a, b }| Branch::Added {
            b,
            inner: self.activations.inner.clone(),
            splits: matmul::splits(a.columns),
        })
    }

    /// A x of a group for one token, where nothing has computed it together with x.
    fn input(&self, slot: Option<Group>, x: &Rc<Buffer>) -> Vec<Op> {
        slot.map_or_else(Vec::new, |Group { a, .. }| self.product(linear::op, &a, x, &self.activations.inner, None))
    }

    /// A x of a group for many tokens, in several sums.
    fn input_sums(&self, slot: Option<Group>, x: &Rc<Buffer>) -> Option<Op> {
        let Self { features, model, activations, .. } = self;
        let Group { a, .. } = slot?;
        let product = Product {
            matrices: std::slice::from_ref(&a),
            only: None,
            x,
            y: &activations.inner,
            vectors: &model.vectors,
            branch: None,
            epilogue: Epilogue::Bias(&[]),
            splits: matmul::splits(a.columns),
            nothing: &activations.nothing.0,
        };
        Some(matmul::op(product, *features))
    }

    /// activation(gate) · up: one dispatch where gate and up have one format and lie together.
    fn gate_up(&self, kernel: Kernel, layer: &Layer, branch: Option<Branch>) -> Vec<Op> {
        let Self { features, config, activations, .. } = self;
        let matrices = &layer.gate_up;
        if together(matrices) && matrices.iter().all(|matrix| matrix.format == matrices[0].format) {
            let gate = Epilogue::Gate(config.activation);
            return self.products(kernel, matrices, &activations.normalised, &activations.gate, branch, gate);
        }
        let mut ops =
            self.products(kernel, matrices, &activations.normalised, &activations.both, branch, Epilogue::Bias(&[]));
        ops.push(gated::op(
            *features,
            config.activation,
            config.intermediate_size,
            &activations.both,
            &activations.gate,
        ));
        ops
    }

    /// The product with one matrix.
    fn product(
        &self,
        kernel: Kernel,
        matrix: &Matrix,
        x: &Rc<Buffer>,
        y: &Rc<Buffer>,
        branch: Option<Branch>,
    ) -> Vec<Op> {
        self.products(kernel, std::slice::from_ref(matrix), x, y, branch, Epilogue::Bias(&[]))
    }

    /// Products with matrices that have one input: one dispatch, or one each where they lie in several buffers.
    fn products(
        &self,
        kernel: Kernel,
        matrices: &[Matrix],
        x: &Rc<Buffer>,
        y: &Rc<Buffer>,
        branch: Option<Branch>,
        epilogue: Epilogue<'_>,
    ) -> Vec<Op> {
        let Self { features, model, activations, .. } = self;
        let op = |only| {
            let (vectors, nothing, branch) = (&model.vectors, &activations.nothing.0, branch.clone());
            kernel(Product { matrices, only, x, y, vectors, branch, epilogue, splits: 1, nothing }, *features)
        };
        match together(matrices) || matrices.len() == 1 {
            true => vec![op(None)],
            false => (0..matrices.len()).map(|i| op(Some(i))).collect(),
        }
    }
}

/// Whether matrices lie in one buffer.
fn together(matrices: &[Matrix]) -> bool {
    matrices.iter().all(|matrix| matrix.shards.len() == 1 && Rc::ptr_eq(&matrix.shards[0], &matrices[0].shards[0]))
}
