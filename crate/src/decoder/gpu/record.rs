//! Passes of the decoder recorded as data: the same steps as `cpu::Decoder::forward`, in the same order.
//!
//! The residual stream goes from `x` to `y` and back in each layer, because a norm reads what it replaces in all its
//! workgroups. A sublayer's output waits in `h` until the next norm adds it.

use std::rc::Rc;

use super::activations::Activations;
use super::buffer::Buffer;
use super::cache::Cache;
use super::features::Features;
use super::format::WeightFormat;
use super::kernels::branch_input::BranchInput;
use super::kernels::combine::Combine;
use super::kernels::guide::GuideBuffers;
use super::kernels::norm::{Norm, SMALL_RANK, SublayerOutput};
use super::kernels::product::{Branch, Epilogue, Product};
use super::kernels::rope::Heads;
use super::kernels::{embed, gated, linear, matmul, sample, top_k};
use super::matrix::Matrix;
use super::program::Op;
use super::slots::{Group, Slots};
use super::weights::{GpuWeights, Layer};
use crate::model::config::ModelConfig;

/// [`linear::op`] for one token or [`matmul::op`] for many.
type Kernel = fn(Product<'_>, Features) -> Op;

/// Records the ops of passes over these weights and buffers.
pub struct PassRecorder<'a> {
    /// Features of the device.
    pub features: Features,
    /// Configuration of the model.
    pub config: &'a ModelConfig,
    /// Its weights.
    pub weights: &'a GpuWeights,
    /// Buffers between dispatches.
    pub activations: &'a Activations,
    /// Keys and values.
    pub cache: &'a Cache,
    /// Low-rank pairs, if any are in use.
    pub slots: Option<&'a Slots>,
    /// Guide to the text, if any is in use.
    pub guide: Option<&'a GuideBuffers>,
}

