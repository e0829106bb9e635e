//! Chats that are longer than the context: which parts are read, what becomes of what is written about them, and when
//! there is no room. On a tiny random model, whose texts are noise but the same in every run.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;

use common::adapter;
use gist::chat::conversation::{Conversation, Message};
use gist::chat::windows::divide;
use gist::decoder::cpu::Mode;
use gist::engine::{Engine, Event, Metrics, Progress, Request};
use gist::error::Result;
use gist::methods::method::Method;
use gist::model::prompt::Task;
use gist::model::sampler::Sampling;
use gist::synth;

const MAX_TOKENS: usize = 8;

fn sampling() -> Sampling {
    Sampling { temperature: 1.0, seed: 3, ..Sampling::default() }
}

/// A tiny model with a context that leaves `room` tokens for text beside the longest of its instructions and an answer.
fn with_room(room: usize, max_tokens: usize) -> Engine {
    let mut file = Cursor::new(Vec::new());
    synth::write("tiny-llama-q8_0", &mut file).unwrap();
    let load = |context| {
        pollster::block_on(Engine::load(&&file.get_ref()[..], None, Mode::Fast, context, &mut |_, _| {})).unwrap()
    };
    let frame = load(512).prompt(&task(), "").unwrap().len();
    let mut engine = load(frame + max_tokens + room);
    let (one, two) = (adapter("one", &engine.config, 4), adapter("two", &engine.config, 4));
    engine.registry.add(Task::summary("en", "en").unwrap(), one);
    engine.registry.add(Task::Translate { from: "en".into(), to: "es".into() }, two);
    engine
}

fn task() -> Task {
    Task::summary("en", "es").unwrap()
}

fn chat(messages: usize) -> Conversation {
    let speakers = ["Ana", "Ben"];
    let text = (0..messages).map(|i| Message::new(speakers[i % 2], &format!("the weather of day {i}"), None));
    Conversation::new(text.collect()).unwrap()
}

/// Everything that a run said.
struct Told {
    /// Where each pass was, and what it wrote.
    passes: Vec<(Progress, String)>,
    /// What the last stage wrote.
    answer: String,
    notices: Vec<String>,
    metrics: Metrics,
}

fn run(engine: &mut Engine, chat: &Conversation, method: Method, task: Task) -> Result<Told> {
    let request = Request { task, method, max_tokens: MAX_TOKENS, sampling: sampling(), candidates: 1 };
    let mut run = engine.start(chat, &request)?;
    let mut told = Told { passes: vec![], answer: String::new(), notices: vec![], metrics: Metrics::default() };
    let mut over = false;
    while let Some(event) = pollster::block_on(run.next_event())? {
        assert!(!over, "nothing comes after the end");
        match event {
            Event::Prefill { at, done, total } => {
                assert!(done <= total);
                if told.passes.len() == at.pass {
                    told.passes.push((at, String::new()));
                }
            }
            Event::Text { at, delta } => {
                if at.last {
                    told.answer.push_str(&delta);
                }
                // The line break between two passes comes before the second has read anything.
                match told.passes.get_mut(at.pass) {
                    Some((_, text)) => text.push_str(&delta),
                    None => assert_eq!(delta, "\n"),
                }
            }
            Event::Rewritten { at, text, start } => {
                if let Some((_, pass)) = told.passes.get_mut(at.pass) {
                    text[start..].clone_into(pass);
                }
                if at.last {
                    told.answer = text;
                }
            }
            Event::Draft { .. } => {}
            Event::Notice(text) => told.notices.push(text),
            Event::Done(metrics) => (told.metrics, over) = (metrics, true),
        }
    }
    assert!(over);
    assert_eq!(told.metrics.passes, told.passes.len());
    assert_eq!(told.metrics.per_pass.len(), told.passes.len());
    let sum: usize = told.metrics.per_pass.iter().map(|pass| pass.prompt_tokens).sum();
    assert_eq!(told.metrics.prompt_tokens, sum);
    Ok(told)
}

