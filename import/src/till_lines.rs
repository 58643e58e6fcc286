//! Till lines as events.

use std::path::Path;

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::excerpt;
use serde_json::{Map, Value};

use crate::csv_rows::{Cells, Row, rows};

/// Mapping from the columns of a till export to the fields of an event: the arguments of
/// `daymark send`.
///
/// ```
/// use std::path::Path;
///
/// use clap::Parser;
/// use import::{ColumnMapping, TillLine};
///
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     mapping: ColumnMapping,
/// }
///
/// let arguments = "send --csv --store edinburgh --map occurred_at=Date+Time --map sku=Item";
/// let Arguments { mapping } = Arguments::parse_from(arguments.split(' '));
/// let text = "Date,Time,Item\n2016-10-30,09:58:11,Bread\n";
/// let lines = mapping.read(Path::new("export.csv"), text)?;
/// assert!(matches!(&lines[..], [TillLine::Event { number: 2, .. }]));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Args)]
#[command(next_help_heading = "Till lines in columns")]
pub struct ColumnMapping {
    /// FILE is CSV with a header line
    #[arg(long)]
    csv: bool,

    /// Column of a field; several columns are joined with a blank: occurred_at=Date+Time.
    /// Characters that an id must not have become a dash
    #[arg(long, value_name = "FIELD=COLUMN", requires = "csv", value_parser = pair)]
    map: Vec<(String, String)>,

    /// Value of a field whose column is missing or empty
    #[arg(long, value_name = "FIELD=VALUE", requires = "csv", value_parser = pair)]
    default: Vec<(String, String)>,

    /// Skip the lines whose column has this value
    #[arg(long, value_name = "COLUMN=VALUE", requires = "csv", value_parser = pair)]
    skip: Vec<(String, String)>,

    /// Store of the lines
    #[arg(long, value_name = "STORE", requires = "csv")]
    store: Option<String>,

    /// Time zone of the lines' times
    #[arg(long, value_name = "ZONE", requires = "csv", default_value = "UTC")]
    zone: Tz,

    /// Format of the lines' times, as in strftime
    #[arg(long, value_name = "FORMAT", requires = "csv", default_value = "%Y-%m-%d %H:%M:%S")]
    time_format: String,
}

/// Line of a till export. `number` is the number of the line, counted from 1.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant documents its fields")]
pub enum TillLine {
    /// Event as JSON text. Its rules are not checked yet.
    Event { number: u64, json: String },
    /// Line that `--skip` excludes, with the column and value that matched.
    Skipped { number: u64, reason: String },
    /// Line that cannot become an event, with the reason.
    Invalid { number: u64, message: String },
}

