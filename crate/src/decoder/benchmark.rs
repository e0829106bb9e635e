//! The speed of a model on this device, measured on a small part of it, so that processor and GPU can be compared.
//!
//! The part has a few of the layers and the same share of the vocabulary, so that it takes that share of the whole
//! model's time. Costs that do not depend on its size, such as those of a submit, are scaled up too. Therefore the part
//! has more than one layer, and such costs never make a slow GPU look fast.

use web_time::Instant;

use crate::decoder::executor::{Backend, Executor};
use crate::error::Result;
use crate::files::gguf::Header;
use crate::files::source::Source;
use crate::model::Opened;
use crate::model::config::ModelConfig;
use crate::model::sampler::Sampling;
use crate::model::weights::Weights;

/// Number of layers of the part: few, because in a browser the processor's copy of them takes WebAssembly memory.
const LAYERS: usize = 2;

/// Divisor of the part's vocabulary, so that its matrix is stored as the whole model's.
const VOCAB_GRAIN: usize = 32;

/// Number of prompt tokens that are measured.
const PROMPT: usize = 64;
/// Number of generated tokens that are measured.
const ANSWER: usize = 16;

/// Number of prompt tokens of a typical summary.
const TYPICAL_PROMPT: f64 = 256.0;
/// Number of generated tokens of a typical summary.
const TYPICAL_ANSWER: f64 = 64.0;

/// Measures on `backend` the milliseconds that a typical summary would take with the model in `source`.
///
/// # Errors
/// If the file is broken or not supported, or if the device fails.
pub async fn typical_summary_ms(source: &impl Source, backend: Backend) -> Result<f64> {
    let Opened { mut header, mut config } = Opened::read(source).await?;
    let share = cut_to_part(&mut header, &mut config);
    let mut ignore = |_, _| {};
    let mut weights = Weights::new(source, &header, &mut ignore);
    let mut executor = Executor::load(backend, &config, &mut weights, PROMPT + ANSWER).await?;
    // The first run, which compiles and allocates, does not count.
    measure(&mut executor, &config).await?;
    Ok(measure(&mut executor, &config).await? / share)
}

/// Keeps the first layers and the first tokens of the vocabulary, and returns their share of the model.
fn cut_to_part(header: &mut Header, config: &mut ModelConfig) -> f64 {
    let layers = LAYERS.min(config.layers);
    let rows = (config.vocab_size * layers / config.layers).next_multiple_of(VOCAB_GRAIN).min(config.vocab_size);
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

/// Measures the milliseconds of a typical summary with the part.
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
