//! Till lines in columns -> events.

use std::path::Path;

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use clap::Args;
use serde_json::{Map, Value};

use crate::rows::{Row, rows};

/// How columns become fields.
#[derive(Debug, Args)]
#[command(next_help_heading = "Till lines in columns")]
pub(crate) struct Mapping {
    /// FILE is CSV with a header line
    #[arg(long)]
    csv: bool,

    /// Which column makes a field; several columns are joined with a blank:
    /// occurred_at=Date+Time. Characters that an id may not have become a dash
    #[arg(long, value_name = "FIELD=COLUMN", requires = "csv", value_parser = pair)]
    map: Vec<(String, String)>,

    /// What a field is when its column is missing or empty
    #[arg(long, value_name = "FIELD=VALUE", requires = "csv", value_parser = pair)]
    default: Vec<(String, String)>,

    /// Lines that are no event: this column has this value
    #[arg(long, value_name = "COLUMN=VALUE", requires = "csv", value_parser = pair)]
    skip: Vec<(String, String)>,

    /// The store that the lines are of
    #[arg(long, value_name = "STORE", requires = "csv")]
    store: Option<String>,

    /// The time zone of the lines' times
    #[arg(long, value_name = "ZONE", requires = "csv", default_value = "UTC")]
    zone: Tz,

    /// How the lines write their times, after strftime
    #[arg(long, value_name = "FORMAT", requires = "csv", default_value = "%Y-%m-%d %H:%M:%S")]
    time_format: String,
}

/// One line of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// An event, as JSON.
    Event { number: u64, json: String },
    /// Not an event, as the caller said.
    Skipped { number: u64, reason: String },
    /// Cannot be an event.
    Wrong { number: u64, message: String },
}

/// What a till line needs beside its columns: one piece sold at the counter.
const BUILT_IN: &[(&str, &str)] = &[("kind", "sale"), ("quantity", "1"), ("terminal_id", "csv")];
/// Fields that hold identifiers.
const IDS: &[&str] = &["event_id", "store_id", "terminal_id", "sku"];

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("is not like NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Mapping {
    /// Reads `text`, the content of `file`.
    ///
    /// # Errors
    /// The columns are not those of the mapping.
    pub(super) fn read(&self, file: &Path, text: &str) -> Result<Vec<Line>, String> {
        if self.csv {
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("csv");
            return self.read_csv(text, stem);
        }
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        Ok(lines.map(|(line, number)| Line::Event { number, json: line.to_owned() }).collect())
    }

    fn read_csv(&self, text: &str, stem: &str) -> Result<Vec<Line>, String> {
        let (headers, rows) = rows(text, csv::Trim::None)?;
        let column = |name: &str| {
            let place = headers.iter().position(|header| header == name);
            place.ok_or_else(|| {
                let known: Vec<&str> = headers.iter().collect();
                format!("the file has no column {name:?}; it has {}", known.join(", "))
            })
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
        let line = |(number, record): Row| {
            let record = match record {
                Ok(record) => record,
                Err(message) => return Line::Wrong { number, message },
            };
            let skip = skips.iter().find(|(place, _, value)| record.get(*place) == Some(*value));
            if let Some((_, name, value)) = skip {
                return Line::Skipped { number, reason: format!("{name} is {value}") };
            }
            match self.event(&fields, &record, &format!("{stem}:{number}")) {
                Ok(json) => Line::Event { number, json },
                Err(message) => Line::Wrong { number, message },
            }
        };
        Ok(rows.into_iter().map(line).collect())
    }

    fn event(
        &self,
        fields: &[(&str, Vec<usize>)],
        record: &csv::StringRecord,
        event_id: &str,
    ) -> Result<String, String> {
        let mut event = Map::new();
        let mut set = |field: &str, value: &str| {
            let value = if IDS.contains(&field) { as_id(value) } else { value.to_owned() };
            event.insert(field.to_owned(), Value::String(value));
        };
        // The file's name and line identify the event, so that sending again counts nothing twice.
        set("event_id", event_id);
        BUILT_IN.iter().for_each(|(field, value)| set(field, value));
        self.default.iter().for_each(|(field, value)| set(field, value));
        if let Some(store) = &self.store {
            set("store_id", store);
        }
        for (field, places) in fields {
            let cells: Vec<&str> =
                places.iter().filter_map(|place| record.get(*place)).map(str::trim).collect();
            let value = cells.join(" ");
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

    /// A time of the file as an instant; what is an instant already stays one.
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

/// A text as an identifier: what an id may not have becomes a dash.
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
        let mapping = Mapping {
            csv: true,
            map: vec![pair("occurred_at", "Date+Time"), pair("sku", "Item")],
            default: vec![pair("unit_price", "2.50"), pair("currency", "GBP")],
            skip: vec![pair("Item", "NONE")],
            store: Some("edinburgh".to_owned()),
            zone: chrono_tz::Europe::London,
            time_format: "%Y-%m-%d %H:%M:%S".to_owned(),
        };
        let picture = |line| match line {
            Line::Event { number, json } => {
                let event: Value = serde_json::from_str(&json).unwrap();
                format!("{number} {} {} {}", event["event_id"], event["sku"], event["occurred_at"])
            }
            Line::Skipped { number, reason } => format!("{number} skipped: {reason}"),
            Line::Wrong { number, message } => format!("{number} wrong: {message}"),
        };
        mapping.read_csv(text, "basket").unwrap().into_iter().map(picture).collect()
    }

    #[test]
    fn lines_become_events_and_what_cannot_is_told_by_its_number() {
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
                "5 wrong: occurred_at is not a time like \"%Y-%m-%d %H:%M:%S\" (input is out of \
                 range)",
                "6 wrong: occurred_at is in an hour that Europe/London left out",
                "7 wrong: not a CSV line: it has 2 columns, and the header 4",
                "8 wrong: occurred_at is not in the years 0 to 9999",
            ]
        );
    }
}
