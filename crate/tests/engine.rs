//! Runs of a tiny random model: events, cancelling, plans of two passes, and adapters in both file formats.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;

use common::{adapter, tiny};
use gist::adapters::low_rank::Target;
use gist::adapters::read_gguf;
use gist::adapters::{LoraAdapter, write_gguf};
use gist::chat::conversation::Conversation;
use gist::engine::{Engine, Event, Metrics, Request};
use gist::methods::merge;
use gist::methods::method::Method;
use gist::model::prompt::{Form, Task};
use gist::model::sampler::Sampling;

fn with_adapters(name: &str) -> Engine {
    let mut engine = tiny(name);
    let (one, two) = (adapter("one", &engine.config, 32), adapter("two", &engine.config, 32));
    engine.registry.add(Task::summary("en", "en").unwrap(), one);
    engine.registry.add(Task::Translate { from: "en".into(), to: "es".into() }, two);
    engine
}

fn request(method: Method) -> Request {
    let sampling = Sampling { temperature: 1.0, seed: 3, ..Sampling::default() };
    Request { task: Task::summary("en", "es").unwrap(), method, max_tokens: 12, sampling, candidates: 1 }
}

/// Text by pass, and the metrics.
fn finish(engine: &mut Engine, request: &Request) -> (Vec<String>, Metrics) {
    let chat = Conversation::parse("Ana: the weather\nBen: that").unwrap();
    let mut run = engine.start(&chat, request).unwrap();
    let mut texts = vec![String::new(); request.method.passes()];
    let mut metrics = None;
    while let Some(event) = pollster::block_on(run.next_event()).unwrap() {
        assert!(metrics.is_none(), "nothing comes after the end");
        match event {
            Event::Text { at, delta } => texts[at.pass].push_str(&delta),
            Event::Rewritten { at, text, start } => text[start..].clone_into(&mut texts[at.pass]),
            Event::Draft { written, total, .. } => assert!(written < total),
            Event::Done(done) => metrics = Some(done),
            Event::Prefill { done, total, .. } => assert!(done <= total),
            Event::Notice(text) => panic!("{text}"),
        }
    }
    (texts, metrics.unwrap())
}

#[test]
fn passes_without_adapters_have_the_model_s_own_instructions() {
    let mut engine = with_adapters("tiny-llama-q8_0");
    let tokens = |engine: &mut Engine, method| finish(engine, &request(method)).1.prompt_tokens;
    let [zero_shot, two_step] = [Method::ZeroShot, Method::TwoStep].map(|method| tokens(&mut engine, method));
    let words = r#"{
        "summarize": "", "summarize-translate": "the {to}", "translate": "", "people": "", "people-translate": ""
    }"#;
    engine.zero_shot = Some(serde_json::from_str(words).unwrap());
    let instruction = request(Method::ZeroShot).task.instruction().unwrap();
    let shorter = engine.tokenizer.count(&instruction).unwrap() - engine.tokenizer.count("the Spanish").unwrap();
    assert_eq!(tokens(&mut engine, Method::ZeroShot), zero_shot - shorter);
    assert_eq!(tokens(&mut engine, Method::TwoStep), two_step);
    assert_eq!(engine.default_method(&request(Method::ZeroShot).task), Some(Method::TwoStep));
    assert_eq!(engine.default_method(&Task::summary("fr", "fr").unwrap()), Some(Method::ZeroShot));
}

