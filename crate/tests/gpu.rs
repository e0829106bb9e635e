//! Comparisons of the decoder on the GPU with the processor's exact one, on tiny random models of every architecture
//! and type, and runs through the engine. The models are small, because the GPU may be one in software.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "common/program.rs"]
#[allow(dead_code)]
mod program;

use std::io::Cursor;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gist::adapters::low_rank::LowRankPairs;
use gist::adapters::read_gguf;
use gist::adapters::{LoraAdapter, StoredPair, write_gguf};
use gist::chat::conversation::Conversation;
use gist::decoder::cpu::Mode;
use gist::decoder::executor::Backend;
use gist::decoder::gpu::device::{Gpu, adapters};
use gist::decoder::gpu::features::Options;
use gist::engine::{Engine, Event, Request};
use gist::error::{DeviceFault, Error, ErrorKind};
use gist::methods::merge;
use gist::methods::method::Method;
use gist::methods::plan::plan;
use gist::model::config::ModelConfig;
use gist::model::prompt::{Form, Task};
use gist::model::sampler::Sampling;
use gist::synth;

/// The bars of ARCHITECTURE.md on log-probabilities of the reference's 50 most probable tokens.
const F32: f64 = 0.02;
const F16: f64 = 0.1;

fn tiny(name: &str) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    synth::write(name, &mut file).unwrap();
    file.into_inner()
}

fn load(file: &[u8], backend: impl Into<Backend>) -> Engine {
    load_for(file, backend, 512)
}

fn load_for(file: &[u8], backend: impl Into<Backend>, context: usize) -> Engine {
    pollster::block_on(Engine::load(&file, None, backend, context, &mut |_, _| {})).unwrap()
}

/// Returns the GPUs of this machine, or none with `SKIP_GPU_TESTS=1`. Fails on a machine without any.
fn present() -> Vec<wgpu::Adapter> {
    if std::env::var("SKIP_GPU_TESTS").is_ok_and(|value| value == "1") {
        eprintln!("skipped because SKIP_GPU_TESTS=1");
        return Vec::new();
    }
    let adapters = pollster::block_on(adapters());
    assert!(!adapters.is_empty(), "there is no GPU; install mesa-vulkan-drivers, or set SKIP_GPU_TESTS=1");
    adapters
}

/// Returns every GPU with all its features and with as few as possible.
fn gpus() -> Vec<Rc<Gpu>> {
    let mut gpus: Vec<Rc<Gpu>> = Vec::new();
    for adapter in &present() {
        let least = Options { f16: false, subgroups: false, ..Options::default() };
        for options in [Options::default(), least] {
            let gpu = pollster::block_on(Gpu::open_adapter(adapter, options)).unwrap();
            if gpus.iter().all(|other| (&other.name, other.features) != (&gpu.name, gpu.features)) {
                gpus.push(Rc::new(gpu));
            }
        }
    }
    gpus
}

/// The GPU of number `turn`, counted in turn, or with `GPU_FULL=1` all: compiling kernels in
/// software takes most of the time.
fn some_of(gpus: Vec<Rc<Gpu>>, turn: usize) -> Vec<Rc<Gpu>> {
    let full = std::env::var("GPU_FULL").is_ok_and(|value| value == "1");
    let count = gpus.len().max(1);
    gpus.into_iter().enumerate().filter(|(i, _)| full || i % count == turn % count).map(|(_, gpu)| gpu).collect()
}

fn tokens(config: &ModelConfig, count: usize) -> Vec<u32> {
    (0..count).map(|i| ((i * 7919 + 13) % config.vocab_size) as u32).collect()
}

/// Returns an adapter, or none for rank 0.
fn adapter_of(config: &ModelConfig, rank: usize) -> Option<LoraAdapter> {
    (rank > 0).then(|| common::adapter("pairs", config, rank))
}

fn pairs<'a>(adapter: &'a Option<LoraAdapter>, config: &ModelConfig) -> LowRankPairs<'a> {
    adapter.as_ref().map_or_else(|| LowRankPairs::none(config), merge::single)
}

