//! Checks that the modules of the crate lie in layers: each file imports only from its own layer and from those that
//! `lib.rs` lists above it, and no files import each other in a circle.
//!
//! An import is a path to another file in code that is not for tests, in a `use` line or elsewhere. A path through a
//! re-export leads to the file that defines the item. A `mod` line is no import, nor is a `pub use` of a child.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};

/// A word or a punctuation mark of Rust code, with its line.
type Token = (String, usize);

/// Splits code into words and punctuation; `::` is one token. Comments and literals are left out.
fn tokens(code: &str) -> Vec<Token> {
    let (mut tokens, mut line, mut at) = (Vec::new(), 1, 0);
    let chars: Vec<char> = code.chars().collect();
    let starts = |at: usize, text: &str| text.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    while at < chars.len() {
        let start = at;
        let hashes = chars[at..].iter().skip(1).take_while(|c| **c == '#').count();
        match chars[at] {
            '/' if starts(at, "//") => at = find(&chars, at, "\n"),
            '/' if starts(at, "/*") => at = find(&chars, at, "*/") + 2,
            'r' if chars.get(at + 1 + hashes) == Some(&'"') => {
                let end = format!("\"{}", "#".repeat(hashes));
                at = find(&chars, at + 2 + hashes, &end) + end.len();
            }
            '"' => {
                at += 1;
                while chars.get(at).is_some_and(|c| *c != '"') {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            '\'' if chars.get(at + 1) == Some(&'\\') => at = find(&chars, at + 3, "'") + 1,
            '\'' if chars.get(at + 2) == Some(&'\'') => at += 3,
            ':' if starts(at, "::") => {
                tokens.push(("::".to_owned(), line));
                at += 2;
            }
            c if is_word(&c) => {
                let word: String = chars[at..].iter().take_while(|c| is_word(c)).collect();
                at += word.chars().count();
                tokens.push((word, line));
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push((c.to_string(), line));
                }
                at += 1;
            }
        }
        line += chars[start..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn find(chars: &[char], from: usize, text: &str) -> usize {
    let text: Vec<char> = text.chars().collect();
    (from..chars.len()).find(|at| chars[*at..].starts_with(&text)).unwrap_or(chars.len())
}

/// Leaves out items with the attribute `cfg(test)`, with or without a body.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let word = |at: usize| tokens.get(at).map_or("", |(text, _)| text.as_str());
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if (0..7).map(|i| word(at + i)).eq(["#", "[", "cfg", "(", "test", ")", "]"]) {
            let mut depth = 0;
            at += 7;
            while at < tokens.len() {
                depth += i32::from(word(at) == "{") - i32::from(word(at) == "}");
                at += 1;
                if depth == 0 && matches!(word(at - 1), "}" | ";") {
                    break;
                }
            }
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// A path in code: its segments, and its line.
type Line = (Vec<String>, usize);

/// The paths and declarations of one file.
#[derive(Default)]
struct File {
    /// Paths outside of `use` lines.
    paths: Vec<Line>,
    /// Names that `use` lines bring in, with the paths they stand for; `true` for those that are re-exported.
    uses: Vec<(String, Line, bool)>,
    /// Macros that the file defines.
    macros: Vec<String>,
    children: Vec<String>,
}

impl File {
    fn parse(code: &str) -> Self {
        let tokens = without_tests(&tokens(code));
        let word = |at: usize| tokens.get(at).map_or("", |(text, _)| text.as_str());
        let (mut file, mut at) = (Self::default(), 0);
        while at < tokens.len() {
            match word(at) {
                "mod" if word(at + 2) == ";" => file.children.push(word(at + 1).to_owned()),
                "macro_rules" => file.macros.push(word(at + 2).to_owned()),
                // `use<'_>` is no import.
                "use" if word(at + 1) != "<" => {
                    let exported = at > 0 && matches!(word(at - 1), "pub" | ")");
                    at = file.tree(&tokens, at + 1, &[], exported);
                    continue;
                }
                _ if is_name(word(at)) && word(at + 1) == "::" => {
                    let (mut path, line) = (vec![word(at).to_owned()], tokens[at].1);
                    while word(at + 1) == "::" && is_name(word(at + 2)) {
                        at += 2;
                        path.push(word(at).to_owned());
                    }
                    file.paths.push((path, line));
                }
                _ => {}
            }
            at += 1;
        }
        file
    }

    /// Reads the tree of a `use` line from `at` on, below `base`, and returns the place after it.
    fn tree(&mut self, tokens: &[Token], mut at: usize, base: &[String], exported: bool) -> usize {
        let word = |at: usize| tokens.get(at).map_or("", |(text, _)| text.as_str());
        let (mut path, line) = (base.to_vec(), tokens[at].1);
        loop {
            match word(at) {
                "::" => at += 1,
                "{" => {
                    while word(at) != "}" {
                        at = self.tree(tokens, at + 1, &path, exported);
                    }
                    return at + 1;
                }
                "as" => {
                    self.uses.push((word(at + 1).to_owned(), (path, line), exported));
                    return at + 2;
                }
                "," | "}" | ";" => {
                    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                        path.pop();
                    }
                    if path.len() > base.len() || word(at - 1) == "self" {
                        let name = path.last().cloned().unwrap_or_default();
                        self.uses.push((name, (path, line), exported));
                    }
                    return at;
                }
                segment => {
                    path.push(segment.to_owned());
                    at += 1;
                }
            }
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The files of a crate by the path of their module; the root's is empty.
struct Modules {
    files: BTreeMap<Vec<String>, (String, File)>,
}

/// Imports by importing and imported file, each with its first line.
type Imports = BTreeMap<(String, String), usize>;

impl Modules {
    /// Reads the modules below `root`, a file that `read` finds as it finds the others: relative to the folder of
    /// sources.
    fn read(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut modules = Self { files: BTreeMap::new() };
        modules.add(Vec::new(), root.to_owned(), read);
        modules
    }

    fn add(&mut self, module: Vec<String>, name: String, read: &dyn Fn(&str) -> Option<String>) {
        let file = File::parse(&read(&name).unwrap_or_else(|| panic!("{name} cannot be read")));
        for child in &file.children {
            let child = [&module[..], std::slice::from_ref(child)].concat();
            let path = child.join("/");
            let name = [format!("{path}.rs"), format!("{path}/mod.rs")].into_iter().find(|name| read(name).is_some());
            self.add(child, name.unwrap_or_else(|| panic!("{path} has no file")), read);
        }
        self.files.insert(module, (name, file));
    }

    /// Returns the absolute form of a path in `module`; `None` for one into another crate or to something local.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                Some([module.get(..module.len().checked_sub(ups)?)?, &path[ups..]].concat())
            }
            child => {
                let (_, file) = &self.files[module];
                file.children.iter().any(|known| known == child).then(|| [module, path].concat())
            }
        }
    }

    /// Returns the module that defines the item at the absolute path, and `true` if the path is that of the module
    /// itself.
    fn definition(&self, path: &[String], depth: usize) -> Option<(Vec<String>, bool)> {
        assert!(depth < 20, "re-exports of {path:?} go round in a circle");
        let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let Some(item) = rest.first() else { return Some((module.to_vec(), true)) };
        let (_, file) = &self.files[module];
        for (name, (target, _), _) in &file.uses {
            if name == item {
                let target = self.absolute(module, target)?;
                return self.definition(&[&target[..], &rest[1..]].concat(), depth + 1);
            }
        }
        let defines = |(module, (_, file)): (&Vec<String>, &(String, File))| {
            file.macros.contains(item).then(|| (module.clone(), false))
        };
        match module.is_empty().then(|| self.files.iter().find_map(defines)).flatten() {
            Some(defined) => Some(defined),
            None => Some((module.to_vec(), false)),
        }
    }

    fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (module, (name, file)) in &self.files {
            let mut import = |path: &[String], line: usize| {
                if let Some((target, _)) = self.definition(path, 0)
                    && target != *module
                {
                    imports.entry((name.clone(), self.files[&target].0.clone())).or_insert(line);
                }
            };
            // A name that stands for a module is an import of those files that paths through it lead to.
            let mut aliases: HashMap<&str, Vec<String>> = HashMap::new();
            for (alias, (path, line), exported) in &file.uses {
                let Some(path) = self.absolute(module, path) else { continue };
                match self.definition(&path, 0) {
                    Some((_, true)) => drop(aliases.insert(alias, path)),
                    _ if *exported && path.starts_with(module) => {}
                    _ => import(&path, *line),
                }
            }
            for (path, line) in &file.paths {
                match aliases.get(path[0].as_str()) {
                    Some(target) => import(&[&target[..], &path[1..]].concat(), *line),
                    None => self.absolute(module, path).iter().for_each(|path| import(path, *line)),
                }
            }
        }
        imports
    }

    /// Returns the layers from the bottom up: the modules of the root in the order of its `mod` lines.
    fn layers(&self) -> &[String] {
        &self.files[&Vec::new()].1.children
    }
}

/// Returns a line for each import of a file in a layer above; `layers` are from the bottom up.
fn upward(imports: &Imports, layers: &[String]) -> Vec<String> {
    let layer = |file: &str| {
        let folder = file.split(['/', '.']).next().unwrap_or_default();
        // The root is above all layers.
        layers.iter().position(|layer| layer == folder).unwrap_or(layers.len())
    };
    let upward = imports.iter().filter(|((from, to), _)| layer(from) < layer(to));
    upward.map(|((from, to), line)| format!("{from}:{line} imports {to}, which is in a layer above")).collect()
}

/// Returns the files that can be reached from `start`, each with the file that imports it on a shortest way.
fn reached<'a>(start: &'a str, next: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeMap<&'a str, &'a str> {
    let (mut from, mut queue) = (BTreeMap::new(), VecDeque::from([start]));
    while let Some(file) = queue.pop_front() {
        for import in next.get(file).into_iter().flatten() {
            if !from.contains_key(import) {
                from.insert(*import, file);
                queue.push_back(import);
            }
        }
    }
    from
}

/// Returns a line for each circle, that is for each set of files that can all be reached from each other: the imports
/// of the shortest way round from its first file, and the number of files.
fn circles(imports: &Imports) -> Vec<String> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        next.entry(from).or_default().push(to);
    }
    let reach: BTreeMap<&str, BTreeMap<&str, &str>> = next.keys().map(|file| (*file, reached(file, &next))).collect();
    let (mut circles, mut told) = (Vec::new(), BTreeSet::new());
    for (start, from) in &reach {
        if !from.contains_key(start) || told.contains(start) {
            continue;
        }
        let members = from.keys().filter(|file| reach.get(*file).is_some_and(|back| back.contains_key(start)));
        let count = members.map(|file| told.insert(*file)).count();
        let mut round = vec![*start];
        while round.len() == 1 || round.last() != Some(start) {
            round.push(from[round[round.len() - 1]]);
        }
        round.reverse();
        let import = |pair: &[&str]| {
            let line = imports[&(pair[0].to_owned(), pair[1].to_owned())];
            format!("{}:{line} imports {}", pair[0], pair[1])
        };
        let round: Vec<String> = round.windows(2).map(import).collect();
        circles.push(format!("a circle of {count} files: {}", round.join(", ")));
    }
    circles
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn crate_of(root: &str) -> Modules {
    Modules::read(root, &|name| std::fs::read_to_string(sources().join(name)).ok())
}

/// Collects every file of the sources, to check that no file is left out.
fn all_files(folder: &Path, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(sources()).unwrap().to_str().unwrap();
            files.insert(name.replace('\\', "/"));
        }
    }
}

