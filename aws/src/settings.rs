//! The settings of a deployed function: named environment variables, read once.

use std::time::Duration;

use domain::limits::{EVENT_AGE_MAX, STOCK_KEPT};

use crate::Names;

/// The stream's name.
pub const STREAM: &str = "DAYMARK_STREAM";
/// What the names of the tables begin with.
pub const TABLE_PREFIX: &str = "DAYMARK_TABLE_PREFIX";
/// How old an event may be, in days, or `any`; 7 when it is not set.
pub const EVENT_AGE_MAX_DAYS: &str = "DAYMARK_EVENT_AGE_MAX_DAYS";

/// What a function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Stream and tables.
    pub names: Names,
    /// How old an event may be; `None` takes history of any age, and its rows never expire.
    pub age_max: Option<Duration>,
}

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

impl Settings {
    /// Reads the settings; `variable` looks one up.
    ///
    /// # Errors
    /// The first variable that is missing or wrong, by name.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name| variable(name).ok_or(SettingsError::Missing(name));
        let age_max = match variable(EVENT_AGE_MAX_DAYS).as_deref() {
            None => Some(EVENT_AGE_MAX),
            Some("any") => None,
            Some(days) => {
                let age_max = days.parse().ok().map(days_long).filter(|age| *age < STOCK_KEPT);
                Some(age_max.ok_or_else(|| SettingsError::Wrong {
                    name: EVENT_AGE_MAX_DAYS,
                    given: days.to_owned(),
                    expected: "a whole number of days below 400, after which rows expire, or any",
                })?)
            }
        };
        let names = Names { stream: required(STREAM)?, table_prefix: required(TABLE_PREFIX)? };
        Ok(Self { names, age_max })
    }
}

fn days_long(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = read(&[(TABLE_PREFIX, "shop-")]).unwrap_err();
        assert_eq!(error.to_string(), "the environment variable DAYMARK_STREAM is not set");
    }

    #[test]
    fn the_age_limit_can_be_lifted() {
        let names = [(STREAM, "events"), (TABLE_PREFIX, "shop-")];
        assert_eq!(read(&names).unwrap().age_max, Some(EVENT_AGE_MAX));
        let with = |value| read(&[names[0], names[1], (EVENT_AGE_MAX_DAYS, value)]);
        assert_eq!(with("any").unwrap().age_max, None);
        assert_eq!(with("30").unwrap().age_max, Some(days_long(30)));
        assert!(with("400").is_err());
        assert_eq!(
            with("soon").unwrap_err().to_string(),
            "the environment variable DAYMARK_EVENT_AGE_MAX_DAYS is \"soon\"; expected a whole \
             number of days below 400, after which rows expire, or any"
        );
    }
}
