//! Excel workbook of one table.

use analytics::table::{Cell, Column, ColumnType};
use chrono::{Datelike, NaiveDateTime, Timelike};
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, XlsxError};

use crate::CommandError;

/// Rows of a sheet below its header. Source: Excel specifications and limits, 1,048,576 rows.
const ROWS_MAX: u32 = 1_048_575;
/// Format of a date.
const DATE: &str = "yyyy-mm-dd";
/// Format of an instant or a time of the store's clock.
const TIME: &str = "yyyy-mm-dd hh:mm:ss";

/// Workbook in memory.
pub(super) struct Workbook {
    book: rust_xlsxwriter::Workbook,
    rows: u32,
}

impl Workbook {
    /// Creates a workbook with the header of a table. The header stays in view and has filters.
    pub(super) fn new(table: &str, columns: &[Column]) -> Result<Self, XlsxError> {
        let mut book = rust_xlsxwriter::Workbook::new();
        // The creation time would change the bytes of equal rows.
        let epoch = ExcelDateTime::from_ymd(2000, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
        let sheet = book.add_worksheet();
        sheet.set_name(table)?;
        sheet.set_freeze_panes(1, 0)?;
        for (place, column) in (0..).zip(columns) {
            sheet.write_with_format(0, place, column.name, &Format::new().set_bold())?;
            let number_format = match column.kind {
                ColumnType::Date => DATE,
                ColumnType::Instant | ColumnType::LocalTime => TIME,
                _ => continue,
            };
            sheet.set_column_format(place, &Format::new().set_num_format(number_format))?;
            sheet.set_column_width(place, 19)?;
        }
        Ok(Self { book, rows: 0 })
    }

    /// Adds a row. Numbers are Excel's, with 15 digits.
    pub(super) fn add(&mut self, cells: &[Cell]) -> Result<(), CommandError> {
        if self.rows == ROWS_MAX {
            return Err(format!(
                "a sheet of Excel has at most {ROWS_MAX} rows below its header; name fewer dates \
                 or one store, or choose --format parquet or csv"
            )
            .into());
        }
        self.rows += 1;
        let (row, sheet) = (self.rows, self.book.worksheet_from_index(0)?);
        let dates = Format::new().set_num_format(DATE);
        let times = Format::new().set_num_format(TIME);
        for (place, cell) in (0..).zip(cells) {
            let _ = match cell {
                Cell::Absent => continue,
                Cell::Text(text) => sheet.write(row, place, text)?,
                Cell::Truth(truth) => sheet.write(row, place, *truth)?,
                Cell::Integer(number) => sheet.write(row, place, *number)?,
                Cell::Number(number) | Cell::Amount(number, _) => {
                    sheet.write(row, place, number.to_f64().unwrap_or_default())?
                }
                Cell::Date(date) => {
                    let year = u16::try_from(date.year()).unwrap_or_default();
                    let day = ExcelDateTime::from_ymd(year, date.month() as u8, date.day() as u8)?;
                    sheet.write_with_format(row, place, &day, &dates)?
                }
                Cell::Instant(at) => {
                    sheet.write_with_format(row, place, &excel(at.naive_utc())?, &times)?
                }
                Cell::LocalTime(at) => {
                    sheet.write_with_format(row, place, &excel(at.naive_local())?, &times)?
                }
            };
        }
        Ok(())
    }

    /// Returns the bytes of the file.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, CommandError> {
        Ok(self.book.save_to_buffer()?)
    }
}

fn excel(at: NaiveDateTime) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(at.year()).unwrap_or_default();
    let day = ExcelDateTime::from_ymd(year, at.month() as u8, at.day() as u8)?;
    day.and_hms(at.hour() as u16, at.minute() as u8, f64::from(at.second()))
}
