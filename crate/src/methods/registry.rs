//! The adapters and learned files at hand for one model.

use crate::adapters::LoraAdapter;
use crate::error::Result;
use crate::input;
use crate::methods::correction::Correction;
use crate::methods::method::Method;
use crate::model::prompt::Task;

/// The adapters and corrections at hand for one model.
#[derive(Debug, Clone, Default)]
pub struct AdapterRegistry {
    adapters: Vec<(Task, LoraAdapter)>,
    corrections: Vec<(String, String, Correction)>,
}

impl AdapterRegistry {
    /// Adds an adapter, in place of one for the same task.
    pub fn add(&mut self, task: Task, adapter: LoraAdapter) {
        self.adapters.retain(|(other, _)| *other != task);
        self.adapters.push((task, adapter));
    }

    /// Adds a correction, in place of one of its method for the same languages. [`crate::engine::Engine::add_correction`]
    /// checks first that it was made for the base.
    pub(crate) fn add_correction(&mut self, from: &str, to: &str, correction: Correction) {
        let same = |(f, t, other): &(String, String, Correction)| {
            (f.as_str(), t.as_str(), other.method()) == (from, to, correction.method())
        };
        self.corrections.retain(|entry| !same(entry));
        self.corrections.push((from.to_owned(), to.to_owned(), correction));
    }

    /// The largest rank that any method can make of the adapters at hand: two of them one after the other and a
    /// correction beside them.
    pub fn largest_rank(&self) -> usize {
        let mut ranks: Vec<usize> = self.adapters.iter().map(|(_, adapter)| adapter.rank).collect();
        ranks.sort_unstable();
        let corrections = self.corrections.iter().map(|(.., correction)| correction.rank()).max().unwrap_or(0);
        ranks.iter().rev().take(2).sum::<usize>() + corrections
    }

    /// The languages that adapters and corrections at hand can write, beside the text's own.
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

    /// The correction for `method` between two languages.
    ///
    /// # Errors
    /// If there is none.
    pub fn correction(&self, method: Method, from: &str, to: &str) -> Result<&Correction> {
        let wanted = |(f, t, correction): &&(String, String, Correction)| {
            (f.as_str(), t.as_str(), correction.method()) == (from, to, method)
        };
        self.corrections
            .iter()
            .find(wanted)
            .map(|(_, _, correction)| correction)
            .ok_or_else(|| input!("no {method} from {from} to {to} is installed for this model; add one"))
    }
}
