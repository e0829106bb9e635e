//! LoraHub, merged and baked adapters, and the hash of the base: on tiny models, and on Gemma where its values matter.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;

use common::{adapter, add_adapters, difference, projection, tiny};
use gist::adapters::low_rank::{LowRankPairs, Target};
use gist::adapters::{LoraAdapter, write_gguf, write_peft};
use gist::adapters::{read_gguf, read_peft};
use gist::catalog::Catalog;
use gist::chat::dialogue::Dialogue;
use gist::decoder::cpu::Mode;
use gist::engine::Engine;
use gist::engine::lorahub_search::{Example, Search};
use gist::files::gguf::Header;
use gist::methods::adapter_kind::AdapterKind;
use gist::methods::baked::{self, Baked, bake};
use gist::methods::correction::Correction;
use gist::methods::correction_file::AdapterId;
use gist::methods::lorahub::LoraHub;
use gist::methods::merge;
use gist::methods::method::Method;
use gist::methods::plan::{plan, task_pair};
use gist::methods::projection::Projection;
use gist::methods::requirements::{Requirement, requirements};
use gist::model::prompt::Task;
use gist::synth;

fn task() -> Task {
    Task::summary("en", "es").unwrap()
}

fn with_adapters(name: &str, ranks: [usize; 2]) -> Engine {
    let mut engine = tiny(name);
    add_adapters(&mut engine, ranks);
    engine
}

fn log_probabilities(engine: &mut Engine, pairs: &LowRankPairs<'_>) -> Vec<f64> {
    let tokens: Vec<u32> = (3..40).collect();
    engine.set_pairs(pairs).unwrap();
    common::log_probabilities(&engine.logits(&tokens).unwrap())
}

#[test]
fn log_probabilities_of_a_text_are_those_of_its_tokens_one_by_one() {
    for name in ["tiny-llama-f32", "tiny-gemma3-q8_0"] {
        let mut engine = with_adapters(name, [8, 8]);
        engine.set_method(Method::Concat, &task()).unwrap();
        let prompt: Vec<u32> = (3..90).collect();
        // More than one step of those that are computed together, and a last one that is not full.
        let text: Vec<u32> = (0..37).map(|i| (i * 31 + 5) % 250).collect();
        let ours = engine.log_probabilities(&prompt, &text).unwrap();
        let mut logits = engine.logits(&prompt).unwrap();
        for (i, id) in text.iter().enumerate() {
            let expected = common::log_probabilities(&logits)[*id as usize];
            // Products in another order; 8-bit activations can amplify that to one step of 1/127.
            let bar = if name.ends_with("f32") { 1e-3 } else { 0.1 };
            assert!((ours[i] - expected).abs() < bar, "{name} token {i}: {} for {expected}", ours[i]);
            logits = engine.forward(&[*id]).unwrap();
        }
        assert_eq!(ours.len(), text.len());
    }
}

#[test]
fn lorahub_finds_weights_that_lower_the_loss_and_their_file_gives_the_method() {
    let mut engine = with_adapters("tiny-llama-f32", [8, 8]);
    let reason = engine.unavailable(Method::LoraHub, &task()).unwrap();
    assert_eq!(reason, "no lorahub from en to es is installed for this model; add one");

    // The reference is what the model itself says with some weights: a random model has no
    // other text that it can learn.
    let example = Example { id: "1".into(), chat: "Ana: the weather".into(), summary: "th ath bth".into() };
    let search = Search { tries: 30, seed: 2 };
    let mut tried = 0;
    let found =
        search.run(&mut engine, &task(), std::slice::from_ref(&example), &mut |number, _, _| tried = number).unwrap();
    assert_eq!((tried, found.tried, &found.examples), (30, 30, &vec!["1".to_owned()]));
    assert!(found.loss < found.loss_of_base, "{found:?}");
    assert_eq!(
        search.run(&mut engine, &task(), std::slice::from_ref(&example), &mut |_, _, _| {}).unwrap(),
        found,
        "repeatable"
    );

    // The loss that the file tells is what its weights give.
    let file = found.to_json().unwrap();
    let config = engine.config.clone();
    engine
        .add_correction(Task::summary("en", "es").unwrap(), Correction::read("hub", file.as_bytes(), &config).unwrap())
        .unwrap();
    engine.set_method(Method::LoraHub, &task()).unwrap();
    let prompt = engine.prompt(&task(), &example.chat).unwrap();
    let summary = engine.tokenizer.encode(&example.summary).unwrap();
    let loss = -engine.log_probabilities(&prompt, &summary).unwrap().iter().sum::<f64>() / summary.len() as f64;
    assert!((loss - found.loss).abs() < 1e-6, "{loss} for {}", found.loss);

    // Σ w √c A and Σ w √c B, with c = 0.5 for both.
    let pairs = plan(Method::LoraHub, &task(), &engine.registry, &config).unwrap().remove(0).pairs;
    let [one, two] = task_pair(&engine.registry, &Task::summary("en", "es").unwrap()).unwrap();
    let first = |adapter: &LoraAdapter| adapter.pair(1, Target::Up).unwrap().b[7] * 0.5_f32.sqrt();
    let expected = found.weights[0] * first(one) + found.weights[1] * first(two);
    assert!((pairs.pair(1, Target::Up).unwrap().b[7] - expected).abs() < 1e-6);

    let mut other = with_adapters("tiny-llama-f32", [8, 8]);
    other.registry.add(Task::summary("en", "en").unwrap(), adapter("three", &config, 8));
    other.add_correction(Task::summary("en", "es").unwrap(), Correction::LoraHub(found)).unwrap();
    let reason = other.unavailable(Method::LoraHub, &task()).unwrap();
    assert!(reason.starts_with("the LoraHub file was made with the adapter one of sha256 one, but three"), "{reason}");
}

