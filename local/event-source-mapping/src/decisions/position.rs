//! Position from which a shard is read next.

use chrono::{DateTime, Utc};
use domain::record::SequenceNumber;
use serde::{Deserialize, Serialize};

/// Where a shard is to be read next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// From its oldest record.
    TrimHorizon,
    /// From what arrived after the mapping first saw the shard, which was then.
    Latest(DateTime<Utc>),
    /// From what arrived at this instant or later.
    Since(DateTime<Utc>),
    /// Behind this record.
    After(#[serde(with = "digits")] SequenceNumber),
    /// Nowhere: it is closed and done.
    End,
}

mod digits {
    use domain::record::SequenceNumber;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &SequenceNumber, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(at.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<SequenceNumber, D::Error> {
        String::deserialize(d).map(SequenceNumber::new)
    }
}
