//! Dialogues with summaries, for tuning and measuring methods.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Result;
use crate::input;

/// A dialogue, as one line of JSON.
#[derive(Debug, Clone, Deserialize)]
pub struct Dialogue {
    /// Name of the dialogue.
    pub id: String,
    /// Code of the language that it is in.
    #[serde(default = "english")]
    pub lang: String,
    /// Turns, oldest first.
    pub turns: Vec<Turn>,
    /// Summaries by language code.
    pub summary: BTreeMap<String, String>,
}

/// The language of dialogues that name none.
fn english() -> String {
    "en".to_owned()
}

/// One message of a dialogue.
#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    /// Name of the speaker.
    pub speaker: String,
    /// Text of the message.
    pub text: String,
}

/// A dialogue's summaries by person, as one line of JSON.
#[derive(Debug, Clone, Deserialize)]
pub struct DialoguePeople {
    /// Name of the dialogue.
    pub id: String,
    /// By language code: the name of each person who matters, and what that person says, wants, does or decides.
    pub by_person: BTreeMap<String, Vec<(String, String)>>,
}

impl DialoguePeople {
    /// Reads one line of JSON.
    ///
    /// # Errors
    /// If it is not such an object.
    pub fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).map_err(|error| input!("this is not a summary by person: {error}"))
    }

    /// Returns the summary in the language `to` as `Name: text` lines; `None` where there is none.
    pub fn text(&self, to: &str) -> Option<String> {
        let lines: Vec<String> = self.by_person.get(to)?.iter().map(|(name, text)| format!("{name}: {text}")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl Dialogue {
    /// Reads one line of JSON.
    ///
    /// # Errors
    /// If it is not a dialogue.
    pub fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).map_err(|error| input!("this is not a dialogue: {error}"))
    }

    /// Returns the dialogue as `Name: text` lines.
    pub fn chat(&self) -> String {
        let lines: Vec<String> = self.turns.iter().map(|turn| format!("{}: {}", turn.speaker, turn.text)).collect();
        lines.join("\n")
    }
}
