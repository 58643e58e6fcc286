//! Rows of the tables for analysts, printed like the rows of other commands.

use std::io::{BufWriter, Write, stdout};

use analytics::row_text::{JsonRow, cell_text, csv_cell};
use analytics::table::{self, Cell, ColumnType};

use super::{Column, Format, line, rows_in_order};
use crate::CommandError;

/// Prints rows of a table for analysts. A table for people has the columns of `in_table` in that
/// order, without those that are not there.
pub(crate) fn records(
    format: Format,
    columns: &[table::Column],
    in_table: &[&str],
    records: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<(), CommandError> {
    match format {
        Format::Table => {
            let printed: Vec<Column> = columns.iter().map(printed).collect();
            let place = |name: &&str| columns.iter().position(|column| column.name == *name);
            let order: Vec<usize> = in_table.iter().filter_map(place).collect();
            let texts = records.into_iter().map(|cells| cells.iter().map(short_text).collect());
            rows_in_order(format, &printed, &order, texts)?;
        }
        Format::Json => {
            let records: Vec<Vec<Cell>> = records.into_iter().collect();
            let rows: Vec<_> = records.iter().map(|cells| JsonRow { columns, cells }).collect();
            line(serde_json::to_string_pretty(&rows)?);
        }
        Format::Ndjson => {
            let mut lines = RecordLines::new(BufWriter::new(stdout().lock()), columns);
            for cells in records {
                lines.add(&cells)?;
            }
            lines.into_inner().flush()?;
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(stdout().lock());
            writer.write_record(columns.iter().map(|column| column.name))?;
            for cells in records {
                writer.write_record(cells.iter().map(csv_cell))?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}

/// Rows of a table for analysts as NDJSON, written to `out`.
pub(crate) struct RecordLines<W> {
    out: W,
    columns: Vec<table::Column>,
}

impl<W: Write> RecordLines<W> {
    /// Creates a writer of rows with these columns.
    pub(crate) fn new(out: W, columns: &[table::Column]) -> Self {
        Self { out, columns: columns.to_vec() }
    }

    /// Writes a row.
    pub(crate) fn add(&mut self, cells: &[Cell]) -> Result<(), CommandError> {
        serde_json::to_writer(&mut self.out, &JsonRow { columns: &self.columns, cells })?;
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
