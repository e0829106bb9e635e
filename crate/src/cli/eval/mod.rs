//! `gist eval`: measures quality and cost of methods on dialogues with summaries that people wrote.

mod charts;
mod people;
mod report;
mod statistics;

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use gist::chat::conversation::{Conversation, Message};
use gist::chat::dialogue::Dialogue;
use gist::engine::{Engine, Event, Metrics, Request};
use gist::error::{ErrorKind, Result};
use gist::facts::{ChatFacts, FactKind, NameExchange};
use gist::input;
use gist::methods::method::Method;
use gist::model::prompt::{Form, Task, TaskKind};
use gist::model::sampler::Sampling;
use gist::rouge::rouge;
use serde_json::json;

use self::people::LineScores;
use self::report::{Exchanged, Output, Report};

use super::summarize::task;
use super::{AdapterOptions, DEFAULT_MODEL, ModelOptions, correction_bytes, load, read_dialogues, write_file};

/// Arguments of `gist eval`.
#[derive(Args)]
pub struct Eval {
    /// Dialogues with summaries, as JSON lines
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Language of the summaries
    #[arg(long)]
    to: String,
    /// Language of the chats
    #[arg(long, default_value = "en")]
    from: String,
    /// Task whose output is compared with the summaries [default: a summary in the language of --to]
    #[arg(long, value_enum)]
    task: Option<TaskKind>,
    /// Form of the summaries
    #[arg(long, value_enum, default_value_t)]
    form: Form,
    /// What each person says, as JSON lines by the dialogues' ids, for --form people [default:
    /// by-person.jsonl beside --data]
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
    /// Methods to compare: names separated by commas, or all that have their adapters
    #[arg(long, visible_alias = "method", value_name = "all|A,B", default_value = "all")]
    methods: String,
    /// Number of dialogues to use, the first in the language of --from [default: all]
    #[arg(long)]
    limit: Option<usize>,
    /// Largest length of a summary in tokens
    #[arg(long, default_value_t = 160)]
    max_tokens: usize,
    /// Largest number of texts of a pass: above 1 others are written where the first has a fault, and the best is
    /// taken
    #[arg(long, default_value_t = 1)]
    candidates: usize,
    /// Seed of the bootstrap; the same seed gives the same intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Summarise each chat of two people again with their names exchanged, and report how far the summary follows
    #[arg(long)]
    swap: bool,
    /// Write each summary with its scores to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    examples: Option<PathBuf>,
    /// Write rouge.svg and time.svg to this folder
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// GGUF file or catalog id
    #[arg(long, default_value = DEFAULT_MODEL)]
    model: String,
    #[command(flatten)]
    adapters: AdapterOptions,
    #[command(flatten)]
    options: ModelOptions,
}

