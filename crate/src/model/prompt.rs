//! Tasks of the model, and the prompts that ask for them.

use minijinja::{Environment, context};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::failure;
use crate::input;
use crate::model::tokenizer::{Part, Tokenizer};

/// A task of the model. Languages are codes such as `es`. The serde form is that of `models/catalog.json` and of the
/// records that browsers hold: `{"task": "translate", "from": "en", "to": "es"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    /// A summary in the language of the text.
    Summarize {
        /// Language of the text.
        from: String,
        /// Form of the summary.
        #[serde(default, skip_serializing_if = "Form::is_default")]
        form: Form,
    },
    /// A summary in another language.
    SummarizeTranslate {
        /// Language of the text.
        from: String,
        /// Language of the summary.
        to: String,
        /// Form of the summary.
        #[serde(default, skip_serializing_if = "Form::is_default")]
        form: Form,
    },
    /// A translation of the whole text.
    Translate {
        /// Language of the text.
        from: String,
        /// Language of the translation.
        to: String,
    },
}

/// Forms of a summary. Each is a skill of its own to the model, with its own instruction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One or two sentences
    #[default]
    Gist,
    /// One line for each person: what they say, want, do or decide
    People,
}

impl Form {
    /// All forms, the default first.
    pub const ALL: [Form; 2] = [Form::Gist, Form::People];

    /// Returns `true` for the form of tasks that name none.
    pub fn is_default(&self) -> bool {
        *self == Form::default()
    }
}

/// The kinds of tasks, without their languages and forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// A summary in the chat's language
    Summarize,
    /// A summary in another language
    SummarizeTranslate,
    /// The whole chat in another language
    Translate,
}

/// Codes and English names of the languages that prompts can name.
const LANGUAGES: [(&str, &str); 4] = [("en", "English"), ("es", "Spanish"), ("fr", "French"), ("de", "German")];

/// Lists the codes of the languages that can be asked for.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(code, _)| *code)
}

/// Returns the English name of the language `code`.
///
/// # Errors
/// If it is not known.
pub fn language(code: &str) -> Result<&'static str> {
    LANGUAGES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name).ok_or_else(|| {
        let known: Vec<&str> = languages().collect();
        input!("language {code} is not known; use one of {}", known.join(", "))
    })
}

impl Task {
    /// Makes the task of summarising in `to` of a text in `from`, in the default form.
    ///
    /// # Errors
    /// If a language is not known.
    pub fn summary(from: &str, to: &str) -> Result<Self> {
        language(from)?;
        language(to)?;
        let (from, form) = (from.to_owned(), Form::default());
        Ok(match from == to {
            true => Task::Summarize { from, form },
            false => Task::SummarizeTranslate { from, to: to.to_owned(), form },
        })
    }

    /// Returns this task with a summary of `form`. A translation has none and stays as it is.
    pub fn in_form(mut self, form: Form) -> Self {
        match &mut self {
            Task::Summarize { form: of, .. } | Task::SummarizeTranslate { form: of, .. } => *of = form,
            Task::Translate { .. } => {}
        }
        self
    }

    /// Returns the form of the summary; `None` for a translation.
    pub fn form(&self) -> Option<Form> {
        match self {
            Task::Summarize { form, .. } | Task::SummarizeTranslate { form, .. } => Some(*form),
            Task::Translate { .. } => None,
        }
    }

    /// Returns the task that comes first where this one is done in two: the summary in the language of the text. `None`
    /// for a translation.
    pub fn primary(&self) -> Option<Task> {
        self.form().map(|form| Task::Summarize { from: self.from().to_owned(), form })
    }

    /// Returns the task that comes second where this one is done in two: the translation. `None` for a summary in the
    /// language of the text.
    pub fn secondary(&self) -> Option<Task> {
        match self {
            Task::Summarize { .. } => None,
            Task::SummarizeTranslate { from, to, .. } | Task::Translate { from, to } => {
                Some(Task::Translate { from: from.clone(), to: to.clone() })
            }
        }
    }

    /// Makes the task of translating a text in `from` into `to`.
    ///
    /// # Errors
    /// If a language is not known, or both are the same.
    pub fn translation(from: &str, to: &str) -> Result<Self> {
        if language(from)? == language(to)? {
            return Err(input!("the text is in {} already", language(to)?));
        }
        Ok(Task::Translate { from: from.to_owned(), to: to.to_owned() })
    }

    /// Checks a task that comes from a file or from the page.
    ///
    /// # Errors
    /// If a language is not known, or both are the same.
    pub fn check(&self) -> Result<()> {
        match self {
            Task::Summarize { from, .. } => language(from).map(drop),
            Task::SummarizeTranslate { from, to, .. } if from == to => {
                Err(input!("the text is in that language already; choose another"))
            }
            Task::SummarizeTranslate { from, to, .. } => Task::summary(from, to).map(drop),
            Task::Translate { from, to } => Task::translation(from, to).map(drop),
        }
    }

    /// Returns the language of the text.
    pub fn from(&self) -> &str {
        match self {
            Task::Summarize { from, .. } | Task::SummarizeTranslate { from, .. } | Task::Translate { from, .. } => from,
        }
    }

    /// Returns the language of the result.
    pub fn to(&self) -> &str {
        match self {
            Task::Summarize { from, .. } => from,
            Task::SummarizeTranslate { to, .. } | Task::Translate { to, .. } => to,
        }
    }

