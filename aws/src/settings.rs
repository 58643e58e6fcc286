//! The settings of a deployed function: named environment variables. Each is asked for where it is
//! needed, so that a function is told what it uses and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::limits::{EVENT_AGE_MAX, STOCK_KEPT};

use crate::ResourceNames;

/// The stream's name.
pub const STREAM: &str = "DAYMARK_STREAM";
/// What the names of the tables begin with.
pub const TABLE_PREFIX: &str = "DAYMARK_TABLE_PREFIX";
/// Where a schedule sends the stores that are due: the address of an SQS queue.
pub const QUEUE_URL: &str = "DAYMARK_QUEUE_URL";
/// How old an event may be, in days, or `any`; 7 when it is not set.
pub const EVENT_AGE_MAX_DAYS: &str = "DAYMARK_EVENT_AGE_MAX_DAYS";

/// What a function is told, by the names of the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

/// A variable that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// It has no meaning.
    #[error("the environment variable {name} is {given:?}; expected {expected}")]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What it is.
        given: String,
        /// What it may be.
        expected: &'static str,
    },
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Settings {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<String, SettingsError> {
        self.get(name).map(str::to_owned).ok_or(SettingsError::Missing(name))
    }

    /// [`STREAM`], for a function that writes to it.
    ///
    /// # Errors
    /// It is not set.
    pub fn stream(&self) -> Result<ResourceNames, SettingsError> {
        Ok(ResourceNames { stream: self.required(STREAM)?, ..ResourceNames::default() })
    }

    /// [`TABLE_PREFIX`], for a function that reads or writes tables.
    ///
    /// # Errors
    /// It is not set.
    pub fn tables(&self) -> Result<ResourceNames, SettingsError> {
        Ok(ResourceNames { table_prefix: self.required(TABLE_PREFIX)?, ..ResourceNames::default() })
    }

    /// [`QUEUE_URL`], for a schedule.
    ///
    /// # Errors
    /// It is not set.
    pub fn queue_url(&self) -> Result<String, SettingsError> {
        self.required(QUEUE_URL)
    }

    /// [`EVENT_AGE_MAX_DAYS`]: how old an event may be; `None` takes history of any age, and its
    /// rows never expire.
    ///
    /// # Errors
    /// It is set to something else.
    pub fn age_max(&self) -> Result<Option<Duration>, SettingsError> {
        let Some(given) = self.get(EVENT_AGE_MAX_DAYS) else { return Ok(Some(EVENT_AGE_MAX)) };
        let wrong = |expected| SettingsError::Wrong {
            name: EVENT_AGE_MAX_DAYS,
            given: given.to_owned(),
            expected,
        };
        age_max(given).map_err(wrong)
    }
}

/// How old an event may be, as [`EVENT_AGE_MAX_DAYS`] and the flag of an operator say it; `None`
/// takes history of any age, and its rows never expire.
///
/// # Errors
/// What it may be.
pub fn age_max(given: &str) -> Result<Option<Duration>, &'static str> {
    if given == "any" {
        return Ok(None);
    }
    let age_max = given.parse().ok().map(days_long);
    let age_max = age_max.filter(|age| !age.is_zero() && *age < STOCK_KEPT);
    let expected = "a whole number of days from 1 to 399, after which rows expire, or any";
    age_max.ok_or(expected).map(Some)
}

fn days_long(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
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
    fn a_function_is_asked_only_for_what_it_uses() {
        assert_eq!(settings(&[(STREAM, "tills")]).stream().unwrap().stream, "tills");
        let tables = settings(&[(TABLE_PREFIX, "shop-")]).tables().unwrap();
        assert_eq!(tables.table("stock"), "shop-stock");
    }

    #[test]
    fn the_age_limit_can_be_lifted() {
        assert_eq!(settings(&[]).age_max(), Ok(Some(EVENT_AGE_MAX)));
        let with = |value| settings(&[(EVENT_AGE_MAX_DAYS, value)]).age_max();
        assert_eq!(with("any"), Ok(None));
        assert_eq!(with("30"), Ok(Some(days_long(30))));
        assert!(with("0").is_err() && with("400").is_err());
        assert_eq!(
            with("soon").unwrap_err().to_string(),
            "the environment variable DAYMARK_EVENT_AGE_MAX_DAYS is \"soon\"; expected a whole \
             number of days from 1 to 399, after which rows expire, or any"
        );
    }
}
