//! Percentiles of the times of all requests: a chart and a table.

use super::axis::Axis;
use super::html::{Table, escaped, paragraph, section};
use super::numbers::{count, counted, time};
use super::plot::{Plot, Series};
use crate::limit_check::millis;
use crate::run_record::RunRecord;
use crate::scenario::Statistic;
use crate::timings::{Histogram, Timings};

/// Statistics of the tables.
pub(super) const STATISTICS: [Statistic; 5] = [
    Statistic::Percentile(5_000),
    Statistic::Percentile(9_000),
    Statistic::Percentile(9_900),
    Statistic::Percentile(9_990),
    Statistic::Max,
];

/// One of the times of a run.
pub(super) struct Time<'a> {
    pub(super) name: &'static str,
    /// Definition.
    sentence: &'static str,
    class: &'static str,
    histogram: &'a Histogram,
}

/// Returns the times that were measured, with their definitions.
pub(super) fn times(timings: &Timings) -> Vec<Time<'_>> {
    let Timings { send_lag, service, response, freshness, .. } = timings;
    let all = [
        Time {
            name: "send lag",
            sentence: "planned until sent",
            class: "tone-3",
            histogram: send_lag,
        },
        Time {
            name: "service time",
            sentence: "sent until answered",
            class: "tone-2",
            histogram: service,
        },
        Time {
            name: "response time",
            sentence: "planned until answered, what a till waits",
            class: "tone-1",
            histogram: response,
        },
        Time {
            name: "freshness",
            sentence: "planned until a query of the stock log answers with it",
            class: "tone-4",
            histogram: freshness,
        },
    ];
    all.into_iter().filter(|time| !time.histogram.is_empty()).collect()
}

impl Time<'_> {
    /// Returns the statistics of [`STATISTICS`] in words.
    pub(super) fn figures(&self) -> [String; STATISTICS.len()] {
        STATISTICS.map(|statistic| millis(self.histogram.at(statistic)))
    }

    /// Returns the curve from p50 to the highest percentile that the histogram knows.
    fn curve(&self) -> Vec<(f64, Option<f64>)> {
        let p50 = (2_f64.log10(), self.histogram.at(Statistic::Percentile(5_000)));
        let points = self.histogram.nines().into_iter().filter(|(nines, _)| *nines > p50.0);
        let points = std::iter::once(p50).chain(points);
        points.map(|(nines, value)| (nines, Some(value.as_secs_f64() * 1e3))).collect()
    }
}

/// Returns the section of the page.
pub(super) fn percentiles(record: &RunRecord) -> String {
    let times = times(&record.timings);
    if times.is_empty() {
        let html = paragraph("No time was measured.");
        return section("percentiles", "Percentiles", &html);
    }
    let (probes, unseen) = record.totals.probes;
    let mut html = "<dl>\n".to_owned();
    for time in &times {
        let (name, sentence) = (escaped(time.name), escaped(time.sentence));
        html += &format!("<div><dt>{name}</dt><dd>{sentence}</dd></div>\n");
    }
    html += "</dl>\n";
    if unseen > 0 {
        html += &paragraph(&format!(
            "{} of {} {} never seen in the stock log; freshness does not contain them.",
            count(unseen),
            counted(probes, "probe"),
            if unseen == 1 { "was" } else { "were" }
        ));
    }
    html += &format!("<div class=\"charts broad\">\n{}{}</div>\n", chart(&times), table(&times));
    section("percentiles", "Percentiles", &html)
}

fn chart(times: &[Time<'_>]) -> String {
    let curves: Vec<_> = times.iter().map(|time| (time, time.curve())).collect();
    let points = || curves.iter().flat_map(|(_, curve)| curve.iter());
    let most = points().map(|(nines, _)| *nines).fold(0.0, f64::max);
    let y = Axis::log("ms, logarithmic", points().filter_map(|(_, value)| *value), 6);
    let series =
        curves.iter().map(|(time, curve)| Series::line(time.name, time.class, curve.clone()));
    let title = "Times by percentile";
    let series = series.collect();
    Plot { title, x: Axis::nines(most), y, series, words: time }.to_html()
}

fn table(times: &[Time<'_>]) -> String {
    let statistics = STATISTICS.map(|statistic| statistic.to_string());
    let mut columns = vec!["time"];
    columns.extend(statistics.iter().map(String::as_str));
    columns.push("number");
    let mut table = Table::new("Percentiles of the whole run", &columns, "lrrrrrr");
    for time in times {
        let (figures, number) = (time.figures(), count(time.histogram.len()));
        let mut cells = vec![time.name];
        cells.extend(figures.iter().map(String::as_str));
        cells.push(&number);
        table.row(&cells);
    }
    table.end()
}
