//! Generates text with a sampler of one's own: min-p, with a penalty on tokens that are in the text already.
//!
//! ```sh
//! cargo run --release --example custom_sampler                                      # a small random model
//! cargo run --release --example custom_sampler -- model.gguf "Ana: Tea or coffee?"
//! ```

use std::io::Cursor;

use gist::decoder::cpu::Mode;
use gist::engine::{DEFAULT_CONTEXT, Engine};
use gist::error::Result;
use gist::files::source::{FileSource, Source};
use gist::input;
use gist::model::prompt::Task;
use gist::model::sampler::uniform;

const MAX_TOKENS: usize = 60;
const SEED: u64 = 7;

/// Least probability of a token, as a share of the largest one.
const MIN_P: f32 = 0.1;

/// Amount by which the logit of a token falls for each time that it is in the text.
const PENALTY: f32 = 1.5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut engine, text) = match &arguments[..] {
        [] => {
            let mut file = Cursor::new(Vec::new());
            gist::synth::write("tiny-qwen2-q8_0", &mut file)?;
            (load(&file.into_inner().as_slice())?, "Ana: Tea or coffee?\nBen: Tea.")
        }
        [model, text] => (load(&FileSource::open(model.as_ref())?)?, text.as_str()),
        _ => return Err(input!("give a GGUF model and a text to summarise, or nothing")),
    };

    let prompt = engine.prompt(&Task::summary("en", "en")?, text)?;
    let mut logits = engine.logits(&prompt)?;
    let mut ids = Vec::new();
    while ids.len() < MAX_TOKENS {
        let id = choose(&logits, &ids);
        if engine.tokenizer.is_end(id) {
            break;
        }
        ids.push(id);
        logits = engine.forward(&[id])?;
    }

    // A token may end in the middle of a character; the decoder keeps those bytes until the rest comes.
    let mut decoder = engine.tokenizer.decoder();
    let text: String = ids.iter().map(|id| decoder.push(*id)).collect();
    println!("{text}{}", decoder.finish());
    Ok(())
}

/// Draws one of the tokens that are at least [`MIN_P`] times as probable as the most probable one.
fn choose(logits: &[f32], ids: &[u32]) -> u32 {
    let mut logits = logits.to_vec();
    for id in ids {
        logits[*id as usize] -= PENALTY;
    }
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = logits.iter().map(|logit| (logit - max).exp());
    let kept: Vec<(usize, f32)> = weights.enumerate().filter(|(_, weight)| *weight >= MIN_P).collect();
    let mut left = uniform(SEED, ids.len() as u32) * kept.iter().map(|(_, weight)| weight).sum::<f32>();
    for (id, weight) in &kept {
        left -= weight;
        if left < 0.0 {
            return *id as u32;
        }
    }
    kept.last().map_or(0, |(id, _)| *id as u32) // rounding may leave a little above the last one
}

/// Loads a model to run on the processor.
fn load(source: &impl Source) -> Result<Engine> {
    pollster::block_on(Engine::load(source, None, Mode::Fast, DEFAULT_CONTEXT, &mut |_done, _total| {}))
}
