//! The registry of the adapters and corrections installed for one model.

use std::rc::Rc;

use crate::adapters::LoraAdapter;
use crate::error::Result;
use crate::input;
use crate::methods::correction::Correction;
use crate::methods::method::Method;
use crate::model::prompt::{Task, languages};

/// Adapters by task, and corrections by method and languages, that are installed for one model.
#[derive(Debug, Clone, Default)]
pub struct AdapterRegistry {
    adapters: Vec<(Task, Rc<LoraAdapter>)>,
    corrections: Vec<(String, String, Correction)>,
    /// The methods that were the best ones by measurement, for a summary from the first language in the second.
    defaults: Vec<(String, String, Method)>,
}

impl AdapterRegistry {
    /// Adds an adapter; replaces one for the same task. An adapter for several tasks is added for each, and shared.
    pub fn add(&mut self, task: Task, adapter: impl Into<Rc<LoraAdapter>>) {
        self.adapters.retain(|(other, _)| *other != task);
        self.adapters.push((task, adapter.into()));
    }

    /// Makes `method` the default for summaries of texts in `from` in the language `to`.
    pub fn set_default(&mut self, from: &str, to: &str, method: Method) {
        self.defaults.retain(|(f, t, _)| (f.as_str(), t.as_str()) != (from, to));
        self.defaults.push((from.to_owned(), to.to_owned(), method));
    }

    /// Returns the method that was set as the default for summaries of texts in `from` in the language `to`.
    pub fn default_method(&self, from: &str, to: &str) -> Option<Method> {
        let found = self.defaults.iter().find(|(f, t, _)| (f.as_str(), t.as_str()) == (from, to));
        found.map(|(.., method)| *method)
    }

    /// Adds a correction; replaces one of its method for the same languages. The caller has checked that it was made
    /// for the base.
    pub(crate) fn add_correction(&mut self, from: &str, to: &str, correction: Correction) {
        let same = |(f, t, other): &(String, String, Correction)| {
            (f.as_str(), t.as_str(), other.kind().method()) == (from, to, correction.kind().method())
        };
        self.corrections.retain(|entry| !same(entry));
        self.corrections.push((from.to_owned(), to.to_owned(), correction));
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
        let corrections = self.corrections.iter().map(|(.., correction)| correction.rank()).max().unwrap_or(0);
        ranks.iter().rev().take(2).sum::<usize>() + corrections
    }

    /// Returns the pairs of a text's language and a result's language that an adapter or correction was installed for.
    pub fn directions(&self) -> Vec<(&'static str, &'static str)> {
        let is_installed = |pair: (&str, &str)| {
            self.adapters.iter().any(|(task, _)| (task.from(), task.to()) == pair)
                || self.corrections.iter().any(|(from, to, _)| (from.as_str(), to.as_str()) == pair)
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
            Task::Summarize { from } => {
                input!("no summarization adapter for texts in {from} is installed for this model; add one")
            }
            Task::Translate { from, to } => {
                input!("no adapter that translates {from} to {to} is installed for this model; add one")
            }
            Task::SummarizeTranslate { from, to } => {
                input!("no joint-expert adapter from {from} to {to} is installed for this model; add one")
            }
        })
    }

    /// Returns the correction for `method` between two languages.
    ///
    /// # Errors
    /// If there is none.
    pub fn correction(&self, method: Method, from: &str, to: &str) -> Result<&Correction> {
        let wanted = |(f, t, correction): &&(String, String, Correction)| {
            (f.as_str(), t.as_str(), correction.kind().method()) == (from, to, Some(method))
        };
        self.corrections
            .iter()
            .find(wanted)
            .map(|(_, _, correction)| correction)
            .ok_or_else(|| input!("no {method} from {from} to {to} is installed for this model; add one"))
    }
}
