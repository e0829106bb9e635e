//! Dialogues with summaries: what methods are tuned on and measured with.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Result;
use crate::input;

/// One line of a file of dialogues.
#[derive(Debug, Clone, Deserialize)]
pub struct Dialogue {
    /// Its name.
    pub id: String,
    /// Messages, oldest first.
    pub turns: Vec<Turn>,
    /// Summaries by language code.
    pub summary: BTreeMap<String, String>,
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    /// Who wrote it.
    pub speaker: String,
    /// What was written.
    pub text: String,
}

impl Dialogue {
    /// Reads one line of JSON.
    ///
    /// # Errors
    /// If it is not a dialogue.
    pub fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).map_err(|error| input!("this is not a dialogue: {error}"))
    }

    /// The chat as `Name: text` lines.
    pub fn chat(&self) -> String {
        let lines: Vec<String> = self.turns.iter().map(|turn| format!("{}: {}", turn.speaker, turn.text)).collect();
        lines.join("\n")
    }
}
