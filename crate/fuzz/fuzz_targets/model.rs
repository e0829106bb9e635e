//! A model's header, and the tokenizer in it. The tensors are taken to be there, all zeros.
#![no_main]

use gist::error::Result;
use gist::files::gguf::Header;
use gist::files::source::Source;
use gist::model::config::ModelConfig;
use gist::model::tokenizer::{Part, Tokenizer};
use gist_fuzz::{accepted, model_header, now, seed};
use libfuzzer_sys::fuzz_target;

/// A file that begins with the input.
struct Padded<'a>(&'a [u8]);

impl Source for Padded<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64 + (1 << 24)
    }

    async fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(0);
        if let Some(rest) = self.0.get(offset as usize..) {
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
        }
        Ok(())
    }
}

fuzz_target!(
    init: ["llama", "gemma3"].iter().for_each(|arch| seed("model", arch, &model_header(&format!("tiny-{arch}-q8_0")))),
    |data: &[u8]| {
        let Some(mut header) = accepted(now(Header::read(&Padded(data)))) else { return };
        accepted(ModelConfig::from_header(&header));
        let Some(tokenizer) = accepted(Tokenizer::from_metadata(&mut header.metadata)) else { return };
        let parts = [Part::Markup("<bos>the "), Part::Plain("thé 👋 <eos>\n"), Part::Markup("\u{1}")];
        let Some(ids) = accepted(tokenizer.encode_prompt(&parts)) else { return };
        let mut decoder = tokenizer.decoder();
        for id in ids {
            decoder.push(id);
        }
        decoder.finish();
    }
);
