//! Till lines as events.

mod fields;

use std::time::Duration;

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::{Acceptance, Event, Violation, excerpt};

use crate::csv_rows::{Cells, Row, rows};
use crate::imported_event::ImportedEvent;
use fields::{Fields, column_of_field, pair, value_of_field};

/// Mapping from the columns of a till export to the fields of an event: the arguments of
/// `daymark send`.
///
/// ```
/// use clap::Parser;
/// use import::{ColumnMapping, TillLine};
///
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     mapping: ColumnMapping,
/// }
///
/// let arguments = "send --csv --store edinburgh --map occurred_at=Date+Time --map sku=Item \
///     --default unit_price=2.50 --default currency=GBP";
/// let Arguments { mapping } = Arguments::parse_from(arguments.split_whitespace());
/// let lines = mapping.read("Date,Time,Item\n2016-10-30,09:58:11,Bread\n")?;
/// let [TillLine::Event { number: 2, event }] = &lines[..] else { panic!("one event") };
/// assert_eq!(event.event().sku().as_str(), "Bread");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Args)]
#[command(next_help_heading = "Till lines in columns")]
pub struct ColumnMapping {
    /// FILE is CSV with a header line
    #[arg(long)]
    csv: bool,

    /// Column of a field; several columns are joined with a blank: occurred_at=Date+Time.
    /// Characters that an id must not have become a dash. A column for event_id replaces the
    /// derived ids
    #[arg(long, value_name = "FIELD=COLUMN", requires = "csv", value_parser = column_of_field)]
    map: Vec<(String, String)>,

    /// Value of a field whose column is missing or empty
    #[arg(long, value_name = "FIELD=VALUE", requires = "csv", value_parser = value_of_field)]
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

/// Line of a file. `number` is the number of the line, counted from 1.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant documents its fields")]
pub enum TillLine {
    /// Event as JSON text, of a file without columns. Its rules are not checked yet.
    Json { number: u64, json: String },
    /// Event of a line in columns.
    Event { number: u64, event: Box<ImportedEvent> },
    /// Line that `--skip` excludes, with the column and value that matched.
    Skipped { number: u64, reason: String },
    /// Line that cannot become an event, with the reason.
    Invalid { number: u64, message: String },
}

/// Id of an event until it has one.
const NO_ID: &str = "-";

impl ColumnMapping {
    /// `true` if the file has columns.
    #[must_use]
    pub fn is_csv(&self) -> bool {
        self.csv
    }

    /// Reads the lines of a file. Without `--csv` every line that is not blank is an event.
    ///
    /// # Errors
    /// Returns an error if the header cannot be read or lacks a column of the mapping.
    pub fn read(&self, text: &str) -> Result<Vec<TillLine>, String> {
        if self.csv {
            return self.read_csv(text);
        }
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        Ok(lines.map(|(line, number)| TillLine::Json { number, json: line.to_owned() }).collect())
    }

    fn read_csv(&self, text: &str) -> Result<Vec<TillLine>, String> {
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
        let mut events = Vec::new();
        let mut line = |(number, cells): Row| {
            let cells = match cells {
                Ok(cells) => cells,
                Err(message) => return Some(TillLine::Invalid { number, message }),
            };
            let skip = skips.iter().find(|(place, _, value)| cells[*place] == *value);
            if let Some((_, name, value)) = skip {
                let reason = format!("{name} is {value}");
                return Some(TillLine::Skipped { number, reason });
            }
            match self.event(&fields, &cells) {
                Ok(event) => events.push((number, event)),
                Err(message) => return Some(TillLine::Invalid { number, message }),
            }
            None
        };
        let mut lines: Vec<TillLine> = rows.into_iter().filter_map(&mut line).collect();
        let (numbers, events): (Vec<u64>, Vec<(Event, bool)>) = events.into_iter().unzip();
        let named = numbers.into_iter().zip(ImportedEvent::name_all(events));
        lines.extend(
            named.map(|(number, event)| TillLine::Event { number, event: Box::new(event) }),
        );
        lines.sort_by_key(TillLine::number);
        Ok(lines)
    }

    /// Returns the event of a row, and `true` if the row gives its id.
    fn event(
        &self,
        columns: &[(&str, Vec<usize>)],
        cells: &Cells,
    ) -> Result<(Event, bool), String> {
        let mut fields = Fields::new();
        self.default.iter().for_each(|(field, value)| fields.set(field, value));
        if let Some(store) = &self.store {
            fields.set("store_id", store);
        }
        for (field, places) in columns {
            let parts: Vec<&str> = places.iter().map(|place| cells[*place].trim()).collect();
            let value = parts.join(" ");
            if value.trim().is_empty() {
                continue;
            }
            if *field == "occurred_at" {
                fields.set(field, &self.instant(&value)?);
            } else {
                fields.set(field, &value);
            }
        }
        let has_id = fields.has("event_id");
        if !has_id {
            fields.set("event_id", NO_ID);
        }
        // The receiver judges the age.
        let anytime = Acceptance {
            received_at: DateTime::UNIX_EPOCH,
            age_max: None,
            ahead_max: Duration::MAX,
        };
        let event = Event::parse(&fields.into_json(), &anytime);
        let event = event.map_err(|rejection| refusal(&rejection.violations))?;
        Ok((event, has_id))
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
        let text = || instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        written.then(text).ok_or_else(|| "occurred_at is not in the years 0 to 9999".to_owned())
    }
}

/// Returns the reason for refusing a line, in the words of the ingest API, without the values that
/// differ between lines.
fn refusal(violations: &[Violation]) -> String {
    let rule = |violation: &Violation| Violation { given: None, ..violation.clone() }.to_string();
    let rules: Vec<String> = violations.iter().map(rule).collect();
    format!("invalid_event: {}", rules.join("; "))
}

impl TillLine {
    /// Returns the number of the line.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Json { number, .. }
            | Self::Event { number, .. }
            | Self::Skipped { number, .. }
            | Self::Invalid { number, .. } => *number,
        }
    }
}
