//! Parquet file of one table, written in row groups of bounded size.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use analytics::table::{Cell, Column, ColumnType};
use chrono::NaiveDate;
use parquet::basic::{
    Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType, ZstdLevel,
};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use rust_decimal::Decimal;

/// Rows of a row group: large enough for readers, small enough for the memory of ten open tables.
const GROUP_ROWS: usize = 65_536;
/// Digits of a decimal column, the most that 64 bits hold.
const PRECISION: i32 = 18;
/// Writer in the file's metadata. A version would change the bytes of equal rows.
const CREATED_BY: &str = "daymark";
const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date");

/// Error of a Parquet file.
#[derive(Debug, thiserror::Error)]
pub(super) enum ColumnError {
    /// A number does not fit.
    #[error(
        "column {column}: {number} does not fit decimal(18,{scale}); it has more digits, so the \
         events of the row need a correction"
    )]
    Number { column: &'static str, number: Decimal, scale: u32 },
    /// A cell is not of the type of its column.
    #[error("column {column}: {cell:?} is no {kind:?}")]
    Type { column: &'static str, kind: ColumnType, cell: Cell },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] ParquetError),
}

/// Values of a column of the row group, without the absent ones.
#[derive(Debug)]
enum Values {
    Texts(Vec<ByteArray>),
    Longs(Vec<i64>),
    Days(Vec<i32>),
    Truths(Vec<bool>),
}

#[derive(Debug)]
struct ColumnBuffer {
    column: Column,
    values: Values,
    /// 1 for a value, 0 for an absent one.
    levels: Vec<i16>,
}

/// Writer of a file.
pub(super) struct ColumnFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    buffers: Vec<ColumnBuffer>,
    rows: usize,
    /// Texts of the row group, so that equal ones share their bytes.
    texts: HashMap<String, ByteArray>,
}

