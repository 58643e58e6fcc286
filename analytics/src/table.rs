//! Typed tables for analysts: columns with their type and meaning, and the cells of a row.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{Currency, Money};
use rust_decimal::Decimal;

/// Type of a column. Every format of an export keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Text,
    /// Date of the store's calendar.
    Date,
    /// Instant in UTC.
    Instant,
    /// Instant as the store's clock shows it; texts have the offset.
    LocalTime,
    /// Whole number.
    Integer,
    /// Quantity in the unit of the item, with at most three decimal places.
    Quantity,
    /// Amount of money in the row's `currency`, with at most six decimal places: a quantity has
    /// three, and a price has at most three.
    Amount,
    /// Ratio or statistic with at most six decimal places.
    Share,
    /// `true` or `false`.
    Truth,
}

/// Value of a column in a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Absent,
    /// Text.
    Text(String),
    /// Date.
    Date(NaiveDate),
    /// Instant in UTC.
    Instant(DateTime<Utc>),
    /// Instant on a store's clock.
    LocalTime(DateTime<Tz>),
    /// Whole number.
    Integer(i64),
    /// Quantity or share.
    Number(Decimal),
    /// Amount of money and its currency.
    Amount(Decimal, Currency),
    /// Truth value.
    Truth(bool),
}

/// Column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in every format.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnType,
    /// Meaning, as one sentence for `schema.md`.
    pub meaning: &'static str,
}

/// Column with the value that it takes from a record `R`.
pub struct Field<R> {
    /// Column.
    pub column: Column,
    /// Value of a record.
    pub value: fn(&R) -> Cell,
}

impl<R> Field<R> {
    /// Creates a field.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: ColumnType,
        meaning: &'static str,
        value: fn(&R) -> Cell,
    ) -> Self {
        Self { column: Column { name, kind, meaning }, value }
    }
}

/// Columns of `fields`, in their order.
#[must_use]
pub fn columns<R>(fields: &[Field<R>]) -> Vec<Column> {
    fields.iter().map(|field| field.column).collect()
}

/// Cells of a record, in the order of `fields`.
#[must_use]
pub fn cells<R>(fields: &[Field<R>], record: &R) -> Vec<Cell> {
    fields.iter().map(|field| (field.value)(record)).collect()
}

impl Cell {
    /// Returns a text cell; an empty text is absent.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Absent } else { Self::Text(text) }
    }

    /// Returns a text cell; absent without a text.
    #[must_use]
    pub fn optional_text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Absent, Self::text)
    }

    /// Returns a number without zeros at its end.
    #[must_use]
    pub fn number(number: Decimal) -> Self {
        Self::Number(number.normalize())
    }

    /// Returns an amount. It has the digits of the minor unit, and more where they are not 0.
    #[must_use]
    pub fn amount(amount: Decimal, currency: Currency) -> Self {
        let mut amount = amount.normalize();
        if amount.scale() < currency.minor_digits() {
            amount.rescale(currency.minor_digits());
        }
        Self::Amount(amount, currency)
    }

    /// Returns the amount of a price; absent without a price.
    #[must_use]
    pub fn price(price: Option<Money>) -> Self {
        price.map_or(Self::Absent, |price| Self::amount(price.amount(), price.currency()))
    }

    /// Returns a whole number. Counts beyond 2^63 do not occur.
    #[must_use]
    pub fn count(count: impl TryInto<i64>) -> Self {
        count.try_into().map_or(Self::Absent, Self::Integer)
    }

    /// `true` without a value.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// Returns the number of a quantity, share or amount.
    #[must_use]
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) | Self::Amount(number, _) => Some(*number),
            Self::Integer(number) => Some(Decimal::from(*number)),
            _ => None,
        }
    }
}
