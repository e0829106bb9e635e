//! What `gist` says to bad input: one line, exit code 2, and never a panic.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "common/program.rs"]
mod program;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gist::adapters::low_rank::Target;
use program::{Bench, gist, refuses};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

fn refuses_model(path: &Path, message: &str) {
    refuses(&["logits", path.to_str().unwrap(), "--prompt", "th"], b"", message);
}

/// Replaces the bytes of `from`, which has to occur, by those of `to`, as long.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
}

#[test]
fn broken_model_files() {
    let bench = Bench::new();
    let good = std::fs::read(bench.model("tiny-llama-q8_0")).unwrap();
    let spoilt = |name: &str, spoil: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        spoil(&mut bytes);
        bench.write(&format!("{name}.gguf"), &bytes)
    };
    // Name, two dimensions, then the type and the offset of a tensor.
    let entry =
        |bytes: &[u8], name: &str| bytes.windows(name.len()).position(|w| w == name.as_bytes()).unwrap() + name.len();

    let absent = bench.path("absent.gguf");
    let error = std::fs::File::open(&absent).unwrap_err(); // whose words are the system's
    refuses_model(&absent, &format!("absent.gguf: {error}"));
    refuses_model(&bench.write("text.gguf", b"Ana: hello\n"), "this is not a GGUF file");
    refuses_model(&bench.write("empty.gguf", b""), "this is not a GGUF file");
    refuses_model(&spoilt("header", &|b| b.truncate(3000)), "truncated, download it again");
    refuses_model(&spoilt("data", &|b| b.truncate(b.len() - 5000)), "the file is truncated, download it again");
    refuses_model(
        &spoilt("type", &|b| {
            let at = entry(b, "blk.1.attn_k.weight") + 4 + 16;
            b[at] = 16;
        }),
        "tensor blk.1.attn_k.weight has type IQ2_XXS, which is not supported",
    );
    refuses_model(
        &spoilt("architecture", &|b| {
            replace(
                b,
                b"architecture\x08\0\0\0\x05\0\0\0\0\0\0\0llama",
                b"architecture\x08\0\0\0\x05\0\0\0\0\0\0\0bloom",
            );
        }),
        "architecture bloom is not supported; use a model of gemma3, llama, qwen2",
    );
    refuses_model(
        &spoilt("overflow", &|b| {
            let at = entry(b, "blk.1.attn_k.weight") + 4;
            b[at..at + 16].copy_from_slice(&[0xff; 16]);
        }),
        "tensor blk.1.attn_k.weight has an impossible size",
    );
    refuses_model(
        &spoilt("huge", &|b| {
            let at = entry(b, "blk.1.attn_k.weight") + 4 + 8;
            b[at..at + 8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        }),
        "tensor blk.1.attn_k.weight reaches past the end of the file",
    );
    refuses_model(&spoilt("count", &|b| b[8..16].fill(0x7f)), "tensor count is 9187201950435737471, more than");
    refuses_model(
        &spoilt("layers", &|b| {
            let at = entry(b, "llama.block_count") + 4;
            b[at..at + 4].copy_from_slice(&10_000_u32.to_le_bytes());
        }),
        "llama.block_count is 10000, but the file lists",
    );
    refuses_model(
        &spoilt("tokenizer", &|b| replace(b, b"tokenizer.ggml.tokens", b"tokenizer.ggml.tokenX")),
        "the file has no tokenizer (metadata key tokenizer.ggml.tokens is missing)",
    );
    refuses_model(
        &spoilt("missing", &|b| replace(b, b"blk.1.attn_k.weight", b"blk.1.attn_X.weight")),
        "tensor blk.1.attn_k.weight is missing",
    );
    refuses(&["bench", "gpt-5"], b"", "there is no model gpt-5");
    refuses(&["bench", "--method", "magic"], b"", "there is no method magic; use one of zero-shot, primary");
    let out = bench.path("out.gguf");
    let message =
        "there is no synthetic model llama-3.2-3b; names are llama-3.2-1b, each with -primary, -secondary, -projection";
    refuses(&["synth", "llama-3.2-3b", "--out", out.to_str().unwrap()], b"", message);
    assert!(!out.exists(), "nothing half-written is left behind");
    refuses(&["explain"], b"", "unrecognized subcommand 'explain'; see gist --help");
    refuses(&["import"], b"", "the following required arguments were not provided: <CHAT>; see gist --help");
}

