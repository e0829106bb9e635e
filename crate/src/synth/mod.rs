//! Random models: whole GGUF files, tokenizer included, that nobody has to download, and adapters for them.
//!
//! Tiny models have every feature and every type in a few megabytes, for tests. Full models have the dimensions, the
//! mix of types and the size of vocabulary of a published model, so that speed and memory can be measured without it;
//! the text they generate means nothing. The same name gives the same bytes everywhere.

mod adapters;
mod blocks;
pub(crate) mod bytes;
mod full;
mod llama3;
mod shape;
mod stream;
mod tiny;
mod vocabulary;

use std::io::Write;

pub use crate::random::random;
pub use tiny::{ARCHITECTURES, TYPES};

use crate::error::Result;
use crate::input;

/// Writes the model `name`: `llama-3.2-1b` or `tiny-ARCHITECTURE-TYPE`, for instance `tiny-llama-q4_k`. Names of
/// adapters are `llama-3.2-1b-primary`, `-secondary` and `-projection`.
///
/// # Errors
/// If there is nothing of that name or the file cannot be written.
pub fn write<W: Write>(name: &str, out: &mut W) -> Result<()> {
    if let Some(shape) = shape::SHAPES.iter().find(|shape| shape.name == name) {
        return full::write(shape, out);
    }
    if let Some((shape, adapter)) = adapter(name) {
        return adapters::write(name, adapter, shape, out);
    }
    let (arch, dtype) = tiny::parse(name).ok_or_else(|| {
        input!(
            "there is no synthetic model {name}; names are {}, each with -{} for its adapters, and tiny-ARCHITECTURE-TYPE with \
             one of {} and one of {}",
            shape::SHAPES.map(|shape| shape.name).join(", "),
            adapters::ADAPTERS.map(|(suffix, _)| suffix).join(", -"),
            ARCHITECTURES.join(", "),
            TYPES.map(|(name, _)| name).join(", ")
        )
    })?;
    tiny::write(name, arch, dtype, out)
}

/// Splits `SHAPE-ADAPTER` into the two; `None` if `name` is not of that form.
fn adapter(name: &str) -> Option<(&'static shape::Shape, adapters::SynthAdapter)> {
    let (model, suffix) = name.rsplit_once('-')?;
    let shape = shape::SHAPES.iter().find(|shape| shape.name == model)?;
    let (_, adapter) = adapters::ADAPTERS.into_iter().find(|(known, _)| *known == suffix)?;
    Some((shape, adapter))
}
