//! What a mapping can be told: the names, defaults and caps of `CreateEventSourceMapping`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{
    BATCH_SIZE_MAX, BATCHING_WINDOW_MAX, PARALLELIZATION_FACTOR_MAX, SHARD_ITERATOR_LIFE,
};

/// Most retries. Source: AWS Lambda API reference, `MaximumRetryAttempts`.
pub const RETRY_ATTEMPTS_MAX: u32 = 10_000;
/// Shortest record age that can be asked for. Source: as above, `MaximumRecordAgeInSeconds`.
pub const RECORD_AGE_MIN: Duration = Duration::from_secs(60);
/// Longest record age that can be asked for. Source: as above.
pub const RECORD_AGE_MAX: Duration = Duration::from_secs(604_800);
/// Longest stream name, in characters. Source: Kinesis API reference, `StreamName`.
pub const STREAM_NAME_CHARS_MAX: usize = 128;
/// Shortest pause between two polls of a shard: a mapping must not spin.
pub const POLL_INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Longest pause before a retry; the pauses double from [`MappingSettings::retry_backoff`] up to it.
pub const RETRY_BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Where reading begins on the mapping's very first run.
///
/// It counts for the shards that exist then. Shards that appear later are read from their
/// beginning, whatever is asked here, because everything in them is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// The oldest record still kept.
    TrimHorizon,
    /// What arrives from now on; shards that are closed already are left out.
    Latest,
    /// The first record that arrived at this instant or later.
    AtTimestamp(DateTime<Utc>),
}

/// What to do with a batch whose handler failed (`BisectBatchOnFunctionError`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Hand it over again as it is. Lambda's default.
    Retry,
    /// Hand over its halves, one after the other. Halving uses up no retries, so that in the end
    /// only the record that cannot be processed meets the limit.
    Bisect,
}

/// What a mapping can be told.
///
/// ```
/// use event_source_mapping::{OnError, MappingSettings};
///
/// let settings = MappingSettings { on_error: OnError::Bisect, ..MappingSettings::new("till-events") };
/// assert!(settings.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSettings {
    /// The stream to read. It may be created after the mapping is started.
    pub stream_name: String,
    /// Most records of one batch: 1 to 10,000, 100 unless told (`BatchSize`).
    pub batch_size: usize,
    /// How long to wait for a batch to fill up: 0 to 300 s, 0 unless told
    /// (`MaximumBatchingWindowInSeconds`).
    pub batching_window: Duration,
    /// Most batches of one shard that are handled side by side: 1 to 10, 1 unless told
    /// (`ParallelizationFactor`). Records of one partition key always stay in order.
    pub parallelization_factor: usize,
    /// How often a failed batch is handed over again before it is discarded: 0 to 10,000, or
    /// `None`, which is what holds unless told: until its records expire (`MaximumRetryAttempts`).
    pub retry_attempts: Option<u32>,
    /// Records older than this are discarded: 60 s to 604,800 s, or `None`, which is what holds
    /// unless told: as long as the stream keeps them (`MaximumRecordAgeInSeconds`).
    pub record_age_max: Option<Duration>,
    /// What to do with a failed batch; [`OnError::Retry`] unless told.
    pub on_error: OnError,
    /// Where the first run begins. Lambda has no default; here it is the oldest record.
    pub starting_position: StartingPosition,
    /// Pause between two polls of a shard that has nothing to give: 1 ms to 300 s; 1 s unless
    /// told, as Lambda does it. While records are waiting the pause is at most 200 ms, the
    /// shortest that a shard's five reads a second allow.
    pub poll_interval: Duration,
    /// Pause before the first retry; it doubles with each further one, up to
    /// [`RETRY_BACKOFF_MAX`]. 100 ms unless told. Ours: Lambda does not say how long it waits.
    pub retry_backoff: Duration,
}

impl MappingSettings {
    /// The defaults, for one stream.
    #[must_use]
    pub fn new(stream_name: impl Into<String>) -> Self {
        Self {
            stream_name: stream_name.into(),
            batch_size: 100,
            batching_window: Duration::ZERO,
            parallelization_factor: 1,
            retry_attempts: None,
            record_age_max: None,
            on_error: OnError::Retry,
            starting_position: StartingPosition::TrimHorizon,
            poll_interval: Duration::from_secs(1),
            retry_backoff: Duration::from_millis(100),
        }
    }