#[test]
fn a_summary_by_person_has_a_line_for_each() {
    let mut engine = with_adapters("tiny-gemma3-q8_0");
    for from_to in [("en", "en"), ("en", "es")] {
        let task = Task::summary(from_to.0, from_to.1).unwrap().in_form(Form::People);
        let reason = engine.unavailable(Method::Primary, &task).unwrap();
        assert_eq!(reason, "no adapter for summaries by person of texts in en is installed for this model; add one");
    }
    let people = Task::summary("en", "en").unwrap().in_form(Form::People);
    let skill = adapter("people", &engine.config, 32);
    engine.registry.add(people, skill);
    for (method, seed) in [Method::Primary, Method::Linear, Method::ZeroShot, Method::TwoStep].into_iter().zip(0..) {
        let mut request = request(method);
        request.task = request.task.in_form(Form::People);
        request.sampling.seed = seed;
        request.max_tokens = 120;
        let texts = finish(&mut engine, &request).0;
        let names: Vec<Vec<&str>> = texts
            .iter()
            .map(|text| text.lines().filter_map(|line| line.split_once(':')).map(|(n, _)| n).collect())
            .collect();
        for (names, text) in names.iter().zip(&texts) {
            assert_eq!(names.len(), text.trim_end().lines().count(), "{method}: {text}");
            assert!(!names.is_empty() && names.iter().all(|name| ["Ana", "Ben"].contains(name)), "{method}: {text}");
            assert!(names.len() == 1 || names[0] != names[1], "{method}: {text}");
        }
        assert!(names.windows(2).all(|two| two[0].starts_with(&two[1]) || two[0] == two[1]), "{method}: {texts:?}");
    }
    let nameless = Conversation::parse("the weather, and that").unwrap();
    let mut request = request(Method::ZeroShot);
    request.task = request.task.in_form(Form::People);
    let error = engine.start(&nameless, &request).map(drop).unwrap_err().to_string();
    assert!(error.contains("needs a chat with names"), "{error}");
    // A free text afterwards is free again.
    let free = finish(&mut engine, &self::request(Method::ZeroShot)).0;
    assert!(!free[0].starts_with("Ana:") && !free[0].starts_with("Ben:"), "{free:?}");
}

#[test]
fn a_careful_run_chooses_among_texts_of_one_prompt() {
    for name in ["tiny-gemma3-q8_0", "tiny-llama-f32"] {
        let mut engine = with_adapters(name);
        let greedy = Request { sampling: Sampling::default(), ..request(Method::Concat) };
        for first in [greedy, request(Method::Ties), request(Method::TwoStep)] {
            // Every text is cut or repeats itself, which is a fault.
            let careful = Request { candidates: 4, ..first.clone() };
            let (texts, metrics) = finish(&mut engine, &careful);
            assert_eq!(finish(&mut engine, &careful).0, texts, "{name}: it can be repeated");
            for pass in &metrics.per_pass {
                assert_eq!((pass.candidates, pass.cut || pass.looped), (4, true), "{name}: {pass:?}");
                assert!(pass.faults.unwrap() > 0 && pass.generated_tokens > 12, "{pass:?}");
            }
            // The first pass has chosen what a run of its own writes.
            let sampling = |number| match first.sampling {
                first if number == 0 => first,
                Sampling { temperature: 0.0, .. } => Sampling { temperature: 0.7, seed: number, ..Sampling::default() },
                warm => Sampling { seed: warm.seed + number, ..warm },
            };
            let mut alone = |number| {
                let request = Request { sampling: sampling(number), ..first.clone() };
                finish(&mut engine, &request).0.swap_remove(0)
            };
            let alone: Vec<String> = (0..4).map(&mut alone).collect();
            assert!(alone.contains(&texts[0]), "{name}: {texts:?} of {alone:?}");
        }
        let none = Request { candidates: 0, ..request(Method::Concat) };
        let chat = Conversation::parse("Ana: the weather").unwrap();
        assert!(engine.start(&chat, &none).map(drop).unwrap_err().to_string().contains("at most 0 texts"));
    }
}

#[test]
fn a_loop_is_cut_off_while_it_is_written() {
    // Greedy texts of a random model soon repeat themselves.
    let mut engine = with_adapters("tiny-gemma3-q8_0");
    let greedy = Request { sampling: Sampling::default(), max_tokens: 300, ..request(Method::Concat) };
    let chat = Conversation::parse("Ana: the weather\nBen: that").unwrap();
    let mut run = engine.start(&chat, &greedy).unwrap();
    let (mut written, mut left) = (String::new(), None);
    while let Some(event) = pollster::block_on(run.next_event()).unwrap() {
        match event {
            Event::Text { delta, .. } => written.push_str(&delta),
            Event::Rewritten { text, .. } => left = Some(text),
            Event::Done(metrics) => {
                let pass = &metrics.per_pass[0];
                assert!(pass.looped && !pass.cut && pass.generated_tokens < 300, "{pass:?}: {written:?}");
                assert_eq!((metrics.passes_looped, metrics.passes_cut), (1, 0));
            }
            _ => {}
        }
    }
    let (left, repeated) = (left.unwrap(), written.clone());
    let repetition = repeated.strip_prefix(&left).unwrap();
    let (second, third) = repetition.split_at(repetition.len() / 2);
    assert!(second == third && left.ends_with(third) && !third.is_empty(), "{left:?} of {written:?}");
}

