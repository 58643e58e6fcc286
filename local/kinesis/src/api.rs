//! The requests and responses as they stand in the JSON of the service.

mod blob;
mod object;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::stream::{Mode, Shard, Stream, shard_id};
pub(crate) use blob::{Blob, from_seconds, seconds};
pub(crate) use object::Object;

/// Declares requests: every member optional, because the service answers for a missing one with
/// a coded error; every request may name its stream by name or by ARN.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub(crate) struct $name {
            pub(crate) stream_name: Option<String>,
            #[serde(rename = "StreamARN")]
            pub(crate) stream_arn: Option<String>,
            $($(#[$attribute])* pub(crate) $field: Option<$type>,)*
        }

        impl NamesStream for $name {
            fn stream(&self) -> (Option<&str>, Option<&str>) {
                (self.stream_name.as_deref(), self.stream_arn.as_deref())
            }
        }
    )*};
}

/// A request that is about one stream.
pub(crate) trait NamesStream {
    /// Its `StreamName` and `StreamARN`.
    fn stream(&self) -> (Option<&str>, Option<&str>);
}

requests! {
    /// `CreateStream`.
    CreateStream {
        shard_count: i64,
        stream_mode_details: Object<StreamModeDetails>,
        #[serde(rename = "MaxRecordSizeInKiB")]
        max_record_size_in_kib: i64,
    }
    /// An action that takes nothing but its stream.
    OneStream {}
    /// `DescribeStream`.
    DescribeStream { limit: i64, exclusive_start_shard_id: String, }
    /// `ListStreams`.
    ListStreams { limit: i64, exclusive_start_stream_name: String, next_token: String, }
    /// `ListShards`.
    ListShards {
        next_token: String,
        exclusive_start_shard_id: String,
        max_results: i64,
        stream_creation_timestamp: f64,
        shard_filter: Object<ShardFilter>,
    }
    /// `PutRecord`.
    PutRecord {
        data: Blob,
        partition_key: String,
        explicit_hash_key: String,
        sequence_number_for_ordering: String,
        dry_run: bool,
    }
    /// `PutRecords`.
    PutRecords { records: Vec<Object<PutRecordsEntry>>, dry_run: bool, }
    /// `GetShardIterator`.
    GetShardIterator {
        shard_id: String,
        shard_iterator_type: String,
        starting_sequence_number: String,
        timestamp: f64,
        dry_run: bool,
    }
    /// `GetRecords`.
    GetRecords { shard_iterator: String, limit: i64, dry_run: bool, }
    /// `SplitShard`.
    SplitShard { shard_to_split: String, new_starting_hash_key: String, }
    /// `MergeShards`.
    MergeShards { shard_to_merge: String, adjacent_shard_to_merge: String, }
    /// `UpdateShardCount`.
    UpdateShardCount { target_shard_count: i64, scaling_type: String, }
    /// `IncreaseStreamRetentionPeriod` and `DecreaseStreamRetentionPeriod`.
    RetentionPeriod { retention_period_hours: i64, }
}

/// One record of `PutRecords`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PutRecordsEntry {
    pub(crate) data: Option<Blob>,
    pub(crate) partition_key: Option<String>,
    pub(crate) explicit_hash_key: Option<String>,
}

/// Which shards `ListShards` gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardFilter {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) shard_id: Option<String>,
    #[serde(default)]
    pub(crate) timestamp: Option<f64>,
}

/// How a stream's capacity is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamModeDetails {
    pub(crate) stream_mode: String,
}

impl StreamModeDetails {
    /// The mode on the wire.
    pub(crate) fn of(mode: Mode) -> Self {
        let stream_mode = match mode {
            Mode::Provisioned => "PROVISIONED",
            Mode::OnDemand => "ON_DEMAND",
        };
        Self { stream_mode: stream_mode.to_owned() }
    }

    /// The mode it names.
    ///
    /// # Errors
    /// `ValidationException` for any other name.
    pub(crate) fn mode(&self) -> Result<Mode, ApiError> {
        match self.stream_mode.as_str() {
            "PROVISIONED" => Ok(Mode::Provisioned),
            "ON_DEMAND" => Ok(Mode::OnDemand),
            other => Err(ApiError::constraint(
                "streamModeDetails.streamMode",
                other,
                "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]",
            )),
        }
    }
}

/// What `PutRecords` says of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sequence_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shard_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<String>,
}

/// The answer to `PutRecords`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutRecordsAnswer {
    pub(crate) failed_record_count: usize,
    pub(crate) records: Vec<PutResult>,
    pub(crate) encryption_type: &'static str,
}

/// A record as `GetRecords` gives it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GivenRecord {
    pub(crate) sequence_number: String,
    pub(crate) approximate_arrival_timestamp: f64,
    pub(crate) data: Blob,
    pub(crate) partition_key: String,
    pub(crate) encryption_type: &'static str,
}

/// The answer to `GetRecords`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetRecordsAnswer {
    pub(crate) records: Vec<GivenRecord>,
    pub(crate) millis_behind_latest: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_shard_iterator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) child_shards: Option<Vec<ChildShard>>,
}

/// A hash range on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HashKeyRange {
    pub(crate) starting_hash_key: String,
    pub(crate) ending_hash_key: String,
}

impl HashKeyRange {
    fn of(shard: &Shard) -> Self {
        Self {
            starting_hash_key: shard.range.start.to_string(),
            ending_hash_key: shard.range.end.to_string(),
        }
    }
}

/// A shard that follows a closed one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChildShard {
    pub(crate) shard_id: String,
    pub(crate) parent_shards: Vec<String>,
    pub(crate) hash_key_range: HashKeyRange,
}

impl ChildShard {
    /// The wire shape of a shard as a child.
    pub(crate) fn of(shard: &Shard) -> Self {
        Self {
            shard_id: shard.id(),
            parent_shards: shard.parents.iter().copied().map(shard_id).collect(),
            hash_key_range: HashKeyRange::of(shard),
        }
    }
}

/// The first sequence number of a shard and, once closed, its last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SequenceNumberRange {
    pub(crate) starting_sequence_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ending_sequence_number: Option<String>,
}

/// A shard as it is listed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListedShard {
    pub(crate) shard_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_shard_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adjacent_parent_shard_id: Option<String>,
    pub(crate) hash_key_range: HashKeyRange,
    pub(crate) sequence_number_range: SequenceNumberRange,
}

impl ListedShard {
    /// The wire shape of a stream's shard. The ending number lies behind the last record's: the
    /// service too closes a shard with a number of its own.
    pub(crate) fn of(stream: &Stream, shard: &Shard) -> Self {
        let mut parents = shard.parents.iter().copied().map(shard_id);
        let sequence = |counter| stream.sequence(shard, counter).to_string();
        Self {
            shard_id: shard.id(),
            parent_shard_id: parents.next(),
            adjacent_parent_shard_id: parents.next(),
            hash_key_range: HashKeyRange::of(shard),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: sequence(0),
                ending_sequence_number: shard.closed.map(|c| sequence(c.last_counter + 1)),
            },
        }
    }
}
