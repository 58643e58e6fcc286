//! Result of a search for the knee: its two rates, its probes and their curves.

use super::axis::Axis;
use super::html::{Table, paragraph, section};
use super::numbers::{number, time};
use super::plot::{Plot, Series, Shape};
use crate::knee::{ATTAINMENT_MIN, BACKLOG_GROWTH_MAX, KneeResult, Probe};

/// Ticks of an axis, about.
const TICKS: usize = 5;

/// Returns the two rates of a search in sentences.
pub(super) fn sentences(knee: &KneeResult) -> Vec<String> {
    let mut sentences = vec![
        match knee.within_limits {
            Some(rate) => {
                format!("The target carries {} events/s within the limits.", number(rate))
            }
            None => "No rate was confirmed within the limits.".to_owned(),
        },
        format!("The most that was stored in any probe is {} events/s.", number(knee.most)),
    ];
    if let Some(reason) = &knee.ended_by {
        sentences.push(format!("The search ended without a confirmed knee: {reason}."));
    }
    sentences
}

/// Returns the result of a probe in words.
pub(super) fn result(probe: &Probe) -> String {
    let mut reasons: Vec<String> = Vec::new();
    if let Some(reason) = &probe.invalid {
        reasons.push(format!("invalid: {reason}"));
    }
    if probe.stored_rate < ATTAINMENT_MIN * probe.rate {
        let share = number(100.0 * probe.stored_rate / probe.rate.max(1e-9));
        reasons.push(format!("only {share} % stored"));
    }
    if probe.backlog_growth > BACKLOG_GROWTH_MAX {
        reasons.push(format!("the backlog grows by {} each second", time(probe.backlog_growth)));
    }
    if !probe.broken.is_empty() {
        reasons.push(format!("broken: {}", probe.broken.join(", ")));
    }
    if reasons.is_empty() { "passes".to_owned() } else { reasons.join("; ") }
}

/// Returns the section of the page.
pub(super) fn knee(knee: &KneeResult) -> String {
    let mut html: String = sentences(knee).iter().map(|sentence| paragraph(sentence)).collect();
    if !knee.probes.is_empty() {
        let plots = [stored(knee), response(knee)].map(|plot| plot.to_html()).concat();
        html += &format!("<div class=\"charts\">\n{plots}</div>\n");
        let columns = ["planned, events/s", "stored, events/s", "p50", "p99", "result"];
        let mut table = Table::new("Probes in their order", &columns, "rrrrl");
        for probe in &knee.probes {
            let [p50, p99] = probe.response_ms.map(time);
            let (rate, stored) = (number(probe.rate), number(probe.stored_rate));
            table.row(&[&rate, &stored, &p50, &p99, &result(probe)]);
        }
        html += &table.end();
    }
    section("knee", "Search for the knee", &html)
}

fn stored(knee: &KneeResult) -> Plot {
    let x = x_axis(knee);
    let highest = knee.probes.iter().map(|probe| probe.rate.max(probe.stored_rate));
    let highest = highest.filter(|rate| rate.is_finite()).fold(0.0, f64::max);
    let y = Axis::linear("events/s", highest, TICKS);
    let ideal = vec![(0.0, Some(0.0)), (highest, Some(highest))];
    let mut series = vec![Series::line("planned", "tone-6 dashed", ideal)];
    series.extend(of_probes(knee, "stored", "tone-1", |probe| probe.stored_rate));
    Plot { title: "Stored rate by planned rate", x, y, series, words: number }
}

fn response(knee: &KneeResult) -> Plot {
    let series = of_probes(knee, "p99", "tone-1", |probe| probe.response_ms[1]);
    let y = Axis::log("ms, logarithmic", series.iter().flat_map(Series::values), TICKS);
    Plot { title: "Response time p99 by planned rate", x: x_axis(knee), y, series, words: time }
}

fn x_axis(knee: &KneeResult) -> Axis {
    let rates = knee.probes.iter().map(|probe| probe.rate).filter(|rate| rate.is_finite());
    Axis::linear("planned, events/s", rates.fold(0.0, f64::max), TICKS)
}

/// Returns the curve of a figure, its passing and failing probes, and the highest confirmed rate.
fn of_probes(
    knee: &KneeResult,
    label: &str,
    class: &'static str,
    figure: impl Fn(&Probe) -> f64,
) -> Vec<Series> {
    let place = |probe: &&Probe| (probe.rate, figure(probe));
    let is_finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    let (passing, failing): (Vec<&Probe>, Vec<&Probe>) =
        knee.probes.iter().partition(|probe| probe.passes() && probe.invalid.is_none());
    let points = |probes: &[&Probe]| probes.iter().map(place).filter(is_finite).collect();
    let mut curve: Vec<(f64, f64)> = points(&knee.probes.iter().collect::<Vec<_>>());
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let curve = curve.into_iter().map(|(x, y)| (x, Some(y))).collect();
    let mut series = vec![Series::line(label, class, curve)];
    let mut marks = |label: &str, class, shape| {
        series.push(Series { label: label.to_owned(), class, shape });
    };
    marks("passes", "tone-1", Shape::Circles(points(&passing)));
    marks("fails", "tone-2", Shape::Crosses(points(&failing)));
    if let Some(rate) = knee.within_limits {
        marks("highest rate within the limits", "tone-3 dashed", Shape::Vertical(rate));
    }
    series
}
