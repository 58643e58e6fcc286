//! What became of the lines of a file.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::api::{EventResult, Status};
use crate::output;

/// Line numbers that are spelled out per reason; more are counted.
const RANGES_SHOWN_MAX: usize = 40;

/// Counts, and the lines behind everything that was not stored.
#[derive(Debug, Default)]
pub(super) struct Report {
    stored: u64,
    duplicate: u64,
    skipped: BTreeMap<String, Vec<u64>>,
    wrong: BTreeMap<String, Vec<u64>>,
}

impl Report {
    pub(super) fn skipped(&mut self, line: u64, reason: String) {
        self.skipped.entry(reason).or_default().push(line);
    }

    pub(super) fn wrong(&mut self, line: u64, message: String) {
        self.wrong.entry(message).or_default().push(line);
    }

    pub(super) fn answered(&mut self, line: u64, result: &EventResult) {
        match result.status {
            Status::Stored => self.stored += 1,
            Status::Duplicate => self.duplicate += 1,
            Status::Rejected | Status::Retry => self.wrong(line, result.explanation()),
        }
    }

    /// Whether every line was stored or skipped on purpose.
    pub(super) fn is_clean(&self) -> bool {
        self.wrong.is_empty()
    }

    pub(super) fn print(&self) {
        let count =
            |groups: &BTreeMap<String, Vec<u64>>| groups.values().map(Vec::len).sum::<usize>();
        for (message, lines) in &self.skipped {
            output::note(format!("skipped, {message}: {}", places(lines)));
        }
        for (message, lines) in &self.wrong {
            output::error(format!("{message}: {}", places(lines)));
        }
        output::line(format!(
            "{} stored, {} duplicate, {} skipped, {} refused",
            self.stored,
            self.duplicate,
            count(&self.skipped),
            count(&self.wrong)
        ));
    }
}

/// `line 2`, or `lines 2, 5-7, 12`.
fn places(lines: &[u64]) -> String {
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, ranges(lines))
}

/// `2, 5-7, 12`.
fn ranges(lines: &[u64]) -> String {
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some(last) if *last.end() + 1 == *line => *last = *last.start()..=*line,
            _ => ranges.push(*line..=*line),
        }
    }
    output::ranges(&ranges, RANGES_SHOWN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_are_told_together() {
        assert_eq!(ranges(&[2, 5, 6, 7, 12]), "2, 5-7, 12");
        let every_other: Vec<u64> = (0..50).map(|line| line * 2).collect();
        assert!(ranges(&every_other).ends_with("78, and 10 more places"));
    }
}
