//! Facts of labelled sentences: how many are found, and how many of those found are right.
//!
//! `crate/tests/facts/{en,es,fr,de}.jsonl` has 200 sentences or more for each language, a JSON object a line: `text`,
//! the `speakers` of its chat where their names matter, and `facts` with kind, text and normal form. A found fact is
//! right if a labelled one has the same kind and normal form and shares a byte with it. Sentences with `held_out` were
//! never looked at while the rules were written. `cargo test --release -p gist --test facts -- --nocapture` prints the
//! table.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "common/program.rs"]
#[allow(dead_code)]
mod program;

use std::collections::BTreeMap;
use std::path::Path;

use gist::facts::{Extractor, FactKind};
use program::{Bench, gist, refuses};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Sentence {
    text: String,
    #[serde(default)]
    speakers: Vec<String>,
    facts: Vec<Label>,
    #[serde(default)]
    held_out: bool,
}

#[derive(Deserialize)]
struct Label {
    kind: FactKind,
    text: String,
    value: String,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    right: usize,
    found: usize,
    labelled: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.right += other.right;
        self.found += other.found;
        self.labelled += other.labelled;
    }

    fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    fn recall(self) -> f64 {
        self.right as f64 / self.labelled.max(1) as f64
    }
}

/// Kinds whose precision and recall must reach the bar.
const MEASURED: [FactKind; 4] = [FactKind::Time, FactKind::Date, FactKind::Amount, FactKind::Name];
const BAR: f64 = 0.95;

/// Reads a language's sentences, with the place of each label in its text.
fn sentences(language: &str) -> Vec<Sentence> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/facts").join(format!("{language}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Compares the facts found in a sentence with its labels, by kind; differences are printed for `show`.
fn compare(sentence: &Sentence, language: &str, show: bool) -> BTreeMap<FactKind, Counts> {
    let extractor = Extractor::new(language, sentence.speakers.iter().map(String::as_str)).unwrap();
    let found = extractor.facts(&sentence.text, None);
    let mut counts: BTreeMap<FactKind, Counts> = BTreeMap::new();
    let mut at = 0;
    let labels: Vec<(&Label, usize, usize)> = sentence
        .facts
        .iter()
        .map(|label| {
            // Labels stand in the order of the text.
            let start = sentence.text[at..].find(&label.text).map(|offset| at + offset);
            let start = start.unwrap_or_else(|| panic!("{:?} is not in {:?}", label.text, sentence.text));
            at = start + label.text.len();
            (label, start, at)
        })
        .collect();
    let mut missed: Vec<&(&Label, usize, usize)> = labels.iter().collect();
    let mut wrong = Vec::new();
    for fact in &found {
        assert_eq!(&sentence.text[fact.span.start..fact.span.end], fact.text);
        let count = counts.entry(fact.kind).or_default();
        count.found += 1;
        let is_right = |(label, start, end): &&(&Label, usize, usize)| {
            label.kind == fact.kind && label.value == fact.value && *start < fact.span.end && fact.span.start < *end
        };
        match missed.iter().position(is_right) {
            Some(place) => {
                missed.remove(place);
                count.right += 1;
            }
            None => wrong.push(format!("{:?} {:?} as {}", fact.kind, fact.text, fact.value)),
        }
    }
    for (label, ..) in &labels {
        counts.entry(label.kind).or_default().labelled += 1;
    }
    if show && !(missed.is_empty() && wrong.is_empty()) {
        let missed: Vec<String> =
            missed.iter().map(|(label, ..)| format!("{:?} {:?} as {}", label.kind, label.text, label.value)).collect();
        println!("{language}: {:?}: missed {missed:?}, found {wrong:?}", sentence.text);
    }
    counts
}

