//! Results of the lines of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use domain::{EventId, StoreId};
use import::{LineProblem, TillLine};

use super::ingest_api::{AnswerStatus, EventAnswer};
use crate::output;

/// Maximum number of ranges of lines in a message. Further ranges are counted.
const RANGES_SHOWN_MAX: usize = 40;

/// Maximum number of stores in the printed command of an undo.
const STORES_SHOWN_MAX: usize = 8;

/// Events of an import, for the command that undoes it.
#[derive(Debug)]
pub(super) struct ImportedLines {
    import_id: EventId,
    events: usize,
    known: usize,
    stores: BTreeSet<StoreId>,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl ImportedLines {
    /// Returns the events among the lines, `known` of which are stored already. `None` if no line
    /// is an event.
    pub(super) fn of(lines: &[TillLine], import_id: &EventId, known: usize) -> Option<Self> {
        let events = lines.iter().filter_map(|line| match line {
            TillLine::Event { event, .. } => Some(event.event()),
            _ => None,
        });
        let instants = events.clone().map(domain::Event::occurred_at);
        Some(Self {
            import_id: import_id.clone(),
            events: events.clone().count(),
            known,
            first: instants.clone().min()?,
            last: instants.max()?,
            stores: events.map(|event| event.store_id().clone()).collect(),
        })
    }

    fn print(&self) {
        let Self { import_id, events, known, .. } = self;
        match known {
            0 => {}
            1 => output::note("1 line was sent before; it counts once"),
            _ => output::note(format!("{known} lines were sent before; they count once")),
        }
        if events == known {
            return output::note("so this import brings nothing new");
        }
        let stores = if self.stores.len() > STORES_SHOWN_MAX {
            format!(" --store … for each of its {} stores", self.stores.len())
        } else {
            self.stores.iter().map(|store| format!(" --store {store}")).collect()
        };
        output::note(format!(
            "import {import_id}; to undo it: daymark imports undo {import_id}{stores} --from {} \
             --to {}",
            self.first.date_naive(),
            self.last.date_naive()
        ));
    }
}

/// Counts of events, and the lines that were not stored, by reason.
#[derive(Debug, Default)]
pub(super) struct SendReport {
    pub(super) imported: Option<ImportedLines>,
    stored: u64,
    duplicate: u64,
    skipped: BTreeMap<String, Vec<u64>>,
    refused: BTreeMap<String, Refused>,
}

/// Lines with the same mistake.
#[derive(Debug, Default)]
struct Refused {
    lines: Vec<u64>,
    /// Value of the first line that has one.
    given: Option<String>,
}

impl SendReport {
    pub(super) fn skipped(&mut self, line: u64, reason: String) {
        self.skipped.entry(reason).or_default().push(line);
    }

    pub(super) fn refused(&mut self, line: u64, problem: LineProblem) {
        let refused = self.refused.entry(problem.rule).or_default();
        refused.lines.push(line);
        if refused.given.is_none() {
            refused.given = problem.given;
        }
    }

    pub(super) fn answered(&mut self, line: u64, answer: &EventAnswer) {
        match answer.status {
            AnswerStatus::Stored => self.stored += 1,
            AnswerStatus::Duplicate => self.duplicate += 1,
            AnswerStatus::Rejected | AnswerStatus::Retry => {
                self.refused(line, LineProblem { rule: answer.explanation(), given: None })
            }
        }
    }

    /// Returns `true` if every line was stored or skipped.
    pub(super) fn is_clean(&self) -> bool {
        self.refused.is_empty()
    }

    pub(super) fn print(&self) {
        for (message, lines) in &self.skipped {
            output::note(format!("skipped, {message}: {}", lines_text(lines)));
        }
        for (rule, Refused { lines, given }) in &self.refused {
            let such_as = if lines.len() == 1 { "" } else { "such as " };
            let given = given.as_ref().map(|given| format!(" ({such_as}{given})"));
            output::error(format!("{rule}: {}{}", lines_text(lines), given.unwrap_or_default()));
        }
        if let Some(imported) = self.imported.as_ref().filter(|_| self.stored > 0) {
            imported.print();
        }
        output::line(format!(
            "{} stored, {} duplicate, {} skipped, {} refused",
            self.stored,
            self.duplicate,
            self.skipped.values().map(Vec::len).sum::<usize>(),
            self.refused.values().map(|refused| refused.lines.len()).sum::<usize>()
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
