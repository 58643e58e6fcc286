//! Texts of rows: JSON with JSON's types, and CSV.
//!
//! ```
//! use analytics::row_text::JsonRow;
//! use analytics::table::{Cell, Column, ColumnType};
//! use domain::Currency;
//! use rust_decimal::Decimal;
//!
//! let column = |name, kind| Column { name, kind, meaning: "Example." };
//! let columns = [column("sold", ColumnType::Quantity), column("revenue", ColumnType::Amount)];
//! let cells = [Cell::number(Decimal::new(25, 1)), Cell::amount(4.into(), Currency::EUR)];
//! let row = JsonRow { columns: &columns, cells: &cells };
//! assert_eq!(serde_json::to_string(&row)?, r#"{"sold":2.5,"revenue":"4.00"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

use chrono::SecondsFormat;
use rust_decimal::Decimal;
use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::plain_text::csv_text;
use crate::table::{Cell, Column};

/// Row as a JSON object, in the order of the columns: quantities, counts and shares are numbers
/// with their exact digits, amounts are decimal texts, and absent values null.
#[derive(Debug, Clone, Copy)]
pub struct JsonRow<'a> {
    /// Columns.
    pub columns: &'a [Column],
    /// Cells of the columns.
    pub cells: &'a [Cell],
}

impl Serialize for JsonRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        for (column, cell) in self.columns.iter().zip(self.cells) {
            let name = column.name;
            match cell {
                Cell::Absent => map.serialize_entry(name, &())?,
                Cell::Integer(number) => map.serialize_entry(name, number)?,
                Cell::Number(number) => map.serialize_entry(name, &*digits(number)?)?,
                Cell::Truth(truth) => map.serialize_entry(name, truth)?,
                other => map.serialize_entry(name, &cell_text(other))?,
            }
        }
        map.end()
    }
}

/// Returns a number that keeps its digits.
fn digits<E: Error>(number: &Decimal) -> Result<Box<RawValue>, E> {
    RawValue::from_string(number.to_string()).map_err(E::custom)
}

/// Returns the exact text of a cell; an absent one is empty.
#[must_use]
pub fn cell_text(cell: &Cell) -> String {
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
#[must_use]
pub fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => csv_text(text),
        other => cell_text(other),
    }
}
