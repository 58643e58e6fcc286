//! Output as tables, JSON, NDJSON and CSV. No other module prints.

mod json;
mod records;
mod table;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::ops::RangeInclusive;

use analytics::plain_text::{csv_text, plain};
use charts::TerminalStyle;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use domain::{Currency, excerpt};
use indicatif::{ProgressBar, ProgressStyle};
use rust_decimal::Decimal;
use terminal_size::{Height, Width, terminal_size_of};

use crate::CommandError;
pub(crate) use records::{RecordLines, records};

/// Width of pictures in columns if the output is not a terminal.
const DEFAULT_WIDTH: usize = 80;

/// Maximum number of names with their ids in a note.
const NAMES_SHOWN_MAX: usize = 5;

/// Output format of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Table for people.
    Table,
    /// JSON array of objects: quantities and counts are numbers, amounts decimal texts beside their
    /// currency, absent values null.
    Json,
    /// One JSON object a line, with the same types.
    Ndjson,
    /// CSV of RFC 4180 with a header line. Absent values are empty.
    Csv,
}

/// Name of a column, with the type of its values in JSON. Numbers and amounts are aligned to the
/// right in a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Text(&'static str),
    /// Quantity, count or share: a number in JSON.
    Number(&'static str),
    /// Amount of money in the currency of another column: a decimal text in JSON, because readers
    /// of JSON take numbers for floats.
    Amount(&'static str),
    /// `true` or `false`.
    Truth(&'static str),
}

impl Column {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) | Self::Amount(name) | Self::Truth(name) => name,
        }
    }

    /// Name in a table.
    fn title(self) -> String {
        self.name().replace('_', " ")
    }
}

/// Prints rows. Values are exact texts; an empty one is absent.
pub(crate) fn rows(
    format: Format,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<(), CommandError> {
    match format {
        Format::Table => line(table(columns, rows)),
        Format::Json => line(json::array(columns, rows)?),
        Format::Ndjson => json::lines(columns, rows)?,
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
            writer.write_record(columns.iter().map(|column| column.name()))?;
            for row in rows {
                let cell = |(column, value): (&Column, String)| match column {
                    Column::Text(_) => csv_text(&value),
                    Column::Number(_) | Column::Amount(_) | Column::Truth(_) => value,
                };
                writer.write_record(columns.iter().zip(row).map(cell))?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}

/// Prints rows; a table has the columns of `in_table` in that order.
pub(crate) fn rows_in_order(
    format: Format,
    columns: &[Column],
    in_table: &[usize],
    values: impl IntoIterator<Item = Vec<String>>,
) -> Result<(), CommandError> {
    if format != Format::Table {
        return rows(format, columns, values);
    }
    let columns: Vec<Column> = in_table.iter().map(|column| columns[*column]).collect();
    let ordered = |row: Vec<String>| in_table.iter().map(|column| row[*column].clone()).collect();
    rows(format, &columns, values.into_iter().map(ordered))
}

/// Formats a table for people, for the width of the terminal. Values that do not fit into a line
/// are below it.
pub(crate) fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    table_to(screen_width(), columns, rows)
}

/// Formats a table for a width in columns; without one, each row is a line.
pub(crate) fn table_to(
    width: Option<usize>,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let shown = |value: String| plain(&value).into_owned();
    let rows = rows.into_iter().map(|row| row.into_iter().map(shown).collect());
    table::table(columns, rows.collect(), width)
}

/// Wraps a text for the width of the terminal. Lines after the first have an indentation.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    wrapped_to(screen_width(), text, indent)
}

/// Wraps a text for a width in columns; without one, it stays as it is.
pub(crate) fn wrapped_to(width: Option<usize>, text: &str, indent: usize) -> String {
    table::wrapped(text, width.unwrap_or(usize::MAX), indent).join("\n")
}

/// Formats amounts with the decimal places of their currencies.
pub(crate) fn revenue(amounts: &BTreeMap<Currency, Decimal>) -> String {
    let amount = |(currency, amount): (&Currency, &Decimal)| {
        let digits = currency.minor_digits() as usize;
        format!("{amount:.digits$} {currency}")
    };
    amounts.iter().map(amount).collect::<Vec<_>>().join(" + ")
}

/// Formats an instant in UTC with milliseconds, as the tables store it.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Formats ranges like `2, 5-7, 12`. Ranges beyond `shown_max` are counted.
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

/// Width in columns: that of the variable `COLUMNS`, or of the terminal. `None` if the output is a
/// file or a pipe.
pub(crate) fn screen_width() -> Option<usize> {
    width_of(terminal_size_of(std::io::stdout()))
}

#[expect(clippy::disallowed_methods, reason = "the environment describes the terminal")]
fn width_of(terminal: Option<(Width, Height)>) -> Option<usize> {
    let given = std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok());
    let width = given.or_else(|| Some(terminal?.0.0.into()));
    width.filter(|width| *width > 0)
}

/// Detects the width, the characters and the colours of the terminal.
#[expect(clippy::disallowed_methods, reason = "the environment describes the terminal")]
pub(crate) fn terminal_style() -> TerminalStyle {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG"));
    let is_utf8 = |locale: String| locale.to_uppercase().replace('-', "").contains("UTF8");
    let is_dumb = variable("TERM").is_some_and(|terminal| terminal == "dumb");
    TerminalStyle {
        width: screen_width().unwrap_or(DEFAULT_WIDTH),
        is_ascii: locale.is_some_and(|locale| !is_utf8(locale)),
        is_coloured: std::io::stdout().is_terminal() && variable("NO_COLOR").is_none() && !is_dumb,
    }
}

/// Prints bytes unchanged.
pub(crate) fn bytes(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Prints a line of the result to standard output. Escapes of a terminal in it are shown.
pub(crate) fn line(text: impl Display) {
    // A closed pipe (`| head`) is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{}", plain(&text.to_string()));
}

/// Returns a number with its noun, which takes an s unless the number is 1.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Returns a progress bar over `count` of what `noun` names, on standard error.
pub(crate) fn progress(noun: &str, count: usize) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}} of {{len}} {noun}"))
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style)
}

/// Returns a counter of the bytes read, on standard error.
pub(crate) fn bytes_read() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {bytes} read, {bytes_per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

/// Prints a line about progress or limits to standard error, wrapped for a terminal.
pub(crate) fn note(text: impl Display) {
    let (text, width) = (text.to_string(), width_of(terminal_size_of(std::io::stderr())));
    let lines: Vec<String> = text.split('\n').map(|line| wrapped_to(width, line, 2)).collect();
    let text = lines.join("\n");
    // A full disk behind standard error is no reason to stop.
    let _ = writeln!(std::io::stderr().lock(), "{}", plain(&text));
}

/// Prints an error to standard error.
pub(crate) fn error(error: impl Display) {
    note(format_args!("daymark: {error}"));
}
/// Notes the identifiers that names have become.
pub(crate) fn note_names(names: &BTreeMap<String, String>) {
    if names.is_empty() {
        return;
    }
    let shown =
        names.iter().take(NAMES_SHOWN_MAX).map(|(name, id)| format!("{} {id}", excerpt(name)));
    let more = match names.len().saturating_sub(NAMES_SHOWN_MAX) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    note(format!("names with an id made of them: {}{more}", shown.collect::<Vec<_>>().join(", ")));
}