impl<W: Write + Send> ColumnFile<W> {
    /// Begins a file.
    pub(super) fn new(out: W, table: &str, columns: &[Column]) -> Result<Self, ColumnError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by(CREATED_BY.to_owned());
        let schema = schema(table, columns)?;
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
        let buffers = columns.iter().copied().map(ColumnBuffer::new).collect();
        Ok(Self { writer, buffers, rows: 0, texts: HashMap::new() })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, cells: &[Cell]) -> Result<(), ColumnError> {
        for (buffer, cell) in self.buffers.iter_mut().zip(cells) {
            buffer.add(cell, &mut self.texts)?;
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    /// Ends the file and returns what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ColumnError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }

    fn write_group(&mut self) -> Result<(), ColumnError> {
        let mut group = self.writer.next_row_group()?;
        for buffer in &mut self.buffers {
            buffer.write(&mut group)?;
        }
        group.close()?;
        self.rows = 0;
        self.texts.clear();
        Ok(())
    }
}

impl ColumnBuffer {
    fn new(column: Column) -> Self {
        let values = match column.kind {
            ColumnType::Text => Values::Texts(Vec::new()),
            ColumnType::Date => Values::Days(Vec::new()),
            ColumnType::Truth => Values::Truths(Vec::new()),
            _ => Values::Longs(Vec::new()),
        };
        Self { column, values, levels: Vec::new() }
    }

    fn add(
        &mut self,
        cell: &Cell,
        texts: &mut HashMap<String, ByteArray>,
    ) -> Result<(), ColumnError> {
        let Column { name, kind, .. } = self.column;
        let type_error = || ColumnError::Type { column: name, kind, cell: cell.clone() };
        self.levels.push(i16::from(!cell.is_absent()));
        match (&mut self.values, cell) {
            (_, Cell::Absent) => {}
            (Values::Texts(values), Cell::Text(text)) => {
                let known = texts.get(text).cloned();
                let shared = known.unwrap_or_else(|| {
                    let bytes = ByteArray::from(text.clone().into_bytes());
                    texts.insert(text.clone(), bytes.clone());
                    bytes
                });
                values.push(shared);
            }
            (Values::Days(values), Cell::Date(date)) => {
                let days = date.signed_duration_since(EPOCH).num_days();
                values.push(i32::try_from(days).map_err(|_| type_error())?);
            }
            (Values::Truths(values), Cell::Truth(truth)) => values.push(*truth),
            (Values::Longs(values), Cell::Instant(at)) => values.push(at.timestamp_micros()),
            (Values::Longs(values), Cell::LocalTime(at)) => {
                values.push(at.naive_local().and_utc().timestamp_micros());
            }
            (Values::Longs(values), Cell::Integer(number)) if scale(kind).is_none() => {
                values.push(*number);
            }
            (Values::Longs(values), cell) => {
                let (number, scale) = cell.as_decimal().zip(scale(kind)).ok_or_else(type_error)?;
                let scaled = scaled(number, scale);
                values.push(scaled.ok_or(ColumnError::Number { column: name, number, scale })?);
            }
            _ => return Err(type_error()),
        }
        Ok(())
    }

    fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ColumnError> {
        let Some(mut column) = group.next_column()? else { return Ok(()) };
        let levels = Some(self.levels.as_slice());
        match &mut self.values {
            Values::Texts(values) => {
                column.typed::<ByteArrayType>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Longs(values) => {
                column.typed::<Int64Type>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Days(values) => {
                column.typed::<Int32Type>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Truths(values) => {
                column.typed::<BoolType>().write_batch(values, levels, None)?;
                values.clear();
            }
        }
        column.close()?;
        self.levels.clear();
        Ok(())
    }
}

/// Decimal places of a column of decimals.
fn scale(kind: ColumnType) -> Option<u32> {
    match kind {
        ColumnType::Quantity => Some(3),
        ColumnType::Amount | ColumnType::Share => Some(6),
        _ => None,
    }
}

/// Returns the digits of a number with `scale` decimal places; `None` if it has more.
fn scaled(number: Decimal, scale: u32) -> Option<i64> {
    let mut rescaled = number;
    rescaled.rescale(scale);
    let limit = 10_i64.pow(PRECISION as u32);
    let digits = i64::try_from(rescaled.mantissa()).ok()?;
    (rescaled == number && rescaled.scale() == scale && digits.abs() < limit).then_some(digits)
}

fn schema(table: &str, columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let fields: Result<Vec<TypePtr>, ParquetError> =
        columns.iter().map(|column| Ok(Arc::new(field(column)?))).collect();
    Ok(Arc::new(Type::group_type_builder(table).with_fields(fields?).build()?))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let timestamp = |is_utc| Some(LogicalType::timestamp(is_utc, TimeUnit::MICROS));
    let (physical, logical) = match column.kind {
        ColumnType::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Date => (PhysicalType::INT32, Some(LogicalType::Date)),
        ColumnType::Instant => (PhysicalType::INT64, timestamp(true)),
        ColumnType::LocalTime => (PhysicalType::INT64, timestamp(false)),
        ColumnType::Integer => (PhysicalType::INT64, None),
        ColumnType::Truth => (PhysicalType::BOOLEAN, None),
        ColumnType::Quantity | ColumnType::Amount | ColumnType::Share => {
            let scale = scale(column.kind).unwrap_or_default() as i32;
            (PhysicalType::INT64, Some(LogicalType::decimal(scale, PRECISION)))
        }
    };
    let builder = Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    match scale(column.kind) {
        Some(scale) => builder.with_precision(PRECISION).with_scale(scale as i32).build(),
        None => builder.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_its_digits_or_is_refused() {
        let number = |text: &str| text.parse::<Decimal>().expect("a number");
        assert_eq!(scaled(number("12.345"), 3), Some(12_345));
        assert_eq!(scaled(number("-0.5"), 6), Some(-500_000));
        assert_eq!(scaled(number("12.3456"), 3), None);
        assert_eq!(scaled(number("999999999999.999999"), 6), Some(999_999_999_999_999_999));
        assert_eq!(scaled(number("1000000000000"), 6), None);
    }
}
