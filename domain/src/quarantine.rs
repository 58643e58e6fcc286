//! Quarantine: records and events refused after their acknowledgement, kept with reason and bytes.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::word_enum::word_enum;

/// Reason for a quarantine.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum QuarantineReason {
    /// The record cannot be opened.
    Unopenable,
    /// An event in the record breaks a rule.
    InvalidEvent,
    /// One event id came with two contents. The quarantined content does not count.
    ConflictingDuplicate,
    /// A correction voids nothing, because its event is missing at its instant. It is stored, and
    /// counts when that event arrives.
    UnmetCorrection,
    /// The row of the window was full in an earlier version. A replay stores the event.
    WindowFull,
}

word_enum!(QuarantineReason);

/// Id of a quarantined record or event. Its text is `date/key`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuarantineId {
    /// Partition: the date of arrival or, for a conflict, the date of the event.
    pub date: NaiveDate,
    /// Sort key: `shard#sequence`, `shard#sequence#index` or `store#event#digest`. A part of an
    /// aggregated record has its number after the sequence. The key depends on the content alone,
    /// so that a redelivery writes the same row.
    pub key: String,
}

/// Text that is not a quarantine id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a quarantine id like 2026-03-12/shardId-000000000000#4959#0001")]
pub struct QuarantineIdError;

impl FromStr for QuarantineId {
    type Err = QuarantineIdError;

    fn from_str(text: &str) -> Result<Self, QuarantineIdError> {
        let (date, key) = text.split_once('/').ok_or(QuarantineIdError)?;
        let date = date.parse().map_err(|_| QuarantineIdError)?;
        if key.is_empty() {
            return Err(QuarantineIdError);
        }
        Ok(Self { date, key: key.to_owned() })
    }
}

impl fmt::Display for QuarantineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.date, self.key)
    }
}

/// Quarantined record or event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Id of the row.
    pub id: QuarantineId,
    /// Reason for the quarantine.
    pub reason: QuarantineReason,
    /// Message for people.
    pub message: String,
    /// Instant of arrival or, for a conflict, of the event.
    pub at: DateTime<Utc>,
    /// Refused bytes.
    pub bytes: Vec<u8>,
}
