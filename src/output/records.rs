//! Rows of the tables for analysts, printed like the rows of other commands.

use std::io::Write;

use analytics::table::{self, Cell, ColumnType};
use chrono::SecondsFormat;

use super::json::Object;
use super::plain::csv_text;
use super::{Column, Format, rows, rows_in_order};
use crate::CommandError;

/// Prints rows of a table for analysts. A table for people has the columns of `in_table` in that
/// order, without those that are not there.
pub(crate) fn records(
    format: Format,
    columns: &[table::Column],
    in_table: &[&str],
    records: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<(), CommandError> {
    let printed: Vec<Column> = columns.iter().map(printed).collect();
    let for_people = format == Format::Table;
    let texts = records.into_iter().map(|record| {
        record
            .iter()
            .map(|cell| if for_people { short_text(cell) } else { cell_text(cell) })
            .collect()
    });
    if !for_people {
        return rows(format, &printed, texts);
    }
    let place = |name: &&str| columns.iter().position(|column| column.name == *name);
    let order: Vec<usize> = in_table.iter().filter_map(place).collect();
    rows_in_order(format, &printed, &order, texts)
}

/// Rows of a table for analysts as NDJSON, written to `out`.
pub(crate) struct RecordLines<W> {
    out: W,
    columns: Vec<Column>,
}

impl<W: Write> RecordLines<W> {
    /// Creates a writer of rows with these columns.
    pub(crate) fn new(out: W, columns: &[table::Column]) -> Self {
        Self { out, columns: columns.iter().map(printed).collect() }
    }

    /// Writes a row.
    pub(crate) fn add(&mut self, cells: &[Cell]) -> Result<(), CommandError> {
        let values = cells.iter().map(cell_text).collect();
        serde_json::to_writer(&mut self.out, &Object { columns: &self.columns, values })?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// Returns what the rows were written to.
    pub(crate) fn into_inner(self) -> W {
        self.out
    }
}

fn printed(column: &table::Column) -> Column {
    match column.kind {
        ColumnType::Integer | ColumnType::Quantity | ColumnType::Share => {
            Column::Number(column.name)
        }
        ColumnType::Amount => Column::Amount(column.name),
        ColumnType::Truth => Column::Truth(column.name),
        ColumnType::Text | ColumnType::Date | ColumnType::Instant | ColumnType::LocalTime => {
            Column::Text(column.name)
        }
    }
}

/// Returns the exact text of a cell; an absent one is empty.
pub(crate) fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Absent => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Date(date) => date.to_string(),
        Cell::Instant(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Cell::LocalTime(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, false),
        Cell::Integer(number) => number.to_string(),
        Cell::Number(number) | Cell::Amount(number, _) => number.to_string(),
        Cell::Truth(truth) => truth.to_string(),
    }
}

/// Returns the text of a cell in CSV. A spreadsheet takes no text for a formula.
pub(crate) fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => csv_text(text),
        other => cell_text(other),
    }
}

/// Returns the text of a cell for people: amounts in minor units.
fn short_text(cell: &Cell) -> String {
    match cell {
        Cell::Amount(amount, currency) => {
            let digits = currency.minor_digits() as usize;
            format!("{amount:.digits$}")
        }
        other => cell_text(other),
    }
}
