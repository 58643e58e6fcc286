//! Times of till lines as instants.

mod date_order;
mod known_forms;
mod zone_mark;

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime};
use chrono::{TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetName, Tz};

pub(super) use date_order::DateOrder;
use known_forms::read_known;
pub(super) use zone_mark::ZoneMark;
use zone_mark::{offset, split_mark};

/// Specifiers of an offset in a format.
const OFFSETS: [&str; 5] = ["%z", "%:z", "%::z", "%#z", "%+"];

/// Zone of a line whose time has no mark of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineZone {
    Named(Tz),
    Offset(FixedOffset),
}

impl LineZone {
    pub(super) const UTC: Self = Self::Named(Tz::UTC);

    /// Parses a zone like `Europe/London`, or an offset like `-05:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let named = || text.parse().ok().map(Self::Named);
        named().or_else(|| offset(text).map(Self::Offset))
    }
}

/// Time of a line, and the mark of a zone behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarkedTime {
    local: NaiveDateTime,
    pub(super) mark: ZoneMark,
}

/// Form of the times of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct TimeForm {
    /// Format as in strftime, without a name of a zone. Without a format, the forms that have one
    /// meaning are read.
    format: Option<String>,
    /// Time of a date without a time.
    time_of_day: Option<NaiveTime>,
    /// Order of day and month that the dates of the file show.
    order: Option<DateOrder>,
}

/// Reason why a text is no time.
enum NoTime {
    /// Date without a time.
    Date(NaiveDate),
    Rule(String),
}

impl TimeForm {
    pub(super) fn new(
        format: Option<&str>,
        time_of_day: Option<NaiveTime>,
        order: Option<DateOrder>,
    ) -> Self {
        // `chrono` skips the name of a zone; here it is a mark.
        let format = format.map(|format| format.replace("%Z", "").trim().to_owned());
        Self { format, time_of_day, order }
    }

    /// Reads the time of a line. An offset or a zone behind the time counts, and so does a fraction
    /// of a second, whatever the format.
    ///
    /// # Errors
    /// Returns the rule that the text breaks, without the text.
    pub(super) fn read(&self, text: &str) -> Result<MarkedTime, String> {
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(MarkedTime::at(instant));
        }
        let text = plain_blanks(text);
        let read = match &self.format {
            None => read_known(&text, self.order),
            Some(format) if OFFSETS.iter().any(|specifier| format.contains(specifier)) => {
                DateTime::parse_from_str(&text, format)
                    .map(MarkedTime::at)
                    .map_err(|error| unlike(format, error))
            }
            Some(format) if format.contains("%s") => NaiveDateTime::parse_from_str(&text, format)
                .map(|utc| MarkedTime::at(utc.and_utc().fixed_offset()))
                .map_err(|error| unlike(format, error)),
            Some(format) => read_local(&text, format),
        };
        read.or_else(|reason| match (reason, self.time_of_day) {
            (NoTime::Rule(rule), _) => Err(rule),
            (NoTime::Date(date), Some(time)) => {
                Ok(MarkedTime { local: date.and_time(time), mark: ZoneMark::None })
            }
            (NoTime::Date(_), None) => {
                Err("is a date without a time; --time-of-day 12:00 sets the time of such lines"
                    .to_owned())
            }
        })
    }
}

/// `true` if a time is read without a format.
pub(crate) fn has_known_form(text: &str) -> bool {
    TimeForm::default().read(text).is_ok()
}

/// Reads a time in a format without an offset.
fn read_local(text: &str, format: &str) -> Result<MarkedTime, NoTime> {
    let error = match NaiveDateTime::parse_from_str(text, format) {
        Ok(local) => return Ok(MarkedTime { local, mark: ZoneMark::None }),
        Err(error) => error,
    };
    if let Ok(date) = NaiveDate::parse_from_str(text, format) {
        return Err(NoTime::Date(date));
    }
    let (time, mark) = split_mark(text).unwrap_or((text, ZoneMark::None));
    let (time, fraction) = split_fraction(time);
    let local = NaiveDateTime::parse_from_str(&time, format).ok();
    let local = local.and_then(|local| local.checked_add_signed(fraction));
    local.map(|local| MarkedTime { local, mark }).ok_or_else(|| unlike(format, error))
}

fn unlike(format: &str, error: chrono::ParseError) -> NoTime {
    NoTime::Rule(format!("is not a time like {format:?} ({error}); --time-format names the form"))
}

