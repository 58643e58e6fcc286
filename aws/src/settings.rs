//! Settings of a deployed function: environment variables. Each variable is read where it is
//! needed, so a function needs only the variables that it uses.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::limits::{EVENT_AGE_MAX, STOCK_LOG_KEPT, STOCK_LOG_KEPT_MIN};

use crate::ResourceNames;

/// Variable with the name of the stream.
pub const STREAM: &str = "DAYMARK_STREAM";
/// Variable with the prefix of the names of the tables.
pub const TABLE_PREFIX: &str = "DAYMARK_TABLE_PREFIX";
/// Variable with the URL of the SQS queue of due stores.
pub const QUEUE_URL: &str = "DAYMARK_QUEUE_URL";
/// Variable with the maximum age of an event in days, or `any`. The default is 7.
pub const EVENT_AGE_MAX_DAYS: &str = "DAYMARK_EVENT_AGE_MAX_DAYS";
/// Variable with the lifetime of the stock log after its date in days, or `forever`. The default is
/// 90.
pub const STOCK_LOG_DAYS: &str = "DAYMARK_STOCK_LOG_DAYS";

/// Settings of a function, by the names of the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettings(BTreeMap<String, String>);

/// Error of a missing or invalid variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionSettingsError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The value is invalid.
    #[error("the environment variable {name} is {given:?}; expected {expected}")]
    Wrong {
        /// Name of the variable.
        name: &'static str,
        /// Value of the variable.
        given: String,
        /// Rule for a valid value.
        expected: &'static str,
    },
}

impl FromIterator<(String, String)> for FunctionSettings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl FunctionSettings {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<String, FunctionSettingsError> {
        self.get(name).map(str::to_owned).ok_or(FunctionSettingsError::Missing(name))
    }

    /// Returns the names with the stream from [`STREAM`].
    ///
    /// # Errors
    /// Returns an error if the variable is not set.
    pub fn stream(&self) -> Result<ResourceNames, FunctionSettingsError> {
        Ok(ResourceNames { stream: self.required(STREAM)?, ..ResourceNames::default() })
    }

    /// Returns the names with the table prefix from [`TABLE_PREFIX`].
    ///
    /// # Errors
    /// Returns an error if the variable is not set.
    pub fn tables(&self) -> Result<ResourceNames, FunctionSettingsError> {
        Ok(ResourceNames { table_prefix: self.required(TABLE_PREFIX)?, ..ResourceNames::default() })
    }

    /// Returns the URL from [`QUEUE_URL`].
    ///
    /// # Errors
    /// Returns an error if the variable is not set.
    pub fn queue_url(&self) -> Result<String, FunctionSettingsError> {
        self.required(QUEUE_URL)
    }

    /// Returns the maximum age of an event from [`EVENT_AGE_MAX_DAYS`]. `None` accepts events of
    /// any age, and the stock log never expires.
    ///
    /// # Errors
    /// Returns an error if the value is neither a number of days in range nor `any`.
    pub fn age_max(&self) -> Result<Option<Duration>, FunctionSettingsError> {
        let Some(given) = self.get(EVENT_AGE_MAX_DAYS) else { return Ok(Some(EVENT_AGE_MAX)) };
        age_max(given).map_err(|expected| wrong(EVENT_AGE_MAX_DAYS, given, expected))
    }

    /// Returns the lifetime of the stock log after its date from [`STOCK_LOG_DAYS`]. `None` keeps
    /// it for ever.
    ///
    /// # Errors
    /// Returns an error if the value is neither a number of days in range nor `forever`.
    pub fn log_kept(&self) -> Result<Option<Duration>, FunctionSettingsError> {
        let Some(given) = self.get(STOCK_LOG_DAYS) else { return Ok(Some(STOCK_LOG_KEPT)) };
        log_kept(given).map_err(|expected| wrong(STOCK_LOG_DAYS, given, expected))
    }
}

fn wrong(name: &'static str, given: &str, expected: &'static str) -> FunctionSettingsError {
    FunctionSettingsError::Wrong { name, given: given.to_owned(), expected }
}

