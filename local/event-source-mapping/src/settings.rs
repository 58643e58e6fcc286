//! Settings of a mapping, with the names, defaults and limits of `CreateEventSourceMapping`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{
    BATCH_SIZE_MAX, BATCHING_WINDOW_MAX, PARALLELIZATION_FACTOR_MAX, SHARD_ITERATOR_LIFE,
};

/// Most retries. Source: AWS Lambda API reference, `MaximumRetryAttempts`.
pub const RETRY_ATTEMPTS_MAX: u32 = 10_000;
/// Smallest record age limit. Source: AWS Lambda API reference, `MaximumRecordAgeInSeconds`.
pub const RECORD_AGE_MIN: Duration = Duration::from_secs(60);
/// Largest record age limit. Source: AWS Lambda API reference, `MaximumRecordAgeInSeconds`.
pub const RECORD_AGE_MAX: Duration = Duration::from_secs(604_800);
/// Longest stream name, in characters. Source: Kinesis API reference, `StreamName`.
pub const STREAM_NAME_CHARS_MAX: usize = 128;
/// Shortest pause between two polls of a shard.
pub const POLL_INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Longest pause before a retry. The pauses double from [`MappingSettings::retry_backoff`] up to
/// it.
pub const RETRY_BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Position at which the first run of a mapping begins.
///
/// The position applies to the shards that exist at that time. Later shards are read from their
/// oldest record, because all their records are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// Oldest record within retention.
    TrimHorizon,
    /// Records that arrive from now on. Shards that are closed already are not read.
    Latest,
    /// First record that arrived at this instant or later.
    AtTimestamp(DateTime<Utc>),
}

/// Retry of a failed batch (`BisectBatchOnFunctionError`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Retry the whole batch. This is the default of Lambda.
    Retry,
    /// Retry the halves, one after the other. Halving uses up no retries, so that only the failing
    /// record reaches the limit.
    Bisect,
}

/// Settings of a mapping.
///
/// ```
/// use event_source_mapping::{OnError, MappingSettings};
///
/// let defaults = MappingSettings::new("till-events");
/// let settings = MappingSettings { on_error: OnError::Bisect, ..defaults };
/// assert!(settings.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSettings {
    /// Stream to read. It can be created after the start of the mapping.
    pub stream_name: String,
    /// Most records of one batch: 1 to 10,000, by default 100 (`BatchSize`).
    pub batch_size: usize,
    /// Longest time to wait for a full batch: 0 to 300 s, by default 0
    /// (`MaximumBatchingWindowInSeconds`).
    pub batching_window: Duration,
    /// Most batches of one shard that run at the same time: 1 to 10, by default 1
    /// (`ParallelizationFactor`). The records of one partition key always stay in order.
    pub parallelization_factor: usize,
    /// Most retries of a batch before it is discarded: 0 to 10,000 (`MaximumRetryAttempts`). With
    /// `None`, the default, a batch is retried until its records expire.
    pub retry_attempts: Option<u32>,
    /// Age beyond which records are discarded: 60 s to 604,800 s (`MaximumRecordAgeInSeconds`).
    /// With `None`, the default, the retention of the stream is the limit.
    pub record_age_max: Option<Duration>,
    /// `true`, the default, discards records that are past the retention of the stream. `false` is
    /// for a stream that keeps the records until this mapping has read them.
    pub discards_expired: bool,
    /// Retry of a failed batch, by default [`OnError::Retry`].
    pub on_error: OnError,
    /// Start of the first run, by default the oldest record. Lambda has no default.
    pub starting_position: StartingPosition,
    /// Pause between two polls of a shard without unread records: 1 ms to 300 s, by default 1 s, as
    /// in Lambda. With unread records the pause is at most 200 ms, the shortest one that five reads
    /// per second and shard allow.
    pub poll_interval: Duration,
    /// Pause before the first retry, by default 100 ms. It doubles with each further retry, up to
    /// [`RETRY_BACKOFF_MAX`]. Lambda does not document its pauses.
    pub retry_backoff: Duration,
}