/// Returns the largest difference of log-probabilities over the 50 most probable tokens of `exact`.
fn difference(exact: &[f32], other: &[f32]) -> f64 {
    let (exact, other) = (common::log_probabilities(exact), common::log_probabilities(other));
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| exact[*b].total_cmp(&exact[*a]));
    order.iter().take(50).map(|id| (exact[*id] - other[*id]).abs()).fold(0.0, f64::max)
}

fn bar(gpu: &Gpu) -> f64 {
    if gpu.features.f16 { F16 } else { F32 }
}

#[test]
fn tiny_models_of_every_architecture_and_type() {
    let mut wrong = Vec::new();
    let models = synth::ARCHITECTURES.into_iter().flat_map(|arch| synth::TYPES.map(|dtype| (arch, dtype)));
    for (index, (arch, (dtype, _))) in models.enumerate() {
        let file = tiny(&format!("tiny-{arch}-{dtype}"));
        let mut exact = load(&file, Mode::Exact);
        let tokens = tokens(&exact.config, 70);
        let expected = exact.logits(&tokens).unwrap();
        // Opened anew for each model: software GPUs keep tens of megabytes for each pipeline.
        for gpu in some_of(gpus(), index / synth::TYPES.len() + index % synth::TYPES.len()) {
            let mut engine = load(&file, Backend::Gpu(gpu.clone()));
            let difference = difference(&expected, &engine.logits(&tokens).unwrap());
            println!("{arch} {dtype} on {} {:?}: {difference:.5}", gpu.name, gpu.features);
            if difference > bar(&gpu) {
                wrong.push(format!("{arch} {dtype} on {} {:?}: {difference:.5}", gpu.name, gpu.features));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reads `tokens` with `pairs` at once, then one by one, and compares with `exact`; `label` is for the message.
fn check_pairs(
    exact: &mut Engine,
    engine: &mut Engine,
    pairs: &LowRankPairs<'_>,
    tokens: &[u32],
    bar: f64,
    label: &str,
) {
    exact.set_pairs(pairs).unwrap();
    engine.set_pairs(pairs).unwrap();
    let expected = exact.logits(tokens).unwrap();
    let prefilled = engine.logits(tokens).unwrap();
    engine.reset();
    let decoded = tokens.iter().map(|id| engine.forward(&[*id]).unwrap()).last().unwrap();
    for (what, logits) in [("prefill", prefilled), ("decode", decoded)] {
        let difference = difference(&expected, &logits);
        assert!(difference < bar, "{label}, {what}: {difference}");
    }
}

#[test]
fn prefill_is_decoding_with_and_without_pairs() {
    for gpu in gpus() {
        for name in ["tiny-llama-q4_k", "tiny-qwen2-q8_0", "tiny-gemma3-q5_0"] {
            let file = tiny(name);
            let mut exact = load(&file, Mode::Exact);
            let mut engine = load(&file, Backend::Gpu(gpu.clone()));
            let tokens = tokens(&exact.config, 40);
            // Ranks go up and down, so slots are made, made larger, and used for less than they hold.
            for rank in [0, 4, 40, 6] {
                let adapter = adapter_of(&exact.config, rank);
                let pairs = pairs(&adapter, &exact.config);
                let label = format!("{name} rank {rank} on {}", gpu.name);
                check_pairs(&mut exact, &mut engine, &pairs, &tokens, bar(&gpu), &label);
            }
        }
    }
}

#[test]
fn a_longer_context_leaves_room_for_larger_pairs() {
    for gpu in gpus() {
        let mut file = tiny("tiny-llama-q4_0");
        let key = b"llama.context_length";
        let value = file.windows(key.len()).position(|bytes| bytes == key).unwrap() + key.len() + 4; // behind its type
        file[value..value + 4].copy_from_slice(&1024_u32.to_le_bytes());
        let mut exact = load(&file, Mode::Exact);
        let mut engine = load_for(&file, Backend::Gpu(gpu.clone()), 1024);
        let config = exact.config.clone();
        let adapter = adapter_of(&config, 40);
        engine.set_pairs(&pairs(&adapter, &config)).unwrap();
        engine.set_pairs(&pairs(&adapter_of(&config, 4), &config)).unwrap();
        engine.logits(&tokens(&config, 520)).unwrap(); // more than there was room for
        for engine in [&mut exact, &mut engine] {
            engine.set_pairs(&pairs(&adapter, &config)).unwrap();
        }
        let tokens = tokens(&config, 64);
        let difference = difference(&exact.logits(&tokens).unwrap(), &engine.logits(&tokens).unwrap());
        assert!(difference < bar(&gpu), "{difference} on {}", gpu.name);
    }
}

#[test]
fn every_method_does_what_it_does_on_the_processor() {
    let task = Task::summary("en", "es").unwrap();
    // Of llama, whose rows of q and k are in another order than that in which methods merge.
    let file = tiny("tiny-llama-q8_0");
    let mut exact = load(&file, Mode::Exact);
    let mut with_adapters = load(&file, Mode::Exact);
    common::add_everything(&mut with_adapters);
    let tokens = tokens(&exact.config, 24);
    let (prompt, rest) = tokens.split_at(20);
    let logits = |engine: &mut Engine, pairs: &LowRankPairs<'_>| {
        engine.set_pairs(pairs).unwrap(); // which empties the context
        engine.forward(prompt).unwrap();
        rest.iter().map(|id| engine.forward(&[*id]).unwrap()).last().unwrap()
    };
    let none = LowRankPairs::none(&exact.config);
    let base = logits(&mut exact, &none);
    for gpu in gpus() {
        let mut engine = load(&file, Backend::Gpu(gpu.clone()));
        common::add_everything(&mut engine);
        engine.reserve_pairs().unwrap();
        for method in Method::ALL {
            for (pass, generation) in
                plan(method, &task, &with_adapters.registry, &with_adapters.config).unwrap().iter().enumerate()
            {
                let expected = logits(&mut exact, &generation.pairs);
                let difference = difference(&expected, &logits(&mut engine, &generation.pairs));
                let effect = self::difference(&base, &expected);
                println!("{method}, pass {pass}, on {} {:?}: {difference:.5}", gpu.name, gpu.features);
                assert!(difference < bar(&gpu), "{method}, pass {pass}, on {}: {difference}", gpu.name);
                // Were its pairs not applied, the difference would be far beyond the bar.
                assert!(method == Method::ZeroShot || effect > 5.0 * F16, "{method} changes something: {effect}");
            }
        }
    }
}

/// Returns the adapter as read back from a Q8_0 file.
fn in_blocks(adapter: &LoraAdapter, config: &ModelConfig) -> LoraAdapter {
    let mut file = Cursor::new(Vec::new());
    write_gguf(adapter, config, &mut file).unwrap();
    pollster::block_on(read_gguf(&adapter.name, &file.into_inner(), config)).unwrap()
}

#[test]
fn adapters_in_blocks_are_applied_as_such() {
    // Of llama, whose rows of q and k are in another order in files.
    for name in ["tiny-llama-q4_k", "tiny-gemma3-q5_0"] {
        let file = tiny(name);
        let mut exact = load(&file, Mode::Exact);
        let config = exact.config.clone();
        let [one, two] =
            [("one", 32), ("two", 64)].map(|(name, rank)| in_blocks(&common::adapter(name, &config, rank), &config));
        let tokens = tokens(&config, 40);
        for gpu in gpus() {
            let mut engine = load(&file, Backend::Gpu(gpu.clone()));
            for pairs in [merge::single(&two), merge::concat_halves([&one, &two]), merge::single(&one)] {
                assert!(pairs.in_blocks());
                let label = format!("{name} {pairs:?} on {}", gpu.name);
                check_pairs(&mut exact, &mut engine, &pairs, &tokens, bar(&gpu), &label);
            }
        }
    }
}

#[test]
fn matrices_that_have_to_be_split_give_the_same() {
    for adapter in present() {
        // An embedding of 262 rows of 544 bytes needs three bindings; q, k and v no longer fit one together.
        let options = Options { largest_binding: Some(60_000), ..Options::default() };
        let gpu = Rc::new(pollster::block_on(Gpu::open_adapter(&adapter, options)).unwrap());
        for name in ["tiny-gemma3-q8_0", "tiny-llama-q4_k"] {
            let file = tiny(name);
            let mut exact = load(&file, Mode::Exact);
            let mut engine = load(&file, Backend::Gpu(gpu.clone()));
            let tokens = tokens(&exact.config, 20);
            for rank in [0, 4] {
                let adapter = adapter_of(&exact.config, rank);
                let pairs = pairs(&adapter, &exact.config);
                let label = format!("{name} rank {rank} on {}", gpu.name);
                check_pairs(&mut exact, &mut engine, &pairs, &tokens, bar(&gpu), &label);
            }
        }
    }
}

/// Returns the text of a run.
fn run(engine: &mut Engine, sampling: Sampling, max_tokens: usize) -> Result<String, Error> {
    run_in_form(engine, Form::Gist, sampling, max_tokens)
}

fn run_in_form(engine: &mut Engine, form: Form, sampling: Sampling, max_tokens: usize) -> Result<String, Error> {
    let chat = Conversation::parse("Ana: the weather\nBen: that").unwrap();
    let task = Task::summary("en", "es").unwrap().in_form(form);
    let request = Request { task, method: Method::ZeroShot, max_tokens, sampling, candidates: 1 };
    let mut run = engine.start(&chat, &request)?;
    let mut text = String::new();
    while let Some(event) = pollster::block_on(run.next_event())? {
        match event {
            Event::Text { delta, .. } => text.push_str(&delta),
            Event::Rewritten { text: whole, .. } => text = whole,
            _ => {}
        }
    }
    Ok(text)
}

#[test]
fn runs_write_what_the_processor_writes() {
    for gpu in gpus() {
        let file = tiny("tiny-gemma3-f32");
        let (mut exact, mut engine) = (load(&file, Mode::Exact), load(&file, Backend::Gpu(gpu.clone())));
        let warm = Sampling { temperature: 1.0, seed: 5, ..Sampling::default() };
        for sampling in [Sampling::default(), warm] {
            // 30 tokens: several groups, the last not whole. Logits of a random f32 model differ by 1e-4 at most here,
            // far less than two candidates do.
            let expected = run(&mut exact, sampling, 30).unwrap();
            if !gpu.features.f16 {
                assert_eq!(run(&mut engine, sampling, 30).unwrap(), expected, "{}", gpu.name);
            }
            let again = run(&mut engine, sampling, 30).unwrap();
            assert_eq!(run(&mut engine, sampling, 30).unwrap(), again, "a run can be repeated");
        }
    }
}

#[test]
fn a_guided_run_writes_what_the_processor_writes_with_one_submit_a_token() {
    for gpu in gpus().into_iter().filter(|gpu| !gpu.features.f16) {
        let file = tiny("tiny-gemma3-f32");
        let (mut exact, mut engine) = (load(&file, Mode::Exact), load(&file, Backend::Gpu(gpu.clone())));
        for seed in 0..3 {
            let warm = Sampling { temperature: 1.0, seed, ..Sampling::default() };
            let before = engine.executor().gpu().unwrap().counters();
            let text = run_in_form(&mut engine, Form::People, warm, 60).unwrap();
            let cost = engine.executor().gpu().unwrap().counters().since(before);
            assert_eq!(text, run_in_form(&mut exact, Form::People, warm, 60).unwrap(), "{}", gpu.name);
            assert!(text.starts_with("Ana:") || text.starts_with("Ben:"), "{text}");
            // The mask is one more.
            assert_eq!(cost.dispatches, cost.tokens * (8 * engine.config.layers as u64 + 5), "{cost:?}");
            assert_eq!(cost.submits, cost.tokens, "{cost:?}");
            let free = run(&mut engine, warm, 20).unwrap();
            assert_eq!(free, run(&mut exact, warm, 20).unwrap(), "a free text after a guided one");
        }
    }
}

#[test]
fn a_careful_run_chooses_what_the_processor_chooses() {
    for gpu in gpus().into_iter().filter(|gpu| !gpu.features.f16) {
        let file = tiny("tiny-gemma3-f32");
        let careful = |engine: &mut Engine| {
            let chat = Conversation::parse("Ana: the weather\nBen: that").unwrap();
            let task = Task::summary("en", "es").unwrap();
            // Every text is cut, which is a fault.
            let request = Request {
                task,
                method: Method::ZeroShot,
                max_tokens: 10,
                sampling: Sampling::default(),
                candidates: 3,
            };
            let mut run = engine.start(&chat, &request).unwrap();
            let mut texts = Vec::new();
            while let Some(event) = pollster::block_on(run.next_event()).unwrap() {
                match event {
                    Event::Rewritten { text, .. } => texts.push(text),
                    Event::Done(metrics) => assert_eq!(metrics.per_pass[0].candidates, 3),
                    _ => {}
                }
            }
            texts
        };
        let (mut exact, mut engine) = (load(&file, Mode::Exact), load(&file, Backend::Gpu(gpu.clone())));
        let before = engine.executor().gpu().unwrap().counters();
        assert_eq!(careful(&mut engine), careful(&mut exact), "{}", gpu.name);
        let cost = engine.executor().gpu().unwrap().counters().since(before);
        assert_eq!(cost.submits, cost.tokens, "one submit a token: {cost:?}");
    }
}

#[test]
fn decoding_takes_few_dispatches_one_submit_and_fewer_readbacks() {
    for gpu in gpus() {
        let file = tiny("tiny-gemma3-q4_k");
        let mut engine = load(&file, Backend::Gpu(gpu.clone()));
        let layers = engine.config.layers as u64;
        // Small pairs take a dispatch more in the last layer, others in each.
        for (rank, more) in [(0, 0), (4, 1), (12, layers)] {
            let adapter = adapter_of(&engine.config, rank);
            let config = engine.config.clone();
            engine.set_pairs(&pairs(&adapter, &config)).unwrap();
            let before = engine.executor().gpu().unwrap().counters();
            let prompt = tokens(&engine.config, 3);
            pollster::block_on(engine.feed(&prompt)).unwrap();
            let started = Instant::now();
            let mut taken = 0;
            while taken < 41 {
                taken += pollster::block_on(engine.executor().next(&Sampling::default(), taken, 41)).unwrap().len();
            }
            let cost = engine.executor().gpu().unwrap().counters().since(before);
            // The first of 41 tokens follows from the prompt's own pass.
            assert_eq!((taken, cost.tokens), (41, 40), "never more than asked for");
            assert_eq!(cost.dispatches, cost.tokens * (8 * layers + 4 + more), "rank {rank}: {cost:?}");
            assert_eq!((cost.submits, cost.passes), (cost.tokens, cost.tokens), "rank {rank}: {cost:?}");
            // Groups of at least 4, after small ones by which the speed is found out; where tokens take most of a
            // second, as on a busy machine that computes them in software, they may come one by one.
            if started.elapsed() < Duration::from_secs(10) {
                assert!(cost.readbacks <= 3 + cost.tokens.div_ceil(4), "rank {rank}: {cost:?}");
            }
        }
    }
}

#[test]
fn pipelines_are_known_after_the_first_change_of_pairs() {
    let Some(gpu) = gpus().into_iter().next() else { return };
    let mut engine = load(&tiny("tiny-llama-q4_0"), Backend::Gpu(gpu.clone()));
    let config = engine.config.clone();
    engine.set_pairs(&pairs(&adapter_of(&config, 40), &config)).unwrap();
    let (pipelines, bytes) = (gpu.pipeline_count(), gpu.allocated());
    for rank in [4, 0, 40, 33, 8] {
        engine.set_pairs(&pairs(&adapter_of(&config, rank), &config)).unwrap();
        assert_eq!(gpu.pipeline_count(), pipelines, "rank {rank}");
    }
    engine.set_pairs(&merge::single(&in_blocks(&common::adapter("blocks", &config, 32), &config))).unwrap();
    assert_eq!(gpu.pipeline_count(), pipelines, "in blocks");
    // Only parameters of recorded programs differ in size.
    assert!(gpu.allocated().abs_diff(bytes) < 200_000, "{} after {bytes}", gpu.allocated());
    drop(engine);
    assert_eq!(gpu.allocated(), 0, "everything is given back");
}

#[test]
fn values_beyond_f16_are_refused_and_leave_the_base() {
    for gpu in gpus() {
        let mut engine = load(&tiny("tiny-llama-q4_0"), Backend::Gpu(gpu.clone()));
        let (config, tokens) = (engine.config.clone(), tokens(&engine.config, 5));
        let base = engine.logits(&tokens).unwrap();
        let good = common::adapter("good", &config, 8);
        let mut bad = common::adapter("bad", &config, 8);
        let Some(StoredPair::F32(pair)) = &mut bad.layers[1][3] else { panic!("its pairs are in f32") };
        pair.a[5] = 1e6;
        engine.set_pairs(&merge::single(&good)).unwrap();
        assert_ne!(engine.logits(&tokens).unwrap(), base);
        let error = engine.set_pairs(&merge::single(&bad)).unwrap_err().to_string();
        assert_eq!(error, "layer 1: an adapter's value is 1000000, too large for the GPU; use the processor");
        assert_eq!(engine.logits(&tokens).unwrap(), base);
        let mut bad = in_blocks(&common::adapter("bad", &config, 32), &config);
        bad.scale = 1e9;
        let error = engine.set_pairs(&merge::single(&bad)).unwrap_err().to_string();
        assert_eq!(error, "layer 0: the scale of an adapter's values is too large for the GPU; use the processor");
        assert_eq!(engine.logits(&tokens).unwrap(), base);
    }
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn the_real_model_writes_what_the_exact_processor_writes() {
    if gpus().is_empty() {
        return;
    }
    let chat = b"Ana: The bus leaves at nine, not at ten. Bring the tickets.\nBen: Good, I have them.";
    let run = |place: &[&str]| -> serde_json::Value {
        let asked = ["summarize", "-", "--to", "es", "--max-tokens", "8", "--json"];
        let output = program::gist(&[&asked[..], place].concat(), chat);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (exact, gpu) = (run(&["--exact"]), run(&["--backend", "gpu"]));
    println!("{gpu}");
    assert_eq!((&gpu["prompt_tokens"], &gpu["generated_tokens"]), (&48.into(), &8.into()));
    // Were two candidates of one token as good as equal, f16 might choose the other; here none are.
    assert_eq!(gpu["text"], exact["text"]);
}

#[test]
fn a_device_that_fails_is_told_by_its_kind() {
    if present().is_empty() {
        return;
    }
    let Some(adapter) = pollster::block_on(adapters()).into_iter().next() else { return };
    let open = |options| Rc::new(pollster::block_on(Gpu::open_adapter(&adapter, options)).unwrap());
    let file = tiny("tiny-qwen2-q4_0");

    let gpu = open(Options::default());
    let mut engine = load(&file, Backend::Gpu(gpu.clone()));
    let expected = run(&mut engine, Sampling::default(), 12).unwrap();
    gpu.destroy();
    let error = run(&mut engine, Sampling::default(), 12).unwrap_err();
    assert!(error.kind() == ErrorKind::Device(DeviceFault::Lost), "{error:?}");
    drop(engine);
    // Callers open a device again and load again.
    let mut engine = load(&file, Backend::Gpu(open(Options::default())));
    assert_eq!(run(&mut engine, Sampling::default(), 12).unwrap(), expected);

    // A device that never answers in time, unless this thread is held up for as long as all of the work takes: then
    // again.
    let load = || {
        let gpu = Backend::Gpu(open(Options { timeout: Duration::from_nanos(1), ..Options::default() }));
        pollster::block_on(Engine::load(&&file[..], None, gpu, 512, &mut |_, _| {})).err()
    };
    let error = (0..5).find_map(|_| load());
    assert!(error.as_ref().map(Error::kind) == Some(ErrorKind::Device(DeviceFault::Hang)), "{error:?}");

    // A model that is larger than what may be used is refused with numbers before it is read.
    let gpu = Backend::Gpu(open(Options { memory: Some(1_000_000), ..Options::default() }));
    let error = pollster::block_on(Engine::load(&&file[..], None, gpu, 512, &mut |_, _| {})).err().unwrap();
    assert!(error.to_string().contains("MB may be used on"), "{error}");
}
