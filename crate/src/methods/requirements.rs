//! The files that a method needs beside the base, as a list: [`super::plan::plan`] fails where one of them is missing.

use super::adapter_kind::AdapterKind;
use super::method::Method;
use crate::model::prompt::Task;

/// A file that a method needs beside the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// The LoRA for a task.
    Adapter(Task),
    /// The correction of a kind, for a task.
    Correction(AdapterKind, Task),
}

/// Returns what `method` needs for `task`: each of the sets returned serves, the one with the fewest files first.
/// There is none if the method is not made for the task, and an empty one if it needs nothing.
pub fn requirements(method: Method, task: &Task) -> Vec<Vec<Requirement>> {
    let one = |task: Option<Task>| task.map(|task| vec![Requirement::Adapter(task)]);
    let both = || Some(vec![Requirement::Adapter(task.primary()?), Requirement::Adapter(task.secondary()?)]);
    let set = match method {
        Method::ZeroShot => Some(Vec::new()),
        Method::Primary => one(task.primary()),
        Method::Secondary => one(task.secondary()),
        Method::JointExpert => both().and_then(|_| one(Some(task.clone()))),
        Method::Linear | Method::Concat | Method::Ties | Method::TwoStep => both(),
        Method::LoraHub | Method::Projection | Method::Calibration | Method::CalibrationPlus => {
            return both().map(|both| corrected(method, task, &both)).unwrap_or_default();
        }
    };
    set.into_iter().collect()
}

/// Returns what a method needs that merges the adapters `both` with a correction.
fn corrected(method: Method, task: &Task, both: &[Requirement]) -> Vec<Vec<Requirement>> {
    let kinds = AdapterKind::ALL.into_iter().filter(|kind| kind.method() == Some(method));
    let mut sets: Vec<Vec<Requirement>> = kinds
        .map(|kind| {
            let adapters = if kind.stands_alone() { &[] } else { both };
            [&[Requirement::Correction(kind, task.clone())], adapters].concat()
        })
        .collect();
    sets.sort_by_key(Vec::len);
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lora(task: Task) -> Requirement {
        Requirement::Adapter(task)
    }

    #[test]
    fn a_projection_needs_both_adapters_unless_it_is_baked() {
        let task = Task::summary("de", "en").unwrap();
        let [primary, secondary] = [Task::summary("de", "de").unwrap(), Task::translation("de", "en").unwrap()];
        let both = [lora(primary.clone()), lora(secondary.clone())];
        let correction = |kind| Requirement::Correction(kind, task.clone());
        assert_eq!(
            requirements(Method::Projection, &task),
            [vec![correction(AdapterKind::Baked)], [&[correction(AdapterKind::Projection)], &both[..]].concat(),]
        );
        assert_eq!(requirements(Method::TwoStep, &task), [both.to_vec()]);
        assert_eq!(requirements(Method::Primary, &task), [vec![lora(primary.clone())]]);
        assert_eq!(requirements(Method::Secondary, &task), [vec![lora(secondary.clone())]]);
        assert_eq!(requirements(Method::JointExpert, &task), [vec![lora(task.clone())]]);
        assert_eq!(requirements(Method::ZeroShot, &task), [vec![]]);
        assert_eq!(requirements(Method::Primary, &primary), [vec![lora(primary.clone())]]);
        assert_eq!(requirements(Method::Secondary, &secondary), [vec![lora(secondary.clone())]]);
    }

    #[test]
    fn a_method_that_is_not_made_for_a_task_has_no_requirements() {
        let [summary, translation] = [Task::summary("de", "de").unwrap(), Task::translation("de", "en").unwrap()];
        for method in Method::ALL {
            let made_for = |own| method == Method::ZeroShot || method == own;
            assert_eq!(!requirements(method, &summary).is_empty(), made_for(Method::Primary), "{method}");
            assert_eq!(!requirements(method, &translation).is_empty(), made_for(Method::Secondary), "{method}");
        }
    }
}
