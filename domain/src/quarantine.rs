//! What was refused after the acknowledgement: kept with its reason and its bytes, never lost.

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
    /// The row of its window is full.
    WindowFull,
}

impl QuarantineReason {
    /// All reasons.
    pub const ALL: &[Self] =
        &[Self::Unopenable, Self::InvalidEvent, Self::ConflictingDuplicate, Self::WindowFull];

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

/// One refused thing. Its key is made of what it is, so that a redelivery writes the same row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The partition: the day it arrived or, for a conflict, the day it is about.
    pub date: NaiveDate,
    /// The sort key: `shard#sequence`, `shard#sequence#index`, or `store#event#digest`.
    pub key: String,
    /// Why it is here.
    pub reason: QuarantineReason,
    /// The reason in words.
    pub message: String,
    /// When it arrived or, for a conflict, happened.
    pub at: DateTime<Utc>,
    /// The refused bytes, whole up to [`crate::limits::QUARANTINE_BYTES_MAX`].
    pub bytes: Vec<u8>,
}