impl Eval {
    /// Runs every method on every dialogue, and prints a report.
    pub fn run(self) -> Result<()> {
        let task = task(self.task, &self.from, &self.to, self.form)?;
        let cases = self.cases()?;
        let mut examples = match &self.examples {
            Some(path) => {
                let file = File::create(path).map_err(|error| input!("{}: {error}", path.display()))?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let mut engine = load(&self.model, &self.options)?;
        self.adapters.install(&mut engine, &task)?;
        let methods = self.methods(&engine, &task)?;

        // The first run reads and compiles things that later ones reuse, so it is not measured.
        self.summarise(&mut engine, &task, methods[0], &cases[0], 1)?;
        let bar = progress_bar(cases.len() * methods.len());
        let mut outputs: Vec<Vec<Output>> = methods.iter().map(|_| Vec::new()).collect();
        // Methods take turns on each dialogue, so that a busy machine slows them all alike.
        for case in &cases {
            for (method, outputs) in methods.iter().zip(&mut outputs) {
                bar.set_message(method.id());
                let mut output = self.summarise(&mut engine, &task, *method, case, self.max_tokens)?;
                if let (true, Some(exchange)) = (self.swap, &case.exchange) {
                    let exchanged = Case { chat: exchange.chat(&case.chat)?, exchange: None, ..case.clone() };
                    let other = self.summarise(&mut engine, &task, *method, &exchanged, self.max_tokens)?;
                    output.exchanged = Some(Exchanged::new(exchange, &output.text, &other.text));
                }
                if let Some(file) = &mut examples {
                    writeln!(file, "{}", output.to_json(case, *method))?;
                    file.flush()?;
                }
                outputs.push(output);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();

        let bytes = correction_bytes(&self.model, &self.adapters, &task)?;
        let report = Report::new(&methods, &outputs, &bytes, &engine, &task, self.seed)?;
        if let Some(folder) = &self.charts {
            std::fs::create_dir_all(folder).map_err(|error| input!("{}: {error}", folder.display()))?;
            for (name, svg) in [("rouge.svg", charts::rouge(&report)), ("time.svg", charts::time(&report))] {
                write_file(&folder.join(name), |out| Ok(out.write_all(svg.as_bytes())?))?;
            }
        }
        match self.json {
            true => println!("{}", report.to_json()),
            false => print!("{report}"),
        }
        Ok(())
    }

    /// Reads the dialogues with their references.
    fn cases(&self) -> Result<Vec<Case>> {
        let limit = self.limit.unwrap_or(usize::MAX);
        if self.form == Form::Gist {
            let dialogues = read_dialogues(&self.data, Some(&self.from), limit)?;
            return dialogues.into_iter().map(|dialogue| self.case(dialogue)).collect();
        }
        let path = self.people.clone().unwrap_or_else(|| self.data.with_file_name(people::FILE));
        let mut references = people::references(&path, &self.to)?;
        // What each person says is known of some of the dialogues.
        let dialogues = read_dialogues(&self.data, Some(&self.from), usize::MAX)?.into_iter();
        let known = dialogues.filter_map(|dialogue| references.remove(&dialogue.id).map(|lines| (dialogue, lines)));
        let cases: Vec<Case> =
            known.take(limit).map(|(dialogue, lines)| Case::new(&dialogue, lines)).collect::<Result<_>>()?;
        if cases.is_empty() {
            let (people, data, to) = (path.display(), self.data.display(), &self.to);
            return Err(input!(
                "{people} says nothing in {to} of the dialogues of {data}; give another file by --people"
            ));
        }
        Ok(cases)
    }

    fn case(&self, dialogue: Dialogue) -> Result<Case> {
        let summary = dialogue.summary.get(&self.to).filter(|summary| !summary.trim().is_empty());
        let reference = summary.ok_or_else(|| input!("{}: there is no summary in {}", dialogue.id, self.to))?.clone();
        Case::new(&dialogue, reference)
    }

    /// Returns the methods of the option. Of `all`, it leaves out those that lack an adapter or are for another task,
    /// and names them on standard error.
    fn methods(&self, engine: &Engine, task: &Task) -> Result<Vec<Method>> {
        if self.methods != "all" {
            let mut methods: Vec<Method> = Vec::new();
            for method in self.methods.split(',').map(str::parse::<Method>) {
                let method = method?;
                if let Some(reason) = engine.unavailable(method, task) {
                    return Err(input!("{method}: {reason}"));
                }
                if !methods.contains(&method) {
                    methods.push(method);
                }
            }
            return Ok(methods);
        }
        let (here, missing): (Vec<_>, Vec<_>) =
            Method::ALL.into_iter().partition(|method| engine.unavailable(*method, task).is_none());
        if !missing.is_empty() {
            let names: Vec<&str> = missing.into_iter().map(Method::id).collect();
            eprintln!("gist: not available for this task and model, and left out: {}", names.join(", "));
        }
        Ok(here)
    }

    fn summarise(
        &self,
        engine: &mut Engine,
        task: &Task,
        method: Method,
        case: &Case,
        max_tokens: usize,
    ) -> Result<Output> {
        let (sampling, candidates) = (Sampling::default(), self.candidates);
        let request = Request { task: task.clone(), method, max_tokens, sampling, candidates };
        let mut passes = vec![String::new(); method.passes()];
        let mut metrics = Metrics::default();
        let mut is_read = false;
        let started = Instant::now();
        let mut run = || -> Result<()> {
            let mut run = engine.start(&case.chat, &request)?;
            while let Some(event) = pollster::block_on(run.next_event())? {
                match event {
                    Event::Notice(notice) => eprintln!("gist: {}: {notice}", case.id),
                    Event::Text { at, delta } => {
                        passes.resize(passes.len().max(at.stage + 1), String::new());
                        passes[at.stage].push_str(&delta);
                    }
                    Event::Rewritten { at, text, .. } => {
                        passes.resize(passes.len().max(at.stage + 1), String::new());
                        passes[at.stage] = text;
                    }
                    Event::Draft { .. } => {}
                    Event::Prefill { done, total, .. } => is_read = done == total,
                    Event::Done(done) => metrics = done,
                }
            }
            Ok(())
        };
        match run() {
            // A stage before the last that writes nothing is an error of the engine. Here it counts as an empty answer.
            Err(error) if error.kind() == ErrorKind::Input && is_read && passes[0].trim().is_empty() => {}
            result => result.map_err(|error| error.at(format!("{} by {method}", case.id)))?,
        }
        let seconds = started.elapsed().as_secs_f64();
        let text = passes.pop().unwrap_or_default().trim().to_owned();
        let cut = metrics.per_pass.last().is_some_and(|pass| pass.cut);
        let lines = match task.form() {
            Some(Form::People) => Some(LineScores::new(&case.chat, &text, &case.reference, task.from(), task.to())?),
            _ => None,
        };
        let check = ChatFacts::new(&case.chat, task.from())?.check(&text, task.to())?;
        let unknown = |kinds: &[FactKind]| -> Vec<String> {
            kinds.iter().flat_map(|kind| check.unknown(*kind)).map(|fact| fact.text.clone()).collect()
        };
        Ok(Output {
            lines,
            scores: rouge(&case.reference, &text),
            unknown_numbers: unknown(&[FactKind::Number, FactKind::Amount]),
            unknown_times: unknown(&[FactKind::Time]),
            unknown_names: unknown(&[FactKind::Name, FactKind::Place]),
            has_loop: check.has_loop,
            exchanged: None,
            text,
            earlier: passes,
            seconds,
            cut,
            metrics,
        })
    }
}

/// A dialogue with its reference summary.
#[derive(Clone)]
struct Case {
    id: String,
    chat: Conversation,
    /// The exchange of the speakers' names, where there are two.
    exchange: Option<NameExchange>,
    reference: String,
}

impl Case {
    fn new(dialogue: &Dialogue, reference: String) -> Result<Self> {
        let messages = dialogue.turns.iter().map(|turn| Message::new(&turn.speaker, &turn.text, None)).collect();
        let chat = Conversation::new(messages).map_err(|error| error.at(&dialogue.id))?;
        Ok(Case { id: dialogue.id.clone(), exchange: NameExchange::of(&chat), chat, reference })
    }
}

impl Output {
    /// Returns a line for the file of examples.
    fn to_json(&self, case: &Case, method: Method) -> String {
        let mut line = json!({
            "id": case.id,
            "method": method.id(),
            "text": self.text,
            "reference": case.reference,
            "rouge1": self.scores.rouge1,
            "rouge2": self.scores.rouge2,
            "rougeL": self.scores.rouge_l,
            "seconds": self.seconds,
            "prompt_tokens": self.metrics.prompt_tokens,
            "generated_tokens": self.metrics.generated_tokens,
            "cut": self.cut,
            "candidates": self.metrics.per_pass.iter().map(|pass| pass.candidates).collect::<Vec<_>>(),
            "unknown_numbers": self.unknown_numbers,
            "unknown_times": self.unknown_times,
            "unknown_names": self.unknown_names,
            "loop": self.has_loop,
        });
        if let Some(Exchanged { text, .. }) = &self.exchanged {
            line["exchanged"] = text.as_str().into();
        }
        if let Some(LineScores { rouge_l, lines, misattributed }) = &self.lines {
            line["by_person"] = json!({ "rougeL": rouge_l, "lines": lines, "misattributed": misattributed });
        }
        if let [first] = &self.earlier[..] {
            line["first_pass"] = first.trim().into();
        }
        line.to_string()
    }
}

fn progress_bar(length: usize) -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(length as u64);
    match indicatif::ProgressStyle::with_template("{bar:30} {pos}/{len} summaries, {eta} left  {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
