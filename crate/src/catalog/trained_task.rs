//! The task that an adapter was trained for, with all languages that it reads.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::input;
use crate::model::prompt::{Form, Task, TaskKind};

/// The task of an adapter, in one or several languages of the text and forms of the summary: `{"task": "translate",
/// "from": ["es", "fr"], "to": "en"}`. With one of each it has the serde form of [`Task`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedTask {
    #[serde(rename = "task")]
    kind: TaskKind,
    /// Languages of the text. Adapters that users added before they had a language are for English.
    #[serde(default)]
    from: OneOrSeveral<String>,
    /// Language of the result; `None` for a summary, which is in the language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Forms of the summary; a translation has none.
    #[serde(default, skip_serializing_if = "OneOrSeveral::is_default")]
    form: OneOrSeveral<Form>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrSeveral<T> {
    One(T),
    Several(Vec<T>),
}

impl<T> OneOrSeveral<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

impl OneOrSeveral<Form> {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for OneOrSeveral<String> {
    fn default() -> Self {
        Self::One("en".to_owned())
    }
}

impl Default for OneOrSeveral<Form> {
    fn default() -> Self {
        Self::One(Form::default())
    }
}

impl TrainedTask {
    /// Returns the task in each of its languages and forms.
    ///
    /// # Errors
    /// If a language is not known, or the result is in the language of the text.
    pub fn tasks(&self) -> Result<Vec<Task>> {
        let (languages, forms) = (self.from.as_slice(), self.form.as_slice());
        if languages.is_empty() {
            return Err(input!("the language of the text is missing; give `from`"));
        }
        if forms.is_empty() {
            return Err(input!("the form of the summary is missing; leave `form` out, or name one"));
        }
        let task = |from: &String, form: Form| {
            let (from, to) = (from.clone(), self.to.clone());
            let task = match (self.kind, to) {
                (TaskKind::Summarize, Some(to)) if to != from => {
                    return Err(input!(
                        "a summary in {to} of a text in {from} is translated; its task is summarize-translate"
                    ));
                }
                (TaskKind::Summarize, _) => Task::Summarize { from, form },
                (TaskKind::SummarizeTranslate, Some(to)) => Task::SummarizeTranslate { from, to, form },
                (TaskKind::Translate, Some(to)) => Task::Translate { from, to },
                (_, None) => return Err(input!("the language of the result is missing; give `to`")),
            };
            task.check().map(|()| task)
        };
        languages.iter().flat_map(|from| forms.iter().map(move |form| task(from, *form))).collect()
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
        let form = OneOrSeveral::One(task.form().unwrap_or_default());
        let (kind, from, to) = match task {
            Task::Summarize { from, .. } => (TaskKind::Summarize, from, None),
            Task::SummarizeTranslate { from, to, .. } => (TaskKind::SummarizeTranslate, from, Some(to)),
            Task::Translate { from, to } => (TaskKind::Translate, from, Some(to)),
        };
        Self { kind, from: OneOrSeveral::One(from), to, form }
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
    fn each_form_is_a_task() {
        let both = read(json!({ "task": "summarize", "from": ["en", "es"], "form": ["gist", "people"] }));
        let spanish = Task::summary("es", "es").unwrap();
        assert_eq!(both.tasks().unwrap().len(), 4);
        assert!(both.includes(&spanish) && both.includes(&spanish.clone().in_form(Form::People)));
        let people = json!({ "task": "summarize-translate", "from": "en", "to": "es", "form": "people" });
        assert_eq!(read(people.clone()).tasks().unwrap(), [Task::summary("en", "es").unwrap().in_form(Form::People)]);
        let task: Task = from_value(people.clone()).unwrap();
        assert_eq!(
            (to_value(TrainedTask::from(task.clone())).unwrap(), to_value(task).unwrap()),
            (people.clone(), people)
        );
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
        assert!(error(json!({ "task": "summarize", "form": [] })).contains("leave `form` out"));
        assert!(error(json!({ "task": "summarize", "from": "en", "to": "es" })).contains("summarize-translate"));
        assert!(error(json!({ "task": "translate", "from": ["es", "en"], "to": "en" })).contains("already"));
    }
}
