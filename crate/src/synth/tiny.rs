//! Models of a few megabytes with every feature of an architecture. The goldens of tests are what reference
//! implementations computed from them; the files need not be kept, since they can be written again.

use std::io::Write;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::bytes::byte_characters;
use crate::error::Result;
use crate::files::gguf::{self, Value};
use crate::random::random;

/// Dimensions of every tiny model.
const LAYERS: usize = 4;
const WIDTH: usize = 256; // K-quants have blocks of 256
const HEADS: usize = 8;
const KV_HEADS: usize = 2;
const HEAD_DIM: usize = 32;
const FFN: usize = 512;
const WINDOW: i64 = 16;
const CONTEXT: i64 = 512;

/// Types that matrices can be written in.
pub const TYPES: [(&str, GgmlDType); 11] = [
    ("f32", GgmlDType::F32),
    ("f16", GgmlDType::F16),
    ("bf16", GgmlDType::BF16),
    ("q4_0", GgmlDType::Q4_0),
    ("q4_1", GgmlDType::Q4_1),
    ("q5_0", GgmlDType::Q5_0),
    ("q5_1", GgmlDType::Q5_1),
    ("q8_0", GgmlDType::Q8_0),
    ("q4_k", GgmlDType::Q4K),
    ("q5_k", GgmlDType::Q5K),
    ("q6_k", GgmlDType::Q6K),
];

/// Architectures, each with the features that only it has: `llama` with `rope_freqs` and a head of its own, `qwen2`
/// with biases, `gemma3` with norms on q and k, norms after each block and a window of 16.
pub const ARCHITECTURES: [&str; 3] = ["llama", "qwen2", "gemma3"];

/// Returns the architecture and the type in `tiny-ARCHITECTURE-TYPE`; `None` if `name` is not of that form.
pub(super) fn parse(name: &str) -> Option<(&'static str, GgmlDType)> {
    let (arch, dtype) = name.strip_prefix("tiny-")?.split_once('-')?;
    let arch = ARCHITECTURES.into_iter().find(|known| *known == arch)?;
    Some((arch, TYPES.iter().find(|(known, _)| *known == dtype)?.1))
}

/// Writes the model of architecture `arch` whose matrices are in `dtype`.
pub(super) fn write<W: Write>(name: &str, arch: &str, dtype: GgmlDType, out: &mut W) -> Result<()> {
    let metadata = metadata(name, arch);
    let tensors = tensors(arch, dtype);
    let entries: Vec<gguf::Entry<'_>> = tensors
        .iter()
        .map(|tensor| gguf::Entry { name: &tensor.name, shape: &tensor.shape, dtype: tensor.dtype })
        .collect();
    gguf::write(out, gguf::Version::V2, &metadata, &entries, |i, out| {
        Ok(out.write_all(&tensors[i].quantised()?.data()?)?)
    })
}

/// Returns the metadata of the model `name`.
fn metadata(name: &str, arch: &str) -> Vec<(String, Value)> {
    let gemma = arch == "gemma3";
    let text = |text: &str| Value::Text(text.to_owned());
    let mut all = vec![
        ("general.architecture".to_owned(), text(arch)),
        ("general.type".to_owned(), text("model")),
        ("general.name".to_owned(), text(name)),
    ];
    let mut own = |key: &str, value: Value| all.push((format!("{arch}.{key}"), value));
    own("block_count", Value::Int(LAYERS as i64));
    own("embedding_length", Value::Int(WIDTH as i64));
    own("feed_forward_length", Value::Int(FFN as i64));
    own("attention.head_count", Value::Int(HEADS as i64));
    own("attention.head_count_kv", Value::Int(KV_HEADS as i64));
    own("attention.key_length", Value::Int(HEAD_DIM as i64));
    own("attention.value_length", Value::Int(HEAD_DIM as i64));
    own("attention.layer_norm_rms_epsilon", Value::Float(if gemma { 1e-6 } else { 1e-5 }));
    own("rope.freq_base", Value::Float(if gemma { 1e6 } else { 1e4 }));
    own("context_length", Value::Int(CONTEXT));
    if gemma {
        own("attention.sliding_window", Value::Int(WINDOW));
    }
    let pieces = pieces(gemma);
    let kinds = pieces.iter().map(|piece| match piece.as_str() {
        "<unk>" => 2,
        piece if piece.starts_with("<0x") => 6,
        piece if piece.starts_with('<') && piece.len() > 1 => 3,
        _ => 1,
    });
    let mut tokenizer = |key: &str, value: Value| all.push((format!("tokenizer.ggml.{key}"), value));
    tokenizer("token_type", Value::Ints(kinds.collect()));
    tokenizer("model", text(if gemma { "llama" } else { "gpt2" }));
    if gemma {
        tokenizer("scores", Value::Floats((0..pieces.len()).map(|i| -(i as f32)).collect()));
    } else {
        tokenizer("pre", text("gpt-2"));
        tokenizer("merges", Value::Strings(["t h"].into_iter().collect()));
    }
    tokenizer("tokens", Value::Strings(pieces.into_iter().collect()));
    tokenizer("bos_token_id", Value::Int(1));
    tokenizer("eos_token_id", Value::Int(2));
    all
}

