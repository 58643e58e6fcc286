//! Position from which a shard is read next.

use chrono::{DateTime, Utc};
use domain::record::SequenceNumber;
use serde::{Deserialize, Serialize};

/// Position from which a shard is read next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardPosition {
    /// Oldest record.
    TrimHorizon,
    /// Records that arrive after the mapping first listed the shard, at this instant.
    Latest(DateTime<Utc>),
    /// Records that arrived at this instant or later.
    Since(DateTime<Utc>),
    /// Records after this one.
    After(#[serde(with = "digits")] SequenceNumber),
    /// End of a closed shard with all records done.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_in_the_format_of_the_checkpoint_file() {
        let at = DateTime::from_timestamp_millis(1_700_000_000_120).unwrap();
        for (position, text) in [
            (ShardPosition::TrimHorizon, r#""trim_horizon""#),
            (ShardPosition::Latest(at), r#"{"latest":"2023-11-14T22:13:20.120Z"}"#),
            (ShardPosition::Since(DateTime::UNIX_EPOCH), r#"{"since":"1970-01-01T00:00:00Z"}"#),
            (ShardPosition::After(SequenceNumber::new("42")), r#"{"after":"42"}"#),
            (ShardPosition::End, r#""end""#),
        ] {
            assert_eq!(serde_json::to_string(&position).unwrap(), text);
            assert_eq!(serde_json::from_str::<ShardPosition>(text).unwrap(), position);
        }
    }
}