/// What a pass has to write: from the bare executor.
fn pass(engine: &mut Engine, method: Method, task: &Task, text: &str) -> String {
    engine.set_method(method, task).unwrap();
    let prompt = engine.prompt(task, text).unwrap();
    pollster::block_on(engine.feed(&prompt)).unwrap();
    let mut ids = Vec::new();
    while ids.len() < MAX_TOKENS {
        ids.extend(pollster::block_on(engine.executor().next(&sampling(), ids.len(), MAX_TOKENS)).unwrap());
        if engine.tokenizer.is_end(ids[ids.len() - 1]) {
            ids.pop();
            break;
        }
    }
    let mut decoder = engine.tokenizer.decoder();
    let text: String = ids.iter().map(|id| decoder.push(*id)).collect();
    text + &decoder.finish()
}

fn windows(engine: &Engine, messages: &[Message], room: usize) -> Vec<String> {
    divide(messages, room, |text| engine.tokenizer.count(text)).unwrap()
}

/// What is read after windows of which `texts` were written.
fn joined(texts: &[String]) -> String {
    texts.join("\n").trim().to_owned()
}

#[test]
fn a_chat_that_fits_is_read_at_once() {
    let mut engine = with_room(200, MAX_TOKENS);
    let chat = chat(4);
    let cost: usize = chat.messages().iter().map(|m| engine.tokenizer.count(&m.to_string()).unwrap() + 1).sum();
    let mut exactly = with_room(cost, MAX_TOKENS);
    let told = run(&mut exactly, &chat, Method::Concat, task()).unwrap();
    assert_eq!((told.metrics.windows, told.metrics.passes, told.notices.len()), (1, 1, 0));
    assert_eq!(told.answer, pass(&mut engine, Method::Concat, &task(), &chat.to_string()));
    let mut one_less = with_room(cost - 1, MAX_TOKENS);
    let told = run(&mut one_less, &chat, Method::Concat, task()).unwrap();
    assert_eq!((told.metrics.windows, told.metrics.passes), (2, 3));
}

#[test]
fn each_part_is_summarised_and_then_what_was_asked_is_done_with_the_summaries() {
    let room = 150;
    let chat = chat(12);
    for method in [Method::ZeroShot, Method::Primary, Method::Secondary, Method::Linear, Method::Concat, Method::Ties] {
        let mut engine = with_room(room, MAX_TOKENS);
        let told = run(&mut engine, &chat, method, task()).unwrap();
        let parts = windows(&engine, chat.messages(), room);
        assert!(parts.len() > 1);
        let first = if method == Method::ZeroShot { method } else { Method::Primary };
        let mut texts: Vec<String> =
            parts.iter().map(|part| pass(&mut engine, first, &Task::summary("en", "en").unwrap(), part)).collect();
        let last = pass(&mut engine, method, &task(), &joined(&texts));
        assert_eq!(told.answer, last, "{method}");
        texts.push(last);
        assert_eq!(told.passes.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(), texts, "{method}");
        let (places, n): (Vec<Progress>, usize) = (told.passes.iter().map(|(at, _)| *at).collect(), parts.len());
        let mut expected: Vec<Progress> =
            (0..n).map(|window| Progress { pass: window, stage: 0, window, windows: n, last: false }).collect();
        expected.push(Progress { pass: n, stage: 1, window: 0, windows: 1, last: true });
        assert_eq!((places, told.metrics.windows), (expected, n));
    }
}

#[test]
fn summaries_that_do_not_fit_are_summarised_again() {
    let mut engine = with_room(60, MAX_TOKENS);
    let told = run(&mut engine, &chat(120), Method::Primary, Task::summary("en", "en").unwrap()).unwrap();
    let steps: Vec<usize> = told.passes.iter().filter(|(at, _)| at.window == 0).map(|(at, _)| at.windows).collect();
    assert!(steps.len() > 2 && steps.is_sorted_by(|a, b| a > b) && steps.last() == Some(&1), "{steps:?}");
    assert_eq!(told.metrics.passes, steps.iter().sum::<usize>());
}

#[test]
fn two_steps_share_the_parts() {
    let room = 150;
    let (chat, mut engine) = (chat(12), with_room(room, MAX_TOKENS));
    let told = run(&mut engine, &chat, Method::TwoStep, task()).unwrap();
    let parts = windows(&engine, chat.messages(), room);
    let texts: Vec<String> = parts
        .iter()
        .map(|part| pass(&mut engine, Method::Primary, &Task::summary("en", "en").unwrap(), part))
        .collect();
    let whole = pass(&mut engine, Method::Primary, &Task::summary("en", "en").unwrap(), &joined(&texts));
    let translate = Task::translation("en", "es").unwrap();
    assert_eq!(told.answer, pass(&mut engine, Method::Secondary, &translate, whole.trim()));
    assert_eq!(told.metrics.passes, parts.len() + 2);
}

