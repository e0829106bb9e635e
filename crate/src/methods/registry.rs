//! The registry of the adapters and corrections installed for one model.

use crate::adapters::LoraAdapter;
use crate::error::Result;
use crate::input;
use crate::methods::correction::Correction;
use crate::methods::method::Method;
use crate::model::prompt::Task;

/// Adapters by task, and corrections by method and languages, that are installed for one model.
#[derive(Debug, Clone, Default)]
pub struct AdapterRegistry {
    adapters: Vec<(Task, LoraAdapter)>,
    corrections: Vec<(String, String, Correction)>,
}

impl AdapterRegistry {
    /// Adds an adapter; replaces one for the same task.
    pub fn add(&mut self, task: Task, adapter: LoraAdapter) {
        self.adapters.retain(|(other, _)| *other != task);
        self.adapters.push((task, adapter));
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
        let mut ranks: Vec<usize> = self.adapters.iter().map(|(_, adapter)| adapter.rank).collect();
        ranks.sort_unstable();
        let corrections = self.corrections.iter().map(|(.., correction)| correction.rank()).max().unwrap_or(0);
        ranks.iter().rev().take(2).sum::<usize>() + corrections
    }

    /// Returns the languages that the adapters and corrections can write, besides the language of the text.
    pub fn languages(&self) -> Vec<String> {
        let mut languages: Vec<String> = self
            .adapters
            .iter()
            .filter_map(|(task, _)| match task {
                Task::Translate { to, .. } | Task::SummarizeTranslate { to, .. } => Some(to.clone()),
                Task::Summarize => None,
            })
            .chain(self.corrections.iter().map(|(_, to, _)| to.clone()))
            .collect();
        languages.sort();
        languages.dedup();
        languages
    }

    /// Returns the adapter for the task `wanted`.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn adapter(&self, wanted: &Task) -> Result<&LoraAdapter> {
        let found = self.adapters.iter().find(|(task, _)| task == wanted);
        found.map(|(_, adapter)| adapter).ok_or_else(|| match wanted {
            Task::Summarize => input!("no summarization adapter is installed for this model; add one"),
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
