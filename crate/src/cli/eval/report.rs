//! The result of an evaluation as numbers, JSON and a table.

use std::collections::BTreeMap;
use std::fmt;

use gist::engine::{Engine, Metrics};
use gist::error::Result;
use gist::facts::NameExchange;
use gist::methods::method::Method;
use gist::methods::plan::extra_parameters;
use gist::model::prompt::Task;
use gist::rouge::{Rouge, rouge};
use serde_json::{Map, Value, json};

use super::people::LineScores;
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
    /// Numbers and amounts of the summary that the dialogue lacks.
    pub unknown_numbers: Vec<String>,
    /// Times of day of the summary that the dialogue lacks.
    pub unknown_times: Vec<String>,
    /// Names of the summary that the dialogue lacks.
    pub unknown_names: Vec<String>,
    /// `true` if a sequence of four words is there three times.
    pub has_loop: bool,
    /// Scores line by line, of a summary by person.
    pub lines: Option<LineScores>,
    /// Summary of the dialogue with its two names exchanged, if it was asked for and there are two.
    pub exchanged: Option<Exchanged>,
    /// Cost of the run.
    pub metrics: Metrics,
}

/// A summary of a dialogue whose two names were exchanged, beside that of the dialogue itself.
pub struct Exchanged {
    /// Text, with the names back in their places.
    pub text: String,
    /// `true` if it is the same text.
    pub is_same: bool,
    /// `true` if it names the two in the same order; `None` if one of the texts names neither.
    pub same_order: Option<bool>,
    /// F1 of the words that both have, in percent.
    pub overlap: f64,
}

impl Exchanged {
    /// Compares `found`, the summary of the exchanged dialogue, with `text`, that of the dialogue itself.
    pub fn new(exchange: &NameExchange, text: &str, found: &str) -> Self {
        let back = exchange.text(found);
        Self {
            is_same: back == text,
            same_order: exchange.same_order(text, &back),
            overlap: rouge(text, &back).rouge1,
            text: back,
        }
    }
}

/// Shares of a method's summaries, from 0 to 1.
pub struct Faithfulness {
    /// With a number or an amount that the dialogue lacks.
    pub unknown_numbers: f64,
    /// With a time of day that the dialogue lacks.
    pub unknown_times: f64,
    /// With a name that the dialogue lacks.
    pub unknown_names: f64,
    /// With a loop.
    pub loops: f64,
    /// Agreement after an exchange of names, if that was measured for any dialogue.
    pub exchange: Option<Agreement>,
}

/// Agreement of summaries before and after an exchange of the two names, over `chats` dialogues.
pub struct Agreement {
    pub chats: usize,
    /// Share of the same texts.
    pub same: f64,
    /// Share of texts that name the two in the same order, of those that name any; `None` if there are none.
    pub same_order: Option<f64>,
    /// Mean F1 of words, in percent.
    pub overlap: f64,
}

impl Faithfulness {
    fn new(outputs: &[Output]) -> Self {
        let share = |is: &dyn Fn(&Output) -> bool| {
            outputs.iter().filter(|output| is(output)).count() as f64 / outputs.len() as f64
        };
        let exchanged: Vec<&Exchanged> = outputs.iter().filter_map(|output| output.exchanged.as_ref()).collect();
        let orders: Vec<f64> =
            exchanged.iter().filter_map(|each| each.same_order).map(|same| f64::from(u8::from(same))).collect();
        let mean_of = |of: fn(&Exchanged) -> f64| mean(&exchanged.iter().map(|each| of(each)).collect::<Vec<_>>());
        Self {
            unknown_numbers: share(&|output| !output.unknown_numbers.is_empty()),
            unknown_times: share(&|output| !output.unknown_times.is_empty()),
            unknown_names: share(&|output| !output.unknown_names.is_empty()),
            loops: share(&|output| output.has_loop),
            exchange: (!exchanged.is_empty()).then(|| Agreement {
                chats: exchanged.len(),
                same: mean_of(|each| f64::from(u8::from(each.is_same))),
                same_order: (!orders.is_empty()).then(|| mean(&orders)),
                overlap: mean_of(|each| each.overlap),
            }),
        }
    }

    fn to_json(&self) -> Value {
        let exchange = self.exchange.as_ref().map(|Agreement { chats, same, same_order, overlap }| {
            json!({ "chats": chats, "same": same, "same_order": same_order, "word_f1": overlap })
        });
        json!({
            "unknown_numbers_share": self.unknown_numbers,
            "unknown_times_share": self.unknown_times,
            "unknown_names_share": self.unknown_names,
            "loop_share": self.loops,
            "exchanged_names": exchange,
        })
    }
}

