//! Decode: the choice of the next token, and its embedding.

use std::rc::Rc;

use super::embed::Params;
use super::{BEST, EMBED_ROW};
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::matrix::Matrix;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};

const THREADS: u32 = 256;

/// Number of chosen ids that are kept: more than are ever on their way back.
pub const RING: u32 = 64;

/// Records the choice among `candidates: [tiles, top_k]` into `chosen: [RING]`, and the embedding of the chosen token,
/// times `scale`, into `x: [hidden_size]`.
pub fn op(
    features: Features,
    embedding: &Matrix,
    scale: f32,
    tiles: u32,
    candidates: &Rc<Buffer>,
    chosen: &Rc<Buffer>,
    x: &Rc<Buffer>,
) -> Op {
    let shader = Builder::new("sample", features, THREADS)
        .number("RING", RING)
        .include(BEST)
        .storage(&[Access::Read, Access::ReadWrite, Access::ReadWrite])
        .matrix(embedding.shards.len(), &[embedding.format])
        .include(EMBED_ROW)
        .include(include_str!("sample.wgsl"))
        .finish();
    let mut buffers = vec![candidates.clone(), chosen.clone(), x.clone()];
    buffers.extend(embedding.shards.iter().cloned());
    Op::new(shader, &Params::new(embedding, scale, tiles), buffers, (1, Extent::One))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::format::WeightFormat;
    use crate::decoder::gpu::kernels::testing::{compare, each_gpu, matrices, random, run};
    use crate::decoder::gpu::kernels::top_k;
    use crate::decoder::gpu::step_uniforms::StepUniforms;
    use crate::model::sampler::{MAX_TOP_K, Sampling};

    #[test]
    fn the_choice_is_the_processor_s_and_its_embedding_follows() {
        each_gpu(async |gpu| {
            // Three tiles of the vocabulary, the last one short. Many logits are equal: lower ids come first.
            let (vocab, width) = (2 * 4096 + 100, 64);
            let (embedding, values) = matrices(gpu, &[(WeightFormat::Q8_0, vocab, width)], Some(5000));
            let logits: Vec<f32> = random("logits", vocab).iter().map(|x| (x * 40.0).round() / 4.0).collect();
            let candidates = gpu.storage("candidates", (8 * 3 * MAX_TOP_K) as u64).unwrap();
            let chosen = gpu.storage("chosen", 4 * u64::from(RING)).unwrap();
            let x = gpu.storage("x", 4 * width as u64).unwrap();
            let logits_buffer = gpu.storage_with("logits", &logits).unwrap();
            let settings = [(0.0, 1, 1.0), (1.0, 40, 0.95), (0.7, 64, 1.0), (3.0, 7, 0.5), (2.0, 1, 0.9)];
            for (generated, (temperature, top_k, top_p)) in settings.into_iter().cycle().take(40).enumerate() {
                let sampling = Sampling { temperature, top_k, top_p, seed: 0x1234_5678_9abc };
                let uniforms = StepUniforms::new(5, 1).with_sampling(&sampling, generated);
                let ops = vec![
                    top_k::op(gpu.features, vocab, &logits_buffer, &candidates),
                    op(gpu.features, &embedding[0], 2.0, top_k::tiles(vocab), &candidates, &chosen, &x),
                ];
                run(gpu, uniforms, ops).await;
                let ids: Vec<u32> = gpu.read(&chosen, RING as usize).await.unwrap();
                let id = sampling.choose(&logits, generated as u32);
                assert_eq!(ids[generated % RING as usize], id, "{sampling:?}, token {generated}");
                let row = &values[0][id as usize * width..][..width];
                let expected: Vec<f64> = row.iter().map(|value| 2.0 * f64::from(*value)).collect();
                compare("embedding", &gpu.read(&x, width).await.unwrap(), &expected, 1e-6);
            }
        });
    }
}