impl PassRecorder<'_> {
    /// Records the embedding of `ids` into `x`.
    pub fn embed(&self) -> Vec<Op> {
        let Self { features, config, weights, activations, .. } = self;
        vec![embed::op(*features, &weights.embedding, config.embedding_scale, &activations.ids, &activations.x)]
    }

    /// Records all layers for one token: 8 ops for each where matrices with one input lie together, and one more for
    /// low-rank pairs, in the last layer alone where they are small.
    pub fn decode(&self) -> Vec<Op> {
        (0..self.config.layers).flat_map(|i| self.decode_layer(i)).collect()
    }

    /// Records all layers for many tokens: 8 ops for each, or 12 with low-rank pairs.
    pub fn prefill(&self) -> Vec<Op> {
        (0..self.config.layers).flat_map(|i| self.prefill_layer(i)).collect()
    }

    /// Records the logits of the last token.
    pub fn head(&self) -> Vec<Op> {
        let Self { weights, activations, .. } = self;
        let last = &weights.layers[self.config.layers - 1];
        let sublayer = SublayerOutput { h: &activations.h, post: last.post_ffn_norm, b: None };
        let norm = self.norm(&activations.x, &activations.y, Some(sublayer), weights.output_norm, None);
        let mut ops = vec![norm];
        ops.extend(self.product(linear::op, &weights.head, &activations.normalised, &activations.logits, None));
        ops
    }

    /// Records the choice of the next token, and its embedding into `x`: 2 ops, or 3 with a guide.
    pub fn choose(&self) -> Vec<Op> {
        let Self { features, config, weights, activations, guide, .. } = self;
        let tiles = top_k::tiles(config.vocab_size);
        let mask = guide.map(|guide| guide.op(*features, config.vocab_size, &activations.chosen, &activations.logits));
        let choice = [
            top_k::op(*features, config.vocab_size, &activations.logits, &activations.candidates),
            sample::op(
                *features,
                &weights.embedding,
                config.embedding_scale,
                tiles,
                &activations.candidates,
                &activations.chosen,
                &activations.x,
            ),
        ];
        mask.into_iter().chain(choice).collect()
    }

    fn decode_layer(&self, i: usize) -> Vec<Op> {
        let Self { features, weights, activations, .. } = self;
        let layer = &weights.layers[i];
        let slot = |group: usize| self.slots.map(|slots| slots.group(i, group));
        let heads = self.heads(i);
        let mut ops = Vec::new();

        ops.push(self.norm(
            &activations.x,
            &activations.y,
            self.sublayer_before(i, true),
            layer.attention_norm,
            slot(0),
        ));
        let biases = Epilogue::Bias(&layer.qkv_bias);
        ops.extend(self.products(
            linear::op,
            &layer.qkv,
            &activations.normalised,
            &activations.qkv,
            self.branch(slot(0)),
            biases,
        ));
        ops.push(heads.attend_one(*features, &activations.partials));
        ops.push(self.combine(heads.window, slot(1)));
        ops.extend(self.product(linear::op, &layer.o, &activations.attention, &activations.h, self.branch(slot(1))));

        let sublayer = SublayerOutput { h: &activations.h, post: layer.post_attention_norm, b: None };
        ops.push(self.norm(&activations.y, &activations.x, Some(sublayer), layer.ffn_norm, slot(2)));
        ops.extend(self.gate_up(linear::op, layer, self.branch(slot(2))));
        let branch = match self.appended(i) {
            Some(group) => Some(Branch::Appended { a: group.a }),
            None => {
                ops.extend(self.inner(slot(3), &activations.gated));
                self.branch(slot(3))
            }
        };
        ops.extend(self.product(linear::op, &layer.down, &activations.gated, &activations.h, branch));
        ops
    }

    fn prefill_layer(&self, i: usize) -> Vec<Op> {
        let Self { features, weights, activations, .. } = self;
        let layer = &weights.layers[i];
        let slot = |group: usize| self.slots.map(|slots| slots.group(i, group));
        let heads = self.heads(i);
        let mut ops = Vec::new();

        ops.push(self.norm(&activations.x, &activations.y, self.sublayer_before(i, false), layer.attention_norm, None));
        ops.extend(self.split_inner(slot(0), &activations.normalised));
        let biases = Epilogue::Bias(&layer.qkv_bias);
        ops.extend(self.products(
            matmul::op,
            &layer.qkv,
            &activations.normalised,
            &activations.qkv,
            self.split_branch(slot(0)),
            biases,
        ));
        ops.push(heads.rope(*features));
        ops.push(heads.attend_many(*features, &activations.attention));
        ops.extend(self.split_inner(slot(1), &activations.attention));
        ops.extend(self.product(
            matmul::op,
            &layer.o,
            &activations.attention,
            &activations.h,
            self.split_branch(slot(1)),
        ));

        let sublayer = SublayerOutput { h: &activations.h, post: layer.post_attention_norm, b: None };
        ops.push(self.norm(&activations.y, &activations.x, Some(sublayer), layer.ffn_norm, None));
        ops.extend(self.split_inner(slot(2), &activations.normalised));
        ops.extend(self.gate_up(matmul::op, layer, self.split_branch(slot(2))));
        ops.extend(self.split_inner(slot(3), &activations.gated));
        ops.extend(self.product(
            matmul::op,
            &layer.down,
            &activations.gated,
            &activations.h,
            self.split_branch(slot(3)),
        ));
        ops
    }

    /// Returns the output of the layer before `i` that is not added to the residual stream yet. In passes of one token
    /// it may lack its low-rank branch's B.
    fn sublayer_before(&self, i: usize, one_token: bool) -> Option<SublayerOutput<'_>> {
        let before = i.checked_sub(1)?;
        let b = self.appended(before).filter(|_| one_token).map(|group| group.b);
        Some(SublayerOutput { h: &self.activations.h, post: self.weights.layers[before].post_ffn_norm, b })
    }

    /// Returns the pair of layer `i`'s down projection if in decoding the next layer's norm adds its B: if it is small,
    /// and not in the last layer, whose output the head reads, which is the same op after a prompt.
    fn appended(&self, i: usize) -> Option<Group> {
        let slots = self.slots?;
        (slots.format.rank == SMALL_RANK && i + 1 < self.config.layers).then(|| slots.group(i, 3))
    }

    fn heads(&self, i: usize) -> Heads<'_> {
        let Self { config, weights, activations, cache, .. } = self;
        Heads {
            config,
            window: config.layer_window(i).unwrap_or(0) as u32,
            norms: weights.layers[i].head_norms,
            table: cache.tables[i],
            qkv: &activations.qkv,
            vectors: &weights.vectors,
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
        sublayer: Option<SublayerOutput<'_>>,
        weight: u32,
        slot: Option<Group>,
    ) -> Op {
        let Self { config, weights, activations, .. } = self;
        let norm = Norm {
            width: config.hidden_size,
            epsilon: config.epsilon,
            weight,
            x: from,
            sublayer,
            sum: to,
            normalised: &activations.normalised,
            vectors: &weights.vectors,
            branch: self.branch_input(slot),
            placeholder: &activations.placeholders[0],
        };
        norm.op(self.features)
    }

    fn combine(&self, window: u32, slot: Option<Group>) -> Op {
        let Self { features, config, activations, .. } = self;
        let branch = self.branch_input(slot);
        Combine { config, window, partials: &activations.partials, out: &activations.attention, branch }.op(*features)
    }

    /// Returns the A of a group, whose A x the op that computes x computes too.
    fn branch_input(&self, slot: Option<Group>) -> BranchInput<'_> {
        let ([read, written], inner) = (&self.activations.placeholders, &self.activations.inner);
        match slot {
            Some(Group { a, .. }) => BranchInput { a, inner },
            None => BranchInput { a: Matrix::whole(WeightFormat::F16, 0, 0, read.clone()), inner: written },
        }
    }

    /// Returns the branch of a group whose A x is computed, for one token.
    fn branch(&self, slot: Option<Group>) -> Option<Branch> {
        slot.map(|Group { b, .. }| Branch::Added { b, inner: self.activations.inner.clone(), splits: 1 })
    }

    /// Returns the branch of a group whose A x is computed by [`PassRecorder::split_inner`], for many tokens.
    fn split_branch(&self, slot: Option<Group>) -> Option<Branch> {
        slot.map(|Group { a, b }| Branch::Added {
            b,
            inner: self.activations.inner.clone(),
            splits: matmul::splits(a.columns),
        })
    }

    /// Records A x of a group for one token, where no op has computed it together with x.
    fn inner(&self, slot: Option<Group>, x: &Rc<Buffer>) -> Vec<Op> {
        slot.map_or_else(Vec::new, |Group { a, .. }| self.product(linear::op, &a, x, &self.activations.inner, None))
    }

    /// Records A x of a group for many tokens, as several sums.
    fn split_inner(&self, slot: Option<Group>, x: &Rc<Buffer>) -> Option<Op> {
        let Self { features, weights, activations, .. } = self;
        let Group { a, .. } = slot?;
        let product = Product {
            matrices: std::slice::from_ref(&a),
            index: None,
            x,
            y: &activations.inner,
            vectors: &weights.vectors,
            branch: None,
            epilogue: Epilogue::Bias(&[]),
            splits: matmul::splits(a.columns),
            placeholder: &activations.placeholders[0],
        };
        Some(matmul::op(product, *features))
    }

    /// Records activation(gate) · up: one dispatch where gate and up have one format and lie together.
    fn gate_up(&self, kernel: Kernel, layer: &Layer, branch: Option<Branch>) -> Vec<Op> {
        let Self { features, config, activations, .. } = self;
        let matrices = &layer.gate_up;
        if together(matrices) && matrices.iter().all(|matrix| matrix.format == matrices[0].format) {
            let gate = Epilogue::Gate(config.activation);
            return self.products(kernel, matrices, &activations.normalised, &activations.gated, branch, gate);
        }
        let mut ops = self.products(
            kernel,
            matrices,
            &activations.normalised,
            &activations.gate_and_up,
            branch,
            Epilogue::Bias(&[]),
        );
        ops.push(gated::op(
            *features,
            config.activation,
            config.intermediate_size,
            &activations.gate_and_up,
            &activations.gated,
        ));
        ops
    }

    /// Records the product with one matrix.
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

    /// Records the products with matrices that have one input: one dispatch, or one each where they lie in several
    /// buffers.
    fn products(
        &self,
        kernel: Kernel,
        matrices: &[Matrix],
        x: &Rc<Buffer>,
        y: &Rc<Buffer>,
        branch: Option<Branch>,
        epilogue: Epilogue<'_>,
    ) -> Vec<Op> {
        let Self { features, weights, activations, .. } = self;
        let op = |index| {
            let (vectors, placeholder, branch) = (&weights.vectors, &activations.placeholders[0], branch.clone());
            kernel(Product { matrices, index, x, y, vectors, branch, epilogue, splits: 1, placeholder }, *features)
        };
        match together(matrices) || matrices.len() == 1 {
            true => vec![op(None)],
            false => (0..matrices.len()).map(|i| op(Some(i))).collect(),
        }
    }
}

/// Returns true if matrices lie in one buffer.
fn together(matrices: &[Matrix]) -> bool {
    matrices.iter().all(|matrix| matrix.shards.len() == 1 && Rc::ptr_eq(&matrix.shards[0], &matrices[0].shards[0]))
}
