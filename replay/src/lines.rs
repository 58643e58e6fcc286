//! Lines of the output: NDJSON or CSV.

use chrono::{DateTime, Utc};
use domain::window::DATE_MILLIS;

use crate::event_record::WINDOW_MILLIS;
use crate::names::{Name, Names};
use crate::windows::{Revenue, WindowSums};

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// CSV of RFC 4180 with a header line. Several currencies are a JSON object in one cell.
    Csv,
}

/// Names of the columns.
const COLUMNS: [&str; 9] = [
    "window_start",
    "store_id",
    "sku",
    "events",
    "units_sold",
    "units_received",
    "units_wasted",
    "net_change",
    "revenue",
];

/// Digits after the point of a quantity.
const QUANTITY_DIGITS: u32 = 3;

impl Format {
    /// Returns the bytes before the first line.
    #[must_use]
    pub fn header(self) -> String {
        match self {
            Self::Ndjson => String::new(),
            Self::Csv => COLUMNS.join(",") + "\n",
        }
    }
}

/// Writer of the windows of a date.
pub(crate) struct Lines {
    format: Format,
    /// Days since 1970.
    day: i32,
    /// Window of the last line, with its start.
    window: Option<(u32, String)>,
}

impl Lines {
    pub(crate) fn new(format: Format, day: i32) -> Self {
        Self { format, day, window: None }
    }

    /// Writes the line of a window.
    pub(crate) fn write(&mut self, row: &WindowSums, names: &Names<impl Name>, to: &mut Vec<u8>) {
        let known = self.window.take().filter(|(window, _)| *window == row.window);
        let (_, starts_at) =
            self.window.insert(known.unwrap_or_else(|| (row.window, start(self.day, row.window))));
        match self.format {
            Format::Ndjson => write_json(row, starts_at, names, to),
            Format::Csv => write_csv(row, starts_at, names, to),
        }
    }
}

fn start(day: i32, window: u32) -> String {
    let millis = i64::from(day) * DATE_MILLIS + i64::from(window) * WINDOW_MILLIS;
    let start: DateTime<Utc> = DateTime::from_timestamp_millis(millis).expect("a window");
    start.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes a JSON object. Identifiers need no escapes.
fn write_json(row: &WindowSums, starts_at: &str, names: &Names<impl Name>, to: &mut Vec<u8>) {
    let mut push = |text: &str| to.extend_from_slice(text.as_bytes());
    push("{\"window_start\":\"");
    push(starts_at);
    push("\",\"store_id\":\"");
    push(names.stores.text(row.store));
    push("\",\"sku\":\"");
    push(names.skus.text(row.sku));
    push("\",\"events\":");
    push(itoa::Buffer::new().format(row.events));
    for (name, quantity) in COLUMNS[4..].iter().zip(quantities(row)) {
        to.extend_from_slice(b",\"");
        to.extend_from_slice(name.as_bytes());
        to.extend_from_slice(b"\":\"");
        write_decimal(quantity.into(), QUANTITY_DIGITS, to);
        to.push(b'"');
    }
    to.extend_from_slice(b",\"revenue\":");
    match &row.revenue {
        Revenue::Several(_) => write_currencies(&row.revenue, names, to),
        revenue => {
            to.push(b'"');
            write_amount(revenue, names, to);
            to.push(b'"');
        }
    }
    to.extend_from_slice(b"}\n");
}

fn write_csv(row: &WindowSums, starts_at: &str, names: &Names<impl Name>, to: &mut Vec<u8>) {
    for text in [starts_at, names.stores.text(row.store), names.skus.text(row.sku)] {
        to.extend_from_slice(text.as_bytes());
        to.push(b',');
    }
    to.extend_from_slice(itoa::Buffer::new().format(row.events).as_bytes());
    for quantity in quantities(row) {
        to.push(b',');
        write_decimal(quantity.into(), QUANTITY_DIGITS, to);
    }
    to.push(b',');
    if let Revenue::Several(_) = row.revenue {
        let mut object = Vec::new();
        write_currencies(&row.revenue, names, &mut object);
        to.push(b'"');
        for byte in object {
            // A quote in a cell is doubled.
            to.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
        }
        to.push(b'"');
    } else {
        write_amount(&row.revenue, names, to);
    }
    to.push(b'\n');
}

fn quantities(row: &WindowSums) -> [i64; 4] {
    [row.sold, row.received, row.wasted, row.net_change]
}

/// Writes the revenue in at most one currency.
fn write_amount(revenue: &Revenue, names: &Names<impl Name>, to: &mut Vec<u8>) {
    match revenue {
        Revenue::One(currency, amount) => {
            let digits = names.currency_at(*currency).minor_digits() + QUANTITY_DIGITS;
            write_decimal(*amount, digits, to);
        }
        _ => to.push(b'0'),
    }
}

/// Writes a JSON object of amounts by currency, sorted by code.
fn write_currencies(revenue: &Revenue, names: &Names<impl Name>, to: &mut Vec<u8>) {
    let Revenue::Several(amounts) = revenue else { return };
    let mut amounts: Vec<_> =
        amounts.iter().map(|(place, amount)| (names.currency_at(*place), *amount)).collect();
    amounts.sort_unstable();
    for (index, (currency, amount)) in amounts.into_iter().enumerate() {
        to.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
        to.extend_from_slice(currency.code().as_bytes());
        to.extend_from_slice(b"\":\"");
        write_decimal(amount, currency.minor_digits() + QUANTITY_DIGITS, to);
        to.push(b'"');
    }
    to.push(b'}');
}

/// Writes `value / 10^digits` without zeros at the end.
fn write_decimal(value: i128, digits: u32, to: &mut Vec<u8>) {
    if value == 0 {
        return to.push(b'0');
    }
    if value < 0 {
        to.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(value.unsigned_abs());
    let zeros = text.bytes().rev().take_while(|byte| *byte == b'0').count().min(digits as usize);
    let (text, digits) = (&text[..text.len() - zeros], digits as usize - zeros);
    let (whole, fraction) = text.split_at(text.len().saturating_sub(digits));
    to.extend_from_slice(if whole.is_empty() { b"0" } else { whole.as_bytes() });
    if digits > 0 {
        to.push(b'.');
        to.extend(std::iter::repeat_n(b'0', digits - fraction.len()));
        to.extend_from_slice(fraction.as_bytes());
    }
}
