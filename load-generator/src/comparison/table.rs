//! Table of a comparison for a terminal of 80 columns.

use std::fmt;
use std::time::Duration;

use super::{ComparedMetric, Comparison, Line};
use crate::limit_check::millis;

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Text in place of a value that is missing.
const MISSING: &str = "-";

impl fmt::Display for Comparison {
    /// Writes a table with a row for each line, then the remarks. No row exceeds 80 columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, ["", "old", "new", "new/old", "95 % interval", "conclusion"])?;
        for line in &self.lines {
            let [old, new] = [line.old, line.new].map(|number| value(line.metric, number));
            let ratio = line.ratio.map_or_else(|| MISSING.to_owned(), factor);
            let (name, conclusion) = (line.metric.to_string(), line.conclusion.to_string());
            row(f, [&name, &old, &new, &ratio, &interval(line.interval), &conclusion])?;
        }
        let method = if self.is_paired { "second by second" } else { "as two series" };
        let seconds = self.lines.iter().map(|line: &Line| line.seconds).max().unwrap_or_default();
        let [old, new] = seconds;
        writeln!(f, "Values are means of seconds. {old} and {new} seconds, compared {method}.")?;
        for remark in &self.remarks {
            write_wrapped(f, remark)?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, cells: [&str; 6]) -> fmt::Result {
    let [name, old, new, ratio, interval, conclusion] = cells;
    writeln!(f, "{name:<12}{old:>11}{new:>11}{ratio:>9}  {interval:<15}  {conclusion}")
}

/// Returns a value with its unit.
fn value(metric: ComparedMetric, value: Option<f64>) -> String {
    match value {
        None => MISSING.to_owned(),
        Some(rate) if !metric.is_time() => format!("{rate:.1}/s"),
        Some(time) => {
            Duration::try_from_secs_f64(time / 1e3).map_or_else(|_| MISSING.to_owned(), millis)
        }
    }
}

/// Returns a factor in at most six characters.
pub(super) fn factor(factor: f64) -> String {
    match factor {
        0.0 => "0".to_owned(),
        0.001..10.0 => format!("{factor:.3}"),
        10.0..1_000.0 => format!("{factor:.1}"),
        1_000.0..100_000.0 => format!("{factor:.0}"),
        _ => format!("{factor:.0e}"),
    }
}

/// Returns an interval in at most 15 characters.
pub(super) fn interval(interval: Option<[f64; 2]>) -> String {
    interval.map_or_else(
        || MISSING.to_owned(),
        |[low, high]| format!("{} to {}", factor(low), factor(high)),
    )
}

/// Writes a remark as an item of a list, in lines of at most [`WIDTH`] columns. A longer word is
/// cut.
fn write_wrapped(f: &mut fmt::Formatter<'_>, remark: &str) -> fmt::Result {
    const INDENT: usize = 2;
    let mut line = String::from("-");
    let mut columns = 1;
    for word in remark.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(WIDTH - INDENT) {
            if columns + 1 + piece.len() > WIDTH {
                writeln!(f, "{line}")?;
                line = " ".to_owned();
                columns = 1;
            }
            line.push(' ');
            line.extend(piece);
            columns += 1 + piece.len();
        }
    }
    writeln!(f, "{line}")
}
