//! Mapping from the columns of a till export to the fields of an event.

use chrono::NaiveTime;
use chrono_tz::Tz;
use clap::Args;

use crate::delimiter::Delimiter;
use crate::file_text::FileEncoding;
use crate::till_lines::{DecimalSign, column_of_field, pair, value_of_cell, value_of_field};

/// Mapping from the columns of a till export to the fields of an event: the arguments of
/// `daymark send`.
///
/// ```
/// use clap::Parser;
/// use import::{StoreZones, TillLine, TillMapping};
///
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     mapping: TillMapping,
/// }
///
/// let arguments = "send --csv --store edinburgh --map occurred_at=Date+Time --map sku=Item \
///     --default unit_price=2.50 --default currency=GBP";
/// let Arguments { mapping } = Arguments::parse_from(arguments.split_whitespace());
/// let text = "Date,Time,Item\n2016-10-30,09:58:11,Bread\n";
/// let file = mapping.read(text, &StoreZones::default())?;
/// let [TillLine::Event { number: 2, event }] = &file.lines[..] else { panic!("one event") };
/// assert_eq!(event.event().sku().as_str(), "Bread");
/// assert!(file.notes[0].starts_with("times of store edinburgh without an offset are read as"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Args)]
#[command(next_help_heading = "Till lines in columns")]
pub struct TillMapping {
    /// FILE has columns, with a header line
    #[arg(long)]
    pub(crate) csv: bool,

    /// Column of a field; several columns are joined with a blank: occurred_at=Date+Time. Letter
    /// case and blanks around a name do not count. The field zone is the time zone of the line. A
    /// column for event_id replaces the derived ids
    #[arg(long, value_name = "FIELD=COLUMN", requires = "csv", value_parser = column_of_field)]
    pub(crate) map: Vec<(String, String)>,

    /// Value of a field whose column is missing or empty
    #[arg(long, value_name = "FIELD=VALUE", requires = "csv", value_parser = value_of_field)]
    pub(crate) default: Vec<(String, String)>,

    /// Value of a field whose cell has a word of the till: kind:Erstattung=return
    #[arg(long, value_name = "FIELD:CELL=VALUE", requires = "csv", value_parser = value_of_cell)]
    pub(crate) value: Vec<(String, String, String)>,

    /// Skip the lines whose column has this value
    #[arg(long, value_name = "COLUMN=VALUE", requires = "csv", value_parser = pair)]
    pub(crate) skip: Vec<String>,

    /// Store of the lines
    #[arg(long, value_name = "STORE", requires = "csv")]
    pub(crate) store: Option<String>,

    /// Time zone of times without an offset [default: a column for zone, or else the zone of the
    /// store in the catalogue, or else UTC]
    #[arg(long, value_name = "ZONE", requires = "csv")]
    pub(crate) zone: Option<Tz>,

    /// Format of the times, as in strftime [default: dates with one meaning, such as 2026-03-12 or
    /// 12.03.2026, and a time of 24 or 12 hours; or the seconds or milliseconds since 1970].
    /// Fractions of a second and an offset behind the time need no format
    #[arg(long, value_name = "FORMAT", requires = "csv")]
    pub(crate) time_format: Option<String>,

    /// Time of the lines whose date has no time
    #[arg(long, value_name = "HH:MM", requires = "csv", value_parser = time_of_day)]
    pub(crate) time_of_day: Option<NaiveTime>,

    /// Decimal sign of the numbers [default: the one that each column shows]
    #[arg(long, value_name = "SIGN", requires = "csv")]
    pub(crate) decimal: Option<DecimalSign>,

    /// Character between the columns, or tab [default: the comma, semicolon, tab or bar that gives
    /// the columns of --map]
    #[arg(long, value_name = "CHARACTER", requires = "csv")]
    pub(crate) delimiter: Option<Delimiter>,

    /// Encoding of FILE, like windows-1252 [default: UTF-8 or UTF-16 if the bytes are such, or else
    /// a guess that is told]
    #[arg(long, value_name = "NAME", requires = "csv")]
    pub(crate) encoding: Option<FileEncoding>,
}

impl TillMapping {
    /// `true` if the file has columns.
    #[must_use]
    pub fn is_csv(&self) -> bool {
        self.csv
    }

    /// Returns the encoding of the file, if the mapping names one.
    #[must_use]
    pub fn encoding(&self) -> Option<FileEncoding> {
        self.encoding
    }
}

fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| "expected a time of day, like 12:00".to_owned())
}
