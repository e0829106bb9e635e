//! What to download for a task, or what of that is there: the files of the catalog that a method needs.

use super::{Catalog, CatalogAdapter};
use crate::methods::adapter_kind::AdapterKind;
use crate::methods::method::Method;
use crate::methods::plan::default_choices;
use crate::methods::requirements::{Requirement, requirements};
use crate::model::prompt::{Form, Task, languages};

impl Catalog {
    /// Returns the files that `method` needs for `task` beside the model `id`. Where several sets of files serve, it is
    /// one that is there whole according to `is_stored`, or else the one with the fewest files. `None` if the catalog
    /// lacks a file of every set, or the method is not made for the task.
    pub fn files_for(
        &self,
        id: &str,
        method: Method,
        task: &Task,
        is_stored: impl Fn(&CatalogAdapter) -> bool,
    ) -> Option<Vec<&CatalogAdapter>> {
        let sets = requirements(method, task);
        let sets = sets.iter().filter_map(|set| set.iter().map(|one| self.file_of(id, one)).collect());
        let sets: Vec<Vec<&CatalogAdapter>> = sets.collect();
        let stored = sets.iter().find(|files| files.iter().all(|file| is_stored(file)));
        stored.or(sets.first()).cloned()
    }

    /// Returns the file of one requirement. As in the registry, what the user added goes before what the catalog lists.
    fn file_of(&self, id: &str, requirement: &Requirement) -> Option<&CatalogAdapter> {
        let (kind, task) = match requirement {
            Requirement::Adapter(task) => (AdapterKind::Lora, task),
            Requirement::Correction(kind, task) => (*kind, task),
        };
        self.adapters_of(id).filter(|file| file.kind == kind && file.task.includes(task)).last()
    }

    /// Returns the method to do `task` by with the model `id` unless the user names another: the one that is the best
    /// by measurement, or else the first of a usual order whose files the catalog lists. `None` if it lists them for
    /// none.
    pub fn default_method(&self, id: &str, task: &Task) -> Option<Method> {
        let base = self.base_of(id);
        let is_for =
            |default: &&super::DefaultMethod| default.base == base && default.task().is_ok_and(|of| of == *task);
        let best = self.default_methods.iter().find(is_for).map(|default| default.method);
        let is_listed = |method: &Method| self.files_for(id, *method, task, |_| false).is_some();
        default_choices(task, best).into_iter().find(is_listed)
    }

    /// Lists the summaries that the model `id` can make with files of the catalog or of the user, each with its default
    /// method.
    pub fn summaries<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (Task, Method)> + 'a {
        let pairs = languages().flat_map(|from| languages().map(move |to| (from, to)));
        let tasks =
            pairs.flat_map(|(from, to)| Form::ALL.map(|form| Some(Task::summary(from, to).ok()?.in_form(form))));
        tasks.flatten().filter_map(move |task| {
            let method = self.default_method(id, &task)?;
            Some((task, method))
        })
    }

    /// Returns the files to install for the model `id`, in this order, of those that are there according to
    /// `is_stored`. A projection is left out where it is there baked: that is the same without any other file.
    pub fn files_to_install(&self, id: &str, is_stored: impl Fn(&CatalogAdapter) -> bool) -> Vec<&CatalogAdapter> {
        let mut files: Vec<&CatalogAdapter> = self.adapters_of(id).filter(|file| is_stored(file)).collect();
        let baked: Vec<&CatalogAdapter> = files.iter().copied().filter(|file| file.is_derived()).collect();
        let is_baked = |file: &CatalogAdapter| baked.iter().any(|baked| baked.task == file.task);
        files.retain(|file| file.user.is_some() || file.kind != AdapterKind::Projection || !is_baked(file));
        files
    }
}

