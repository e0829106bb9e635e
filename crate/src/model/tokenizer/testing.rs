//! Small SentencePiece vocabularies for tests.

use super::Tokenizer;
use crate::files::gguf::{Metadata, Value};

/// Id of the first piece that a test gives.
pub const FIRST: u32 = 260;

/// Returns the metadata of a vocabulary as Gemma has it: an unknown token, `<bos>`, `<eos>`, a user-defined pair of
/// line breaks, all bytes, and from [`FIRST`] on `pieces`, of which earlier ones are joined first. Among them `<…>` are
/// control tokens, and those with a line break are user-defined.
pub fn spm(pieces: &[&str]) -> Metadata {
    let mut all = ["<unk>", "<bos>", "<eos>", "\n\n"].map(str::to_owned).to_vec();
    let mut kinds = vec![2, 3, 3, 4];
    all.extend((0..=255).map(|byte| format!("<0x{byte:02X}>")));
    kinds.resize(all.len(), 6);
    for piece in pieces {
        all.push((*piece).to_owned());
        kinds.push(match piece {
            control if control.starts_with('<') => 3,
            found_first if found_first.contains('\n') => 4,
            _ => 1,
        });
    }
    let scores = (0..all.len()).map(|i| -(i as f32)).collect();
    let mut metadata = Metadata::default();
    metadata.insert("tokenizer.ggml.model", Value::Text("llama".into()));
    metadata.insert("tokenizer.ggml.tokens", Value::Strings(all.iter().map(String::as_str).collect()));
    metadata.insert("tokenizer.ggml.scores", Value::Floats(scores));
    metadata.insert("tokenizer.ggml.token_type", Value::Ints(kinds));
    metadata.insert("tokenizer.ggml.bos_token_id", Value::Int(1));
    metadata.insert("tokenizer.ggml.eos_token_id", Value::Int(2));
    metadata.insert("tokenizer.ggml.add_space_prefix", Value::Bool(false));
    metadata
}

/// Returns the tokenizer of such a vocabulary.
pub fn gemma_like(pieces: &[&str]) -> Tokenizer {
    Tokenizer::from_metadata(&mut spm(pieces)).unwrap()
}
