//! Results of the lines of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use domain::{EventId, StoreId};
use import::{LineProblem, StoredAs, TillLine};

use super::ReadFile;
use super::ingest_api::{AnswerStatus, EventAnswer};
use crate::output::{self, counted};

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
    conflicts: usize,
    stores: BTreeSet<StoreId>,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl ImportedLines {
    /// Returns the events among the lines. `None` if no line is an event.
    pub(super) fn of(files: &[ReadFile], import_id: &EventId) -> Option<Self> {
        let lines = files.iter().flat_map(|read| &read.file.lines);
        let events = lines.filter_map(|line| match line {
            TillLine::Event { event, .. } => Some(event.event()),
            _ => None,
        });
        let count = |relation| files.iter().map(|read| read.relations.count(relation)).sum();
        let instants = events.clone().map(domain::Event::occurred_at);
        Some(Self {
            import_id: import_id.clone(),
            events: events.clone().count(),
            known: count(StoredAs::Known),
            conflicts: count(StoredAs::Conflict),
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
        match self.conflicts {
            0 => {}
            conflicts => output::note(format!(
                "{} have the id of a stored event and another content; one of the two contents \
                 goes to quarantine",
                counted(conflicts as u64, "line")
            )),
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
    /// Name of the file whose lines follow; empty for a run of one file.
    file: String,
    has_several_files: bool,
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
    pub(super) fn new(has_several_files: bool) -> Self {
        Self { has_several_files, ..Self::default() }
    }

    /// Begins the lines of a file, whose name stands before its messages if there are several.
    pub(super) fn begin(&mut self, file: &str) {
        if self.has_several_files {
            self.file = format!("{file}: ");
        }
    }

    /// Reports the lines of files that are not sent.
    pub(super) fn unsent(&mut self, files: Vec<ReadFile>) {
        let mut events = 0;
        for ReadFile { name, file, relations } in files {
            self.begin(&name);
            for line in file.lines {
                match line {
                    TillLine::Json { .. } | TillLine::Event { .. } => events += 1,
                    TillLine::Skipped { number, reason } => self.skipped(number, reason),
                    TillLine::Invalid { number, problem } => self.refused(number, problem),
                }
            }
            let conflicts = relations.lines(StoredAs::Conflict);
            if !conflicts.is_empty() {
                output::note(format!(
                    "{}the id of a stored event, and another content: {}",
                    self.file,
                    lines_text(&conflicts)
                ));
            }
        }
        self.print_lines();
        let (skipped, refused) = self.counts();
        output::line(format!(
            "nothing is sent: {} to send, {skipped} skipped, {refused} refused",
            counted(events, "event")
        ));
    }

    pub(super) fn skipped(&mut self, line: u64, reason: String) {
        self.skipped.entry(format!("{}skipped, {reason}", self.file)).or_default().push(line);
    }

    pub(super) fn refused(&mut self, line: u64, problem: LineProblem) {
        let refused = self.refused.entry(format!("{}{}", self.file, problem.rule)).or_default();
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

    /// Returns the code of success if every line was stored or skipped.
    pub(super) fn exit_code(&self) -> ExitCode {
        if self.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Returns the numbers of skipped and of refused lines.
    fn counts(&self) -> (usize, usize) {
        let refused = self.refused.values().map(|refused| refused.lines.len());
        (self.skipped.values().map(Vec::len).sum(), refused.sum())
    }

    fn print_lines(&self) {
        for (reason, lines) in &self.skipped {
            output::note(format!("{reason}: {}", lines_text(lines)));
        }
        for (rule, Refused { lines, given }) in &self.refused {
            let such_as = if lines.len() == 1 { "" } else { "such as " };
            let given = given.as_ref().map(|given| format!(" ({such_as}{given})"));
            output::error(format!("{rule}: {}{}", lines_text(lines), given.unwrap_or_default()));
        }
    }

    /// Prints the results of a run that ends early, if some lines are stored.
    pub(super) fn print_early_end(&self) {
        if self.stored + self.duplicate > 0 {
            self.print();
            output::note("the run has ended early; send the file again: a line counts once");
        }
    }

    pub(super) fn print(&self) {
        self.print_lines();
        if let Some(imported) = self.imported.as_ref().filter(|_| self.stored > 0) {
            imported.print();
        }
        let (skipped, refused) = self.counts();
        output::line(format!(
            "{} stored, {} duplicate, {skipped} skipped, {refused} refused",
            self.stored, self.duplicate,
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