/// Removes the fraction of the seconds, and returns it.
fn split_fraction(text: &str) -> (Cow<'_, str>, TimeDelta) {
    let none = (Cow::Borrowed(text), TimeDelta::zero());
    let Some(colon) = text.rfind(':') else { return none };
    let seconds = &text[colon + 1..];
    let digits = seconds.find(|c: char| !c.is_ascii_digit()).unwrap_or(seconds.len());
    let Some(fraction) = seconds[digits..].strip_prefix(['.', ',']) else { return none };
    let length = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
    let (fraction, rest) = fraction.split_at(length);
    match nanoseconds(fraction) {
        Some(nanoseconds) if digits == 2 => {
            let time = format!("{}{rest}", &text[..colon + 3]);
            (Cow::Owned(time), TimeDelta::nanoseconds(nanoseconds))
        }
        _ => none,
    }
}

/// Returns the nanoseconds of one to nine digits behind the point.
fn nanoseconds(digits: &str) -> Option<i64> {
    let length = u32::try_from(digits.len()).ok().filter(|length| (1..=9).contains(length))?;
    let value: i64 = digits.parse().ok()?;
    Some(value * 10_i64.pow(9 - length))
}

/// Replaces blanks of any kind by one plain blank: some programs write a narrow one before `PM`.
fn plain_blanks(text: &str) -> Cow<'_, str> {
    let is_plain = text.is_ascii() && !text.contains("  ") && !text.contains(['\t', '\n', '\r']);
    if is_plain {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl MarkedTime {
    fn at(instant: DateTime<FixedOffset>) -> Self {
        Self { local: instant.naive_local(), mark: ZoneMark::Offset(*instant.offset()) }
    }

    /// `true` if the time needs the zone of its line.
    pub(super) fn needs_zone(&self) -> bool {
        matches!(self.mark, ZoneMark::None | ZoneMark::Abbreviation(_))
    }

    /// Returns the date on the clock of the store. `zone` is that of the line, if it is known.
    pub(super) fn date(&self, instant: DateTime<Utc>, zone: Option<LineZone>) -> NaiveDate {
        match zone.filter(|_| !self.needs_zone()) {
            Some(LineZone::Named(zone)) => instant.with_timezone(&zone).date_naive(),
            Some(LineZone::Offset(offset)) => instant.with_timezone(&offset).date_naive(),
            None => self.local.date(),
        }
    }

    /// Returns the instant. A time in the hour that comes twice in autumn is the first of the two,
    /// unless an abbreviation like `CET` says otherwise.
    ///
    /// # Errors
    /// Returns the rule that the time breaks in its zone.
    pub(super) fn instant(&self, zone: LineZone) -> Result<DateTime<Utc>, String> {
        let local = &self.local;
        let zone = match (&self.mark, zone) {
            (&ZoneMark::Offset(offset), _) | (ZoneMark::None, LineZone::Offset(offset)) => {
                return written(local.checked_sub_offset(offset).map(|utc| utc.and_utc()));
            }
            (ZoneMark::Zone(zone), _) => *zone,
            (ZoneMark::None, LineZone::Named(zone)) => zone,
            (ZoneMark::Abbreviation(name), zone) => return abbreviated(*local, name, zone),
        };
        match zone.from_local_datetime(local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
                written(Some(instant.to_utc()))
            }
            LocalResult::None => Err(format!("is in an hour that {zone} left out")),
        }
    }
}

/// Returns the instant of a time with the abbreviation of a zone, which the zone itself must use.
fn abbreviated(local: NaiveDateTime, name: &str, zone: LineZone) -> Result<DateTime<Utc>, String> {
    let LineZone::Named(zone) = zone else {
        return Err(format!("has the zone {name}, which has several meanings; {ZONE_ADVICE}"));
    };
    let instants = zone.from_local_datetime(&local);
    let candidates = [instants.earliest(), instants.latest()];
    let has_name = |instant: &&DateTime<Tz>| {
        instant.offset().abbreviation().is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    match candidates.iter().flatten().find(has_name) {
        Some(instant) => written(Some(instant.to_utc())),
        None => {
            Err(format!("has the zone {name}, and {zone} has another name then; {ZONE_ADVICE}"))
        }
    }
}

const ZONE_ADVICE: &str = "--zone names the zone of the lines, like America/New_York";

/// Refuses an instant that RFC 3339 cannot write.
fn written(instant: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, String> {
    let instant = instant.filter(|instant| (0..=9999).contains(&instant.year()));
    instant.ok_or_else(|| "is not in the years 0 to 9999".to_owned())
}
