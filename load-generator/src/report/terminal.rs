//! Text of a run for the terminal.

mod picture;
mod text;

use super::headline::{ENDED_EARLY, Headline, size};
use super::knee::{result, sentences};
use super::ledger::{differences, summary};
use super::numbers::{count, counted, number, time};
use super::particulars::frequent_errors;
use super::percentiles::{STATISTICS, times};
use crate::run_record::RunRecord;
use text::{Columns, list, wrapped};

/// Minimum width in columns: a narrower table of times is illegible.
const WIDTH_MIN: usize = 58;
/// Differences of the ledger, answers and errors that are shown.
const SHOWN_MAX: usize = 5;

/// Returns the text of a run for a terminal of `width` columns, at least 58. No line is wider. With
/// `is_ascii` all signs that do not come from the record are ASCII characters.
#[must_use]
pub fn terminal(record: &RunRecord, width: usize, is_ascii: bool) -> String {
    let width = width.max(WIDTH_MIN);
    let parts = [
        head(record, width),
        limits(record, width),
        rates(record, width),
        table(record, width),
        picture::latencies(&record.seconds, width, is_ascii),
        ledger(record, width),
        errors(record, width),
        knee(record, width),
        headed("Notes", &list(record.notes.iter().map(String::as_str), width)),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// Returns text with a heading above; nothing for no text.
fn headed(heading: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{heading}\n{text}") }
}

fn head(record: &RunRecord, width: usize) -> String {
    let headline = Headline::of(record);
    let title = format!("{}: {}", headline.title(), headline.reason(record));
    let mut text = wrapped(&title, width);
    if record.is_partial && headline != Headline::Partial {
        text += &wrapped(ENDED_EARLY, width);
    }
    text + &wrapped(&format!("{} on {}: {}", record.key.run_id, record.target, size(record)), width)
}

fn limits(record: &RunRecord, width: usize) -> String {
    let mut columns = Columns::new(&["", "", "limit", "measured"], "lll");
    for line in &record.check.limits {
        let result = if line.kept { "kept" } else { "BROKEN" };
        columns.row(&[result, &line.metric, &line.limit, &line.measured]);
    }
    headed("Limits", &columns.to_text(width))
}

fn rates(record: &RunRecord, width: usize) -> String {
    let totals = &record.totals;
    let sent = totals.sent as f64 / totals.seconds.max(0.001);
    let text = format!(
        "Events a second: planned {}, sent {}, stored {}.",
        number(record.planned_rate()),
        number(sent),
        number(record.stored_rate())
    );
    let unclear = [(totals.refused, "refused"), (totals.unknown, "of unknown outcome")];
    let unclear = unclear.into_iter().filter(|(events, _)| *events > 0);
    let unclear = unclear.map(|(events, what)| format!("{} {what}", counted(events, "event")));
    let mut rest: Vec<String> = unclear.collect();
    if totals.throttled > 0 {
        rest.push(format!("{} throttled", counted(totals.throttled, "request")));
    }
    let rest = if rest.is_empty() { rest.concat() } else { format!(" {}.", rest.join(", ")) };
    wrapped(&(text + &rest), width)
}

fn table(record: &RunRecord, width: usize) -> String {
    let statistics = STATISTICS.map(|statistic| statistic.to_string());
    let mut heading = vec![""];
    heading.extend(statistics.iter().map(String::as_str));
    let mut columns = Columns::new(&heading, "lrrrrr");
    for time in times(&record.timings) {
        let figures = time.figures();
        let mut cells = vec![time.name];
        cells.extend(figures.iter().map(String::as_str));
        columns.row(&cells);
    }
    columns.to_text(width)
}

fn ledger(record: &RunRecord, width: usize) -> String {
    let (named, others) = differences(record, SHOWN_MAX);
    let mut text = wrapped(&format!("Ledger: {}.", summary(record)), width);
    text += &list(named.into_iter(), width);
    if others > 0 {
        text += &wrapped(&format!("and {}", counted(others, "more difference")), width);
    }
    let answers = record.mismatched.iter().map(String::as_str).take(SHOWN_MAX);
    text += &headed("Answers that do not fit their request", &list(answers, width));
    text
}

fn errors(record: &RunRecord, width: usize) -> String {
    let errors = frequent_errors(record);
    let mut columns = Columns::new(&["", ""], "rl");
    for (error, number) in errors.iter().take(SHOWN_MAX) {
        columns.row(&[&count(*number), error]);
    }
    let mut text = headed("Errors", &columns.to_text(width));
    let others = errors.len().saturating_sub(SHOWN_MAX) as u64;
    if others > 0 {
        text += &wrapped(&format!("and {} of errors", counted(others, "more kind")), width);
    }
    text
}

fn knee(record: &RunRecord, width: usize) -> String {
    let Some(knee) = &record.knee else { return String::new() };
    let sentences = sentences(knee).iter().map(|sentence| wrapped(sentence, width)).collect();
    let mut columns = Columns::new(&["planned/s", "stored/s", "p50", "p99", "result"], "rrrrl");
    for probe in &knee.probes {
        let [p50, p99] = probe.response_ms.map(time);
        let (rate, stored) = (number(probe.rate), number(probe.stored_rate));
        columns.row(&[&rate, &stored, &p50, &p99, &result(probe)]);
    }
    let text: String = sentences;
    headed("Search for the knee", &(text + &columns.to_text(width)))
}
