//! What was refused after the acknowledgement: kept with its reason and its bytes, never lost.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};

/// Why something is in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QuarantineReason {
    /// The record cannot be opened.
    Unopenable,
    /// An event in the record breaks a rule.
    InvalidEvent,
    /// An event id came with two different contents; this is the one that does not count.
    ConflictingDuplicate,
    /// The row of its window was full. Written before rows were split; a replay stores it.
    WindowFull,
}

impl QuarantineReason {
    /// All reasons.
    pub const ALL: &[Self] =
        &[Self::Unopenable, Self::InvalidEvent, Self::ConflictingDuplicate, Self::WindowFull];

    /// The one that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == word)
    }

    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unopenable => "unopenable",
            Self::InvalidEvent => "invalid_event",
            Self::ConflictingDuplicate => "conflicting_duplicate",
            Self::WindowFull => "window_full",
        }
    }
}

/// Where a refused thing is kept. Written as `date/key`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuarantineId {
    /// The partition: the day it arrived or, for a conflict, the day it is about.
    pub date: NaiveDate,
    /// The sort key: `shard#sequence`, `shard#sequence#index`, or `store#event#digest`. It is made
    /// of what the thing is, so that a redelivery writes the same row.
    pub key: String,
}

/// Not the name of a thing in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of a thing in quarantine, like 2026-03-12/shardId-000000000000#4959#0001")]
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

/// One refused thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it is kept.
    pub id: QuarantineId,
    /// Why it is here.
    pub reason: QuarantineReason,
    /// The reason in words.
    pub message: String,
    /// When it arrived or, for a conflict, happened.
    pub at: DateTime<Utc>,
    /// The refused bytes.
    pub bytes: Vec<u8>,
}
