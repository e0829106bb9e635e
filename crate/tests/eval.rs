//! `gist eval` on a tiny random model: what it reports is what it wrote, and the same each time.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "common/program.rs"]
mod program;

use std::path::{Path, PathBuf};

use program::{Bench, gist, refuses};
use serde_json::Value;

const DIALOGUES: &str = r#"{"id":"a","turns":[{"speaker":"Ana","text":"the train is late"},{"speaker":"Bo","text":"ok"}],"summary":{"en":"the train","es":"the other in the"}}
{"id":"b","turns":[{"speaker":"Ana","text":"is it there?"}],"summary":{"en":"it is","es":"an other thing is there"}}
{"id":"c","turns":[{"speaker":"Bo","text":"no"}],"summary":{"en":"no","es":"no"}}
"#;

fn adapter(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/peft");
    folder.join(format!("tiny-gemma3-f32-{name}")).to_str().unwrap().to_owned()
}

struct Setup {
    bench: Bench,
    model: PathBuf,
    data: PathBuf,
}

impl Setup {
    fn new() -> Self {
        let bench = Bench::new();
        let model = bench.model("tiny-gemma3-f32");
        let data = bench.write("dialogues.jsonl", DIALOGUES.as_bytes());
        Self { bench, model, data }
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["eval", "--model", self.model.to_str().unwrap(), "--data", self.data.to_str().unwrap()];
        all.extend_from_slice(more);
        all
    }

