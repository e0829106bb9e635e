//! Models of a published shape, written tensor by tensor: never more than the vocabulary is in memory.

use std::io::Write;

use super::blocks::Blocks;
use super::llama3::{BEGIN_OF_TEXT, CHAT_TEMPLATE, END_OF_TURN, rope_factors, specials};
use super::shape::{Content, Shape, Tensor};
use super::stream::Stream;
use super::vocabulary::Vocabulary;
use crate::error::Result;
use crate::files::gguf::{self, Value};
use crate::random::random;

/// Least number of bytes of a matrix that are written at once.
const PIECE: usize = 1 << 16;

/// Writes the model of `shape`. Its bytes depend on the shape, its name included, and on nothing else.
pub(super) fn write<W: Write>(shape: &Shape, out: &mut W) -> Result<()> {
    let tensors = shape.tensors();
    let entries: Vec<gguf::Entry<'_>> = tensors
        .iter()
        .map(|tensor| gguf::Entry { name: &tensor.name, shape: &tensor.shape, dtype: tensor.content.dtype() })
        .collect();
    gguf::write(out, gguf::Version::V3, &metadata(shape)?, &entries, |i, out| write_tensor(shape, &tensors[i], out))
}

/// Writes the data of one tensor.
fn write_tensor(shape: &Shape, tensor: &Tensor, out: &mut dyn Write) -> Result<()> {
    let name = format!("{}/{}", shape.name, tensor.name);
    match tensor.content {
        Content::Norm => write_floats(&random(&name, tensor.shape[0], 1.0, 0.3), out),
        Content::RopeFactors => write_floats(&rope_factors(shape.rope_base, shape.head_dim), out),
        Content::Matrix(blocks) => write_matrix(&name, blocks, &tensor.shape, out),
    }
}

/// Writes `values` as little-endian f32.
fn write_floats(values: &[f32], out: &mut dyn Write) -> Result<()> {
    Ok(values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))?)
}

/// Writes a matrix of random `blocks`, which depend on `name`.
pub(super) fn write_matrix(name: &str, blocks: Blocks, shape: &[usize], out: &mut dyn Write) -> Result<()> {
    let mut random = Stream::new(name);
    let row_bytes = shape[1] / blocks.dtype().block_size() * blocks.dtype().type_size();
    let mut rows = vec![0; PIECE.div_ceil(row_bytes) * row_bytes];
    let mut left = shape[0] * row_bytes;
    while left > 0 {
        let piece = left.min(rows.len());
        for row in rows[..piece].chunks_exact_mut(row_bytes) {
            blocks.fill(row, &mut random);
        }
        out.write_all(&rows[..piece])?;
        left -= piece;
    }
    Ok(())
}

/// Returns the metadata that a converted Llama 3.2 has, except for its origin.
fn metadata(shape: &Shape) -> Result<Vec<(String, Value)>> {
    const MOSTLY_Q4_K_M: i64 = 15;
    let text = |text: &str| Value::Text(text.to_owned());
    let int = |int: usize| Value::Int(int as i64);
    let vocabulary = Vocabulary::new(shape.name, shape.ordinary_tokens, shape.merges)?;
    let special = |at: usize| int(shape.ordinary_tokens + at);
    let kinds = (0..shape.vocab()).map(|id| if id < shape.ordinary_tokens { 1 } else { 3 });
    let all = [
        ("general.architecture", text("llama")),
        ("general.type", text("model")),
        ("general.name", text(&format!("{} (random weights)", shape.name))),
        ("general.size_label", text(shape.size_label)),
        ("llama.block_count", int(shape.layers)),
        ("llama.context_length", int(shape.context)),
        ("llama.embedding_length", int(shape.width)),
        ("llama.feed_forward_length", int(shape.ffn)),
        ("llama.attention.head_count", int(shape.heads)),
        ("llama.attention.head_count_kv", int(shape.kv_heads)),
        ("llama.rope.freq_base", Value::Float(f64::from(shape.rope_base))),
        ("llama.attention.layer_norm_rms_epsilon", Value::Float(f64::from(shape.epsilon))),
        ("llama.attention.key_length", int(shape.head_dim)),
        ("llama.attention.value_length", int(shape.head_dim)),
        ("general.file_type", Value::Int(MOSTLY_Q4_K_M)),
        ("llama.vocab_size", int(shape.vocab())),
        ("llama.rope.dimension_count", int(shape.head_dim)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("llama-bpe")),
        ("tokenizer.ggml.tokens", Value::Strings(vocabulary.pieces.iter().cloned().chain(specials()).collect())),
        ("tokenizer.ggml.token_type", Value::Ints(kinds.collect())),
        ("tokenizer.ggml.merges", Value::Strings(vocabulary.merges().collect())),
        ("tokenizer.ggml.bos_token_id", special(BEGIN_OF_TEXT)),
        ("tokenizer.ggml.eos_token_id", special(END_OF_TURN)),
        ("tokenizer.chat_template", text(CHAT_TEMPLATE)),
        ("general.quantization_version", Value::Int(2)),
    ];
    Ok(all.map(|(key, value)| (key.to_owned(), value)).into())
}

#[cfg(test)]
mod tests {
    use super::super::shape::SMALL;
    use super::*;
    use crate::decoder::cpu::Mode;
    use crate::engine::Engine;

    #[test]
    fn a_small_model_loads_and_its_logits_depend_on_the_prompt() {
        let mut file = Vec::new();
        write(&SMALL, &mut file).unwrap();
        let mut engine = pollster::block_on(Engine::load(&&file[..], None, Mode::Exact, 64, &mut |_, _| {})).unwrap();
        let mut logits = |text: &str| {
            let ids = engine.tokenizer.encode_with_bos(text).unwrap();
            assert_eq!(ids[0], 700, "it begins with <|begin_of_text|>");
            engine.logits(&ids).unwrap()
        };
        let (one, other) = (logits("the weather"), logits("the other"));
        for logits in [&one, &other] {
            let n = logits.len() as f32;
            let deviation = (logits.iter().map(|x| x * x).sum::<f32>() / n).sqrt();
            // 1.5 is what weights and norms are made for; norms, few rows and few layers make it that uncertain.
            assert!((0.75..3.0).contains(&deviation), "{deviation}");
        }
        let difference = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference > 0.5, "{difference}");
    }
}