/// Returns `true` if the parent of the file `name` declares it for tests only.
fn is_for_tests(name: &str) -> bool {
    let (parent, module) = name.trim_end_matches(".rs").rsplit_once('/').unwrap();
    let parent = std::fs::read_to_string(sources().join(parent).join("mod.rs")).unwrap_or_default();
    let lines: Vec<&str> = parent.lines().collect();
    lines.windows(2).any(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with(&format!("mod {module};")))
}

#[test]
fn imports_go_down_and_none_goes_round() {
    let (library, program) = (crate_of("lib.rs"), crate_of("main.rs"));
    let (mut expected, mut found) = (BTreeSet::new(), BTreeSet::new());
    all_files(&sources(), &mut expected);
    found.extend([&library, &program].iter().flat_map(|crate_| crate_.files.values().map(|(name, _)| name.clone())));
    let missed: Vec<&String> = expected.difference(&found).filter(|name| !is_for_tests(name)).collect();
    assert!(missed.is_empty(), "no module declares {missed:?}");

    let imports = library.imports();
    assert!(imports.len() > found.len(), "{} imports of {} files", imports.len(), found.len());
    let mut wrong = upward(&imports, library.layers());
    wrong.extend(circles(&imports));
    wrong.extend(circles(&program.imports()));
    println!("{} files, {} imports, {} layers", found.len(), imports.len(), library.layers().len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Returns the imports and the layers of a made-up crate.
fn imports_of(files: &[(&str, &str)]) -> (Imports, Vec<String>) {
    let read = |wanted: &str| files.iter().find(|(name, _)| *name == wanted).map(|(_, code)| (*code).to_owned());
    let modules = Modules::read("lib.rs", &read);
    (modules.imports(), modules.layers().to_vec())
}

#[test]
fn an_upward_import_and_a_circle_are_found() {
    let (imports, layers) = imports_of(&[
        ("lib.rs", "pub mod low;\n#[cfg(unix)]\nmod high;"),
        ("low/mod.rs", "mod one; mod two; mod three;\npub use self::one::One;"),
        ("low/one.rs", "// use crate::high::Text;\nuse std::io;\nuse super::{two::{Two, self}};\npub struct One;"),
        (
            "low/two.rs",
            "fn f() -> &'static str { \"crate::high::High\" }\n\nuse crate::low::three;\nfn g() { three::h(); }",
        ),
        ("low/three.rs", "pub fn h() -> crate::low::One {}\nfn k() { crate::high::High::new() }"),
        ("high.rs", "use crate::low::One;\n#[cfg(test)]\nmod tests { use crate::none::None; }\npub struct High;"),
    ]);
    assert_eq!(layers, ["low", "high"]);
    assert_eq!(upward(&imports, &layers), ["low/three.rs:2 imports high.rs, which is in a layer above"]);
    // The upward import closes the circle for a fourth file.
    let circle = "a circle of 4 files: high.rs:1 imports low/one.rs, low/one.rs:3 imports low/two.rs, \
                  low/two.rs:4 imports low/three.rs, low/three.rs:2 imports high.rs";
    assert_eq!(circles(&imports), [circle]);
    let imports_of =
        |from: &str| imports.keys().filter(|(f, _)| f == from).map(|(_, to)| to.clone()).collect::<Vec<_>>();
    assert_eq!(imports_of("high.rs"), ["low/one.rs"]);
    assert_eq!(imports_of("low/mod.rs"), <[&str; 0]>::default());
}

#[test]
fn a_parent_that_uses_its_child_imports_it_and_one_that_re_exports_it_does_not() {
    let child = "use super::Item;\npub fn read() -> Item {}";
    for (parent, found) in [
        ("mod child;\npub struct Item;\npub use child::read;", 0),
        ("mod child;\npub struct Item;\npub(crate) use self::child::read as other;", 0),
        ("mod child;\npub struct Item;\nuse child::read;", 1),
        ("mod child;\npub struct Item;\nfn f() { child::read() }", 1),
        ("mod child;\npub struct Item;\n#[cfg(test)]\nuse child::read;", 0),
    ] {
        let (imports, _) = imports_of(&[("lib.rs", "mod low;"), ("low/mod.rs", parent), ("low/child.rs", child)]);
        assert_eq!(circles(&imports).len(), found, "{parent}");
    }
}

#[test]
fn macros_and_names_of_modules_lead_to_the_files_behind_them() {
    let (imports, _) = imports_of(&[
        ("lib.rs", "#[macro_use]\nmod error;\nmod tools;\nmod top;"),
        ("error.rs", "macro_rules! input { ($c:literal) => { $crate::error::Error } }\npub struct Error;"),
        ("tools/mod.rs", "pub mod saw;\nconst QUOTE: char = '\"';\nconst RAW: &str = r#\"use crate::top;\"#;"),
        ("tools/saw.rs", "use crate::input;\nfn f<'a>(_: &'a str) { input!(\"\\\"\") }"),
        ("top.rs", "use crate::tools::{self, saw};\nfn f() { saw::cut(); tools::saw::cut(); other::cut() }"),
    ]);
    let found: Vec<String> = imports.iter().map(|((from, to), line)| format!("{from}:{line} {to}")).collect();
    assert_eq!(found, ["tools/saw.rs:1 error.rs", "top.rs:2 tools/saw.rs"]);
}