#[test]
fn a_translation_is_that_of_the_parts_one_after_the_other() {
    let (chat, mut engine) = (chat(6), with_room(400, MAX_TOKENS));
    let translate = Task::translation("en", "es").unwrap();
    let told = run(&mut engine, &chat, Method::Secondary, translate.clone()).unwrap();
    // Parts are so short that their translations fit the answer, or 32 tokens where that is even shorter.
    let parts = windows(&engine, chat.messages(), 32);
    assert!(parts.len() > 1);
    let texts: Vec<String> = parts.iter().map(|part| pass(&mut engine, Method::Secondary, &translate, part)).collect();
    assert_eq!(told.answer.trim(), joined(&texts));
    assert!(told.passes.iter().all(|(at, _)| at.last && at.stage == 0 && at.windows == parts.len()));
}

#[test]
fn without_the_summarization_adapter_the_parts_stay_apart_and_that_is_said() {
    let room = 150;
    let (chat, mut engine) = (chat(12), with_room(room, MAX_TOKENS));
    let joint = Task::summary("en", "es").unwrap();
    let mut alone = with_room(room, MAX_TOKENS);
    alone.registry = gist::methods::registry::AdapterRegistry::default();
    alone.registry.add(joint.clone(), adapter("joint", &alone.config, 4));
    engine.registry.add(joint, adapter("joint", &engine.config, 4));
    let told = run(&mut alone, &chat, Method::JointExpert, task()).unwrap();
    let parts = windows(&engine, chat.messages(), room);
    let texts: Vec<String> = parts.iter().map(|part| pass(&mut engine, Method::JointExpert, &task(), part)).collect();
    assert_eq!(told.answer.trim(), joined(&texts));
    assert_eq!(told.notices.len(), 1);
    assert!(told.notices[0].starts_with(&format!("the chat was read in {} parts", parts.len())), "{:?}", told.notices);
    let told = run(&mut engine, &chat, Method::JointExpert, task()).unwrap();
    assert_eq!((told.notices.len(), told.metrics.passes), (0, parts.len() + 1));
}

#[test]
fn a_run_stopped_between_parts_leaves_the_engine_as_it_was() {
    let (chat, mut engine) = (chat(12), with_room(150, MAX_TOKENS));
    let expected = run(&mut engine, &chat, Method::Ties, task()).unwrap();
    for pass in 0..expected.metrics.passes {
        let request = Request {
            task: task(),
            method: Method::Concat,
            max_tokens: MAX_TOKENS,
            sampling: sampling(),
            candidates: 1,
        };
        let mut stopped = engine.start(&chat, &request).unwrap();
        loop {
            match pollster::block_on(stopped.next_event()).unwrap() {
                Some(Event::Text { at, .. }) if at.pass == pass => break,
                Some(Event::Done(_)) | None => panic!("pass {pass} wrote nothing"),
                Some(_) => {}
            }
        }
        drop(stopped);
        assert_eq!(run(&mut engine, &chat, Method::Ties, task()).unwrap().answer, expected.answer, "stopped in {pass}");
    }
}

#[test]
fn too_little_room_is_told_at_once() {
    let refusal = |room, max_tokens| {
        let mut engine = with_room(room, max_tokens);
        let request = Request { task: task(), method: Method::Concat, max_tokens, sampling: sampling(), candidates: 1 };
        engine.start(&chat(12), &request).err().map(|error| error.to_string())
    };
    let error = refusal(150, 100).unwrap();
    assert!(error.contains("up to 100 tokens are too long to be put together; ask for at most 82"), "{error}");
    assert_eq!(refusal(150 + 100 - 82, 82), None);
    assert!(refusal(150 + 100 - 83, 83).is_some());
    assert!(refusal(0, 8).unwrap().contains("has no room beside 8 tokens of answer"));
    assert!(refusal(2, 8).unwrap().contains("room for 2 tokens of the chat at a time"));
}
