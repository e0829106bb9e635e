//! The result of an evaluation as numbers, JSON and a table.

use std::collections::BTreeMap;
use std::fmt;

use gist::engine::{Engine, Metrics};
use gist::error::Result;
use gist::methods::method::Method;
use gist::methods::plan::extra_parameters;
use gist::model::prompt::Task;
use gist::rouge::Rouge;
use serde_json::{Map, Value, json};

use super::statistics::{Bootstrap, deviation, mean};

/// Output of one method for one dialogue.
pub struct Output {
    /// Scores against the reference.
    pub scores: Rouge,
    /// Text of the summary.
    pub text: String,
    /// Texts of the stages before the last.
    pub earlier: Vec<String>,
    /// Seconds from the request to the last token.
    pub seconds: f64,
    /// `true` if the summary ended at the limit of tokens rather than with an end token.
    pub cut: bool,
    /// Cost of the run.
    pub metrics: Metrics,
}

/// A mean with its 95% confidence interval, in the unit of the values.
pub struct Estimate {
    pub mean: f64,
    pub interval: [f64; 2],
}

/// Names of the measures, in the order of [`Row::scores`].
pub const MEASURES: [&str; 3] = ["rouge1", "rouge2", "rougeL"];

/// Methods that the others are compared with.
const RIVALS: [Method; 2] = [Method::TwoStep, Method::JointExpert];

/// Result of one method.
pub struct Row {
    pub method: Method,
    pub scores: [Estimate; 3],
    pub seconds_mean: f64,
    pub seconds_std: f64,
    pub generated_tokens_mean: f64,
    pub cut_share: f64,
    pub extra_params: usize,
    pub extra_bytes: u64,
    /// Difference of ROUGE-L to each rival, paired by example.
    pub differences: Vec<(Method, Estimate)>,
}

/// Result of an evaluation.
pub struct Report {
    pub rows: Vec<Row>,
    pub examples: usize,
}

impl Report {
    /// Sums up `outputs`: a list for each of `methods`, all in the same order of dialogues. `bytes` has the sizes of
    /// the files that a method needs besides the two adapters.
    pub fn new(
        methods: &[Method],
        outputs: &[Vec<Output>],
        bytes: &BTreeMap<Method, u64>,
        engine: &Engine,
        task: &Task,
        seed: u64,
    ) -> Result<Self> {
        let examples = outputs[0].len();
        let bootstrap = Bootstrap::new(examples, seed);
        let estimate = |values: &[f64]| Estimate { mean: mean(values), interval: bootstrap.interval(values) };
        let scores = |outputs: &[Output], measure: fn(&Rouge) -> f64| -> Vec<f64> {
            outputs.iter().map(|output| measure(&output.scores)).collect()
        };
        let long = |outputs: &[Output]| scores(outputs, |rouge| rouge.rouge_l);
        let row = |(method, made): (&Method, &Vec<Output>)| {
            let rivals = methods.iter().zip(outputs).filter(|(rival, _)| RIVALS.contains(rival) && *rival != method);
            let differences = rivals.map(|(rival, theirs)| {
                let difference: Vec<f64> = long(made).iter().zip(long(theirs)).map(|(a, b)| a - b).collect();
                (*rival, estimate(&difference))
            });
            let seconds: Vec<f64> = made.iter().map(|output| output.seconds).collect();
            let tokens: Vec<f64> = made.iter().map(|output| output.metrics.generated_tokens as f64).collect();
            let extra_params = extra_parameters(*method, task, &engine.registry, &engine.config)?;
            Ok(Row {
                method: *method,
                scores: [|r: &Rouge| r.rouge1, |r: &Rouge| r.rouge2, |r: &Rouge| r.rouge_l]
                    .map(|measure| estimate(&scores(made, measure))),
                seconds_mean: mean(&seconds),
                seconds_std: deviation(&seconds),
                generated_tokens_mean: mean(&tokens),
                cut_share: made.iter().filter(|output| output.cut).count() as f64 / examples as f64,
                extra_params,
                extra_bytes: if extra_params == 0 { 0 } else { bytes.get(method).copied().unwrap_or(0) },
                differences: differences.collect(),
            })
        };
        Ok(Self { rows: methods.iter().zip(outputs).map(row).collect::<Result<_>>()?, examples })
    }

    /// Returns an object with one entry for each method, by its id.
    pub fn to_json(&self) -> Value {
        self.rows
            .iter()
            .map(|row| (row.method.id().to_owned(), row.to_json(self.examples)))
            .collect::<Map<_, _>>()
            .into()
    }
}

impl Row {
    fn to_json(&self, examples: usize) -> Value {
        let mut json = json!({
            "examples": examples,
            "ci95": MEASURES.iter().zip(&self.scores).map(|(name, s)| (*name, s.interval)).collect::<BTreeMap<_, _>>(),
            "seconds_mean": self.seconds_mean,
            "seconds_std": self.seconds_std,
            "generated_tokens_mean": self.generated_tokens_mean,
            "cut_share": self.cut_share,
            "passes": self.method.passes(),
            "extra_params": self.extra_params,
            "extra_bytes": self.extra_bytes,
        });
        for (name, score) in MEASURES.iter().zip(&self.scores) {
            json[*name] = score.mean.into();
        }
        for (rival, Estimate { mean, interval }) in &self.differences {
            json["rougeL_difference"][rival.id()] = json!({ "mean": mean, "ci95": interval });
        }
        json
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} dialogues; F1 in %, with 95% intervals; seconds for one summary\n", self.examples)?;
        let [one, two, long] = ["ROUGE-1", "ROUGE-2", "ROUGE-L"];
        writeln!(
            f,
            "{:16} {one:>18} {two:>18} {long:>18} {:>13} {:>6} {:>7} {:>10} {:>10}",
            "method", "seconds", "passes", "cut %", "parameters", "bytes"
        )?;
        for row in &self.rows {
            write!(f, "{:16}", row.method.id())?;
            for Estimate { mean, interval: [low, high] } in &row.scores {
                write!(f, " {:>18}", format!("{mean:.1} [{low:.1}, {high:.1}]"))?;
            }
            let seconds = format!("{:.2} ± {:.2}", row.seconds_mean, row.seconds_std);
            writeln!(
                f,
                " {seconds:>13} {:>6} {:>7.1} {:>10} {:>10}",
                row.method.passes(),
                100.0 * row.cut_share,
                row.extra_params,
                row.extra_bytes
            )?;
        }
        for row in &self.rows {
            for (rival, Estimate { mean, interval: [low, high] }) in &row.differences {
                let name = row.method.id();
                writeln!(f, "ROUGE-L of {name} less that of {rival}: {mean:.2} [{low:.2}, {high:.2}]")?;
            }
        }
        Ok(())
    }
}