impl MappingSettings {
    /// Creates the default settings for a stream.
    #[must_use]
    pub fn new(stream_name: impl Into<String>) -> Self {
        Self {
            stream_name: stream_name.into(),
            batch_size: 100,
            batching_window: Duration::ZERO,
            parallelization_factor: 1,
            retry_attempts: None,
            record_age_max: None,
            discards_expired: true,
            on_error: OnError::Retry,
            starting_position: StartingPosition::TrimHorizon,
            poll_interval: Duration::from_secs(1),
            retry_backoff: Duration::from_millis(100),
        }
    }

    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// Returns [`MappingSettingsError`] for the first setting that breaks its rule.
    pub fn check(&self) -> Result<(), MappingSettingsError> {
        let name = self.stream_name.as_str();
        let is_valid = (1..=STREAM_NAME_CHARS_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !is_valid {
            return Err(MappingSettingsError::StreamName(self.stream_name.clone()));
        }
        if !(1..=BATCH_SIZE_MAX).contains(&self.batch_size) {
            return Err(MappingSettingsError::BatchSize(self.batch_size));
        }
        if self.batching_window > BATCHING_WINDOW_MAX {
            return Err(MappingSettingsError::BatchingWindow(self.batching_window));
        }
        if !(1..=PARALLELIZATION_FACTOR_MAX).contains(&self.parallelization_factor) {
            return Err(MappingSettingsError::ParallelizationFactor(self.parallelization_factor));
        }
        if let Some(attempts) = self.retry_attempts.filter(|&given| given > RETRY_ATTEMPTS_MAX) {
            return Err(MappingSettingsError::RetryAttempts(attempts));
        }
        if let Some(age) = self.record_age_max
            && !(RECORD_AGE_MIN..=RECORD_AGE_MAX).contains(&age)
        {
            return Err(MappingSettingsError::RecordAge(age));
        }
        if !(POLL_INTERVAL_MIN..=SHARD_ITERATOR_LIFE).contains(&self.poll_interval) {
            return Err(MappingSettingsError::PollInterval(self.poll_interval));
        }
        if self.retry_backoff > RETRY_BACKOFF_MAX {
            return Err(MappingSettingsError::RetryBackoff(self.retry_backoff));
        }
        Ok(())
    }
}

/// Setting that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingSettingsError {
    /// `stream_name`, with the given value.
    #[error(
        "stream_name is {0:?}: a name has 1 to {STREAM_NAME_CHARS_MAX} characters of \
         A-Z a-z 0-9 _ . - (Kinesis, StreamName); \"till-events\" would pass"
    )]
    StreamName(String),
    /// `batch_size`, with the given value.
    #[error(
        "batch_size is {0}: a batch holds 1 to {BATCH_SIZE_MAX} records \
         (CreateEventSourceMapping, BatchSize); 100 is the default"
    )]
    BatchSize(usize),
    /// `batching_window`, with the given value.
    #[error(
        "batching_window is {0:?}: at most {BATCHING_WINDOW_MAX:?} \
         (CreateEventSourceMapping, MaximumBatchingWindowInSeconds); 0s is the default"
    )]
    BatchingWindow(Duration),
    /// `parallelization_factor`, with the given value.
    #[error(
        "parallelization_factor is {0}: 1 to {PARALLELIZATION_FACTOR_MAX} batches of a shard run \
         at the same time (CreateEventSourceMapping, ParallelizationFactor); 1 is the default"
    )]
    ParallelizationFactor(usize),
    /// `retry_attempts`, with the given value.
    #[error(
        "retry_attempts is {0}: at most {RETRY_ATTEMPTS_MAX} (CreateEventSourceMapping, \
         MaximumRetryAttempts); leave it out to retry until the records expire"
    )]
    RetryAttempts(u32),
    /// `record_age_max`, with the given value.
    #[error(
        "record_age_max is {0:?}: {RECORD_AGE_MIN:?} to {RECORD_AGE_MAX:?} \
         (CreateEventSourceMapping, MaximumRecordAgeInSeconds); leave it out to have no limit but \
         the stream's retention"
    )]
    RecordAge(Duration),
    /// `poll_interval`, with the given value.
    #[error(
        "poll_interval is {0:?}: {POLL_INTERVAL_MIN:?} to {SHARD_ITERATOR_LIFE:?}, the life of a \
         shard iterator; 1s is the default"
    )]
    PollInterval(Duration),
    /// `retry_backoff`, with the given value.
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
