//! Adapters of random values for a model of a published shape: two LoRAs and the projection between them. They are as
//! large as trained ones, so that the cost of pairs can be measured without those.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use candle_core::quantized::GgmlDType;
use safetensors::Dtype;

use super::blocks::Blocks;
use super::full::write_matrix;
use super::shape::{Content, Shape};
use crate::error::Result;
use crate::files::gguf::{self, Value};
use crate::files::safetensors::write_safetensors;
use crate::random::random;

/// Rank of the LoRAs, as of those that the project ships.
const RANK: usize = 32;
/// Inner width of the projection.
const S: usize = 4;
/// alpha / r. A and B each multiply the size of their input by about 1.5, so with this a change stays smaller than the
/// output of its weight.
const SCALE: f64 = 0.25;

/// Kind of adapter that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SynthAdapter {
    Primary,
    Secondary,
    Projection,
}

/// Suffix of each adapter's name, after the name of its model and a hyphen.
pub(super) const ADAPTERS: [(&str, SynthAdapter); 3] = [
    ("primary", SynthAdapter::Primary),
    ("secondary", SynthAdapter::Secondary),
    ("projection", SynthAdapter::Projection),
];

/// Writes `adapter` for the model of `shape`; its bytes depend on `name` and the shape.
pub(super) fn write<W: Write>(name: &str, adapter: SynthAdapter, shape: &Shape, out: &mut W) -> Result<()> {
    match adapter {
        SynthAdapter::Primary | SynthAdapter::Secondary => write_lora(name, shape, out),
        SynthAdapter::Projection => Ok(out.write_all(&projection(name, shape)?)?),
    }
}

/// Writes a GGUF LoRA in Q8_0 that changes every matrix of every layer.
fn write_lora<W: Write>(name: &str, shape: &Shape, out: &mut W) -> Result<()> {
    let matrices: Vec<(String, [usize; 2])> = targets(shape)
        .flat_map(|(target, [d, k])| [(format!("{target}.lora_a"), [RANK, k]), (format!("{target}.lora_b"), [d, RANK])])
        .collect();
    let entries: Vec<gguf::Entry<'_>> =
        matrices.iter().map(|(name, shape)| gguf::Entry { name, shape, dtype: GgmlDType::Q8_0 }).collect();
    let text = |text: &str| Value::Text(text.to_owned());
    let metadata = [
        ("general.architecture", text("llama")),
        ("general.type", text("adapter")),
        ("general.name", text(&format!("{name} (random weights)"))),
        ("adapter.type", text("lora")),
        ("adapter.lora.alpha", Value::Float(SCALE * RANK as f64)),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    gguf::write(out, gguf::Version::V3, &metadata, &entries, |i, out| {
        let (matrix, shape) = &matrices[i];
        write_matrix(&format!("{name}/{matrix}"), Blocks::Q8_0, shape, out)
    })
}

/// Makes a projection file, P1 [s, d] and P2 [d, s] for each shape of weights. It names neither base nor adapters.
fn projection(name: &str, shape: &Shape) -> Result<Vec<u8>> {
    let groups: BTreeSet<[usize; 2]> = targets(shape).map(|(_, shape)| shape).collect();
    let mut tensors = Vec::new();
    for [d, k] in groups {
        // P1 keeps the size of its input and P2 halves it, so that a change is as large as the LoRAs'.
        for (part, shape, spread) in [("P1", [S, d], (3.0 / d as f32).sqrt()), ("P2", [d, S], (0.75 / S as f32).sqrt())]
        {
            let key = format!("{k}x{d}.{part}");
            let values = random(&format!("{name}/{key}"), d * S, 0.0, spread);
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push((key, shape.to_vec(), bytes));
        }
    }
    // One entry, since several would be written in another order each time.
    let metadata = HashMap::from([("method".to_owned(), "projection".to_owned())]);
    write_safetensors(Dtype::F32, &tensors, metadata)
}

/// Lists name and [outputs d, inputs k] of each weight that adapters change.
fn targets(shape: &Shape) -> impl Iterator<Item = (String, [usize; 2])> {
    shape.tensors().into_iter().filter_map(|tensor| match (tensor.content, &tensor.shape[..]) {
        (Content::Matrix(_), &[d, k]) if tensor.name.starts_with("blk.") => Some((tensor.name, [d, k])),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::low_rank::Target;
    use crate::adapters::read_gguf;
    use crate::decoder::cpu::Mode;
    use crate::engine::Engine;
    use crate::methods::correction::Correction;
    use crate::methods::method::Method;
    use crate::model::prompt::Task;
    use crate::synth::full;
    use crate::synth::shape::SMALL;

    fn file(name: &str, adapter: SynthAdapter) -> Vec<u8> {
        let mut file = Vec::new();
        write(name, adapter, &SMALL, &mut file).unwrap();
        file
    }

    #[test]
    fn every_method_that_they_allow_changes_logits_and_leaves_their_size() {
        let mut model = Vec::new();
        full::write(&SMALL, &mut model).unwrap();
        let mut engine = pollster::block_on(Engine::load(&&model[..], None, Mode::Exact, 64, &mut |_, _| {})).unwrap();
        let sides = Target::ALL.map(|target| target.shape(&engine.config)).map(|(d, k)| d + k);
        let parameters = SMALL.layers * RANK * sides.iter().sum::<usize>();
        let [summarize, translate] = [Task::summary("en", "en"), Task::translation("en", "es")].map(Result::unwrap);
        for (name, adapter, task) in
            [("primary", SynthAdapter::Primary, summarize), ("secondary", SynthAdapter::Secondary, translate)]
        {
            let file = file(name, adapter);
            let lora = pollster::block_on(read_gguf(name, &file, &engine.config)).unwrap();
            assert_eq!((lora.rank, lora.parameters()), (RANK, parameters));
            engine.registry.add(task, lora);
        }
        let projection = file("projection", SynthAdapter::Projection);
        assert_eq!(projection, file("projection", SynthAdapter::Projection), "the same name gave other bytes");
        let projection = Correction::read("projection", &projection, &engine.config).unwrap();
        engine.add_correction(Task::summary("en", "es").unwrap(), projection).unwrap();

        let task = Task::summary("en", "es").unwrap();
        let ids = engine.tokenizer.encode_with_bos("the weather").unwrap();
        let mut seen: Vec<Vec<f32>> = Vec::new();
        let available = |method: &Method| method.passes() == 1 && engine.unavailable(*method, &task).is_none();
        let methods: Vec<Method> = Method::ALL.into_iter().filter(available).collect();
        assert_eq!(methods.len(), 7, "{methods:?}");
        for method in methods {
            engine.set_method(method, &task).unwrap();
            let logits = engine.logits(&ids).unwrap();
            let deviation = (logits.iter().map(|x| x * x).sum::<f32>() / logits.len() as f32).sqrt();
            assert!((0.75..3.0).contains(&deviation), "{method}: {deviation}");
            for other in &seen {
                let difference = logits.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(difference > 0.02, "{method} does what another does, but for {difference}");
            }
            seen.push(logits);
        }
    }
}
