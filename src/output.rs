//! What a person or a program reads: tables, JSON, CSV. The only place that prints.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::ops::RangeInclusive;

use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use domain::Currency;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::Failed;
use crate::picture::Style;

/// Where there is no terminal that says how wide it is.
const USUAL_WIDTH: u16 = 80;
/// Below it, in columns, breaking cells makes a table harder to read than running over.
const NARROWEST_TERMINAL: u16 = 60;

/// How to print an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Table,
    /// A JSON array of objects.
    Json,
    /// RFC 4180 with a header line.
    Csv,
}

/// A column: its name and, for a table, whether it holds numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Text(&'static str),
    Number(&'static str),
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) => name,
        }
    }
}

/// Prints rows; every value is text, exact as it is stored.
pub(crate) fn rows(format: Format, columns: &[Column], rows: &[Vec<String>]) -> Result<(), Failed> {
    match format {
        Format::Table => line(table(columns, rows)),
        Format::Json => {
            let object = |row: &Vec<String>| {
                let fields = columns.iter().zip(row);
                let field = |(column, value): (&Column, &String)| {
                    (column.name().to_owned(), Value::String(value.clone()))
                };
                Value::Object(fields.map(field).collect::<Map<_, _>>())
            };
            let objects: Vec<Value> = rows.iter().map(object).collect();
            line(serde_json::to_string_pretty(&objects)?);
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
            writer.write_record(columns.iter().map(|column| column.name()))?;
            for row in rows {
                writer.write_record(row)?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}

/// Columns for people, numbers to the right.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    // Only a terminal with some room is worth breaking cells for.
    if table.width().is_some_and(|width| width >= NARROWEST_TERMINAL) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(columns.iter().map(|column| column.name().replace('_', " ")));
    table.add_rows(rows);
    for (column, kind) in table.column_iter_mut().zip(columns) {
        if matches!(kind, Column::Number(_)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Amounts by currency, each with the digits of its currency.
pub(crate) fn revenue(amounts: &BTreeMap<Currency, Decimal>) -> String {
    let amount = |(currency, amount): (&Currency, &Decimal)| {
        let digits = currency.minor_digits() as usize;
        format!("{amount:.digits$} {currency}")
    };
    amounts.iter().map(amount).collect::<Vec<_>>().join(" + ")
}

/// Ranges of numbers for people, like `2, 5-7, 12`; beyond `shown_max` they are counted.
pub(crate) fn ranges(ranges: &[RangeInclusive<u64>], shown_max: usize) -> String {
    let word = |range: &RangeInclusive<u64>| {
        let (first, last) = (range.start(), range.end());
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let mut words: Vec<String> = ranges.iter().take(shown_max).map(word).collect();
    let more = ranges.len().saturating_sub(shown_max);
    if more > 0 {
        words.push(format!("and {more} more places"));
    }
    words.join(", ")
}

/// How to draw: in the width and the characters that the terminal has, coloured if it wants that.
#[expect(clippy::disallowed_methods, reason = "what the terminal can show stands there alone")]
pub(crate) fn style() -> Style {
    let said = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = said("LC_ALL").or_else(|| said("LC_CTYPE")).or_else(|| said("LANG"));
    let is_utf8 = |locale: String| locale.to_uppercase().replace('-', "").contains("UTF8");
    let is_dumb = said("TERM").is_some_and(|terminal| terminal == "dumb");
    Style {
        width: Table::new().width().unwrap_or(USUAL_WIDTH).into(),
        is_ascii: locale.is_some_and(|locale| !is_utf8(locale)),
        is_coloured: std::io::stdout().is_terminal() && said("NO_COLOR").is_none() && !is_dumb,
    }
}

/// Bytes of the answer, as they are.
pub(crate) fn bytes(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// A line of the answer.
pub(crate) fn line(text: impl Display) {
    // A reader that went away (`| head`) is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line about the work, beside the answer.
pub(crate) fn note(text: impl Display) {
    // Standard error may be a file on a disk that is full, which is no reason to stop.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// What went wrong.
pub(crate) fn error(error: impl Display) {
    note(format_args!("daymark: {error}"));
}
