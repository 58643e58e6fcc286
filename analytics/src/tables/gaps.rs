//! Table `gaps`: one row a store, date, till and epoch of its count.

use chrono::NaiveDate;
use domain::StoreId;

use crate::table::ColumnType::{Date, Integer, Text};
use crate::table::{Cell, Field};

/// Numbers of a till on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapRecord {
    /// Store.
    pub store_id: StoreId,
    /// Date.
    pub date: NaiveDate,
    /// Till.
    pub terminal_id: String,
    /// Epoch of the till's count; `None` for events without a number.
    pub epoch: Option<String>,
    /// Lowest and highest number.
    pub span: Option<(u64, u64)>,
    /// Distinct numbers received.
    pub received: u64,
    /// Numbers missing.
    pub missing: u64,
    /// Missing numbers, as ranges.
    pub missing_numbers: String,
    /// Events without a number.
    pub uncounted: u64,
}

/// Columns of the table.
pub const FIELDS: &[Field<GapRecord>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| Cell::Date(row.date)),
    Field::new("terminal_id", Text, "Till.", |row| Cell::text(row.terminal_id.clone())),
    Field::new("epoch", Text, "Epoch of the till's count.", |row| {
        Cell::optional_text(row.epoch.clone())
    }),
    Field::new("first", Integer, "Lowest number received.", |row| {
        row.span.map_or(Cell::Absent, |span| Cell::count(span.0))
    }),
    Field::new("last", Integer, "Highest number received.", |row| {
        row.span.map_or(Cell::Absent, |span| Cell::count(span.1))
    }),
    Field::new("received", Integer, "Distinct numbers received.", |row| Cell::count(row.received)),
    Field::new("missing", Integer, "Numbers missing.", |row| Cell::count(row.missing)),
    Field::new("missing_numbers", Text, "Missing numbers, like `2, 5-7`.", |row| {
        Cell::text(row.missing_numbers.clone())
    }),
    Field::new("uncounted", Integer, "Events without a number.", |row| Cell::count(row.uncounted)),
];