#[test]
fn a_merged_adapter_does_what_its_method_does() {
    for name in ["tiny-llama-f32", "tiny-gemma3-f32", "tiny-qwen2-f32"] {
        // Unequal ranks, and an adapter without one target: files hold one rank for all.
        let mut engine = with_adapters(name, [8, 3]);
        let config = engine.config.clone();
        let mut one = adapter("one", &config, 8);
        one.layers.iter_mut().for_each(|layer| layer[Target::O.index()] = None);
        one.layers[1][Target::Q.index()] = None;
        engine.registry.add(Task::summary("en", "en").unwrap(), one);
        let registry = engine.registry.clone();
        let pairs = plan(Method::Concat, &task(), &registry, &config).unwrap().remove(0).pairs;
        let expected = log_probabilities(&mut engine, &pairs);
        let merged = LoraAdapter::from_pairs("merged", &pairs, &config).unwrap();
        assert_eq!((merged.rank, merged.scale), (11, 1.0));

        let [peft_config, tensors] = write_peft(&merged, &config, name).unwrap();
        let peft = read_peft("peft", &peft_config, &tensors, &config).unwrap();
        let found = log_probabilities(&mut engine, &merge::single(&peft));
        // Zeros are added to sums, and branches of other ranks add in other orders.
        assert!(difference(&expected, &found) < 1e-3, "{name}: PEFT folder");

        let mut file = Cursor::new(Vec::new());
        write_gguf(&merged, &config, &mut file).unwrap();
        let gguf = pollster::block_on(read_gguf("gguf", file.get_ref(), &config)).unwrap();
        let found = log_probabilities(&mut engine, &merge::single(&gguf));
        // Q8_0 noise of 28 pairs on a random model; a wrong order of rows gives whole units.
        assert!(difference(&expected, &found) < 0.1, "{name}: GGUF LoRA");
    }
    let config = tiny("tiny-llama-f32").config;
    let error = LoraAdapter::from_pairs("none", &LowRankPairs::none(&config), &config).unwrap_err().to_string();
    assert!(error.starts_with("it has no LoRA tensors that are known"), "{error}");
}