/// Writes a PEFT adapter of rank 2 for `WIDTH × WIDTH` queries and returns its folder.
fn peft(bench: &Bench, name: &str, width: usize, value: f32, peft_config: &str) -> PathBuf {
    let folder = bench.path(name);
    std::fs::create_dir(&folder).unwrap();
    let data: Vec<u8> = (0..2 * width).flat_map(|i| if i == 7 { value } else { 0.01 }.to_le_bytes()).collect();
    let key = |half: &str| format!("base_model.model.model.layers.0.self_attn.{}.{half}.weight", Target::Q.hf_name());
    let tensors = [
        (key("lora_A"), TensorView::new(Dtype::F32, vec![2, width], &data).unwrap()),
        (key("lora_B"), TensorView::new(Dtype::F32, vec![width, 2], &data).unwrap()),
    ];
    std::fs::write(folder.join("adapter_model.safetensors"), safetensors::serialize(tensors, None).unwrap()).unwrap();
    let peft_config = format!(r#"{{"peft_type":"LORA","r":2,"lora_alpha":4{peft_config}}}"#);
    std::fs::write(folder.join("adapter_config.json"), peft_config).unwrap();
    folder
}

#[test]
fn broken_adapters() {
    let bench = Bench::new();
    let model = bench.model("tiny-llama-f32");
    let logits = |adapter: &Path, input: &str| {
        let (model, adapter) = (model.to_str().unwrap().to_owned(), adapter.to_str().unwrap().to_owned());
        refuses(&["logits", &model, "--prompt", "th", "--adapter", &adapter], b"", input);
    };
    let good = peft(&bench, "good", 256, 0.01, "");
    let arguments = ["logits", model.to_str().unwrap(), "--prompt", "th", "--adapter", good.to_str().unwrap()];
    assert!(gist(&arguments, b"").status.success(), "a good adapter is used");

    logits(
        &peft(&bench, "other", 640, 0.01, ""),
        "layers.0.self_attn.q_proj has A [2, 640] and B [640, 2] where the model needs [2, 256] and [256, 2]",
    );
    logits(&peft(&bench, "nan", 256, f32::NAN, ""), "q_proj has NaN at element 7; the adapter is broken");
    for (name, setting, message) in [
        ("dora", r#","use_dora":true"#, "it uses DoRA, which is not supported"),
        ("rslora", r#","use_rslora":true"#, "(rsLoRA), which is not supported"),
        ("ranks", r#","rank_pattern":{"q_proj":4}"#, "(rank_pattern), which is not supported"),
        ("alphas", r#","alpha_pattern":{"q_proj":4}"#, "(alpha_pattern), which is not supported"),
        ("modules", r#","modules_to_save":["lm_head"]"#, "(modules_to_save), which is not supported"),
        ("bias", r#","bias":"all""#, "it trains biases"),
        ("layers", r#","layer_replication":[[0,2]]"#, "(layer_replication), which is not supported"),
        ("pissa", r#","init_lora_weights":"pissa_niter_4""#, "it starts from pissa_niter_4, which changes the base"),
    ] {
        logits(&peft(&bench, name, 256, 0.01, setting), message);
    }
    let broken = good.join("adapter_model.safetensors");
    std::fs::write(&broken, &std::fs::read(&broken).unwrap()[..500]).unwrap();
    logits(&good, "adapter_model.safetensors cannot be read");
    logits(&model, "not a LoRA; give a LoRA adapter");
}

#[test]
fn unusable_chats() {
    let bench = Bench::new();
    let model = bench.model("tiny-qwen2-q8_0");
    let summarize = |extra: &[&'static str]| {
        let mut arguments = vec!["summarize", "-", "--model", model.to_str().unwrap()];
        arguments.extend(extra);
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let refuses = |extra: &[&'static str], input: &[u8], message: &str| {
        let arguments = summarize(extra);
        refuses(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), input, message);
    };
    refuses(&["--to", "es"], b"\n \n", "the conversation is empty; give lines of the form `Name: text`");
    refuses(&["--to", "es"], b"Ana: \xff\xfe", "is not UTF-8 text");
    refuses(&["--to", "xx"], b"Ana: hi", "language xx is not known; use one of en, es, fr, de");
    // A baked file gives the projection without any LoRA, so it is the projection that is missed.
    let english = ["--from", "en", "--to", "es"];
    refuses(&english, b"Ana: hi", "no projection from en to es is installed for this model; add one");
    refuses(
        &[&english[..], &["--method", "zero-shot", "--top-k", "0"]].concat(),
        b"Ana: hi",
        "top-k is 0; 1 to 64 are possible",
    );

    // One message that is longer than the context is no error: it is read in parts, and that is said.
    let short_answer = ["--to", "es", "--method", "zero-shot", "--max-tokens", "4"];
    let arguments = summarize(&short_answer);
    let long = format!("Ana: {}", "th ".repeat(2000));
    let output = gist(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), long.as_bytes());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("reading part 1 of 10"), "{text}");

    // Nor are five megabytes. All of it would take long; that reading begins is enough here.
    let chat = "Ana: that is the thing with the weather\n".repeat(125_000);
    assert!(chat.len() >= 5_000_000);
    let file = bench.write("chat.txt", chat.as_bytes());
    let mut child = Command::new(env!("CARGO_BIN_EXE_gist"))
        .args(arguments.iter().map(|argument| if argument == "-" { file.to_str().unwrap() } else { argument }))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("gist: reading part 1 of "), "{line}");
}
