//! Merges a summarization adapter and a translation adapter, and writes the result as one adapter.
//!
//! ```sh
//! cargo run --release --example merge_adapters    # random model and adapters
//! cargo run --release --example merge_adapters -- model.gguf summarize.gguf translate.gguf merged.gguf
//! ```

use std::fs::File;
use std::io::{BufWriter, Cursor};

use gist::adapters::low_rank::{LowRankPair, Target};
use gist::adapters::{LoraAdapter, StoredPair, read_gguf, write_gguf};
use gist::decoder::cpu::Mode;
use gist::engine::{DEFAULT_CONTEXT, Engine};
use gist::error::Result;
use gist::files::source::{FileSource, Source};
use gist::input;
use gist::methods::merge;
use gist::methods::method::Method;
use gist::methods::plan::plan;
use gist::model::config::ModelConfig;
use gist::model::prompt::Task;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut engine, [primary, secondary], out) = match &arguments[..] {
        [] => {
            let mut file = Cursor::new(Vec::new());
            gist::synth::write("tiny-llama-q8_0", &mut file)?;
            let engine = load(&file.into_inner().as_slice())?;
            let adapters = ["primary", "secondary"].map(|name| random_adapter(name, &engine.config));
            (engine, adapters, None)
        }
        [model, primary, secondary, out] => {
            let engine = load(&FileSource::open(model.as_ref())?)?;
            let read = |path: &str| pollster::block_on(read_gguf(path, &std::fs::read(path)?, &engine.config));
            let adapters = [read(primary)?, read(secondary)?];
            (engine, adapters, Some(out))
        }
        _ => return Err(input!("give a model, two GGUF adapters and the file to write, or nothing")),
    };

    // A merge is a function from adapters to low-rank pairs: one A and B for each weight, computed when they are used.
    let config = engine.config.clone();
    let merged = LoraAdapter::from_pairs("merged", &merge::concat_halves([&primary, &secondary]), &config)?;
    println!("half of each, concatenated: rank {}", merged.rank);
    match out {
        Some(path) => write_gguf(&merged, &config, &mut BufWriter::new(File::create(path)?))?,
        None => write_gguf(&merged, &config, &mut Cursor::new(Vec::new()))?,
    }

    // The same by name: adapters in the registry, and a plan that says which pairs a method adds to the base.
    let task = Task::summary("en", "es")?;
    engine.registry.add(Task::summary("en", "en")?, primary);
    engine.registry.add(Task::translation("en", "es")?, secondary);
    for method in Method::ALL {
        match plan(method, &task, &engine.registry, &config) {
            Ok(passes) => {
                let ranks: Vec<usize> = passes.iter().map(|pass| pass.pairs.rank()).collect();
                println!("{method}: passes with pairs of rank {ranks:?}");
            }
            Err(reason) => println!("{method}: {reason}"),
        }
    }

    // The engine adds pairs to the base until others replace them.
    let prompt = engine.prompt(&task, "Ana: The train is late.")?;
    let base = engine.logits(&prompt)?;
    engine.set_pairs(&merge::single(&merged))?;
    let with_adapter = engine.logits(&prompt)?;
    let change = base.iter().zip(&with_adapter).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("largest change of a logit by the merged adapter: {change:.3}");
    Ok(())
}

/// Loads a model to run on the processor.
fn load(source: &impl Source) -> Result<Engine> {
    pollster::block_on(Engine::load(source, None, Mode::Fast, DEFAULT_CONTEXT, &mut |_done, _total| {}))
}

/// Returns an adapter of rank 8 with random values.
fn random_adapter(name: &str, config: &ModelConfig) -> LoraAdapter {
    const RANK: usize = 8;
    let pair = |layer: usize, target: Target| {
        let (d, k) = target.shape(config);
        let values = |part: &str, n: usize| gist::synth::random(&format!("{name}.{layer}.{part}"), n, 0.0, 0.1);
        Some(StoredPair::F32(LowRankPair { rank: RANK, a: values("a", RANK * k), b: values("b", d * RANK) }))
    };
    let layers = (0..config.layers).map(|layer| Target::ALL.map(|target| pair(layer, target))).collect();
    LoraAdapter { name: name.to_owned(), sha256: String::new(), scale: 1.0, rank: RANK, layers }
}