#[test]
fn a_baked_projection_is_the_projection_without_its_adapters() {
    let mut engine = with_adapters("tiny-llama-f32", [8, 3]);
    let config = engine.config.clone();
    let projection = projection(&config);
    let registry = engine.registry.clone();
    let adapters = task_pair(&registry, &Task::summary("en", "es").unwrap()).unwrap();
    let file = bake(&config, &engine.base, &projection, adapters).unwrap();
    let pairs = merge::project(&config, &projection, adapters).unwrap();
    let expected = log_probabilities(&mut engine, &pairs);

    let mut bare = tiny("tiny-llama-f32");
    let none = log_probabilities(&mut bare, &LowRankPairs::none(&config));
    let effect = difference(&expected, &none);
    assert!(effect > 0.05, "the projection changes something ({effect})");
    bare.add_correction(Task::summary("en", "es").unwrap(), Correction::read("baked", &file, &config).unwrap())
        .unwrap();
    assert_eq!(bare.registry.directions(), [("en", "es")]);
    assert_eq!(bare.unavailable(Method::Projection, &task()), None);
    bare.set_method(Method::Projection, &task()).unwrap();
    let tokens: Vec<u32> = (3..40).collect();
    let found = common::log_probabilities(&bare.logits(&tokens).unwrap());
    // F16 rounds each value of 28 pairs by at most 2^-11 of itself.
    let difference = difference(&expected, &found);
    assert!(difference < effect / 20.0, "{difference} where the projection's effect is {effect}");

    let error = Projection::read("x", &file, &config).unwrap_err().to_string();
    assert_eq!(error, "projection x: it is for method baked, not projection");
    let error = Baked::read("x", &file, &tiny("tiny-gemma3-f32").config).err();
    assert_eq!(error, None, "the tiny models have the same shapes, so only the base's hash tells them apart");
    let mut gemma = tiny("tiny-gemma3-f32");
    let error = gemma
        .add_correction(Task::summary("en", "es").unwrap(), Correction::read("x", &file, &config).unwrap())
        .unwrap_err()
        .to_string();
    let (wanted, found) = (&engine.base, &gemma.base);
    assert!(
        error.starts_with(&format!(
            "the projection file was made for a base whose tensors have sha256 {wanted}, but this model's have {found}"
        )),
        "{error}"
    );
}

/// Gives `engine` one requirement of a method, with made-up values.
fn give(engine: &mut Engine, requirement: &Requirement) {
    let config = engine.config.clone();
    let weights =
        r#"{"method":"lorahub","weights":[0.9,-0.7],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#;
    let (kind, task) = match requirement {
        Requirement::Adapter(task) => return engine.registry.add(task.clone(), adapter("a", &config, 4)),
        Requirement::Correction(kind, task) => (*kind, task),
    };
    let projection = projection(&config);
    let correction = match kind {
        AdapterKind::Projection => Correction::Projection(projection),
        AdapterKind::Baked => {
            let [one, two] = [adapter("a", &config, 4), adapter("b", &config, 4)];
            let file = bake(&config, &engine.base, &projection, [&one, &two]).unwrap();
            Correction::read("baked", &file, &config).unwrap()
        }
        AdapterKind::Calibration => Correction::Calibration(common::calibration(&config)),
        AdapterKind::CalibrationPlus => Correction::CalibrationPlus(common::calibration_plus(&config)),
        AdapterKind::LoraHub => Correction::read("weights", weights.as_bytes(), &config).unwrap(),
        AdapterKind::Lora => panic!("a LoRA is no correction"),
    };
    engine.add_correction(task.clone(), correction).unwrap();
}

#[test]
fn a_method_can_be_used_with_just_its_requirements_and_with_none_of_them_less() {
    let with = |given: &[Requirement]| {
        let mut engine = tiny("tiny-llama-f32");
        given.iter().for_each(|one| give(&mut engine, one));
        engine
    };
    let tasks = [task(), Task::summary("en", "en").unwrap(), Task::translation("en", "es").unwrap()];
    let mut sets = 0;
    for (method, task) in Method::ALL.into_iter().flat_map(|method| tasks.iter().map(move |task| (method, task))) {
        let all = requirements(method, task);
        for set in &all {
            sets += 1;
            assert_eq!(with(set).unavailable(method, task), None, "{method} for {task:?} with {set:?}");
            for without in 0..set.len() {
                let rest = [&set[..without], &set[without + 1..]].concat();
                assert!(with(&rest).unavailable(method, task).is_some(), "{method} for {task:?} with {rest:?}");
            }
        }
        if all.is_empty() {
            let mut engine = tiny("tiny-llama-f32");
            common::add_everything(&mut engine);
            assert!(engine.unavailable(method, task).is_some(), "{method} for {task:?}");
        }
    }
    // Twelve methods for a summary in another language, projections in two forms; two methods for each other task.
    assert_eq!(sets, 13 + 2 + 2);
}

