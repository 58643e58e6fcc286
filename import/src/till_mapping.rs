//! Mapping from the columns of a till export to the fields of an event.

mod mapping_file;

use std::path::{Path, PathBuf};

use chrono::NaiveTime;
use chrono_tz::Tz;
use clap::{ArgGroup, Args};

use crate::delimiter::Delimiter;
use crate::file_text::FileEncoding;
use crate::till_layout::TillLayout;
use crate::till_lines::{
    DecimalSign, TaxPlace, column_of_field, pair, value_of_cell, value_of_field,
};

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
/// let [TillLine::Event { number: 2, event, .. }] = &file.lines[..] else { panic!("one event") };
/// assert_eq!(event.event().sku().as_str(), "Bread");
/// assert!(file.notes[0].starts_with("times of store edinburgh without an offset are read as"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Args)]
#[command(next_help_heading = "Till lines in columns")]
#[command(group(ArgGroup::new("columns").multiple(true)))]
pub struct TillMapping {
    /// FILE has columns, with a header line
    #[arg(long, group = "columns")]
    pub(crate) csv: bool,

    /// FILE has columns, and MAPPING is a TOML file with the flags below as its keys. A flag counts
    /// before a key
    #[arg(long, value_name = "MAPPING", group = "columns")]
    pub(crate) mapping: Option<PathBuf>,

    /// FILE is an export of this till: a kept mapping of its columns. --show-mapping prints it. A
    /// flag, or a key of --mapping, counts before it
    #[arg(long, value_name = "TILL", group = "columns")]
    pub(crate) like: Option<TillLayout>,

    /// Column of a field; several columns are joined with a blank: occurred_at=Date+Time. Letter
    /// case and blanks around a name do not count. The field zone is the time zone of the line, and
    /// payment the means of payment, for the sums of --dry-run. With a column for discount, the
    /// amount is the one before it; for tax, see --tax. The fields receipt_amount, receipt_tax and
    /// receipt_refund stand once for a whole receipt, and are divided among its lines. A column for
    /// event_id replaces the derived ids. No COLUMN takes a field out of --mapping or --like
    #[arg(long, value_name = "FIELD=COLUMN", requires = "columns", value_parser = column_of_field)]
    pub(crate) map: Vec<(String, String)>,

    /// Value of a field whose column is missing or empty
    #[arg(long, value_name = "FIELD=VALUE", requires = "columns", value_parser = value_of_field)]
    pub(crate) default: Vec<(String, String)>,

    /// Value of a field whose cell has a word of the till: kind:Erstattung=return. The word *
    /// stands for every other one
    #[arg(
        long,
        value_name = "FIELD:CELL=VALUE",
        requires = "columns",
        value_parser = value_of_cell
    )]
    pub(crate) value: Vec<(String, String, String)>,

    /// Skip the lines whose column has this value
    #[arg(long, value_name = "COLUMN=VALUE", requires = "columns", value_parser = pair)]
    pub(crate) skip: Vec<String>,

    /// Column whose empty cells have the value of the line above, if that is of the same receipt
    #[arg(long, value_name = "COLUMN", requires = "columns")]
    pub(crate) fill: Vec<String>,

    /// Store of the lines
    #[arg(long, value_name = "STORE", requires = "columns")]
    pub(crate) store: Option<String>,

    /// Time zone of times without an offset [default: a column for zone, or else the zone of the
    /// store in the catalogue, or else UTC]
    #[arg(long, value_name = "ZONE", requires = "columns")]
    pub(crate) zone: Option<Tz>,

    /// Format of the times, as in strftime [default: dates with one meaning, such as 2026-03-12 or
    /// 12.03.2026, and a time of 24 or 12 hours; or the seconds or milliseconds since 1970].
    /// Fractions of a second and an offset behind the time need no format
    #[arg(long, value_name = "FORMAT", requires = "columns")]
    pub(crate) time_format: Option<String>,

    /// Time of the lines whose date has no time
    #[arg(long, value_name = "HH:MM", requires = "columns", value_parser = time_of_day)]
    pub(crate) time_of_day: Option<NaiveTime>,

    /// Place of the tax that has a column: the amounts are net and it is added, or they include it
    #[arg(long, value_name = "PLACE", requires = "columns")]
    pub(crate) tax: Option<TaxPlace>,

    /// Decimal sign of the numbers [default: the one that each column shows]
    #[arg(long, value_name = "SIGN", requires = "columns")]
    pub(crate) decimal: Option<DecimalSign>,

    /// Character between the columns, or tab [default: the comma, semicolon, tab or bar that gives
    /// the columns of --map]
    #[arg(long, value_name = "CHARACTER", requires = "columns")]
    pub(crate) delimiter: Option<Delimiter>,

    /// Encoding of FILE, like windows-1252 [default: UTF-8 or UTF-16 if the bytes are such, or else
    /// a guess that is told]
    #[arg(long, value_name = "NAME", requires = "columns")]
    pub(crate) encoding: Option<FileEncoding>,

    /// Number of the first rules of `value` and of `skip` that come from a layout. A layout has
    /// rules for more words than a file has.
    #[arg(skip)]
    pub(crate) of_layout: [usize; 2],
}

impl TillMapping {
    /// `true` if the file has columns.
    #[must_use]
    pub fn is_csv(&self) -> bool {
        self.csv
    }

    /// Returns the path of the mapping file, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.mapping.as_deref()
    }

    /// Returns the mapping with that of the layout, if there is one, behind all other rules.
    ///
    /// # Errors
    /// Returns an error if the mapping file of the layout is invalid.
    pub fn with_layout(self) -> Result<Self, String> {
        let Some(layout) = self.like else { return Ok(self) };
        let own = [self.value.len(), self.skip.len()];
        let mut all = self.with_file(layout.mapping_file())?;
        all.of_layout = [all.value.len() - own[0], all.skip.len() - own[1]];
        Ok(all)
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
