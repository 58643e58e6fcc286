//! TEMPORARY codec.
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use crate::digest::Version;
use crate::event::{Acceptance, Event};
use crate::identifier::StoreId;

/// Error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Damaged.
    #[error("damaged: {0}")]
    Damaged(String),
}

/// Key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentKey {
    /// Store.
    pub store_id: StoreId,
    /// Date.
    pub date: NaiveDate,
    /// Arrival.
    pub arrived_at: DateTime<Utc>,
    /// Digest.
    pub digest: Version,
}

impl SegmentKey {
    /// Sort key.
    #[must_use]
    pub fn sort_key(&self) -> String {
        format!("{}#{}", self.arrived_at.to_rfc3339_opts(SecondsFormat::Millis, true), self.digest)
    }
}

/// Segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Key.
    pub key: SegmentKey,
    /// Count.
    pub event_count: usize,
    /// Bytes.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// Cut.
    #[must_use]
    pub fn cut(
        store_id: &StoreId,
        date: NaiveDate,
        arrived_at: DateTime<Utc>,
        events: Vec<&Event>,
    ) -> Vec<Self> {
        let mut lines: Vec<String> = events.iter().map(|event| event.canonical()).collect();
        lines.sort();
        lines.dedup();
        lines
            .chunks(100)
            .map(|lines| {
                let bytes = lines.join("\n").into_bytes();
                Self {
                    key: SegmentKey {
                        store_id: store_id.clone(),
                        date,
                        arrived_at,
                        digest: Version::of(&bytes),
                    },
                    event_count: lines.len(),
                    bytes,
                }
            })
            .collect()
    }
}

/// Unpack.
///
/// # Errors
/// Damaged.
pub fn unpack(_: &StoreId, _: NaiveDate, bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
    let text = String::from_utf8_lossy(bytes);
    let acceptance = Acceptance { age_max: None, ..Acceptance::at(DateTime::<Utc>::MAX_UTC) };
    text.lines()
        .map(|line| {
            Event::parse(line, &acceptance).map_err(|error| Unreadable::Damaged(error.to_string()))
        })
        .collect()
}
