//! File of one table, in one of the formats.

use std::io::Write;

use analytics::row_text::csv_cell;
use analytics::table::{Cell, Column};
use clap::ValueEnum;

use super::column_file::ColumnFile;
use super::destination::{Destination, UnfinishedFile};
use super::workbook::Workbook;
use crate::CommandError;
use crate::output::RecordLines;

/// Format of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    /// Parquet with typed columns, for DuckDB, pandas, Polars, Spark and Athena.
    Parquet,
    /// CSV of RFC 4180 with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Excel workbook of one table (--table), with one sheet.
    Xlsx,
}

impl FileFormat {
    /// Returns the extension of a file's name.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }
}

/// File that is being written.
pub(super) struct TableFile {
    path: String,
    rows: u64,
    writer: Writer,
}

enum Writer {
    Parquet(Box<ColumnFile<UnfinishedFile>>),
    Csv(Box<csv::Writer<UnfinishedFile>>),
    Ndjson(RecordLines<UnfinishedFile>),
    Xlsx(Box<Workbook>, UnfinishedFile),
}

/// File that was written.
pub(super) struct WrittenFile {
    pub(super) path: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl TableFile {
    /// Begins the file of a table.
    pub(super) fn begin(
        destination: &Destination,
        path: String,
        format: FileFormat,
        (table, columns): (&str, &[Column]),
    ) -> Result<Self, CommandError> {
        let out = destination.begin(&path)?;
        let writer = match format {
            FileFormat::Parquet => Writer::Parquet(Box::new(ColumnFile::new(out, table, columns)?)),
            FileFormat::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(columns.iter().map(|column| column.name))?;
                Writer::Csv(Box::new(csv))
            }
            FileFormat::Ndjson => Writer::Ndjson(RecordLines::new(out, columns)),
            FileFormat::Xlsx => Writer::Xlsx(Box::new(Workbook::new(table, columns)?), out),
        };
        Ok(Self { path, rows: 0, writer })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, cells: &[Cell]) -> Result<(), CommandError> {
        self.rows += 1;
        let added: Result<(), CommandError> = match &mut self.writer {
            Writer::Parquet(file) => file.add(cells).map_err(Into::into),
            Writer::Csv(csv) => csv.write_record(cells.iter().map(csv_cell)).map_err(Into::into),
            Writer::Ndjson(lines) => lines.add(cells),
            Writer::Xlsx(workbook, _) => workbook.add(cells),
        };
        added.map_err(|error| format!("{}: row {}: {error}", self.path, self.rows).into())
    }

    /// Puts the file into its place.
    pub(super) fn finish(self) -> Result<WrittenFile, CommandError> {
        let path = self.path;
        let at = |error: CommandError| -> CommandError { format!("{path}: {error}").into() };
        let out = match self.writer {
            Writer::Parquet(file) => file.finish().map_err(|error| at(error.into()))?,
            Writer::Csv(csv) => csv.into_inner().map_err(|error| at(error.to_string().into()))?,
            Writer::Ndjson(lines) => lines.into_inner(),
            Writer::Xlsx(workbook, mut out) => {
                let bytes = workbook.finish().map_err(at)?;
                out.write_all(&bytes).map_err(|error| at(error.into()))?;
                out
            }
        };
        let (bytes, sha256) = out.finish()?;
        Ok(WrittenFile { path, rows: self.rows, bytes, sha256 })
    }
}