#[test]
fn facts_of_labelled_sentences_are_found() {
    let show = std::env::var("SHOW_FACTS").unwrap_or_default();
    let mut below = Vec::new();
    println!("{:9} {:7} {:>10} {:>10}   {:>10} {:>10}", "language", "kind", "precision", "recall", "held out:", "");
    for language in ["en", "es", "fr", "de"] {
        let sentences = sentences(language);
        assert!(sentences.len() >= 200, "{language}");
        let (mut all, mut held_out): (BTreeMap<FactKind, Counts>, BTreeMap<FactKind, Counts>) = Default::default();
        for sentence in &sentences {
            let show = show == "all" || show == "known" && !sentence.held_out;
            for (kind, counts) in compare(sentence, language, show) {
                all.entry(kind).or_default().add(counts);
                if sentence.held_out {
                    held_out.entry(kind).or_default().add(counts);
                }
            }
        }
        for (kind, counts) in &all {
            let held = held_out.get(kind).copied().unwrap_or_default();
            let kind_name = format!("{kind:?}").to_lowercase();
            println!(
                "{language:9} {kind_name:7} {:>10.3} {:>10.3}   {:>10.3} {:>10.3}   {} labelled, {} held out",
                counts.precision(),
                counts.recall(),
                held.precision(),
                held.recall(),
                counts.labelled,
                held.labelled
            );
            if MEASURED.contains(kind) && (counts.precision() < BAR || counts.recall() < BAR) {
                below.push(format!("{language} {kind_name}: {:.3} {:.3}", counts.precision(), counts.recall()));
            }
        }
    }
    assert!(below.is_empty(), "below {BAR}: {below:?}");
}

const GERMAN: &str = "[04.03.26, 10:00:00] Lena: Ben, kommst du morgen um 19:30 Uhr zur Probe? Sind 20 Euro\n\
                      [04.03.26, 10:05:00] Ben: klar, https://a.b/plan, Hauptstraße 12\n";

#[test]
fn the_program_lists_what_is_certain() {
    let bench = Bench::new();
    let ics = bench.path("appointments.ics");
    let chat = bench.write("chat.txt", GERMAN.as_bytes());
    let options = ["facts", chat.to_str().unwrap(), "--from", "de", "--reader", "Ben", "--ics", ics.to_str().unwrap()];
    let output = gist(&options, b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let question = "Lena: Ben, kommst du morgen um 19:30 Uhr zur Probe?";
    let expected = [
        format!("    1 question    {question}"),
        format!("    1 appointment [2026-03-05 19:30] {question}"),
        "    1 amount      Lena: Sind 20 Euro".to_owned(),
        "    2 link        Ben: klar, https://a.b/plan, Hauptstraße 12".to_owned(),
        "    2 address     Ben: klar, https://a.b/plan, Hauptstraße 12".to_owned(),
    ];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    let file = std::fs::read_to_string(&ics).unwrap();
    assert!(file.contains("\r\nDTSTART:20260305T193000\r\n"), "{file}");

    let report: Value = serde_json::from_slice(&gist(&[&options[..6], &["--json"]].concat(), b"").stdout).unwrap();
    assert_eq!(report["language"], "de");
    assert_eq!(report["items"][1]["values"], serde_json::json!(["2026-03-05", "19:30"]));
    let facts = report["messages"][0]["facts"].as_array().unwrap();
    let kinds: Vec<&str> = facts.iter().map(|fact| fact["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["name", "date", "time", "amount"]);
    let text = report["messages"][0]["text"].as_str().unwrap();
    let place = |key: &str| usize::try_from(facts[2]["span"][key].as_u64().unwrap()).unwrap();
    assert_eq!(&text[place("start")..place("end")], "19:30 Uhr");
}

#[test]
fn a_chat_without_a_certain_day_has_no_calendar() {
    let bench = Bench::new();
    let ics = bench.path("none.ics");
    let options = ["facts", "-", "--from", "en", "--ics", ics.to_str().unwrap()];
    refuses(&options, b"Ana: at 7 then?\nBen: ok", "no appointment on a day that is certain");
    refuses(&["facts", "-", "--from", "it"], b"Ana: ciao", "facts of texts in it are not known");
}

#[test]
fn summaries_come_with_their_facts() {
    let bench = Bench::new();
    let model = bench.model("tiny-gemma3-f32");
    let options = ["--to", "en", "--from", "en", "--method", "zero-shot", "--max-tokens", "6", "--json"];
    let output =
        gist(&[&["summarize", "-", "--model", model.to_str().unwrap()], &options[..]].concat(), b"Ana: at 7\nBen: ok");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let check = &report["check"];
    assert!(check["facts"].is_array() && check["hasLoop"].is_boolean(), "{report}");
    assert_eq!(check["isEmpty"], !report["text"].as_str().unwrap().chars().any(char::is_alphanumeric));
    for fact in check["facts"].as_array().unwrap() {
        assert!(fact["evidence"].is_array() && fact["fact"]["kind"].is_string(), "{fact}");
    }
}