    fn run(&self, more: &[&str]) -> Value {
        let output = gist(&self.arguments(more), b"");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn the_report_sums_up_the_examples() {
    let setup = Setup::new();
    let [one, two] = ["one", "two"].map(adapter);
    let examples = setup.bench.path("examples.jsonl");
    let charts = setup.bench.path("charts");
    let options =
        ["--to", "es", "--primary", &one, "--secondary", &two, "--joint", &one, "--max-tokens", "12", "--json"];
    let written = ["--examples", examples.to_str().unwrap(), "--charts", charts.to_str().unwrap()];
    let report = setup.run(&[&options[..], &written].concat());

    // There is no correction file, and the ranks differ: projection, calibrations, LoraHub and linear
    // and TIES merges are out.
    let methods: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(methods, ["concat", "joint-expert", "primary", "secondary", "two-step", "zero-shot"]);
    let lines = std::fs::read_to_string(&examples).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3 * methods.len());
    for (method, row) in report.as_object().unwrap() {
        let own: Vec<&Value> = lines.iter().filter(|line| line["method"] == **method).collect();
        let ids: Vec<&str> = own.iter().map(|line| line["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        let pairs: String = own
            .iter()
            .map(|line| {
                serde_json::json!({ "reference": line["reference"], "candidate": line["text"] }).to_string() + "\n"
            })
            .collect();
        let scores = String::from_utf8(gist(&["rouge"], pairs.as_bytes()).stdout).unwrap();
        let scores: Vec<Value> = scores.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for measure in ["rouge1", "rouge2", "rougeL"] {
            let values: Vec<f64> = scores.iter().map(|score| score[measure].as_f64().unwrap()).collect();
            let mean = row[measure].as_f64().unwrap();
            assert!((mean - values.iter().sum::<f64>() / 3.0).abs() < 1e-9, "{method} {measure}: {mean} of {values:?}");
            let [low, high] = [0, 1].map(|end| row["ci95"][measure][end].as_f64().unwrap());
            assert!(low <= mean && mean <= high, "{method} {measure}: {mean} is not in {low} to {high}");
            assert!(values.iter().all(|value| (0.0..=100.0).contains(value)));
        }
        let cut = own.iter().filter(|line| line["cut"] == true).count() as f64 / 3.0;
        assert_eq!(row["cut_share"].as_f64().unwrap(), cut);
        assert!(row["seconds_mean"].as_f64().unwrap() > 0.0);
        let two_step = method == "two-step";
        assert_eq!(row["passes"], 1 + usize::from(two_step));
        assert_eq!(own[0]["first_pass"].is_string(), two_step);
        assert_eq!(row["examples"], 3);
        let faithfulness = &row["faithfulness"];
        let share =
            |key: &str| own.iter().filter(|line| !line[key].as_array().unwrap().is_empty()).count() as f64 / 3.0;
        assert_eq!(faithfulness["unknown_numbers_share"], share("unknown_numbers"));
        assert_eq!(faithfulness["unknown_times_share"], share("unknown_times"));
        assert_eq!(faithfulness["unknown_names_share"], share("unknown_names"));
        assert_eq!(faithfulness["loop_share"], own.iter().filter(|line| line["loop"] == true).count() as f64 / 3.0);
        assert!(faithfulness["exchanged_names"].is_null());
    }

    // Rank 2, four layers, and d + k of 512, 320, 320, 512, 768, 768 and 768.
    assert_eq!(report["joint-expert"]["extra_params"], 2 * 4 * 3968);
    let tensors = Path::new(&one).join("adapter_model.safetensors");
    assert_eq!(report["joint-expert"]["extra_bytes"], std::fs::metadata(tensors).unwrap().len());
    assert_eq!(report["concat"]["extra_params"], 0);

    let difference = &report["joint-expert"]["rougeL_difference"]["two-step"];
    let expected = report["joint-expert"]["rougeL"].as_f64().unwrap() - report["two-step"]["rougeL"].as_f64().unwrap();
    assert!((difference["mean"].as_f64().unwrap() - expected).abs() < 1e-9);
    // The joint expert is the summarization adapter here.
    let same = &report["primary"]["rougeL_difference"]["joint-expert"];
    assert_eq!(same["ci95"], serde_json::json!([0.0, 0.0]));

    for (chart, text) in [("rouge.svg", "ROUGE-L"), ("time.svg", "standard deviation of 3")] {
        let svg = std::fs::read_to_string(charts.join(chart)).unwrap();
        assert!(svg.contains(text) && svg.contains(">Joint-expert LoRA<"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), svg.matches("fill=\"#").count() - svg.matches("#555").count());
    }

    let again = setup.run(&options);
    for method in methods {
        assert_eq!(again[method]["rougeL"], report[method]["rougeL"]);
        assert_eq!(again[method]["ci95"], report[method]["ci95"]);
    }
}

#[test]
fn summaries_by_person_are_measured_line_by_line() {
    let setup = Setup::new();
    setup.bench.write(
        "by-person.jsonl",
        br#"{"id":"a","by_person":{"es":[["Ana","the train"],["Bo","the other"]]}}
{"id":"c","by_person":{"en":[["Bo","no"]]}}
"#,
    );
    let examples = setup.bench.path("examples.jsonl");
    let options = ["--form", "people", "--json", "--max-tokens", "30", "--methods", "zero-shot"];
    let report = setup.run(&[&options[..], &["--to", "es", "--examples", examples.to_str().unwrap()]].concat());
    let row = &report["zero-shot"];
    assert_eq!(row["examples"], 1, "the others have no lines in Spanish");
    let line: Value = serde_json::from_str(std::fs::read_to_string(&examples).unwrap().trim()).unwrap();
    assert_eq!((&line["id"], &line["reference"]), (&"a".into(), &"Ana: the train\nBo: the other".into()));
    let names: Vec<&str> =
        line["text"].as_str().unwrap().lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert!(!names.is_empty() && names.iter().all(|name| ["Ana", "Bo"].contains(name)), "{line}");
    assert_eq!(line["by_person"]["lines"], names.len());
    assert_eq!(row["by_person"]["rougeL"], line["by_person"]["rougeL"]);
    assert!(row["by_person"]["misattributed_share"].is_number());

    let mut arguments = setup.arguments(&options);
    arguments.extend(["--to", "de"]);
    refuses(&arguments, b"", "says nothing in de of the dialogues");
}

#[test]
fn single_tasks_are_measured_too() {
    let setup = Setup::new();
    let report =
        setup.run(&["--to", "en", "--primary", &adapter("one"), "--limit", "2", "--max-tokens", "4", "--json"]);
    let methods: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(methods, ["primary", "zero-shot"]);
    assert_eq!(report["primary"]["examples"], 2);
    let translation =
        ["--to", "es", "--task", "translate", "--secondary", &adapter("two"), "--max-tokens", "4", "--json"];
    let report = setup.run(&translation);
    let methods: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(methods, ["secondary", "zero-shot"]);
    // One method reads better with the other commands' name of the option.
    let report = setup.run(&["--to", "es", "--method", "zero-shot", "--limit", "1", "--max-tokens", "4", "--json"]);
    assert_eq!(report.as_object().unwrap().keys().collect::<Vec<_>>(), ["zero-shot"]);
}

#[test]
fn names_are_exchanged_in_chats_of_two_people() {
    let setup = Setup::new();
    let dialogues = DIALOGUES.replace("Bo", "Ben");
    let data = setup.bench.write("names.jsonl", dialogues.as_bytes());
    let examples = setup.bench.path("examples.jsonl");
    let written = ["--examples", examples.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let options = ["--to", "en", "--methods", "zero-shot", "--swap", "--max-tokens", "6", "--json"];
    let model = ["eval", "--model", setup.model.to_str().unwrap()];
    let output = gist(&[&model[..], &written, &options].concat(), b"");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let agreement = &report["zero-shot"]["faithfulness"]["exchanged_names"];
    // The others have one person.
    assert_eq!(agreement["chats"], 1);
    let lines = std::fs::read_to_string(&examples).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(agreement["same"] == 1.0, first["exchanged"] == first["text"]);
    let chat = "Ben: the train is late\nAna: ok";
    let summarize =
        ["summarize", "-", "--from", "en", "--to", "en", "--method", "zero-shot", "--max-tokens", "6", "--json"];
    let output = gist(&[&summarize[..], &["--model", setup.model.to_str().unwrap()]].concat(), chat.as_bytes());
    let alone: Value = serde_json::from_slice(&output.stdout).unwrap();
    let exchanged = alone["text"].as_str().unwrap().replace("Ana", "\0").replace("Ben", "Ana").replace('\0', "Ben");
    assert_eq!(first["exchanged"], exchanged);
}

#[test]
fn dialogues_in_another_language_are_left_out() {
    let setup = Setup::new();
    let german = r#"{"id":"d","lang":"de","turns":[{"speaker":"Ana","text":"ja"}],"summary":{"de":"ja","en":"yes"}}"#;
    let data = setup.bench.write("german.jsonl", format!("{DIALOGUES}{german}\n").as_bytes());
    let model = ["eval", "--model", setup.model.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let options = ["--from", "de", "--to", "en", "--methods", "zero-shot", "--max-tokens", "4", "--json"];
    let report: Value = serde_json::from_slice(&gist(&[&model[..], &options].concat(), b"").stdout).unwrap();
    assert_eq!(report["zero-shot"]["examples"], 1);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let setup = Setup::new();
    let refused = |more: &[&str], message: &str| refuses(&setup.arguments(more), b"", message);
    refused(&["--to", "fr"], "a: there is no summary in fr");
    refused(&["--to", "es", "--methods", "best"], "there is no method best; use one of zero-shot");
    refused(
        &["--to", "es", "--methods", "zero-shot,projection"],
        "projection: no projection from en to es is installed for this model; add one",
    );
    refused(&["--to", "es", "--limit", "0"], "there are no dialogues in en to use");
    refused(&["--to", "es", "--examples", "/"], "/: Is a directory");
}