/// Parses the lifetime of the stock log after its date, as given in [`STOCK_LOG_DAYS`]. `None`
/// keeps it for ever.
///
/// # Errors
/// Returns the rule for a valid value.
pub fn log_kept(given: &str) -> Result<Option<Duration>, &'static str> {
    // More is a mistake, and an expiry would leave the range of instants.
    const DAYS_MAX: u32 = 9_999;
    if given == "forever" {
        return Ok(None);
    }
    match given.parse() {
        Ok(count) if count <= DAYS_MAX && days(count) >= STOCK_LOG_KEPT_MIN => {
            Ok(Some(days(count)))
        }
        _ => Err("a whole number of days from 60 to 9999, or forever"),
    }
}

/// Parses the maximum age of an event, as given in [`EVENT_AGE_MAX_DAYS`] or in a flag. `None`
/// accepts events of any age, and the stock log never expires. The deployment checks that a finite
/// age is below the lifetime of the log, so that no segment is expired when it is written.
///
/// # Errors
/// Returns the rule for a valid value.
pub fn age_max(given: &str) -> Result<Option<Duration>, &'static str> {
    if given == "any" {
        return Ok(None);
    }
    let count = given.parse().ok().filter(|count| (1..=AGE_DAYS_MAX).contains(count));
    count.map(|count| Some(days(count))).ok_or("a whole number of days from 1 to 399, or any")
}

/// Largest age limit of events, in days.
const AGE_DAYS_MAX: u32 = 399;

fn days(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 24 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> FunctionSettings {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_missing_variable_is_named() {
        let none = settings(&[]);
        let errors = [none.stream().unwrap_err(), none.tables().unwrap_err()];
        let errors = errors.into_iter().chain([none.queue_url().unwrap_err()]);
        for (error, name) in errors.zip([STREAM, TABLE_PREFIX, QUEUE_URL]) {
            assert_eq!(error.to_string(), format!("the environment variable {name} is not set"));
        }
    }

    #[test]
    fn a_function_needs_only_the_variables_it_uses() {
        assert_eq!(settings(&[(STREAM, "tills")]).stream().unwrap().stream, "tills");
        let tables = settings(&[(TABLE_PREFIX, "shop-")]).tables().unwrap();
        assert_eq!(tables.table("stock-log"), "shop-stock-log");
    }

    #[test]
    fn the_age_limit_can_be_lifted() {
        assert_eq!(settings(&[]).age_max(), Ok(Some(EVENT_AGE_MAX)));
        let with = |value| settings(&[(EVENT_AGE_MAX_DAYS, value)]).age_max();
        assert_eq!(with("any"), Ok(None));
        assert_eq!(with("30"), Ok(Some(days(30))));
        assert_eq!(with("399"), Ok(Some(days(399))));
        assert!(with("0").is_err() && with("400").is_err());
        assert_eq!(
            with("soon").unwrap_err().to_string(),
            "the environment variable DAYMARK_EVENT_AGE_MAX_DAYS is \"soon\"; expected a whole \
             number of days from 1 to 399, or any"
        );
    }

    #[test]
    fn the_log_is_kept_for_a_number_of_days_or_for_ever() {
        assert_eq!(settings(&[]).log_kept(), Ok(Some(STOCK_LOG_KEPT)));
        let with = |value| settings(&[(STOCK_LOG_DAYS, value)]).log_kept();
        assert_eq!(with("forever"), Ok(None));
        for (given, count) in [("60", 60), ("400", 400), ("9999", 9_999)] {
            assert_eq!(with(given), Ok(Some(days(count))));
        }
        for given in ["0", "59", "1", "10000", "-1", "90.5", "any", ""] {
            assert!(with(given).is_err(), "{given}");
        }
        assert_eq!(
            with("30").unwrap_err().to_string(),
            "the environment variable DAYMARK_STOCK_LOG_DAYS is \"30\"; expected a whole number of \
             days from 60 to 9999, or forever"
        );
    }
}
