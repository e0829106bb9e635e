//! The registry of the adapters and corrections installed for one model.

use std::rc::Rc;

use crate::adapters::LoraAdapter;
use crate::error::Result;
use crate::input;
use crate::methods::correction::Correction;
use crate::methods::method::Method;
use crate::model::prompt::{Form, Task, languages};

/// Adapters by task, and corrections by task and method, that are installed for one model.
#[derive(Debug, Clone, Default)]
pub struct AdapterRegistry {
    adapters: Vec<(Task, Rc<LoraAdapter>)>,
    corrections: Vec<(Task, Correction)>,
    /// The methods that were the best ones by measurement.
    defaults: Vec<(Task, Method)>,
}

impl AdapterRegistry {
    /// Adds an adapter; replaces one for the same task. An adapter for several tasks is added for each, and shared.
    pub fn add(&mut self, task: Task, adapter: impl Into<Rc<LoraAdapter>>) {
        self.adapters.retain(|(other, _)| *other != task);
        self.adapters.push((task, adapter.into()));
    }

    /// Makes `method` the default for `task`.
    pub fn set_default(&mut self, task: Task, method: Method) {
        self.defaults.retain(|(other, _)| *other != task);
        self.defaults.push((task, method));
    }

    /// Returns the method that was set as the default for `task`.
    pub fn default_method(&self, task: &Task) -> Option<Method> {
        self.defaults.iter().find(|(other, _)| other == task).map(|(_, method)| *method)
    }

    /// Adds a correction; replaces one of its method for the same task. The caller has checked that it was made for the
    /// base.
    pub(crate) fn add_correction(&mut self, task: Task, correction: Correction) {
        let method = correction.kind().method();
        self.corrections.retain(|(other, before)| *other != task || before.kind().method() != method);
        self.corrections.push((task, correction));
    }

    /// Returns the largest rank that any method can reach: that of two adapters, concatenated, and of a correction
    /// beside them.
    pub fn largest_rank(&self) -> usize {
        let is_first = |(index, (_, adapter)): &(usize, &(Task, Rc<LoraAdapter>))| {
            !self.adapters[..*index].iter().any(|(_, before)| Rc::ptr_eq(before, adapter))
        };
        let distinct = self.adapters.iter().enumerate().filter(is_first);
        let mut ranks: Vec<usize> = distinct.map(|(_, (_, adapter))| adapter.rank).collect();
        ranks.sort_unstable();
        let corrections = self.corrections.iter().map(|(_, correction)| correction.rank()).max().unwrap_or(0);
        ranks.iter().rev().take(2).sum::<usize>() + corrections
    }

    /// Returns the pairs of a text's language and a result's language that an adapter or correction was installed for.
    pub fn directions(&self) -> Vec<(&'static str, &'static str)> {
        let is_installed = |pair: (&str, &str)| {
            let mut tasks =
                self.adapters.iter().map(|(task, _)| task).chain(self.corrections.iter().map(|(task, _)| task));
            tasks.any(|task| (task.from(), task.to()) == pair)
        };
        let pairs = languages().flat_map(|from| languages().map(move |to| (from, to)));
        pairs.filter(|pair| is_installed(*pair)).collect()
    }

    /// Returns the adapter for the task `wanted`.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn adapter(&self, wanted: &Task) -> Result<&LoraAdapter> {
        let found = self.adapters.iter().find(|(task, _)| task == wanted);
        found.map(|(_, adapter)| &**adapter).ok_or_else(|| match wanted {
            Task::Summarize { from, form: Form::Gist } => {
                input!("no summarization adapter for texts in {from} is installed for this model; add one")
            }
            Task::Summarize { from, form: Form::People } => {
                input!("no adapter for summaries by person of texts in {from} is installed for this model; add one")
            }
            Task::Translate { from, to } => {
                input!("no adapter that translates {from} to {to} is installed for this model; add one")
            }
            Task::SummarizeTranslate { from, to, .. } => {
                input!("no joint-expert adapter from {from} to {to} is installed for this model; add one")
            }
        })
    }

    /// Returns the correction for `method` of a summary in another language.
    ///
    /// # Errors
    /// If there is none.
    pub fn correction(&self, method: Method, task: &Task) -> Result<&Correction> {
        let found = self
            .corrections
            .iter()
            .find(|(other, correction)| other == task && correction.kind().method() == Some(method));
        found.map(|(_, correction)| correction).ok_or_else(|| {
            let (from, to) = (task.from(), task.to());
            let people = if task.form() == Some(Form::People) { " by person" } else { "" };
            input!("no {method}{people} from {from} to {to} is installed for this model; add one")
        })
    }
}