impl CatalogAdapter {
    /// Returns `true` for a file that is made of others of the catalog, and is not among the files of the repository.
    /// Where those are, it is not needed.
    pub fn is_derived(&self) -> bool {
        self.user.is_none() && self.kind.stands_alone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::UserAdapter;

    const MODEL: &str = "gemma-3-270m-64k";

    /// A catalog with a model that takes the adapters of another, as the project's own has.
    fn catalog() -> Catalog {
        let model = |id: &str, base: Option<&str>| {
            serde_json::json!({
                "id": id, "name": id, "arch": "gemma3", "file": id, "bytes": 100, "sha256": id, "sources": [],
                "base": base, "template": null, "licence": "",
            })
        };
        let file = |id: &str, task: &str, from: &[&str], to: Option<&str>, method: &str| {
            serde_json::json!({
                "id": id, "base": "gemma-3-270m", "task": task, "from": from, "to": to, "method": method, "path": id,
                "bytes": 8, "sha256": id,
            })
        };
        let both = "summarize-translate";
        let json = serde_json::json!({
            "models": [model(MODEL, Some("gemma-3-270m")), model("gemma-3-270m", None), model("other", None)],
            "adapters": [
                file("summarize", "summarize", &["en", "es", "de"], None, "lora"),
                file("translate-en", "translate", &["es", "de"], Some("en"), "lora"),
                file("projection-de-en", both, &["de"], Some("en"), "projection"),
                file("baked-de-en", both, &["de"], Some("en"), "baked"),
                file("joint-es-en", both, &["es"], Some("en"), "lora"),
            ],
            "default_methods": [{ "base": "gemma-3-270m", "from": "es", "to": "en", "method": "joint-expert" }],
        });
        Catalog::parse(json.to_string().as_bytes()).unwrap()
    }

    fn task(from: &str, to: &str) -> Task {
        Task::summary(from, to).unwrap()
    }

    /// The ids of the files for a method, if those of `stored` are there.
    fn files(catalog: &Catalog, method: Method, task: &Task, stored: &[&str]) -> Option<Vec<String>> {
        let is_stored = |file: &CatalogAdapter| stored.contains(&file.id.as_str());
        let files = catalog.files_for(MODEL, method, task, is_stored)?;
        Some(files.into_iter().map(|file| file.id.clone()).collect())
    }

    #[test]
    fn a_direction_needs_its_baked_projection_alone() {
        let catalog = catalog();
        let task = task("de", "en");
        assert_eq!(catalog.default_method(MODEL, &task), Some(Method::Projection));
        assert_eq!(files(&catalog, Method::Projection, &task, &[]).unwrap(), ["baked-de-en"]);
        // Half of the other set is no reason to fetch the rest of it.
        assert_eq!(files(&catalog, Method::Projection, &task, &["summarize"]).unwrap(), ["baked-de-en"]);
        // Who has everything of an earlier version needs nothing.
        let all = ["projection-de-en", "summarize", "translate-en"];
        assert_eq!(files(&catalog, Method::Projection, &task, &all).unwrap(), all);
        assert_eq!(files(&catalog, Method::TwoStep, &task, &[]).unwrap(), ["summarize", "translate-en"]);
        assert_eq!(files(&catalog, Method::ZeroShot, &task, &[]), Some(Vec::new()));
        assert_eq!(files(&catalog, Method::JointExpert, &task, &[]), None);
    }

    #[test]
    fn a_summary_in_the_chat_s_language_needs_the_lora_that_summarises_and_reading_back_the_one_that_translates() {
        let catalog = catalog();
        assert_eq!(files(&catalog, Method::Primary, &task("es", "es"), &[]).unwrap(), ["summarize"]);
        let back = Task::translation("de", "en").unwrap();
        assert_eq!(files(&catalog, Method::Secondary, &back, &[]).unwrap(), ["translate-en"]);
        assert_eq!(files(&catalog, Method::Secondary, &Task::translation("en", "de").unwrap(), &[]), None);
    }

    #[test]
    fn the_best_method_by_measurement_goes_before_the_usual_order() {
        let catalog = catalog();
        let summaries: Vec<(String, String, Method)> = catalog
            .summaries(MODEL)
            .map(|(task, method)| (task.from().to_owned(), task.to().to_owned(), method))
            .collect();
        let expected = [
            ("en", "en", Method::Primary),
            ("es", "en", Method::JointExpert),
            ("es", "es", Method::Primary),
            ("de", "en", Method::Projection),
            ("de", "de", Method::Primary),
        ];
        assert_eq!(summaries, expected.map(|(from, to, method)| (from.to_owned(), to.to_owned(), method)));
        assert_eq!(catalog.summaries("other").count(), 0);
    }

    #[test]
    fn a_projection_is_not_installed_beside_its_baked_form_and_what_the_user_added_goes_first() {
        let mut catalog = catalog();
        let ids = |catalog: &Catalog, stored: &[&str]| {
            let is_stored = |file: &CatalogAdapter| file.user.is_some() || stored.contains(&file.id.as_str());
            catalog.files_to_install(MODEL, is_stored).iter().map(|file| file.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&catalog, &["projection-de-en", "summarize"]), ["summarize", "projection-de-en"]);
        assert_eq!(ids(&catalog, &["projection-de-en", "baked-de-en"]), ["baked-de-en"]);
        let mut mine = catalog.adapters[2].clone();
        mine.id = "mine".to_owned();
        mine.user = Some(UserAdapter { name: "mine".into(), file: "mine".into(), peft_config: None });
        catalog.adapters.push(mine);
        assert_eq!(ids(&catalog, &["projection-de-en", "baked-de-en"]), ["baked-de-en", "mine"]);
        let with_adapters = ["mine", "summarize", "translate-en"];
        assert_eq!(files(&catalog, Method::Projection, &task("de", "en"), &with_adapters).unwrap(), with_adapters);
    }
}