    /// The sentence that adapters were trained on.
    ///
    /// # Errors
    /// If a language is not known.
    pub fn instruction(&self) -> Result<String> {
        let task = match self.form() {
            Some(Form::Gist) => "Summarize the following text",
            Some(Form::People) => "Say what each person says or does",
            None => "Translate the following text",
        };
        Ok(match self {
            Task::Summarize { .. } => format!("{task}."),
            Task::SummarizeTranslate { from, to, .. } => {
                format!("{task} and translate it from {} to {}.", language(from)?, language(to)?)
            }
            Task::Translate { from, to } => format!("{task} from {} to {}.", language(from)?, language(to)?),
        })
    }
}

/// Instructions for a model that follows instructions, without adapters: `{from}` and `{to}` stand for the
/// English names of the languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ZeroShotInstructions {
    summarize: String,
    summarize_translate: String,
    people: String,
    people_translate: String,
    translate: String,
}

impl ZeroShotInstructions {
    /// Returns the instruction for `task`.
    ///
    /// # Errors
    /// If a language is not known.
    pub fn instruction(&self, task: &Task) -> Result<String> {
        let words = match task {
            Task::Summarize { form: Form::Gist, .. } => &self.summarize,
            Task::Summarize { form: Form::People, .. } => &self.people,
            Task::SummarizeTranslate { form: Form::Gist, .. } => &self.summarize_translate,
            Task::SummarizeTranslate { form: Form::People, .. } => &self.people_translate,
            Task::Translate { .. } => &self.translate,
        };
        Ok(words.replace("{from}", language(task.from())?).replace("{to}", language(task.to())?))
    }
}

/// Frame around instruction and text that a model was trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Text with `{instruction}` and `{text}`.
    Plain(String),
    /// A Jinja chat template, as GGUF files hold it.
    Chat(String),
}

/// Placeholder for the user's text while a chat template is rendered; no text that a person writes contains it.
const PLACEHOLDER: &str = "\u{e000}pocket-gist-text\u{e000}";

impl Template {
    /// Returns the ids of the prompt of `instruction` and `text`, BOS included where the model wants one.
    ///
    /// Markup in `text` stays text: a chat that contains `<end_of_turn>` does not end its turn.
    ///
    /// # Errors
    /// If the template cannot be rendered.
    pub fn encode(&self, instruction: &str, text: &str, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
        let frame = self.render(instruction, tokenizer)?;
        let (before, after) = frame
            .split_once(PLACEHOLDER)
            .ok_or_else(|| input!("the model's chat template leaves out the user's text; give another template"))?;
        tokenizer.encode_prompt(&[Part::Markup(before), Part::Plain(text), Part::Markup(after)])
    }

    /// Renders the frame around `instruction` and the placeholder.
    fn render(&self, instruction: &str, tokenizer: &Tokenizer) -> Result<String> {
        match self {
            Template::Plain(frame) => {
                Ok(frame.replacen("{instruction}", instruction, 1).replacen("{text}", PLACEHOLDER, 1))
            }
            Template::Chat(source) => {
                let mut environment = Environment::new();
                environment.set_trim_blocks(true);
                environment.set_lstrip_blocks(true);
                environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
                environment.add_function("raise_exception", raise_exception);
                let render = || {
                    environment.template_from_str(source)?.render(context! {
                        messages => [context! { role => "user", content => format!("{instruction}\n\n{PLACEHOLDER}") }],
                        add_generation_prompt => true,
                        bos_token => tokenizer.bos_piece(),
                        eos_token => tokenizer.eos_piece(),
                    })
                };
                render().map_err(|error| failure!("the model's chat template cannot be rendered: {error:#}"))
            }
        }
    }
}

/// Raises an error; templates call it when they do not support the messages they are given.
fn raise_exception(message: String) -> Result<String, minijinja::Error> {
    Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_those_of_the_training_data() {
        let both = Task::summary("en", "es").unwrap();
        assert_eq!(
            both.instruction().unwrap(),
            "Summarize the following text and translate it from English to Spanish."
        );
        assert_eq!(Task::summary("en", "en").unwrap().instruction().unwrap(), "Summarize the following text.");
        let translate = Task::translation("en", "de").unwrap();
        assert_eq!(translate.instruction().unwrap(), "Translate the following text from English to German.");
        let people = both.in_form(Form::People);
        assert_eq!(
            people.instruction().unwrap(),
            "Say what each person says or does and translate it from English to Spanish."
        );
        let [primary, secondary] = [people.primary(), people.secondary()].map(Option::unwrap);
        assert_eq!(primary.instruction().unwrap(), "Say what each person says or does.");
        assert_eq!(secondary.instruction().unwrap(), "Translate the following text from English to Spanish.");
    }

    #[test]
    fn zero_shot_instructions_name_the_languages() {
        let json = r#"{
            "summarize": "In {from}.", "summarize-translate": "{from} to {to}.", "translate": "To {to}.",
            "people": "Each in {from}.", "people-translate": "Each in {to}."
        }"#;
        let words: ZeroShotInstructions = serde_json::from_str(json).unwrap();
        let instruction = |task: Result<Task>| words.instruction(&task.unwrap()).unwrap();
        assert_eq!(instruction(Task::summary("de", "de")), "In German.");
        assert_eq!(instruction(Task::summary("de", "en")), "German to English.");
        assert_eq!(instruction(Task::translation("de", "fr")), "To French.");
        let people = |to| Task::summary("de", to).map(|task| task.in_form(Form::People));
        assert_eq!([instruction(people("de")), instruction(people("en"))], ["Each in German.", "Each in English."]);
    }

    #[test]
    fn an_unknown_language_is_refused_by_name() {
        let error = Task::summary("en", "xx").unwrap_err().to_string();
        assert_eq!(error, "language xx is not known; use one of en, es, fr, de");
        let error = Task::translation("es", "es").unwrap_err().to_string();
        assert_eq!(error, "the text is in Spanish already");
    }
}
