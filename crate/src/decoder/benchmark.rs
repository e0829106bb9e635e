//! Which executor is faster for a model on this device: a small part of the model is run on each.
//!
//! The part has a few of the layers and the same share of the vocabulary, so that its time is that share of the whole's.
//! Costs that do not depend on the part's size, such as a submit's, are counted for more than they are; that is a reason
//! for a part of more than one layer, and never makes a slow GPU look fast.

use web_time::Instant;

use crate::decoder::executor::{Backend, Executor};
use crate::error::Result;
use crate::files::gguf::Header;
use crate::files::source::Source;
use crate::model::config::ModelConfig;
use crate::model::sampler::Sampling;
use crate::model::weights::Weights;

/// Layers of the part: few, because in a browser the processor's copy of them is in the memory of WebAssembly.
const LAYERS: usize = 2;

/// Rows of a vocabulary are a multiple of this, so that the part's matrix is stored as the whole's is.
const ROWS: usize = 32;

/// Tokens that are measured.
const PROMPT: usize = 64;
const ANSWER: usize = 16;

/// A summary as people ask for it, for which the time is told.
const TYPICAL_PROMPT: f64 = 256.0;
const TYPICAL_ANSWER: f64 = 64.0;

/// Milliseconds that a typical summary would take on `backend`.
///
/// # Errors
/// If the file is broken or not supported, or if the device fails.
pub async fn run(source: &impl Source, backend: Backend) -> Result<f64> {
    let mut header = Header::read(source).await?;
    let mut config = ModelConfig::from_header(&header)?;
    let share = cut(&mut header, &mut config);
    let mut ignore = |_, _| {};
    let mut weights = Weights::new(source, &header, &mut ignore);
    let mut executor = Executor::load(backend, &config, &mut weights, PROMPT + ANSWER).await?;
    // What is compiled or made at its first use is not measured.
    measure(&mut executor, &config).await?;
    Ok(measure(&mut executor, &config).await? / share)
}

/// Leaves the first layers and the first tokens, and returns which share of the model that is.
fn cut(header: &mut Header, config: &mut ModelConfig) -> f64 {
    let layers = LAYERS.min(config.layers);
    let rows = (config.vocab_size * layers / config.layers).next_multiple_of(ROWS).min(config.vocab_size);
    header.tensors.retain(|name, _| {
        let layer = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')).map(|(layer, _)| layer);
        layer.is_none_or(|layer| layer.parse().is_ok_and(|layer: usize| layer < layers))
    });
    for name in ["token_embd.weight", "output.weight"] {
        if let Some(info) = header.tensors.get_mut(name) {
            info.bytes = info.bytes / config.vocab_size as u64 * rows as u64;
            info.shape[0] = rows;
        }
    }
    let share = layers as f64 / config.layers as f64;
    (config.layers, config.vocab_size) = (layers, rows);
    share
}

/// Milliseconds of a typical summary with the part.
async fn measure(executor: &mut Executor, config: &ModelConfig) -> Result<f64> {
    executor.reset();
    let ids: Vec<u32> = (0..PROMPT).map(|i| ((i * 7919 + 13) % config.vocab_size) as u32).collect();
    let started = Instant::now();
    let mut fed = 0;
    while fed < ids.len() {
        fed += executor.feed(&ids[fed..]).await?;
    }
    let prefill = started.elapsed().as_secs_f64() / PROMPT as f64;
    let started = Instant::now();
    let mut taken = 0;
    while taken < ANSWER {
        taken += executor.next(&Sampling::default(), taken, ANSWER).await?.len();
    }
    let decode = started.elapsed().as_secs_f64() / ANSWER as f64;
    Ok(1e3 * (TYPICAL_PROMPT * prefill + TYPICAL_ANSWER * decode))
}
