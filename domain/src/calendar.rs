//! Opening hours and business days of a store in its time zone, with daylight saving time.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono::{Timelike, Utc, Weekday};
use chrono_tz::Tz;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// Opening hours of a week, by the store's local time. A closing time at or before the opening time
/// is on the next date: `18:00-02:00`. Times are multiples of five minutes, so a window belongs to
/// one day. A closing time of `24:00` is midnight, like `00:00`, and is written so. A day has one
/// opening, of at least five minutes and at most the whole day, `00:00-24:00`.
///
/// ```
/// let hours: domain::Hours = "mon-fri 07:00-18:30, sun 08:00-12:00".parse()?;
/// let day = hours.day(chrono_tz::Europe::Berlin, "2026-03-29".parse().unwrap()).unwrap();
/// assert_eq!(day.opens_at.to_string(), "2026-03-29 06:00:00 UTC");
/// # Ok::<(), domain::calendar::HoursError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours([Option<(NaiveTime, NaiveTime)>; 7]);

/// Text that is not opening hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// A part of the text is not `DAYS HH:MM-HH:MM`.
    #[error(
        "is not opening hours like \"mon-sat 07:00-18:30, sun 08:00-12:00\", on five-minute marks \
         ({0:?})"
    )]
    Form(String),
    /// A day is named twice.
    #[error(
        "has two openings on {0}; a store has one a day, so name each day once, and leave out a \
         break: \"{0} 07:00-18:30\""
    )]
    TwoOpenings(&'static str),
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let mut week = [None; 7];
        for part in text.split(',').map(str::trim) {
            let error = || HoursError::Form(part.to_owned());
            let (days, times) = part.split_once(' ').ok_or_else(error)?;
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let (opens, closes) = times.trim().split_once('-').ok_or_else(error)?;
            let on_grid = |text| parse_clock_time(text).filter(|time| time.minute() % 5 == 0);
            let closes = if closes.trim() == "24:00" { "00:00" } else { closes };
            let hours = (on_grid(opens).ok_or_else(error)?, on_grid(closes).ok_or_else(error)?);
            let (first, last) =
                (weekday(first).ok_or_else(error)?, weekday(last).ok_or_else(error)?);
            let mut day = first;
            loop {
                if week[day].replace(hours).is_some() {
                    return Err(HoursError::TwoOpenings(WEEKDAYS[day].0));
                }
                if day == last {
                    break;
                }
                day = (day + 1) % 7;
            }
        }
        Ok(Self(week))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = WEEKDAYS.iter().zip(&self.0).filter_map(|(day, hours)| Some((day.0, (*hours)?)));
        for (index, (day, (opens, closes))) in open.enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let closes = if closes == NaiveTime::MIN { "24:00" } else { &clock_text(closes) };
            write!(f, "{separator}{day} {}-{closes}", clock_text(opens))?;
        }
        Ok(())
    }
}

/// Returns a time of the store's clock, `HH:MM`.
pub(crate) fn clock_text(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

/// Parses a time of the store's clock, `HH:MM`.
pub(crate) fn parse_clock_time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()
}

fn weekday(text: &str) -> Option<usize> {
    WEEKDAYS.iter().position(|(name, _)| name.eq_ignore_ascii_case(text.trim()))
}

/// Day on which a store is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessDay {
    /// Local date of the opening.
    pub date: NaiveDate,
    /// Start of the day: local midnight, or the close of the previous day if that is later. Events
    /// from this instant on count for this day.
    pub starts_at: DateTime<Utc>,
    /// Instant of the opening.
    pub opens_at: DateTime<Utc>,
    /// Instant of the close. Goods at the end of their shelf life are waste then.
    pub closes_at: DateTime<Utc>,
}

/// Span of time of one date of a store, also of a date on which the store is closed. The spans of
/// successive dates meet, so every instant is in exactly one span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// Local date.
    pub date: NaiveDate,
    /// Local midnight, or the close of the previous day if that is later.
    pub starts_at: DateTime<Utc>,
    /// Start of the next span.
    pub ends_at: DateTime<Utc>,
    /// Instant of the close; the end of the span if the store is closed.
    pub closes_at: DateTime<Utc>,
}

impl Hours {
    /// Returns the span of `date`.
    #[must_use]
    pub fn span(&self, zone: Tz, date: NaiveDate) -> DaySpan {
        let closed = |date| self.open(zone, date).map(|(_, closes_at)| closes_at);
        let starts = |date: NaiveDate| {
            let midnight = instant(zone, date, NaiveTime::MIN);
            date.pred_opt().and_then(closed).map_or(midnight, |closed_at| closed_at.max(midnight))
        };
        let ends_at = starts(date + Days::new(1));
        let closes_at = closed(date).unwrap_or(ends_at);
        DaySpan { date, starts_at: starts(date), ends_at, closes_at }
    }

    /// Returns the business day of `date`, or `None` if the store is closed.
    #[must_use]
    pub fn day(&self, zone: Tz, date: NaiveDate) -> Option<BusinessDay> {
        let (opens_at, closes_at) = self.open(zone, date)?;
        let starts_at = self.span(zone, date).starts_at;
        Some(BusinessDay { date, starts_at, opens_at, closes_at })
    }

    /// Returns the business day that is open at `now`.
    #[must_use]
    pub fn open_day_at(&self, zone: Tz, now: DateTime<Utc>) -> Option<BusinessDay> {
        let today = now.with_timezone(&zone).date_naive();
        [today.pred_opt()?, today]
            .into_iter()
            .filter_map(|date| self.day(zone, date))
            .find(|day| (day.opens_at..day.closes_at).contains(&now))
    }