    /// Holds every setting against its rule.
    ///
    /// # Errors
    /// [`SettingsError`] for the first setting that breaks its rule.
    pub fn check(&self) -> Result<(), SettingsError> {
        let name = self.stream_name.as_str();
        let named = (1..=STREAM_NAME_CHARS_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !named {
            return Err(SettingsError::StreamName(self.stream_name.clone()));
        }
        if !(1..=BATCH_SIZE_MAX).contains(&self.batch_size) {
            return Err(SettingsError::BatchSize(self.batch_size));
        }
        if self.batching_window > BATCHING_WINDOW_MAX {
            return Err(SettingsError::BatchingWindow(self.batching_window));
        }
        if !(1..=PARALLELIZATION_FACTOR_MAX).contains(&self.parallelization_factor) {
            return Err(SettingsError::ParallelizationFactor(self.parallelization_factor));
        }
        if let Some(attempts) = self.retry_attempts.filter(|&given| given > RETRY_ATTEMPTS_MAX) {
            return Err(SettingsError::RetryAttempts(attempts));
        }
        if let Some(age) = self.record_age_max
            && !(RECORD_AGE_MIN..=RECORD_AGE_MAX).contains(&age)
        {
            return Err(SettingsError::RecordAge(age));
        }
        if !(POLL_INTERVAL_MIN..=SHARD_ITERATOR_LIFE).contains(&self.poll_interval) {
            return Err(SettingsError::PollInterval(self.poll_interval));
        }
        if self.retry_backoff > RETRY_BACKOFF_MAX {
            return Err(SettingsError::RetryBackoff(self.retry_backoff));
        }
        Ok(())
    }
}

/// A setting that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The stream's name.
    #[error(
        "stream_name is {0:?}: a name has 1 to {STREAM_NAME_CHARS_MAX} characters of \
         A-Z a-z 0-9 _ . - (Kinesis, StreamName); \"till-events\" would pass"
    )]
    StreamName(String),
    /// Records of a batch.
    #[error(
        "batch_size is {0}: a batch holds 1 to {BATCH_SIZE_MAX} records \
         (CreateEventSourceMapping, BatchSize); 100 is the default"
    )]
    BatchSize(usize),
    /// The wait for a batch to fill up.
    #[error(
        "batching_window is {0:?}: at most {BATCHING_WINDOW_MAX:?} \
         (CreateEventSourceMapping, MaximumBatchingWindowInSeconds); 0s is the default"
    )]
    BatchingWindow(Duration),
    /// Batches side by side.
    #[error(
        "parallelization_factor is {0}: 1 to {PARALLELIZATION_FACTOR_MAX} batches of a shard run \
         side by side (CreateEventSourceMapping, ParallelizationFactor); 1 is the default"
    )]
    ParallelizationFactor(usize),
    /// Retries.
    #[error(
        "retry_attempts is {0}: at most {RETRY_ATTEMPTS_MAX} (CreateEventSourceMapping, \
         MaximumRetryAttempts); leave it out to retry until the records expire"
    )]
    RetryAttempts(u32),
    /// The age limit.
    #[error(
        "record_age_max is {0:?}: {RECORD_AGE_MIN:?} to {RECORD_AGE_MAX:?} \
         (CreateEventSourceMapping, MaximumRecordAgeInSeconds); leave it out to have no limit but \
         the stream's retention"
    )]
    RecordAge(Duration),
    /// The pause between polls.
    #[error(
        "poll_interval is {0:?}: {POLL_INTERVAL_MIN:?} to {SHARD_ITERATOR_LIFE:?}, the life of a \
         shard iterator; 1s is the default"
    )]
    PollInterval(Duration),
    /// The pause before a retry.
    #[error("retry_backoff is {0:?}: at most {RETRY_BACKOFF_MAX:?}; 100ms is the default")]
    RetryBackoff(Duration),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut MappingSettings)) -> String {
        let mut settings = MappingSettings::new("till-events");
        change(&mut settings);
        settings.check().expect_err("this setting breaks a rule").to_string()
    }

    #[test]
    fn the_defaults_pass() {
        assert_eq!(MappingSettings::new("till-events").check(), Ok(()));
    }

    #[test]
    fn a_refusal_names_the_setting_the_value_and_the_rule_with_its_number() {
        for (message, parts) in [
            (refused(|s| s.stream_name = "till events".into()), ["stream_name", "128"]),
            (refused(|s| s.batch_size = 10_001), ["batch_size is 10001", "1 to 10000"]),
            (refused(|s| s.batching_window = Duration::from_secs(301)), ["301s", "300s"]),
            (refused(|s| s.parallelization_factor = 0), ["factor is 0", "1 to 10"]),
            (refused(|s| s.retry_attempts = Some(10_001)), ["10001", "at most 10000"]),
            (refused(|s| s.record_age_max = Some(Duration::from_secs(59))), ["59s", "60s"]),
            (refused(|s| s.poll_interval = Duration::ZERO), ["0ns", "1ms"]),
            (refused(|s| s.retry_backoff = Duration::from_secs(11)), ["11s", "10s"]),
        ] {
            for part in parts {
                assert!(message.contains(part), "{part:?} is missing in: {message}");
            }
        }
    }
}
