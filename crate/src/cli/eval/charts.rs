//! Bar charts as SVG: quality by method, and time by method as in Figure 6 of the paper.

use super::report::{Report, Row};

const LABELS: f64 = 170.0;
const BARS: f64 = 430.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 44.0;
const BAR: f64 = 14.0;
const GAP: f64 = 12.0;

/// A bar with its whisker.
struct Bar {
    value: f64,
    whisker: [f64; 2],
    text: String,
}

/// Draws ROUGE-1, ROUGE-2 and ROUGE-L by method, with 95% intervals.
pub fn rouge(report: &Report) -> String {
    let title = format!("ROUGE F1 (%) on {} dialogues, with 95% intervals", report.examples);
    let bars = |row: &Row| {
        let bar = |score: &super::report::Estimate| Bar {
            value: score.mean,
            whisker: score.interval,
            text: format!("{:.1}", score.mean),
        };
        row.scores.iter().map(bar).collect()
    };
    chart(&title, &[("ROUGE-1", "#2a6f97"), ("ROUGE-2", "#e09f3e"), ("ROUGE-L", "#7a9e7e")], report, bars)
}

/// Draws the seconds for a summary by method, with the standard deviation.
pub fn time(report: &Report) -> String {
    let title = format!("Seconds for one summary, mean and standard deviation of {}", report.examples);
    let bars = |row: &Row| {
        let (mean, std) = (row.seconds_mean, row.seconds_std);
        vec![Bar { value: mean, whisker: [(mean - std).max(0.0), mean + std], text: format!("{mean:.2} ± {std:.2}") }]
    };
    chart(&title, &[("seconds", "#2a6f97")], report, bars)
}

/// Draws horizontal bars, a group for each method and a colour for each of `series`.
fn chart(title: &str, series: &[(&str, &str)], report: &Report, bars: impl Fn(&Row) -> Vec<Bar>) -> String {
    let groups: Vec<(&str, Vec<Bar>)> = report.rows.iter().map(|row| (row.method.name(), bars(row))).collect();
    let all = || groups.iter().flat_map(|(_, bars)| bars);
    let largest = all().map(|bar| bar.value.max(bar.whisker[1])).fold(0.0, f64::max);
    let step = tick_step(largest);
    let end = step * (largest / step).ceil().max(1.0);
    let x = |value: f64| LABELS + BARS * value / end;

    let group_height = series.len() as f64 * BAR + GAP;
    let bottom = TOP + groups.len() as f64 * group_height;
    let (width, height) = (LABELS + BARS + RIGHT, bottom + BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"14\" font-weight=\"bold\">{title}</text>\n"
    );
    let mut line = |text: String| svg += &(text + "\n");
    for i in 0..=(end / step).round() as usize {
        let value = i as f64 * step;
        let (at, text) = (x(value), short(value));
        line(format!("<path d=\"M{at:.1} {}V{bottom}\" stroke=\"#ddd\"/>", TOP - 6.0));
        line(format!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{text}</text>", bottom + 15.0));
    }
    for (row, (name, bars)) in groups.iter().enumerate() {
        let top = TOP + row as f64 * group_height;
        let middle = top + (group_height - GAP) / 2.0 + 4.0;
        line(format!("<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{name}</text>", LABELS - 8.0));
        for (place, (bar, (_, colour))) in bars.iter().zip(series).enumerate() {
            let (y, length) = (top + place as f64 * BAR, x(bar.value) - LABELS);
            let (centre, [low, high]) = (y + BAR / 2.0 - 1.0, bar.whisker.map(x));
            line(format!(
                "<rect x=\"{LABELS}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>",
                BAR - 2.0
            ));
            line(format!(
                "<path d=\"M{low:.1} {centre:.1}H{high:.1}M{low:.1} {:.1}v6M{high:.1} {:.1}v6\" stroke=\"#222\"/>",
                centre - 3.0,
                centre - 3.0
            ));
            line(format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{}</text>",
                high + 5.0,
                centre + 4.0,
                bar.text
            ));
        }
    }
    for (place, (name, colour)) in series.iter().enumerate().filter(|_| series.len() > 1) {
        let (at, y) = (LABELS + 110.0 * place as f64, height - 20.0);
        line(format!("<rect x=\"{at}\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>"));
        line(format!("<text x=\"{}\" y=\"{}\">{name}</text>", at + 17.0, y + 10.0));
    }
    svg + "</svg>\n"
}

/// Returns 1, 2 or 5 times a power of ten, such that at most six steps lead to `largest`.
fn tick_step(largest: f64) -> f64 {
    let rough = (largest / 6.0).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(10.0 * power)
}

/// Formats a tick's value without trailing zeros.
fn short(value: f64) -> String {
    format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        for (largest, step) in [(41.0, 10.0), (5.9, 1.0), (0.07, 0.02), (28.0, 5.0)] {
            assert!((tick_step(largest) - step).abs() < 1e-12, "{largest}: {}", tick_step(largest));
        }
        assert_eq!([0.0, 2.5, 10.0].map(short), ["0", "2.5", "10"]);
    }
}
