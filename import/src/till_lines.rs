//! Till lines as events.

mod amounts;
mod columns;
mod fields;
mod filled_rows;
mod header;
mod instants;
mod line_reader;
mod numbers;
mod receipts;
mod store_zones;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::imported_event::ImportedEvent;
use crate::till_mapping::TillMapping;
pub use amounts::TaxPlace;
pub(crate) use fields::{column_of_field, pair, value_of_cell, value_of_field};
pub(crate) use header::folded;
pub(crate) use instants::has_known_form;
pub use numbers::DecimalSign;
pub use store_zones::StoreZones;

/// Content of a file of `daymark send`.
#[derive(Debug, PartialEq, Eq)]
pub struct TillFile {
    /// Lines in the order of the file, without blank lines.
    pub lines: Vec<TillLine>,
    /// Facts about the reading that a person should check: a detected form, a zone by default, a
    /// rule that met no line.
    pub notes: Vec<String>,
    /// Identifiers of the names of items and stores that are none themselves, by name.
    pub names: BTreeMap<String, String>,
}

/// Line of a file. `number` is the number of the line, counted from 1.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant documents its fields")]
pub enum TillLine {
    /// Event as JSON text, of a file without columns. Its rules are not checked yet.
    Json { number: u64, json: String },
    /// Event of a line in columns, and what the till says of it beside the event.
    Event { number: u64, event: Box<ImportedEvent>, till: TillWords },
    /// Line that `--skip` excludes, with the column and value that matched.
    Skipped { number: u64, reason: String },
    /// Line that cannot become an event.
    Invalid { number: u64, problem: LineProblem },
}

/// Words of a till line that are no part of its event, for sums like those of the till's report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TillWords {
    /// Date of the line on the clock of its store.
    pub date: NaiveDate,
    /// Means of payment, of a column for `payment`.
    pub payment: Option<String>,
}

/// Reason why a line cannot become an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// Field with its column and the rule; the same text for the same mistake in several lines.
    pub rule: String,
    /// Value of the line that breaks the rule.
    pub given: Option<String>,
}

impl TillMapping {
    /// Reads the lines of a file. Without `--csv` every line that is not blank is an event.
    ///
    /// # Errors
    /// Returns an error if no line is a header with the columns of the mapping, or a column of
    /// numbers shows two decimal signs.
    pub fn read(&self, text: &str, zones: &StoreZones) -> Result<TillFile, String> {
        if self.csv {
            return line_reader::read(self, text, zones);
        }
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let line = |(line, number): (&str, u64)| TillLine::Json { number, json: line.to_owned() };
        let lines = lines.map(line).collect();
        Ok(TillFile { lines, notes: Vec::new(), names: BTreeMap::new() })
    }
}

impl TillLine {
    /// Returns the number of the line.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Json { number, .. }
            | Self::Event { number, .. }
            | Self::Skipped { number, .. }
            | Self::Invalid { number, .. } => *number,
        }
    }
}