/// The reference of the hash: read whole, in the order of the definition.
fn base_hash(file: &[u8]) -> String {
    let header = pollster::block_on(Header::read(&file)).unwrap();
    let mut lines = String::new();
    for (name, info) in &header.tensors {
        if name != "token_embd.weight" && name != "output.weight" {
            let bytes = &file[info.offset as usize..][..info.bytes as usize];
            let shape: Vec<String> = info.shape.iter().map(usize::to_string).collect();
            let hash = gist::hash::sha256(bytes);
            lines += &format!("{name} {} {} {hash}\n", gist::files::gguf::type_name(info.dtype), shape.join("x"));
        }
    }
    gist::hash::sha256(lines.as_bytes())
}

#[test]
fn the_hash_of_the_base_is_that_of_all_tensors_but_the_vocabulary() {
    let mut file = Cursor::new(Vec::new());
    synth::write("tiny-llama-q4_k", &mut file).unwrap();
    let mut file = file.into_inner();
    let load = |file: &[u8]| {
        let loading = async { Engine::load(&file, None, Mode::Fast, 512, &mut |_, _| {}).await };
        pollster::block_on(loading).unwrap().base
    };
    let hash = load(&file);
    assert_eq!(hash, base_hash(&file));
    let offset = |file: &[u8], name: &str| {
        pollster::block_on(Header::read(&file)).unwrap().tensor(name).unwrap().offset as usize
    };
    for (tensor, same) in [("token_embd.weight", true), ("output.weight", true), ("blk.2.attn_norm.weight", false)] {
        let at = offset(&file, tensor);
        file[at] ^= 1;
        assert_eq!(load(&file) == hash, same, "{tensor}");
    }
}

/// Gemma with all files of the repository's catalog that are not made of others.
fn gemma(mode: Mode) -> (Engine, Catalog) {
    let mut engine = common::engine(&common::model("gemma-3-270m"), mode);
    let catalog = Catalog::parse(&std::fs::read(common::data("catalog.json")).unwrap()).unwrap();
    for entry in catalog.adapters_of("gemma-3-270m").filter(|entry| !entry.is_derived()) {
        let file = std::fs::read(common::data(&entry.path)).unwrap();
        pollster::block_on(gist::catalog::install::install(&mut engine, entry, &file)).unwrap();
    }
    (engine, catalog)
}

/// The projection of the registry for a direction, and itself baked.
fn bake_of(engine: &Engine, task: &Task) -> (Projection, Vec<u8>) {
    let Correction::Projection(projection) = engine.registry.correction(Method::Projection, task).unwrap() else {
        panic!("the catalog ships a projection");
    };
    let adapters = task_pair(&engine.registry, task).unwrap();
    (projection.clone(), bake(&engine.config, &engine.base, projection, adapters).unwrap())
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn the_catalog_s_projection_is_made_for_gemma_and_bakes_to_a_megabyte() {
    let (mut engine, _) = gemma(Mode::Exact);
    let config = engine.config.clone();
    let (projection, file) = bake_of(&engine, &task());
    assert_eq!(projection.provenance.base.as_ref(), Some(&engine.base), "the shipped projection names its base");
    assert_eq!(baked::parameters(&config, 4), 470_016);
    // 0.94 MB of values and the names of 131 tensors.
    assert!((940_032..960_000).contains(&file.len()), "{} bytes", file.len());

    let prompt = engine.prompt(&task(), "Ana: The rope on number 5 has gone.\nBen: Then we ring from 2.45.").unwrap();
    engine.set_method(Method::Projection, &task()).unwrap();
    let expected = common::log_probabilities(&engine.logits(&prompt).unwrap());
    engine
        .add_correction(Task::summary("en", "es").unwrap(), Correction::read("baked", &file, &config).unwrap())
        .unwrap();
    engine.set_method(Method::Projection, &task()).unwrap();
    let found = common::log_probabilities(&engine.logits(&prompt).unwrap());
    // Tokens that matter. F16 rounds to 2^-11; in the exact mode nothing amplifies that to steps of 8-bit activations.
    let likely = expected.iter().zip(&found).filter(|(expected, _)| **expected > -8.0);
    let worst = likely.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 0.02, "{worst}");
}

/// Number of tokens of the texts that are compared.
const COMPARED_TOKENS: usize = 24;
/// Largest gap between the logits of two tokens that a projection and its baked form may choose differently: what F16
/// moves a logit by where no rounding of activations amplifies it.
const GAP: f32 = 0.02;

