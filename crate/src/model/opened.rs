//! A model file whose header was read: every use of a model begins here.

use super::config::ModelConfig;
use super::prompt::Template;
use super::tokenizer::Tokenizer;
use crate::error::Result;
use crate::files::gguf::Header;
use crate::files::source::Source;
use crate::input;

/// Header and configuration of a model file. Its tensors are still in the file.
#[derive(Debug)]
pub struct Opened {
    /// Metadata and tensor directory.
    pub header: Header,
    /// Dimensions and switches of the decoder.
    pub config: ModelConfig,
}

impl Opened {
    /// Reads the header of `source`.
    ///
    /// # Errors
    /// If `source` is no GGUF file, no model, or a model that is not supported.
    pub async fn read(source: &impl Source) -> Result<Self> {
        let header = Header::read(source).await?;
        let config = ModelConfig::from_header(&header)?;
        Ok(Self { header, config })
    }

    /// Returns the frame of prompts: `given`, or else the chat template of the file, or else a plain one: the
    /// instruction, an empty line and the text.
    ///
    /// # Errors
    /// If what the file has for a template is no text.
    pub fn template(&self, given: Option<Template>) -> Result<Template> {
        Ok(match (given, self.header.metadata.text("tokenizer.chat_template")?) {
            (Some(template), _) => template,
            (None, Some(chat)) => Template::Chat(chat.to_owned()),
            // A base model without a template continues text: that is still usable for `logits` and `bench`.
            (None, None) => Template::Plain("{instruction}\n\n{text}\n\n".to_owned()),
        })
    }

    /// Builds the tokenizer and takes its vocabulary out of the header, so that it is not held twice.
    ///
    /// # Errors
    /// If the file has no tokenizer that is supported, or one of another length than the embedding.
    pub fn take_tokenizer(&mut self) -> Result<Tokenizer> {
        let tokenizer = Tokenizer::from_metadata(&mut self.header.metadata)?;
        if tokenizer.vocab_size() != self.config.vocab_size {
            return Err(input!(
                "the tokenizer has {} tokens and the embedding {}; the file is broken",
                tokenizer.vocab_size(),
                self.config.vocab_size
            ));
        }
        Ok(tokenizer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth;

    #[test]
    fn a_tokenizer_of_another_length_than_the_embedding_is_refused() {
        let mut file = Vec::new();
        synth::write("tiny-llama-q8_0", &mut file).unwrap();
        let mut model = pollster::block_on(Opened::read(&&file[..])).unwrap();
        let tokens = model.config.vocab_size;
        model.config.vocab_size += 1;
        let error = model.take_tokenizer().err().unwrap().to_string();
        let expected =
            format!("the tokenizer has {tokens} tokens and the embedding {}; the file is broken", tokens + 1);
        assert_eq!(error, expected);
    }
}