/// Scores of summaries by person, line by line.
pub struct ByPerson {
    /// Mean ROUGE-L of the lines of the same person.
    pub rouge_l: Estimate,
    /// Share, from 0 to 1, of lines with a number or a name that another's messages have and the person's own lack.
    pub misattributed: f64,
}

impl ByPerson {
    fn new(outputs: &[Output], estimate: impl Fn(&[f64]) -> Estimate) -> Option<Self> {
        let scores: Vec<&LineScores> = outputs.iter().filter_map(|output| output.lines.as_ref()).collect();
        let sum = |count: fn(&LineScores) -> usize| scores.iter().map(|score| count(score)).sum::<usize>();
        let lines = sum(|score| score.lines).max(1);
        (scores.len() == outputs.len()).then(|| Self {
            rouge_l: estimate(&scores.iter().map(|score| score.rouge_l).collect::<Vec<_>>()),
            misattributed: sum(|score| score.misattributed) as f64 / lines as f64,
        })
    }
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
    pub faithfulness: Faithfulness,
    /// Scores line by line, of summaries by person.
    pub by_person: Option<ByPerson>,
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
                faithfulness: Faithfulness::new(made),
                by_person: ByPerson::new(made, estimate),
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
            "faithfulness": self.faithfulness.to_json(),
            "passes": self.method.passes(),
            "extra_params": self.extra_params,
            "extra_bytes": self.extra_bytes,
        });
        for (name, score) in MEASURES.iter().zip(&self.scores) {
            json[*name] = score.mean.into();
        }
        if let Some(ByPerson { rouge_l: Estimate { mean, interval }, misattributed }) = &self.by_person {
            json["by_person"] = json!({ "rougeL": mean, "ci95": interval, "misattributed_share": misattributed });
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
        writeln!(
            f,
            "\n% of summaries with a number, a time or a name that the dialogue lacks, or a loop; after an exchange of two names, % \
             with the same text and with the two in the same order, and F1 of words\n"
        )?;
        writeln!(
            f,
            "{:16} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "method", "numbers", "times", "names", "loops", "same", "order", "F1"
        )?;
        for row in &self.rows {
            let Faithfulness { unknown_numbers, unknown_times, unknown_names, loops, exchange } = &row.faithfulness;
            let exchange = exchange.as_ref();
            write!(f, "{:16}", row.method.id())?;
            for percent in [
                Some(100.0 * unknown_numbers),
                Some(100.0 * unknown_times),
                Some(100.0 * unknown_names),
                Some(100.0 * loops),
                exchange.map(|agreement| 100.0 * agreement.same),
                exchange.and_then(|agreement| agreement.same_order).map(|share| 100.0 * share),
                exchange.map(|agreement| agreement.overlap),
            ] {
                write!(f, " {:>8}", percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1}")))?;
            }
            writeln!(f)?;
        }
        for row in &self.rows {
            let Some(ByPerson { rouge_l, misattributed }) = &row.by_person else { continue };
            let Estimate { mean, interval: [low, high] } = rouge_l;
            let percent = 100.0 * misattributed;
            let name = row.method.id();
            writeln!(
                f,
                "\n{name}: ROUGE-L line by line {mean:.1} [{low:.1}, {high:.1}]; {percent:.1}% of lines have another's fact"
            )?;
        }
        writeln!(f)?;
        for row in &self.rows {
            for (rival, Estimate { mean, interval: [low, high] }) in &row.differences {
                let name = row.method.id();
                writeln!(f, "ROUGE-L of {name} less that of {rival}: {mean:.2} [{low:.2}, {high:.2}]")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gist::chat::conversation::Conversation;

    use super::*;

    #[test]
    fn exchanged_names_are_put_back_before_they_are_compared() {
        let chat = Conversation::parse("Ana: Ben, are you there?\nBen: yes").unwrap();
        let exchange = NameExchange::of(&chat).unwrap();
        let followed = Exchanged::new(&exchange, "Ana asks Ben.", "Ben asks Ana.");
        assert_eq!((followed.text.as_str(), followed.is_same), ("Ana asks Ben.", true));
        let stuck = Exchanged::new(&exchange, "Ana asks Ben.", "Ana asks Ben.");
        assert_eq!((stuck.text.as_str(), stuck.is_same, stuck.same_order), ("Ben asks Ana.", false, Some(false)));
        assert_eq!(stuck.overlap, 100.0);
    }
}
