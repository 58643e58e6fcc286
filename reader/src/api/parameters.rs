//! Parameters of a question.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::{Sku, StoreId};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::problem::ReadProblem;

/// Longest span of an answer in dates: a month. A page reads the days of a store at once, and a
/// function has 29 seconds. `daymark export` writes longer spans.
const DATES_MAX: i64 = 31;
/// Last year of a span, far inside the calendar of `chrono`, so that date arithmetic succeeds.
const YEAR_MAX: i32 = 9999;
/// Rows of a page, if no limit is given.
const LIMIT_DEFAULT: usize = 500;
/// Largest number of rows of a page. With the longest reasons they stay below 6 MB, the largest
/// answer of a Lambda function. Source: Lambda developer guide, "Lambda quotas".
const LIMIT_MAX: usize = 2_000;

/// Parameters that every question takes.
const OF_PAGES: [&str; 2] = ["limit", "cursor"];

/// Parameters by name; none is repeated.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<&'static str, String>);

impl Parameters {
    /// Reads a query.
    ///
    /// # Errors
    /// Returns an error if a parameter is not one of `known`, is repeated or is no text in UTF-8.
    pub(super) fn parse(query: &str, known: &[&'static str]) -> Result<Self, ReadProblem> {
        let all: Vec<&'static str> = known.iter().copied().chain(OF_PAGES).collect();
        let mut values = BTreeMap::new();
        for given in query.split('&').filter(|given| !given.is_empty()) {
            let (name, value) = given.split_once('=').unwrap_or((given, ""));
            let Some(name) = all.iter().find(|other| **other == name) else {
                return Err(ReadProblem::Parameter(format!(
                    "the parameter {given:?} is not known; there are {}",
                    all.join(", ")
                )));
            };
            let value = percent_decode_str(value).decode_utf8().map_err(|_| {
                ReadProblem::Parameter(format!("{name} is no text in UTF-8: {value:?}"))
            })?;
            if values.insert(*name, value.into_owned()).is_some() {
                return Err(ReadProblem::Parameter(format!("{name} is given twice; send it once")));
            }
        }
        Ok(Self(values))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, ReadProblem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        let parsed = given.parse().map(Some);
        parsed.map_err(|error| ReadProblem::Parameter(format!("{name} {given:?}: {error}")))
    }

    pub(super) fn store(&self) -> Result<Option<StoreId>, ReadProblem> {
        self.parsed("store")
    }

    pub(super) fn sku(&self) -> Result<Option<Sku>, ReadProblem> {
        self.parsed("sku")
    }

    /// Returns `true` or `false` as given, or else `false`.
    pub(super) fn truth(&self, name: &str) -> Result<bool, ReadProblem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(given) => {
                Err(ReadProblem::Parameter(format!("{name} is {given:?}; it may be true or false")))
            }
        }
    }

    /// Returns one of `words`, if the parameter is given.
    pub(super) fn word(
        &self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, ReadProblem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        let word = words.iter().find(|word| **word == given).copied();
        word.map(Some).ok_or_else(|| {
            let words = words.join(", ");
            ReadProblem::Parameter(format!("{name} is {given:?}; it may be {words}"))
        })
    }

    /// Returns an instant with an offset.
    pub(super) fn instant(&self, name: &str) -> Result<Option<DateTime<Utc>>, ReadProblem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        let instant = DateTime::parse_from_rfc3339(given).ok().map(|at| at.to_utc());
        let instant = instant.filter(|at| is_in_calendar(at.date_naive()));
        instant.map(Some).ok_or_else(|| {
            ReadProblem::Parameter(format!(
                "{name} is {given:?}; send an instant with an offset, like \
                 2026-03-12T15:15:00+01:00"
            ))
        })
    }

    pub(super) fn date(&self) -> Result<Option<NaiveDate>, ReadProblem> {
        self.date_of("date")
    }

    fn date_of(&self, name: &str) -> Result<Option<NaiveDate>, ReadProblem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        let date = given.parse().ok().filter(|date| is_in_calendar(*date));
        date.map(Some).ok_or_else(|| {
            ReadProblem::Span(format!(
                "{name} {given:?} is no date of the years 1 to {YEAR_MAX}; send it as YYYY-MM-DD, \
                 like 2026-03-12"
            ))
        })
    }

    /// Returns the dates of `date`, or of `from` and `to`.
    ///
    /// # Errors
    /// Returns an error if one of the two is missing, or if the span is empty or too long.
    pub(super) fn dates(&self) -> Result<Option<RangeInclusive<NaiveDate>>, ReadProblem> {
        let wrong = |message: String| Err(ReadProblem::Span(message));
        let dates = match (self.date()?, self.date_of("from")?, self.date_of("to")?) {
            (Some(date), None, None) => date..=date,
            (None, Some(from), Some(to)) => from..=to,
            (None, None, None) => return Ok(None),
            (Some(_), ..) => return wrong("send date, or from and to, and not both".to_owned()),
            _ => {
                return wrong("from and to name the first and the last date; send both".to_owned());
            }
        };
        let (first, last) = (dates.start(), dates.end());
        if !(0..DATES_MAX).contains(&(*last - *first).num_days()) {
            return wrong(format!(
                "{first} to {last} is not a span of 1 to {DATES_MAX} dates; ask for shorter ones, \
                 or see `daymark export`"
            ));
        }
        Ok(Some(dates))
    }

    /// Returns the number of rows of a page.
    pub(super) fn limit(&self) -> Result<usize, ReadProblem> {
        let Some(given) = self.text("limit") else { return Ok(LIMIT_DEFAULT) };
        let limit = given.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| {
            ReadProblem::Parameter(format!(
                "limit is {given:?}; it may be 1 to {LIMIT_MAX}, and is {LIMIT_DEFAULT} without it"
            ))
        })
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.text("cursor")
    }

    /// Returns a digest of the question, which is the same for all its pages.
    pub(super) fn question(&self, path: &str) -> String {
        let mut digest = Sha256::new();
        digest.update(path);
        for (name, value) in self.0.iter().filter(|(name, _)| !OF_PAGES.contains(name)) {
            // The escaped value has no line feed.
            digest.update(format!("\n{name}={value:?}"));
        }
        digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_in_calendar(date: NaiveDate) -> bool {
    (1..=YEAR_MAX).contains(&date.year())
}
