//! Results of the lines of a file.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::ingest_api::{AnswerStatus, EventAnswer};
use crate::output;

/// Maximum number of ranges of lines in a message. Further ranges are counted.
const RANGES_SHOWN_MAX: usize = 40;

/// Counts of events, and the lines that were not stored, by reason.
#[derive(Debug, Default)]
pub(super) struct SendReport {
    stored: u64,
    duplicate: u64,
    skipped: BTreeMap<String, Vec<u64>>,
    refused: BTreeMap<String, Vec<u64>>,
}

impl SendReport {
    pub(super) fn skipped(&mut self, line: u64, reason: String) {
        self.skipped.entry(reason).or_default().push(line);
    }

    pub(super) fn refused(&mut self, line: u64, message: String) {
        self.refused.entry(message).or_default().push(line);
    }

    pub(super) fn answered(&mut self, line: u64, answer: &EventAnswer) {
        match answer.status {
            AnswerStatus::Stored => self.stored += 1,
            AnswerStatus::Duplicate => self.duplicate += 1,
            AnswerStatus::Rejected | AnswerStatus::Retry => {
                self.refused(line, answer.explanation())
            }
        }
    }

    /// Returns `true` if every line was stored or skipped.
    pub(super) fn is_clean(&self) -> bool {
        self.refused.is_empty()
    }

    pub(super) fn print(&self) {
        let count =
            |groups: &BTreeMap<String, Vec<u64>>| groups.values().map(Vec::len).sum::<usize>();
        for (message, lines) in &self.skipped {
            output::note(format!("skipped, {message}: {}", lines_text(lines)));
        }
        for (message, lines) in &self.refused {
            output::error(format!("{message}: {}", lines_text(lines)));
        }
        output::line(format!(
            "{} stored, {} duplicate, {} skipped, {} refused",
            self.stored,
            self.duplicate,
            count(&self.skipped),
            count(&self.refused)
        ));
    }
}

/// Formats line numbers like `line 2`, or `lines 2, 5-7, 12`.
fn lines_text(lines: &[u64]) -> String {
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, ranges(lines))
}

/// Formats numbers like `2, 5-7, 12`.
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
    fn consecutive_lines_are_shown_as_a_range() {
        assert_eq!(ranges(&[2, 5, 6, 7, 12]), "2, 5-7, 12");
        let every_other: Vec<u64> = (0..50).map(|line| line * 2).collect();
        assert!(ranges(&every_other).ends_with("78, and 10 more places"));
    }
}