/// Fields of a till line without columns or defaults for them: one unit sold at the counter.
const BUILT_IN: &[(&str, &str)] = &[("kind", "sale"), ("quantity", "1"), ("terminal_id", "csv")];
/// Fields that hold identifiers.
const IDS: &[&str] = &["event_id", "store_id", "terminal_id", "sku"];

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("is not like NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl ColumnMapping {
    /// Reads the lines of `text`, the content of `file`. The name of `file` becomes part of the
    /// event ids. Without `--csv` every line that is not blank is an event.
    ///
    /// # Errors
    /// Returns an error if the header cannot be read or lacks a column of the mapping.
    pub fn read(&self, file: &Path, text: &str) -> Result<Vec<TillLine>, String> {
        if self.csv {
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("csv");
            return self.read_csv(text, stem);
        }
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        Ok(lines.map(|(line, number)| TillLine::Event { number, json: line.to_owned() }).collect())
    }

    fn read_csv(&self, text: &str, stem: &str) -> Result<Vec<TillLine>, String> {
        let (headers, rows) = rows(text)?;
        let column = |name: &str| {
            let mut places = headers.iter().zip(0..).filter(|(header, _)| *header == name);
            match (places.next(), places.next()) {
                (Some((_, place)), None) => Ok(place),
                (Some(_), Some(_)) => {
                    Err(format!("the file has more than one column {name:?}; keep one"))
                }
                (None, _) => {
                    let known = excerpt(&headers.join(", "));
                    Err(format!("the file has no column {name:?}; it has {known}"))
                }
            }
        };
        let mut fields = Vec::new();
        for (field, columns) in &self.map {
            let places: Result<Vec<usize>, String> = columns.split('+').map(column).collect();
            fields.push((field.as_str(), places?));
        }
        let mut skips = Vec::new();
        for (name, value) in &self.skip {
            skips.push((column(name)?, name.as_str(), value.as_str()));
        }
        let line = |(number, cells): Row| {
            let cells = match cells {
                Ok(cells) => cells,
                Err(message) => return TillLine::Invalid { number, message },
            };
            let skip = skips.iter().find(|(place, _, value)| cells[*place] == *value);
            if let Some((_, name, value)) = skip {
                return TillLine::Skipped { number, reason: format!("{name} is {value}") };
            }
            match self.event(&fields, &cells, &format!("{stem}:{number}")) {
                Ok(json) => TillLine::Event { number, json },
                Err(message) => TillLine::Invalid { number, message },
            }
        };
        Ok(rows.into_iter().map(line).collect())
    }

    fn event(
        &self,
        fields: &[(&str, Vec<usize>)],
        cells: &Cells,
        event_id: &str,
    ) -> Result<String, String> {
        let mut event = Map::new();
        let mut set = |field: &str, value: &str| {
            let value = if IDS.contains(&field) { as_id(value) } else { value.to_owned() };
            event.insert(field.to_owned(), Value::String(value));
        };
        // File name and line number identify the event, so that a second send adds no event.
        set("event_id", event_id);
        BUILT_IN.iter().for_each(|(field, value)| set(field, value));
        self.default.iter().for_each(|(field, value)| set(field, value));
        if let Some(store) = &self.store {
            set("store_id", store);
        }
        for (field, places) in fields {
            let parts: Vec<&str> = places.iter().map(|place| cells[*place].trim()).collect();
            let value = parts.join(" ");
            if value.trim().is_empty() {
                continue;
            }
            if *field == "occurred_at" {
                set(field, &self.instant(&value)?);
            } else {
                set(field, &value);
            }
        }
        Ok(Value::Object(event).to_string())
    }

    /// Converts a time of the file to an RFC 3339 instant. RFC 3339 text stays unchanged.
    fn instant(&self, text: &str) -> Result<String, String> {
        if DateTime::parse_from_rfc3339(text).is_ok() {
            return Ok(text.to_owned());
        }
        let local = NaiveDateTime::parse_from_str(text, &self.time_format).map_err(|error| {
            format!("occurred_at is not a time like {:?} ({error})", self.time_format)
        })?;
        let instant: DateTime<Utc> = match self.zone.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.to_utc(),
            LocalResult::None => {
                return Err(format!("occurred_at is in an hour that {} left out", self.zone));
            }
        };
        // RFC 3339 has no other years.
        let written = (0..=9999).contains(&instant.year());
        let text = || instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        written.then(text).ok_or_else(|| "occurred_at is not in the years 0 to 9999".to_owned())
    }
}

/// Replaces each character that an identifier must not contain by a dash.
fn as_id(text: &str) -> String {
    let dash = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-') { c } else { '-' }
    };
    text.chars().map(dash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mapping = ColumnMapping {
            csv: true,
            map: vec![pair("occurred_at", "Date+Time"), pair("sku", "Item")],
            default: vec![pair("unit_price", "2.50"), pair("currency", "GBP")],
            skip: vec![pair("Item", "NONE")],
            store: Some("edinburgh".to_owned()),
            zone: chrono_tz::Europe::London,
            time_format: "%Y-%m-%d %H:%M:%S".to_owned(),
        };
        let picture = |line| match line {
            TillLine::Event { number, json } => {
                let event: Value = serde_json::from_str(&json).unwrap();
                format!("{number} {} {} {}", event["event_id"], event["sku"], event["occurred_at"])
            }
            TillLine::Skipped { number, reason } => format!("{number} skipped: {reason}"),
            TillLine::Invalid { number, message } => format!("{number} invalid: {message}"),
        };
        mapping.read_csv(text, "basket").unwrap().into_iter().map(picture).collect()
    }

    #[test]
    fn lines_become_events_and_invalid_lines_are_reported_by_their_number() {
        let text = "Date,Time,Transaction,Item\n\
                    2016-10-30,09:58:11,1,Bread\n\
                    2016-10-29,09:58:11,2,Hot chocolate\n\
                    2016-10-30,10:00:00,3,NONE\n\
                    2016-13-30,10:00:00,4,Bread\n\
                    2017-03-26,01:30:00,5,Bread\n\
                    too,few\n\
                    -2016-10-30,10:00:00,6,Bread\n";
        assert_eq!(
            read(text),
            [
                r#"2 "basket:2" "Bread" "2016-10-30T09:58:11Z""#,
                r#"3 "basket:3" "Hot-chocolate" "2016-10-29T08:58:11Z""#,
                "4 skipped: Item is NONE",
                "5 invalid: occurred_at is not a time like \"%Y-%m-%d %H:%M:%S\" (input is out of \
                 range)",
                "6 invalid: occurred_at is in an hour that Europe/London left out",
                "7 invalid: not a CSV line: it has 2 columns, and the header 4",
                "8 invalid: occurred_at is not in the years 0 to 9999",
            ]
        );
    }
}
