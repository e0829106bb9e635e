//! Adapters and correction files that were made to do harm: each is refused with one line, exit code 2.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "common/program.rs"]
mod program;

use std::io::Cursor;
use std::path::PathBuf;

use common::{adapter, tiny};
use gist::adapters::low_rank::Target;
use gist::adapters::write_gguf;
use gist::model::config::ModelConfig;
use program::{Bench, gist, refuses};

/// A safetensors file whose header is `header`, whatever that says.
fn raw_safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// One tensor: key, type, shape, data.
type Entry<'a> = (String, &'a str, Vec<usize>, Vec<u8>);

fn f32_entry(key: &str, shape: &[usize], values: impl Fn(usize) -> f32) -> Entry<'static> {
    let data = (0..shape.iter().product()).flat_map(|i| values(i).to_le_bytes()).collect();
    (key.to_owned(), "F32", shape.to_vec(), data)
}

/// A safetensors file of `entries`, of which two may have the same key.
fn safetensors(metadata: &str, entries: &[Entry]) -> Vec<u8> {
    let mut header = vec![format!(r#""__metadata__":{metadata}"#)];
    let mut data = Vec::new();
    for (key, dtype, shape, bytes) in entries {
        let (start, end) = (data.len(), data.len() + bytes.len());
        header.push(format!(r#""{key}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
        data.extend_from_slice(bytes);
    }
    raw_safetensors(&format!("{{{}}}", header.join(",")), &data)
}

fn lora_key(layer: usize, half: &str) -> String {
    format!("base_model.model.model.layers.{layer}.self_attn.q_proj.{half}.weight")
}

/// A and B of rank 2 for the queries of a tiny model's layer.
fn lora(layer: usize, b: impl Fn(usize) -> f32) -> Vec<Entry<'static>> {
    vec![
        f32_entry(&lora_key(layer, "lora_A"), &[2, 256], |_| 0.01),
        f32_entry(&lora_key(layer, "lora_B"), &[256, 2], b),
    ]
}

const CONFIG: &str = r#"{"peft_type":"LORA","r":2,"lora_alpha":4}"#;

#[test]
fn peft_folders() {
    let bench = Bench::new();
    let model = bench.model("tiny-llama-f32");
    let mut number = 0;
    let mut folder = |peft_config: &str, tensors: &[u8]| {
        number += 1;
        let folder = bench.path(&format!("adapter{number}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("adapter_config.json"), peft_config).unwrap();
        std::fs::write(folder.join("adapter_model.safetensors"), tensors).unwrap();
        folder
    };
    let arguments = |folder: &PathBuf| {
        ["logits", model.to_str().unwrap(), "--prompt", "th", "--adapter", folder.to_str().unwrap()].map(str::to_owned)
    };
    let good = safetensors("{}", &lora(1, |_| 0.01));
    let accepted = arguments(&folder(CONFIG, &good));
    assert!(gist(&accepted.each_ref().map(String::as_str), b"").status.success(), "a good adapter is used");
    let mut refused = |peft_config: &str, tensors: &[u8], message: &str| {
        refuses(&arguments(&folder(peft_config, tensors)).each_ref().map(String::as_str), b"", message);
    };

    // Tensors.
    let huge = |shape: &str, end: &str| {
        let header =
            format!(r#"{{"{}":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#, lora_key(0, "lora_A"));
        raw_safetensors(&header, &[0; 8])
    };
    refused(CONFIG, &huge("[4294967296,4294967296]", "8"), "adapter_model.safetensors cannot be read");
    refused(CONFIG, &huge("[1099511627776]", "4398046511104"), "adapter_model.safetensors cannot be read");
    refused(CONFIG, &u64::MAX.to_le_bytes(), "adapter_model.safetensors cannot be read");
    refused(CONFIG, &good[..good.len() - 1], "adapter_model.safetensors cannot be read");
    refused(CONFIG, &raw_safetensors(&"[".repeat(100_000), b""), "adapter_model.safetensors cannot be read");
    refused(CONFIG, &safetensors("{}", &lora(9999, |_| 0.01)), "is of layer 9999, but the model has 4 layers");
    let layers = (0..10_000).flat_map(|layer| {
        [
            f32_entry(&lora_key(layer, "lora_A"), &[0, 256], |_| 0.0),
            f32_entry(&lora_key(layer, "lora_B"), &[256, 0], |_| 0.0),
        ]
    });
    refused(CONFIG, &safetensors("{}", &layers.collect::<Vec<_>>()), "adapter ");
    for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        let broken = safetensors("{}", &lora(0, |i| if i == 3 { value } else { 0.01 }));
        refused(
            CONFIG,
            &broken,
            &format!("B of base_model.model.model.layers.0.self_attn.q_proj has {value} at element 3"),
        );
    }
    let mut wrong_type = lora(0, |_| 0.01);
    wrong_type[0].1 = "I32";
    refused(CONFIG, &safetensors("{}", &wrong_type), "lora_A.weight has type I32; F32, F16 and BF16 are supported");
    let twice: Vec<Entry> = lora(0, |_| 0.01).into_iter().chain(lora(0, |_| 0.02)).collect();
    refused(CONFIG, &safetensors("{}", &twice), "lora_A.weight is listed twice");
    refused(CONFIG, &safetensors("{}", &lora(0, |_| 0.01)[..1]), "has no partner");
    let strange = [f32_entry("base_model.model.lm_head\\nlora_A.weight", &[2, 256], |_| 0.0)];
    refused(CONFIG, &safetensors("{}", &strange), "is not a LoRA matrix of a known target");

    // Configuration.
    for (peft_config, message) in [
        (
            r#"{"peft_type":"LORA","r":1000000000000,"lora_alpha":4}"#,
            "its rank is 1000000000000; 1 to 1024 are possible",
        ),
        (r#"{"peft_type":"LORA","r":0,"lora_alpha":4}"#, "its rank is 0; 1 to 1024 are possible"),
        (r#"{"peft_type":"LORA","r":-2,"lora_alpha":4}"#, "adapter_config.json cannot be read"),
        (r#"{"peft_type":"LORA","r":2,"lora_alpha":1e60}"#, "its alpha is inf"),
        (r#"{"peft_type":"LORA","r":2,"lora_alpha":4,"use_dora":true,"use_dora":false}"#, "use_dora is listed twice"),
        (r#"{"peft_type":"LORA","r":2"#, "adapter_config.json cannot be read"),
        ("", "adapter_config.json cannot be read"),
    ] {
        refused(peft_config, &good, message);
    }
    refused(&"[".repeat(100_000), &good, "adapter_config.json cannot be read");
}

#[test]
fn gguf_loras() {
    let bench = Bench::new();
    let model = bench.model("tiny-llama-f32");
    let config = tiny("tiny-llama-f32").config;
    let mut file = Cursor::new(Vec::new());
    write_gguf(&adapter("one", &config, 8), &config, &mut file).unwrap();
    let good = file.into_inner();
    let refused = |name: &str, message: &str, spoil: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        spoil(&mut bytes);
        let path = bench.write(&format!("{name}.gguf"), &bytes);
        let arguments = ["logits", model.to_str().unwrap(), "--prompt", "th", "--adapter", path.to_str().unwrap()];
        refuses(&arguments, b"", message);
    };
    let at = |bytes: &[u8], text: &str| bytes.windows(text.len()).position(|w| w == text.as_bytes()).unwrap();
    let end = |bytes: &[u8], text: &str| at(bytes, text) + text.len();
    const A: &str = "blk.1.attn_k.weight.lora_a";

    refused("alpha", "its alpha is NaN", &|b| {
        let alpha = end(b, "adapter.lora.alpha") + 4;
        b[alpha..alpha + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    refused("rank", "blk.1.attn_k.weight.lora_a reaches past the end of the file", &|b| {
        let rows = end(b, A) + 4 + 8;
        b[rows..rows + 8].copy_from_slice(&(1_u64 << 33).to_le_bytes());
    });
    refused("overflow", "blk.1.attn_k.weight.lora_a has an impossible size", &|b| {
        let shape = end(b, A) + 4;
        b[shape..shape + 16].fill(0xff);
    });
    refused("type", "blk.1.attn_k.weight.lora_a has type F64, which is not supported", &|b| {
        let dtype = end(b, A) + 4 + 16;
        b[dtype] = 28;
    });
    refused("twice", "tensor blk.1.attn_v.weight.lora_a is listed twice", &|b| {
        let name = at(b, A);
        b[name..name + A.len()].copy_from_slice(b"blk.1.attn_v.weight.lora_a");
    });
    refused("layer", "is of layer 9, but the model has 4 layers", &|b| {
        for half in ["a", "b"] {
            let name = at(b, &format!("blk.1.attn_k.weight.lora_{half}"));
            b[name + 4] = b'9';
        }
    });
    refused("partner", "tensor blk.1.attn_k.weight.lora_a is missing", &|b| {
        let name = at(b, A);
        b[name + 4] = b'9';
    });
    refused("target", "is not a LoRA matrix of a known target", &|b| {
        let name = at(b, A);
        b[name + 10] = b'\n';
    });
    refused("truncated", "the file is truncated, download it again", &|b| b.truncate(b.len() - 100));
    refused("header", "truncated, download it again", &|b| b.truncate(600));
    refused("nan", "the adapter is broken", &|b| {
        // The scale of a Q8_0 block is F16: the last blocks of the file.
        let n = b.len();
        b[n - 340..].fill(0xff);
    });
}

/// A projection's entries for a tiny model.
fn projection(config: &ModelConfig) -> Vec<Entry<'static>> {
    let shapes = gist::methods::projection::group_shapes(config);
    let group = |(k, d): (usize, usize)| {
        [f32_entry(&format!("{k}x{d}.P1"), &[4, d], |_| 0.1), f32_entry(&format!("{k}x{d}.P2"), &[d, 4], |_| 0.1)]
    };
    shapes.into_iter().flat_map(group).collect()
}

#[test]
fn correction_files() {
    let bench = Bench::new();
    let model = bench.model("tiny-llama-f32");
    let config = tiny("tiny-llama-f32").config;
    let mut number = 0;
    let mut run = |file: &[u8]| {
        number += 1;
        let path = bench.write(&format!("correction{number}.safetensors"), file);
        let fixed = ["summarize", "-", "--from", "en", "--to", "es", "--method", "zero-shot", "--max-tokens", "1"];
        let own = ["--model", model.to_str().unwrap(), "--correction", path.to_str().unwrap()];
        fixed.into_iter().chain(own).map(str::to_owned).collect::<Vec<_>>()
    };
    let good = projection(&config);
    let arguments = run(&safetensors("{}", &good));
    assert!(gist(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), b"Ana: hi").status.success());
    let mut refused = |file: &[u8], message: &str| {
        refuses(&run(file).iter().map(String::as_str).collect::<Vec<_>>(), b"Ana: hi", message);
    };
    let with = |change: &dyn Fn(&mut Vec<Entry<'static>>)| {
        let mut entries = projection(&config);
        change(&mut entries);
        safetensors("{}", &entries)
    };
    refused(&with(&|entries| drop(entries.pop())), "is missing, which this model needs");
    refused(&with(&|entries| entries.push(f32_entry("more", &[1], |_| 0.0))), "tensors where this model needs");
    refused(&with(&|entries| entries.push(entries[0].clone())), "is listed twice");
    refused(&with(&|entries| entries[0].1 = "I32"), "has type I32; F32, F16 and BF16 are supported");
    refused(&with(&|entries| entries[0].2.reverse()), "are needed");
    refused(&with(&|entries| entries[1].3[8..12].copy_from_slice(&f32::NAN.to_le_bytes())), "has NaN at element 2");
    refused(&with(&|entries| entries[1].3[..4].copy_from_slice(&f32::INFINITY.to_le_bytes())), "has inf at element 0");
    let whole = safetensors("{}", &good);
    refused(&whole[..whole.len() - 3], "cannot be read");
    refused(&whole[..20], "cannot be read");
    refused(b"", "cannot be read");
    refused(&safetensors(r#"{"method":"magic"}"#, &good), "method magic is not known");
    refused(&safetensors(r#"{"method":"calibration"}"#, &good), "q_proj.p is missing");
    refused(&safetensors(r#"{"adapters":"[{]"}"#, &good), "its list of adapters cannot be read");
    refused(
        &safetensors(r#"{"base_tensors_sha256":"00ff"}"#, &good),
        "the projection file was made for a base whose tensors have sha256 00ff, but this model's have",
    );
    let empty = with(&|entries| {
        for (_, _, shape, data) in entries.iter_mut() {
            shape.iter_mut().filter(|size| **size == 4).for_each(|size| *size = 0);
            data.clear();
        }
    });
    refused(&empty, "are needed");

    let baked = |layers: usize, metadata: &str| {
        let key = |layer: usize| format!("layers.{layer}.{}.A", Target::Down.hf_name());
        let mut entries = vec![f32_entry("512x256.B", &[256, 4], |_| 0.1)];
        entries.extend((0..layers).map(|layer| f32_entry(&key(layer), &[4, 512], |_| 0.1)));
        safetensors(metadata, &entries)
    };
    const BAKED: &str = r#"{"method":"baked"}"#;
    refused(&baked(5, BAKED), "it has 6 tensors where this model needs 5");
    refused(&baked(400, BAKED), "it has 401 tensors where this model needs 5");
    refused(&baked(0, BAKED), "it has 1 tensors where this model needs 0");
    refused(&baked(4, "{}"), "is missing, which this model needs");

    for (json, message) in [
        (
            r#"{"method":"lorahub","weights":[1e300,0],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#,
            "inf",
        ),
        (r#"{"method":"lorahub","weights":[0.1]}"#, "they cannot be read"),
        (
            r#"{"method":"ties","weights":[0,0],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#,
            "not lorahub",
        ),
    ] {
        refused(json.as_bytes(), message);
    }
}

#[test]
fn models() {
    let bench = Bench::new();
    let good = std::fs::read(bench.model("tiny-gemma3-f32")).unwrap();
    let refused = |name: &str, message: &str, key: &str, value: [u8; 4]| {
        let mut bytes = good.clone();
        let at = bytes.windows(key.len()).position(|window| window == key.as_bytes()).unwrap() + key.len() + 4;
        bytes[at..at + 4].copy_from_slice(&value);
        let path = bench.write(&format!("{name}.gguf"), &bytes);
        refuses(&["logits", path.to_str().unwrap(), "--prompt", "th"], b"", message);
    };
    let most = u32::MAX.to_le_bytes();
    refused("width", "a width of 4294967295 is beyond 1048576", "gemma3.embedding_length", most);
    refused("ffn", "a width of 4294967295 is beyond 1048576", "gemma3.feed_forward_length", most);
    refused("head", "are not supported; the three have to be one even number", "gemma3.attention.key_length", most);
    refused("heads", "query heads cannot share 2 key heads", "gemma3.attention.head_count", most);
    let heads = 0x8000_0000_u32.to_le_bytes();
    refused("heads2", "a width of 68719476736 is beyond 1048576", "gemma3.attention.head_count", heads);
    let nan = f32::NAN.to_le_bytes();
    refused("epsilon", "layer_norm_rms_epsilon is NaN; it has to be positive", "attention.layer_norm_rms_epsilon", nan);
    refused("base", "rope.freq_base is 0; it has to be positive", "gemma3.rope.freq_base", [0; 4]);
}

#[test]
fn weights_that_are_not_numbers_give_no_text() {
    let bench = Bench::new();
    let path = bench.model("tiny-llama-f32");
    let mut bytes = std::fs::read(&path).unwrap();
    let header = pollster::block_on(gist::files::gguf::Header::read(&&bytes[..])).unwrap();
    let at = header.tensor("blk.2.ffn_down.weight").unwrap().offset as usize;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let path = bench.write("nan.gguf", &bytes);
    let message = "the model computes values that are not finite";
    refuses(&["logits", path.to_str().unwrap(), "--prompt", "th"], b"", message);
    let summarize =
        ["summarize", "-", "--from", "en", "--to", "es", "--method", "zero-shot", "--model", path.to_str().unwrap()];
    refuses(&summarize, b"Ana: the weather", message);
}
