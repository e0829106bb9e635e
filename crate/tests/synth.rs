//! `gist synth llama-3.2-1b`: as large as the published file, of the same types, its tokenizer works, and adapters fit
//! it. No file is written to disk: of the model its header is kept, the rest is counted and hashed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod heap;

use std::collections::BTreeMap;
use std::io::{Result, Write};
use std::sync::OnceLock;

use candle_core::quantized::GgmlDType;
use gist::adapters::read_gguf;
use gist::files::gguf::Header;
use gist::files::source::Source;
use gist::methods::projection::Projection;
use gist::model::config::{Activation, ModelConfig, RopeStyle};
use gist::model::prompt::{Task, Template};
use gist::model::tokenizer::Tokenizer;
use gist::synth;
use sha2::{Digest, Sha256};

const NAME: &str = "llama-3.2-1b";
/// More than the header, which has 7.8 MB.
const KEPT: usize = 8 << 20;

/// A file of which only the first bytes are kept.
struct Head {
    bytes: Vec<u8>,
    length: u64,
    sha256: Sha256,
}

impl Write for Head {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let room = (KEPT - self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.length += bytes.len() as u64;
        self.sha256.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Source for Head {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> gist::error::Result<()> {
        (&self.bytes[..]).read(offset, buffer).await
    }
}

/// The model, written once for all tests, and the MiB that it took at most.
fn file() -> &'static (Head, f64) {
    static FILE: OnceLock<(Head, f64)> = OnceLock::new();
    FILE.get_or_init(|| {
        let mut head = Head { bytes: Vec::with_capacity(KEPT), length: 0, sha256: Sha256::new() };
        let ((), peak) = heap::peak(|| synth::write(NAME, &mut head).unwrap());
        (head, peak)
    })
}

fn header() -> Header {
    pollster::block_on(Header::read(&file().0)).unwrap()
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_metadata(&mut header().metadata).unwrap()
}

#[test]
fn it_is_as_large_as_the_published_file_and_the_same_each_time() {
    let (head, peak) = file();
    println!("{} bytes, {peak:.1} MiB of memory", head.length);
    assert!(head.length.abs_diff(807_694_464) < 807_694_464 / 1000, "{} bytes", head.length);
    assert!(*peak < 48.0, "{peak:.1} MiB of memory were used to write it");
    let sha256 = gist::hash::hex(&head.sha256.clone().finalize());
    let before = "ad9572014e68f655c7f9288dbef8984cda42f4a68449fe8cb0f6dc2a601c286b";
    assert_eq!(sha256, before, "the name no longer gives the bytes it gave before");
}

#[test]
fn adapters_fit_the_model_and_are_the_same_each_time() {
    let config = ModelConfig::from_header(&header()).unwrap();
    let before = [
        ("primary", 23_968_832, "ea3640621ae7d3eed78e8d7bdf3c2d75abb46bd28e7178b2df705d48c034b1e3"),
        ("secondary", 23_968_832, "878593f0adbdc0462718b188c9f6f3a2c9afa8539248b06c3b20f9c23eab719b"),
        ("projection", 410_264, "f95586d42ab1decfb2158a294a655bae743f47e1db83cbd275a71bb344e276f3"),
    ];
    for (name, bytes, sha256) in before {
        let mut file = Vec::new();
        synth::write(&format!("{NAME}-{name}"), &mut file).unwrap();
        assert_eq!((file.len(), gist::hash::sha256(&file).as_str()), (bytes, sha256), "{name}");
        if name == "projection" {
            assert_eq!(Projection::read(name, &file, &config).unwrap().s, 4);
        } else {
            let lora = pollster::block_on(read_gguf(name, &file, &config)).unwrap();
            assert_eq!((lora.rank, lora.scale, lora.parameters()), (32, 0.25, 22_544_384));
        }
    }
}

#[test]
fn the_engine_reads_the_published_dimensions() {
    let config = ModelConfig {
        arch: "llama".to_owned(),
        layers: 16,
        hidden_size: 2048,
        heads: 32,
        kv_heads: 8,
        head_dim: 64,
        intermediate_size: 8192,
        vocab_size: 128_256,
        context: 131_072,
        epsilon: 1e-5,
        rope_style: RopeStyle::Interleaved,
        rope_base: 500_000.0,
        rope_base_local: 500_000.0,
        rope_scale: 1.0,
        rope_factors: true,
        window: None,
        global_every: 1,
        activation: Activation::Silu,
        embedding_scale: 1.0,
        attention_scale: 0.125,
        qk_norm: false,
        post_norm: false,
        qkv_bias: false,
        tied: true,
    };
    assert_eq!(ModelConfig::from_header(&header()).unwrap(), config);
}

#[test]
fn tensors_have_the_published_types() {
    let tensors = header().tensors;
    let of = |dtype| tensors.iter().filter(move |(_, info)| info.dtype == dtype).map(|(name, _)| name.as_str());
    let counts = [GgmlDType::F32, GgmlDType::Q4K, GgmlDType::Q6K].map(|dtype| of(dtype).count());
    assert_eq!((tensors.len(), counts), (147, [34, 96, 17]));
    let mut q6: Vec<String> = vec!["token_embd.weight".to_owned()];
    for layer in [0, 1, 4, 7, 10, 13, 14, 15] {
        q6.extend(["attn_v", "ffn_down"].map(|part| format!("blk.{layer}.{part}.weight")));
    }
    q6.sort();
    assert_eq!(of(GgmlDType::Q6K).collect::<Vec<_>>(), q6);
    assert!(of(GgmlDType::F32).all(|name| name.contains("norm") || name == "rope_freqs.weight"));

    let shape = |name: &str| (tensors[name].shape.clone(), tensors[name].bytes);
    let expected = [
        ("rope_freqs", vec![32], 128),
        ("token_embd", vec![128_256, 2048], 215_470_080),
        ("output_norm", vec![2048], 8192),
        ("blk.2.attn_norm", vec![2048], 8192),
        ("blk.2.attn_q", vec![2048, 2048], 2_359_296),
        ("blk.2.attn_k", vec![512, 2048], 589_824),
        ("blk.2.attn_v", vec![512, 2048], 589_824),
        ("blk.4.attn_v", vec![512, 2048], 860_160),
        ("blk.2.attn_output", vec![2048, 2048], 2_359_296),
        ("blk.2.ffn_norm", vec![2048], 8192),
        ("blk.2.ffn_gate", vec![8192, 2048], 9_437_184),
        ("blk.2.ffn_up", vec![8192, 2048], 9_437_184),
        ("blk.2.ffn_down", vec![2048, 8192], 9_437_184),
        ("blk.4.ffn_down", vec![2048, 8192], 13_762_560),
    ];
    for (name, dimensions, bytes) in expected {
        assert_eq!(shape(&format!("{name}.weight")), (dimensions, bytes), "{name}");
    }
    let last = tensors.values().map(|info| info.offset + info.bytes).max();
    assert_eq!(last, Some(file().0.length));
}

#[test]
fn the_vocabulary_is_like_llamas() {
    let metadata = header().metadata;
    let tokens = metadata.strings("tokenizer.ggml.tokens").unwrap().unwrap();
    let merges = metadata.strings("tokenizer.ggml.merges").unwrap().unwrap();
    assert_eq!((tokens.len(), merges.len()), (128_256, 280_147));
    let control = metadata.ints("tokenizer.ggml.token_type").unwrap().unwrap().iter().filter(|kind| **kind == 3);
    assert_eq!(control.count(), 256);

    let ordinary = || tokens.iter().take(128_000);
    let mean = |lengths: &mut dyn Iterator<Item = usize>| lengths.sum::<usize>() as f64;
    let bytes = mean(&mut ordinary().map(|token| token.chars().count())) / 128_000.0;
    let text = mean(&mut ordinary().map(str::len)) / 128_000.0;
    let merge = mean(&mut merges.iter().map(str::len)) / 280_147.0;
    let spaced = ordinary().filter(|token| token.starts_with('Ġ')).count() as f64 / 128_000.0;
    println!("{bytes:.2} bytes and {text:.2} bytes of text a token, {merge:.2} a merge, {spaced:.3} with a space");
    // Counted in Llama 3's vocabulary: 6.49, 8.33, 10.58, 0.452.
    for (is, published) in [(bytes, 6.49), (text, 8.33), (merge, 10.58), (spaced, 0.452)] {
        assert!((is / published - 1.0_f64).abs() < 0.1, "{is:.3} instead of {published}");
    }
    let mut lengths = BTreeMap::new();
    ordinary().for_each(|token| *lengths.entry(token.chars().count()).or_insert(0) += 1);
    for (length, published) in [(3, 15_369), (4, 18_557), (6, 19_356), (10, 5_708), (15, 763)] {
        assert!((f64::from(lengths[&length]) / f64::from(published) - 1.0).abs() < 0.15, "{lengths:?}");
    }
}

#[test]
fn the_tokenizer_is_built_in_little_memory() {
    let mut metadata = header().metadata;
    let (tokenizer, peak) = heap::peak(|| Tokenizer::from_metadata(&mut metadata).unwrap());
    drop(metadata);
    let held = heap::held(tokenizer);
    println!("{held:.1} MiB held, at most {peak:.1} MiB on top of the metadata meanwhile");
    // 8.5 MiB are the table of merges: 2^19 slots of 17 bytes, the least that is not more than seven eighths full.
    assert!(held < 14.0 && peak < 14.0, "{held:.1} MiB held, {peak:.1} MiB on top");
}

#[test]
fn text_comes_back_and_words_are_joined() {
    let tokenizer = tokenizer();
    let text = "Ana: ¿quedamos a las 17:30?  Übrigens, “l'été” isn't over 😀\n\nBen: sure, see you at the station then.\t見る привет\n";
    let ids = tokenizer.encode(text).unwrap();
    let mut decoder = tokenizer.decoder();
    let mut back: String = ids.iter().map(|id| decoder.push(*id)).collect();
    back.push_str(&decoder.finish());
    assert_eq!(back, text);
    let english = "the weather is nice and we are going to meet at the station this afternoon";
    let ids = tokenizer.encode(english).unwrap();
    assert!(ids.len() * 2 < english.len(), "{} tokens for {} letters", ids.len(), english.len());
}

#[test]
fn special_tokens_and_the_chat_format_are_llamas() {
    let metadata = header().metadata;
    let template = Template::Chat(metadata.text("tokenizer.chat_template").unwrap().unwrap().to_owned());
    let tokenizer = tokenizer();
    assert_eq!((tokenizer.bos(), tokenizer.bos_piece()), (Some(128_000), "<|begin_of_text|>"));
    assert!(tokenizer.is_end(128_009) && tokenizer.is_end(128_001) && !tokenizer.is_end(128_006));
    for (piece, id) in [("<|start_header_id|>", 128_006), ("<|reserved_special_token_247|>", 128_255)] {
        assert_eq!(tokenizer.id(piece), Some(id));
    }
    let ids =
        template.encode(&Task::summary("en", "en").unwrap().instruction().unwrap(), "Ana: hi", &tokenizer).unwrap();
    let expected = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n\
                    Today Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nSummarize the \
                    following text.\n\nAna: hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
    assert_eq!(ids, tokenizer.encode(expected).unwrap());
}