#[test]
fn a_run_can_be_repeated_and_methods_differ() {
    let mut engine = with_adapters("tiny-llama-q8_0");
    let methods = [
        Method::ZeroShot,
        Method::Primary,
        Method::Secondary,
        Method::Linear,
        Method::Concat,
        Method::Ties,
        Method::TwoStep,
    ];
    let mut texts: Vec<Vec<String>> = Vec::new();
    for method in methods {
        let (text, metrics) = finish(&mut engine, &request(method));
        assert_eq!((&text, metrics.passes), (&finish(&mut engine, &request(method)).0, method.passes()), "{method}");
        assert!(metrics.generated_tokens > 0 && metrics.prompt_tokens > 40, "{metrics:?}");
        assert!(!texts.contains(&text), "{method} writes what another method wrote");
        texts.push(text);
    }
}

#[test]
fn a_dropped_run_leaves_the_engine_as_it_was() {
    let mut engine = with_adapters("tiny-gemma3-q4_k");
    let expected = finish(&mut engine, &request(Method::Concat)).0;
    let chat = Conversation::parse("Ana: something else").unwrap();
    for events in [0, 1, 3] {
        let mut run = engine.start(&chat, &request(Method::Primary)).unwrap();
        for _ in 0..events {
            pollster::block_on(run.next_event()).unwrap();
        }
        drop(run);
        assert_eq!(finish(&mut engine, &request(Method::Concat)).0, expected, "cancelled after {events} events");
    }
}

#[test]
fn what_is_not_installed_is_said_and_not_replaced() {
    let engine = tiny("tiny-qwen2-f16");
    let task = Task::summary("en", "es").unwrap();
    assert_eq!(engine.unavailable(Method::ZeroShot, &task), None);
    for method in [Method::Primary, Method::Concat, Method::TwoStep, Method::Projection] {
        assert!(engine.unavailable(method, &task).unwrap().contains("is installed for this model"), "{method}");
    }
    let engine = with_adapters("tiny-qwen2-f16");
    let reason = engine.unavailable(Method::Projection, &task).unwrap();
    assert_eq!(reason, "no projection from en to es is installed for this model; add one");
    let french = Task::summary("en", "fr").unwrap();
    let reason = engine.unavailable(Method::Secondary, &french).unwrap();
    assert_eq!(reason, "no adapter that translates en to fr is installed for this model; add one");
}

#[test]
fn an_exported_adapter_is_the_same_adapter() {
    for name in ["tiny-llama-f32", "tiny-gemma3-f32"] {
        let mut engine = tiny(name);
        let adapter = adapter("one", &engine.config, 32);
        let mut file = Cursor::new(Vec::new());
        write_gguf(&adapter, &engine.config, &mut file).unwrap();
        let read = pollster::block_on(read_gguf("one", file.get_ref(), &engine.config)).unwrap();
        assert_eq!((read.rank, read.scale), (adapter.rank, adapter.scale));
        for (layer, target) in (0..engine.config.layers).flat_map(|i| Target::ALL.map(|target| (i, target))) {
            let [ours, theirs] = [&adapter, &read].map(|adapter| adapter.pair(layer, target).unwrap());
            for (ours, theirs) in [(&ours.a, &theirs.a), (&ours.b, &theirs.b)] {
                // Values are at most 0.1, so Q8_0 rounds to steps of 0.1 / 127 at the coarsest.
                let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 0.1 / 127.0, "{name} layer {layer} {target:?}: {worst}");
            }
        }
        // In a llama file the rows of q and k are in another order: if that were not undone, this would not be close.
        let tokens: Vec<u32> = (3..40).collect();
        let mut logits = |adapter: &LoraAdapter| {
            engine.set_pairs(&merge::single(adapter)).unwrap();
            common::log_probabilities(&engine.logits(&tokens).unwrap())
        };
        let (ours, theirs) = (logits(&adapter), logits(&read));
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Q8_0 noise of 28 pairs on a random model; a wrong order gives whole units.
        assert!(worst < 0.1, "{name}: {worst}");
    }
}
