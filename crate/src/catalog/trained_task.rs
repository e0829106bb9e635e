//! The task that an adapter was trained for, with all languages that it reads.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::input;
use crate::model::prompt::{Task, TaskKind};

/// The task of an adapter, in one or several languages of the text: `{"task": "translate", "from": ["es", "fr"], "to":
/// "en"}`. With one language it has the serde form of [`Task`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedTask {
    #[serde(rename = "task")]
    kind: TaskKind,
    /// Languages of the text. Adapters that users added before they had a language are for English.
    #[serde(default)]
    from: Languages,
    /// Language of the result; `None` for a summary, which is in the language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Languages {
    One(String),
    Several(Vec<String>),
}

impl Default for Languages {
    fn default() -> Self {
        Self::One("en".to_owned())
    }
}

impl TrainedTask {
    /// Returns the task in each of its languages.
    ///
    /// # Errors
    /// If a language is not known, or the result is in the language of the text.
    pub fn tasks(&self) -> Result<Vec<Task>> {
        let from = match &self.from {
            Languages::One(from) => std::slice::from_ref(from),
            Languages::Several(from) => from,
        };
        let task = |from: &String| {
            let (from, to) = (from.clone(), self.to.clone());
            let task = match (self.kind, to) {
                (TaskKind::Summarize, Some(to)) if to != from => {
                    return Err(input!(
                        "a summary in {to} of a text in {from} is translated; its task is summarize-translate"
                    ));
                }
                (TaskKind::Summarize, _) => Task::Summarize { from },
                (TaskKind::SummarizeTranslate, Some(to)) => Task::SummarizeTranslate { from, to },
                (TaskKind::Translate, Some(to)) => Task::Translate { from, to },
                (_, None) => return Err(input!("the language of the result is missing; give `to`")),
            };
            task.check().map(|()| task)
        };
        match from.is_empty() {
            true => Err(input!("the language of the text is missing; give `from`")),
            false => from.iter().map(task).collect(),
        }
    }

    /// Returns the kind of the task.
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// Returns `true` if `task` is this task in one of its languages.
    pub fn includes(&self, task: &Task) -> bool {
        self.tasks().is_ok_and(|tasks| tasks.contains(task))
    }
}

impl From<Task> for TrainedTask {
    fn from(task: Task) -> Self {
        let (kind, from, to) = match task {
            Task::Summarize { from } => (TaskKind::Summarize, from, None),
            Task::SummarizeTranslate { from, to } => (TaskKind::SummarizeTranslate, from, Some(to)),
            Task::Translate { from, to } => (TaskKind::Translate, from, Some(to)),
        };
        Self { kind, from: Languages::One(from), to }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    fn read(json: Value) -> TrainedTask {
        from_value(json).unwrap()
    }

    #[test]
    fn each_language_is_a_task() {
        let several = read(json!({ "task": "translate", "from": ["es", "fr"], "to": "en" }));
        let [spanish, french] = ["es", "fr"].map(|from| Task::translation(from, "en").unwrap());
        assert_eq!(several.tasks().unwrap(), [spanish.clone(), french]);
        assert!(several.includes(&spanish) && !several.includes(&Task::translation("de", "en").unwrap()));
        let one = json!({ "task": "summarize-translate", "from": "en", "to": "es" });
        assert_eq!(read(one.clone()).tasks().unwrap(), [Task::summary("en", "es").unwrap()]);
        assert_eq!(to_value(TrainedTask::from(Task::summary("en", "es").unwrap())).unwrap(), one);
    }

    #[test]
    fn a_summary_is_in_the_language_of_the_text() {
        let written = json!({ "task": "summarize", "from": "en", "to": "en" });
        assert_eq!(read(written.clone()).tasks().unwrap(), [Task::summary("en", "en").unwrap()]);
        assert_eq!(to_value(read(written.clone())).unwrap(), written);
        let unnamed = read(json!({ "task": "summarize" }));
        assert_eq!(unnamed.tasks().unwrap(), [Task::summary("en", "en").unwrap()]);
        let all = read(json!({ "task": "summarize", "from": ["en", "es"] }));
        assert_eq!(all.tasks().unwrap().len(), 2);
    }

    #[test]
    fn languages_that_make_no_task_are_refused() {
        let error = |json| read(json).tasks().unwrap_err().to_string();
        assert_eq!(
            error(json!({ "task": "translate", "from": "en" })),
            "the language of the result is missing; give `to`"
        );
        assert!(error(json!({ "task": "summarize", "from": ["en", "xx"] })).contains("language xx is not known"));
        assert!(error(json!({ "task": "summarize", "from": [] })).contains("give `from`"));
        assert!(error(json!({ "task": "summarize", "from": "en", "to": "es" })).contains("summarize-translate"));
        assert!(error(json!({ "task": "translate", "from": ["es", "en"], "to": "en" })).contains("already"));
    }
}