/// Returns the vocabulary: three special tokens, every byte, and one word.
fn pieces(gemma: bool) -> Vec<String> {
    let mut pieces: Vec<String> = ["<unk>", "<bos>", "<eos>"].map(str::to_owned).into();
    if gemma {
        pieces.extend((0..=255).map(|byte| format!("<0x{byte:02X}>")));
    } else {
        pieces.extend(byte_characters().map(String::from));
    }
    pieces.push("th".to_owned());
    pieces
}

/// A tensor of random values around `centre`, at most `spread` away.
struct RandomTensor {
    name: String,
    /// Slowest dimension first.
    shape: Vec<usize>,
    dtype: GgmlDType,
    centre: f32,
    spread: f32,
}

impl RandomTensor {
    /// Makes and quantises the values, which depend on the name.
    fn quantised(&self) -> Result<QTensor> {
        let values = random(&self.name, self.shape.iter().product(), self.centre, self.spread);
        Ok(QTensor::quantize(&Tensor::from_vec(values, &self.shape[..], &Device::Cpu)?, self.dtype)?)
    }
}

/// Lists the tensors of a model of architecture `arch` whose matrices are in `dtype`.
fn tensors(arch: &str, dtype: GgmlDType) -> Vec<RandomTensor> {
    let (gemma, vocab) = (arch == "gemma3", pieces(arch == "gemma3").len());
    let mut tensors = Vec::new();
    let mut add = |name: String, shape: &[usize], dtype: GgmlDType, centre: f32, spread: f32| {
        tensors.push(RandomTensor { name, shape: shape.to_vec(), dtype, centre, spread });
    };
    let matrix = |k: usize| (dtype, 0.0, 2.0 / (k as f32).sqrt());
    let (q, kv) = (HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM);
    let mut matrices = vec![("token_embd.weight".to_owned(), vocab, WIDTH)];
    let mut vectors = vec![("output_norm.weight".to_owned(), WIDTH)];
    if arch == "llama" {
        matrices.push(("output.weight".to_owned(), vocab, WIDTH));
        add("rope_freqs.weight".to_owned(), &[HEAD_DIM / 2], GgmlDType::F32, 3.0, 2.0);
    }
    for i in 0..LAYERS {
        let name = |part: &str| format!("blk.{i}.{part}");
        for (part, d, k) in [
            ("attn_q", q, WIDTH),
            ("attn_k", kv, WIDTH),
            ("attn_v", kv, WIDTH),
            ("attn_output", WIDTH, q),
            ("ffn_gate", FFN, WIDTH),
            ("ffn_up", FFN, WIDTH),
            ("ffn_down", WIDTH, FFN),
        ] {
            matrices.push((name(part) + ".weight", d, k));
        }
        vectors.extend([(name("attn_norm.weight"), WIDTH), (name("ffn_norm.weight"), WIDTH)]);
        if gemma {
            vectors.extend([(name("attn_q_norm.weight"), HEAD_DIM), (name("attn_k_norm.weight"), HEAD_DIM)]);
            vectors.extend([(name("post_attention_norm.weight"), WIDTH), (name("post_ffw_norm.weight"), WIDTH)]);
        }
        if arch == "qwen2" {
            for (part, n) in [("attn_q", q), ("attn_k", kv), ("attn_v", kv)] {
                add(name(part) + ".bias", &[n], GgmlDType::F32, 0.0, 0.5);
            }
        }
    }
    for (name, n) in vectors {
        add(name, &[n], GgmlDType::F32, 1.0, 0.3);
    }
    for (name, d, k) in matrices {
        let (dtype, centre, spread) = matrix(k);
        add(name, &[d, k], dtype, centre, spread);
    }
    tensors
}
