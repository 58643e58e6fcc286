//! Requests and responses in the JSON of the service.

mod blob;
mod object;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::stream::{ShardMetadata, StreamMetadata, StreamMode, shard_id};
pub(crate) use blob::{Blob, from_seconds, seconds};
pub(crate) use object::JsonObject;

/// Declares requests. Every member is optional, because the service reports a missing member with
/// an error code. Every request can name its stream by name or by ARN.
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

        impl NamedStream for $name {
            fn stream(&self) -> (Option<&str>, Option<&str>) {
                (self.stream_name.as_deref(), self.stream_arn.as_deref())
            }
        }
    )*};
}

/// Request for one stream.
pub(crate) trait NamedStream {
    /// `StreamName` and `StreamARN` of the request.
    fn stream(&self) -> (Option<&str>, Option<&str>);
}

requests! {
    /// `CreateStream`.
    CreateStream {
        shard_count: i64,
        stream_mode_details: JsonObject<StreamModeDetails>,
        #[serde(rename = "MaxRecordSizeInKiB")]
        max_record_size_in_kib: i64,
    }
    /// Request with the stream as its only member.
    StreamRequest {}
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
        shard_filter: JsonObject<ShardFilter>,
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
    PutRecords { records: Vec<JsonObject<PutRecordsEntry>>, dry_run: bool, }
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

/// Record of `PutRecords`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PutRecordsEntry {
    pub(crate) data: Option<Blob>,
    pub(crate) partition_key: Option<String>,
    pub(crate) explicit_hash_key: Option<String>,
}

/// `ShardFilter` of `ListShards`.
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

/// Capacity mode of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamModeDetails {
    pub(crate) stream_mode: String,
}

impl StreamModeDetails {
    /// Creates the details of a mode.
    pub(crate) fn new(mode: StreamMode) -> Self {
        let stream_mode = match mode {
            StreamMode::Provisioned => "PROVISIONED",
            StreamMode::OnDemand => "ON_DEMAND",
        };
        Self { stream_mode: stream_mode.to_owned() }
    }

    /// Returns the named mode.
    ///
    /// # Errors
    /// Returns `ValidationException` if the name is unknown.
    pub(crate) fn mode(&self) -> Result<StreamMode, ApiError> {
        match self.stream_mode.as_str() {
            "PROVISIONED" => Ok(StreamMode::Provisioned),
            "ON_DEMAND" => Ok(StreamMode::OnDemand),
            other => Err(ApiError::constraint(
                "streamModeDetails.streamMode",
                other,
                "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]",
            )),
        }
    }
}

/// Result of one record of `PutRecords`.
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

/// Response of `PutRecords`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutRecordsOutput {
    pub(crate) failed_record_count: usize,
    pub(crate) records: Vec<PutResult>,
    pub(crate) encryption_type: &'static str,
}

/// Record in the response of `GetRecords`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OutputRecord {
    pub(crate) sequence_number: String,
    pub(crate) approximate_arrival_timestamp: f64,
    pub(crate) data: Blob,
    pub(crate) partition_key: String,
    pub(crate) encryption_type: &'static str,
}

/// Response of `GetRecords`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetRecordsOutput {
    pub(crate) records: Vec<OutputRecord>,
    pub(crate) millis_behind_latest: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_shard_iterator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) child_shards: Option<Vec<ChildShard>>,
}

/// Hash range in a response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HashKeyRange {
    pub(crate) starting_hash_key: String,
    pub(crate) ending_hash_key: String,
}

impl HashKeyRange {
    fn new(shard: &ShardMetadata) -> Self {
        Self {
            starting_hash_key: shard.range.start.to_string(),
            ending_hash_key: shard.range.end.to_string(),
        }
    }
}

/// Child of a closed shard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChildShard {
    pub(crate) shard_id: String,
    pub(crate) parent_shards: Vec<String>,
    pub(crate) hash_key_range: HashKeyRange,
}

impl ChildShard {
    /// Creates the description of a child.
    pub(crate) fn new(shard: &ShardMetadata) -> Self {
        Self {
            shard_id: shard.id(),
            parent_shards: shard.parents.iter().copied().map(shard_id).collect(),
            hash_key_range: HashKeyRange::new(shard),
        }
    }
}

/// First sequence number of a shard and, once closed, its last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SequenceNumberRange {
    pub(crate) starting_sequence_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ending_sequence_number: Option<String>,
}

/// Shard in a listing.
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
    /// Creates the description of a shard. The ending number is above the number of the last
    /// record, because the service also assigns a number to the closing.
    pub(crate) fn new(stream: &StreamMetadata, shard: &ShardMetadata) -> Self {
        let mut parents = shard.parents.iter().copied().map(shard_id);
        let sequence = |counter| stream.sequence(shard, counter).to_string();
        Self {
            shard_id: shard.id(),
            parent_shard_id: parents.next(),
            adjacent_parent_shard_id: parents.next(),
            hash_key_range: HashKeyRange::new(shard),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: sequence(0),
                ending_sequence_number: shard.closed.map(|c| sequence(c.last_counter + 1)),
            },
        }
    }
}