/// The ids that follow `prompt` greedily.
fn greedy(engine: &mut Engine, prompt: &[u32]) -> Vec<u32> {
    let best = |logits: &[f32]| (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap() as u32;
    let mut ids = vec![best(&engine.logits(prompt).unwrap())];
    while ids.len() < COMPARED_TOKENS && !engine.tokenizer.is_end(ids[ids.len() - 1]) {
        let logits = engine.forward(&ids[ids.len() - 1..]).unwrap();
        ids.push(best(&logits));
    }
    ids
}

#[test]
#[ignore = "needs pkg-scripts/models"]
fn each_baked_projection_has_the_hash_of_the_catalog_and_writes_what_its_projection_writes() {
    let (mut engine, catalog) = gemma(Mode::Exact);
    let config = engine.config.clone();
    let entries: Vec<_> = catalog.adapters_of("gemma-3-270m").filter(|entry| entry.is_derived()).collect();
    let projections = catalog.adapters_of("gemma-3-270m").filter(|entry| entry.kind == AdapterKind::Projection);
    assert_eq!(projections.count(), entries.len(), "each projection is baked too; run pkg-scripts/baked --write");
    let mut equal = 0;
    for entry in &entries {
        let task = entry.task.tasks().unwrap().remove(0);
        let (from, to) = (task.from(), task.to());
        let (_, file) = bake_of(&engine, &task);
        let hash = gist::hash::sha256(&file);
        assert_eq!(entry.sha256.as_ref(), Some(&hash), "{}; run pkg-scripts/baked --write", entry.id);
        assert_eq!(entry.bytes, Some(file.len() as u64), "{}", entry.id);

        let name = if from == "en" { "val.jsonl".to_owned() } else { format!("val-{from}.jsonl") };
        let dialogues = std::fs::read_to_string(common::data(&format!("dialogues/{name}"))).unwrap();
        let dialogue = Dialogue::parse(dialogues.lines().next().unwrap()).unwrap();
        let prompt = engine.prompt(&task, &dialogue.chat()).unwrap();
        engine.set_method(Method::Projection, &task).unwrap();
        let expected = greedy(&mut engine, &prompt);
        engine.add_correction(task.clone(), Correction::read("baked", &file, &config).unwrap()).unwrap();
        engine.set_method(Method::Projection, &task).unwrap();
        let found = greedy(&mut engine, &prompt);
        match (0..expected.len()).find(|at| expected.get(*at) != found.get(*at)) {
            None => equal += 1,
            Some(at) => {
                let logits = engine.logits(&[&prompt[..], &found[..at]].concat()).unwrap();
                let gap = logits[found[at] as usize] - logits[expected[at] as usize];
                println!("{from} to {to}: another token at {at} of {}, of a gap of {gap}", expected.len());
                assert!(gap < GAP, "{from} to {to}: another token at {at}, of a gap of {gap}");
            }
        }
    }
    println!("{equal} of {} texts are equal", entries.len());
    assert!(2 * equal > entries.len());
}

#[test]
fn a_baked_projection_names_adapters_as_its_projection_does() {
    let engine = with_adapters("tiny-llama-f32", [8, 8]);
    let adapters = task_pair(&engine.registry, &Task::summary("en", "es").unwrap()).unwrap();
    let mut projection = projection(&engine.config);
    let names = |projection: &Projection| {
        let file = bake(&engine.config, &engine.base, projection, adapters).unwrap();
        let baked = Baked::read("x", &file, &engine.config).unwrap();
        baked.provenance.adapters.into_iter().map(|adapter| adapter.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&projection), ["one", "two"]);
    let id = |(name, adapter): (&str, &LoraAdapter)| AdapterId { name: name.to_owned(), ..adapter.into() };
    projection.provenance.adapters = ["base/summarize", "base/translate"].into_iter().zip(adapters).map(id).collect();
    assert_eq!(names(&projection), ["base/summarize", "base/translate"]);
}

#[test]
fn every_correction_file_is_read_as_the_kind_that_it_states() {
    let config = tiny("tiny-llama-f32").config;
    let found: LoraHub = serde_json::from_str(
        r#"{"method":"lorahub","weights":[0.5,0.25],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#,
    )
    .unwrap();
    let file = found.to_json().unwrap();
    assert_eq!(Correction::read("x", file.as_bytes(), &config).unwrap().kind(), AdapterKind::LoraHub);
    let header = br#"{"__metadata__":{"method":"magic"}}"#;
    let unknown = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    let error = Correction::read("x", &unknown, &config).unwrap_err().to_string();
    assert_eq!(error, "x: method magic is not known");
}