    fn open(&self, zone: Tz, date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (opens, closes) = self.0[date.weekday().num_days_from_monday() as usize]?;
        let closing_date = if closes <= opens { date + Days::new(1) } else { date };
        Some((instant(zone, date, opens), instant(zone, closing_date, closes)))
    }
}

/// Returns the instant of a local time in `zone`: the first of two if the clock is set back, and an
/// hour later if the clock skips the time.
#[must_use]
pub fn instant(zone: Tz, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = date.and_time(time);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.to_utc(),
        LocalResult::None => {
            let later = zone.from_local_datetime(&(local + TimeDelta::hours(1)));
            later.earliest().map_or_else(|| local.and_utc(), |instant| instant.to_utc())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Europe::Berlin;

    fn day(hours: &str, date: &str) -> Option<(String, String, String)> {
        let hours: Hours = hours.parse().unwrap();
        let day = hours.day(ZONE, date.parse().unwrap())?;
        let text = |at: DateTime<Utc>| at.format("%dT%H:%M").to_string();
        Some((text(day.starts_at), text(day.opens_at), text(day.closes_at)))
    }

    fn texts(a: &str, b: &str, c: &str) -> Option<(String, String, String)> {
        Some((a.to_owned(), b.to_owned(), c.to_owned()))
    }

    #[test]
    fn hours_are_read_and_written() {
        let hours: Hours = "mon-wed 07:00-18:30, sun 08:00-12:00".parse().unwrap();
        let text = "mon 07:00-18:30, tue 07:00-18:30, wed 07:00-18:30, sun 08:00-12:00";
        assert_eq!(hours.to_string(), text);
        assert_eq!(text.parse::<Hours>().unwrap(), hours);
        for wrong in
            ["", "mon", "mon 7-18", "moon 07:00-18:00", "mon 07:00-25:00", "mon 07:00-18:01"]
        {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_day_has_one_opening_and_may_end_at_24_00() {
        for twice in ["mon 07:00-12:00, mon 13:00-18:00", "mon-sun 07:00-18:00, mon 08:00-12:00"] {
            let error = twice.parse::<Hours>().unwrap_err().to_string();
            assert!(error.starts_with("has two openings on mon; a store has one a day"), "{error}");
        }
        let until_midnight: Hours = "fri 07:00-24:00".parse().unwrap();
        assert_eq!(until_midnight, "fri 07:00-00:00".parse().unwrap());
        for text in ["fri 07:00-24:00", "sat 00:00-24:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
        assert!("fri 24:00-07:00".parse::<Hours>().is_err());
    }

    #[test]
    fn an_opening_that_begins_and_ends_at_one_time_is_24_hours() {
        let texts_of = day("mon 06:00-06:00", "2026-06-08");
        assert_eq!(texts_of, texts("07T22:00", "08T04:00", "09T04:00"));
        // An earlier version wrote the whole day like this.
        let whole: Hours = "mon 00:00-00:00".parse().unwrap();
        assert_eq!(whole.to_string(), "mon 00:00-24:00");
        assert_eq!(day("mon 00:00-24:00", "2026-06-08"), texts("07T22:00", "07T22:00", "08T22:00"));
    }

    #[test]
    fn a_day_follows_the_stores_zone_through_daylight_saving() {
        let hours = "mon-sun 07:00-18:00";
        assert_eq!(day(hours, "2026-03-28"), texts("27T23:00", "28T06:00", "28T17:00"));
        assert_eq!(day(hours, "2026-03-29"), texts("28T23:00", "29T05:00", "29T16:00"));
        assert_eq!(day(hours, "2026-10-25"), texts("24T22:00", "25T06:00", "25T17:00"));
        assert_eq!(day("mon-sat 07:00-18:00", "2026-03-29"), None);
    }

    #[test]
    fn a_shop_open_past_midnight_closes_the_next_day() {
        let hours = "mon-sun 18:00-02:00";
        assert_eq!(day(hours, "2026-06-10"), texts("10T00:00", "10T16:00", "11T00:00"));
        let week: Hours = hours.parse().unwrap();
        let at_one =
            instant(ZONE, "2026-06-11".parse().unwrap(), parse_clock_time("01:00").unwrap());
        let open = week.open_day_at(ZONE, at_one).unwrap();
        assert_eq!(open.date.to_string(), "2026-06-10");
        assert_eq!(week.open_day_at(ZONE, open.closes_at), None);
    }

    #[test]
    fn spans_meet_through_every_day_of_a_year_and_have_23_to_25_hours() {
        for hours in ["mon-sat 07:00-18:00", "mon-sun 18:00-02:00", "mon-wed 20:00-06:00"] {
            let week: Hours = hours.parse().unwrap();
            let first = week.span(ZONE, "2026-01-01".parse().unwrap());
            let mut before = first;
            let mut lengths = Vec::new();
            for date in first.date.iter_days().skip(1).take(365) {
                let span = week.span(ZONE, date);
                assert_eq!((span.date, span.starts_at), (date, before.ends_at), "{hours}");
                assert!(span.starts_at < span.closes_at && span.closes_at <= span.ends_at);
                assert_eq!(week.day(ZONE, date).is_some(), week.open(ZONE, date).is_some());
                lengths.push((span.ends_at - span.starts_at).num_hours());
                before = span;
            }
            if hours.starts_with("mon-sat") {
                lengths.retain(|hours| *hours != 24);
                assert_eq!(lengths, [23, 25]);
            }
        }
    }

    #[test]
    fn an_hour_that_does_not_exist_is_an_hour_later() {
        let gap = instant(ZONE, "2026-03-29".parse().unwrap(), parse_clock_time("02:30").unwrap());
        assert_eq!(gap.to_string(), "2026-03-29 01:30:00 UTC");
    }
}
