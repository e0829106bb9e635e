//! Summarises a chat, printing the text as the model writes it.
//!
//! ```sh
//! cargo run --release --example summarize                           # a small random model, whose words mean nothing
//! cargo run --release --example summarize -- model.gguf chat.txt    # `Name: text` lines or an export of a messenger
//! ```

use std::io::{Cursor, Write};

use gist::chat::conversation::Conversation;
use gist::chat::import::{Imported, Options, import};
use gist::decoder::cpu::Mode;
use gist::engine::{DEFAULT_CONTEXT, Engine, Event, Request};
use gist::error::Result;
use gist::files::source::{FileSource, Source};
use gist::input;
use gist::methods::method::Method;
use gist::model::prompt::Task;
use gist::model::sampler::Sampling;

const CHAT: &str = "Ana: The train is late again.\nBen: How late?\nAna: An hour. Start dinner without me.";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut engine, chat) = match &arguments[..] {
        [] => {
            let mut file = Cursor::new(Vec::new());
            gist::synth::write("tiny-llama-q8_0", &mut file)?;
            (load(&file.into_inner().as_slice())?, Conversation::parse(CHAT)?)
        }
        [model, chat] => (load(&FileSource::open(model.as_ref())?)?, read(chat)?),
        _ => return Err(input!("give a GGUF model and a chat, or nothing")),
    };

    // Zero-shot needs no adapter. The other methods find theirs in `engine.registry`; see the example merge_adapters.
    let (task, method) = (Task::summary("en", "en")?, Method::ZeroShot);
    let sampling = Sampling { temperature: 0.7, seed: 1, ..Sampling::default() };
    let mut run = engine.start(&chat, &Request { task, method, max_tokens: 60, sampling, candidates: 1 })?;
    while let Some(event) = pollster::block_on(run.next_event())? {
        match event {
            Event::Notice(text) => eprintln!("{text}"),
            Event::Prefill { done, total, .. } => eprintln!("read {done} of {total} tokens"),
            Event::Text { at, delta } if at.last => {
                print!("{delta}");
                std::io::stdout().flush()?;
            }
            Event::Text { .. } => {} // a summary of one part of a long chat
            Event::Rewritten { text, .. } => println!("\n{text}"), // a loop was cut off
            Event::Draft { .. } => {} // only where several candidates are asked for
            Event::Done(metrics) => {
                let seconds = metrics.decode_ms / 1e3;
                eprintln!("\n{} tokens in {seconds:.2} s, {} passes", metrics.generated_tokens, metrics.passes);
            }
        }
    }
    Ok(())
}

/// Loads a model to run on the processor.
fn load(source: &impl Source) -> Result<Engine> {
    pollster::block_on(Engine::load(source, None, Mode::Fast, DEFAULT_CONTEXT, &mut |_done, _total| {}))
}

/// Reads a chat that another program exported, or `Name: text` lines.
fn read(path: &str) -> Result<Conversation> {
    match import(path, &std::fs::read(path)?, &Options::default())? {
        Imported::Chat(chat) => Ok(chat.conversation),
        Imported::Several(titles) => Err(input!("{path} has {} chats; export one of them", titles.len())),
    }
}
