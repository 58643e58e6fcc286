//! Actions on streams: create, describe, list, delete, and change the retention.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::limits::{RECORD_BYTES_MAX, RETENTION_HOURS};
use serde_json::{Value, json};

use super::{bounded, required};
use crate::api::{
    CreateStream, DescribeStream, ListStreams, ListedShard, RetentionPeriod, StreamModeDetails,
    StreamRequest, seconds,
};
use crate::endpoint::{Endpoint, LiveStream, blocking, find, no_stream};
use crate::error::{ApiError, ApiErrorCode};
use crate::stream::{StreamMetadata, StreamMode, shard_number};

/// Most open shards of one endpoint, over all streams. Source: Kinesis Data Streams quotas, the
/// lowest default shard quota of any region. Here each shard also costs a file and a thread.
const SHARDS_MAX: usize = 200;
/// Initial shards of an on-demand stream. Source: developer guide, "Choose the right mode".
const ON_DEMAND_SHARDS: u32 = 4;
/// Largest `Limit` of `DescribeStream` and `ListStreams`. Source: API reference, `Limit`.
const LIST_ASKED_MAX: usize = 10_000;
/// Most entries of one response, even if `Limit` is larger. Source: API reference, `Limit`.
const LISTED_MAX: usize = 100;

/// Checks that `open + more` shards do not exceed [`SHARDS_MAX`].
pub(super) fn check_shard_quota(open: usize, more: usize) -> Result<(), ApiError> {
    if open + more > SHARDS_MAX {
        return Err(ApiError::new(
            ApiErrorCode::LimitExceeded,
            format!(
                "This would make {} open shards; this endpoint holds at most {SHARDS_MAX}: delete \
                 a stream or ask for fewer shards",
                open + more
            ),
        ));
    }
    Ok(())
}

/// Most entries of a response, given the requested limit.
fn listed(asked: Option<i64>) -> Result<usize, ApiError> {
    Ok(bounded(asked, "limit", LISTED_MAX, 1..=LIST_ASKED_MAX)?.min(LISTED_MAX))
}

fn shard_count(request: &CreateStream, mode: StreamMode) -> Result<u32, ApiError> {
    match (mode, request.shard_count) {
        (StreamMode::OnDemand, None) => Ok(ON_DEMAND_SHARDS),
        (StreamMode::OnDemand, Some(count)) => Err(ApiError::constraint(
            "shardCount",
            count,
            "Member must not be given for StreamMode ON_DEMAND",
        )),
        (StreamMode::Provisioned, None) => Err(ApiError::constraint(
            "shardCount",
            "null",
            "Member must be given for StreamMode PROVISIONED; or ask for StreamMode ON_DEMAND",
        )),
        (StreamMode::Provisioned, Some(count)) => {
            u32::try_from(count).ok().filter(|count| *count >= 1).ok_or_else(|| {
                let rule = "Member must have value greater than or equal to 1";
                ApiError::constraint("shardCount", count, rule)
            })
        }
    }
}

impl Endpoint {
    /// Creates a stream, which is ACTIVE at once.
    pub(crate) async fn create_stream(
        self: &Arc<Self>,
        request: CreateStream,
    ) -> Result<Value, ApiError> {
        required(request.stream_name.as_ref(), "streamName")?;
        let name = self.name(&request)?;
        let details = request.stream_mode_details.as_ref();
        let mode = details.map_or(Ok(StreamMode::Provisioned), |details| details.0.mode())?;
        let count = shard_count(&request, mode)?;
        let size_kib = RECORD_BYTES_MAX as i64 / 1024;
        if request.max_record_size_in_kib.is_some_and(|given| given != size_kib) {
            let rule = format!("this endpoint keeps the default record size, {size_kib}");
            let given = request.max_record_size_in_kib.unwrap_or_default();
            return Err(ApiError::constraint("maxRecordSizeInKiB", given, rule));
        }
        let mut streams = self.streams.write().await;
        if streams.contains_key(&name) {
            let message = format!("Stream {name} already exists; delete it or choose another name");
            return Err(ApiError::new(ApiErrorCode::ResourceInUse, message));
        }
        let open = streams.values().map(|live| live.stream.open_shards().count()).sum();
        check_shard_quota(open, count as usize)?;
        let stream = StreamMetadata::new(name.clone(), self.creation_stamp(), mode, count);
        let endpoint = self.clone();
        let live = blocking(move || {
            if let Some(folders) = &endpoint.folders {
                folders.create(&stream).map_err(ApiError::internal)?;
            }
            endpoint.open_stream(stream).map_err(ApiError::internal)
        })
        .await??;
        streams.insert(name, live);
        Ok(json!({}))
    }

    /// Deletes a stream and its records at once.
    pub(crate) async fn delete_stream(&self, request: StreamRequest) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let mut streams = self.streams.write().await;
        let live = streams.remove(&name).ok_or_else(|| no_stream(&name))?;
        let folders = self.folders.clone();
        blocking(move || {
            for shard in live.shards.values() {
                shard.log.close();
            }
            folders
                .map_or(Ok(()), |folders| folders.delete(&live.stream))
                .map_err(ApiError::internal)
        })
        .await??;
        Ok(json!({}))
    }

    fn description(&self, live: &LiveStream) -> serde_json::Map<String, Value> {
        let stream = &live.stream;
        let value = json!({
            "StreamName": stream.name,
            "StreamARN": self.arn(&stream.name),
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": StreamModeDetails::new(stream.mode),
            "RetentionPeriodHours": stream.retention_hours,
            "StreamCreationTimestamp": seconds(stream.created_ms as i64),
            "EnhancedMonitoring": [{ "ShardLevelMetrics": [] }],
            "EncryptionType": "NONE",
        });
        match value {
            Value::Object(map) => map,
            _ => serde_json::Map::new(),
        }
    }

    /// Describes a stream with a page of its shards.
    pub(crate) async fn describe_stream(&self, request: DescribeStream) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let limit = listed(request.limit)?;
        let after = match request.exclusive_start_shard_id.as_deref() {
            None => None,
            Some(id) => Some(shard_number(id).ok_or_else(|| not_a_shard_id(id))?),
        };
        let streams = self.streams.read().await;
        let live = find(&streams, &name)?;
        let now_ms = self.now_ms();
        let mut left = live
            .stream
            .shards
            .iter()
            .filter(|shard| !live.is_expired(shard, now_ms))
            .filter(|shard| after.is_none_or(|after| shard.number > after));
        let page: Vec<ListedShard> =
            left.by_ref().take(limit).map(|shard| ListedShard::new(&live.stream, shard)).collect();
        let mut description = self.description(live);
        description.insert("Shards".into(), json!(page));
        description.insert("HasMoreShards".into(), json!(left.next().is_some()));
        Ok(json!({ "StreamDescription": description }))
    }

    /// Describes a stream without its shards.
    pub(crate) async fn describe_stream_summary(
        &self,
        request: StreamRequest,
    ) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let streams = self.streams.read().await;
        let live = find(&streams, &name)?;
        let mut summary = self.description(live);
        summary.insert("OpenShardCount".into(), json!(live.stream.open_shards().count()));
        summary.insert("ConsumerCount".into(), json!(0));
        summary.insert("MaxRecordSizeInKiB".into(), json!(RECORD_BYTES_MAX / 1024));
        Ok(json!({ "StreamDescriptionSummary": summary }))
    }

    /// Lists streams by name. `NextToken` is the last name of the page.
    pub(crate) async fn list_streams(&self, request: ListStreams) -> Result<Value, ApiError> {
        let limit = listed(request.limit)?;
        let after = request.exclusive_start_stream_name.or(request.next_token);
        let streams = self.streams.read().await;
        let mut left =
            streams.values().filter(|live| after.as_ref().is_none_or(|a| live.stream.name > *a));
        let page: Vec<&LiveStream> = left.by_ref().take(limit).collect();
        let more = left.next().is_some();
        let names: Vec<&str> = page.iter().map(|live| live.stream.name.as_str()).collect();
        let summaries: Vec<Value> = page
            .iter()
            .map(|live| {
                json!({
                    "StreamName": live.stream.name,
                    "StreamARN": self.arn(&live.stream.name),
                    "StreamStatus": "ACTIVE",
                    "StreamModeDetails": StreamModeDetails::new(live.stream.mode),
                    "StreamCreationTimestamp": seconds(live.stream.created_ms as i64),
                })
            })
            .collect();
        let mut answer =
            json!({ "StreamNames": names, "HasMoreStreams": more, "StreamSummaries": summaries });
        if let (true, Some(last)) = (more, names.last()) {
            answer["NextToken"] = json!(last);
        }
        Ok(answer)
    }

    /// Extends the retention. Records that are past retention do not come back.
    pub(crate) async fn increase_retention(
        &self,
        request: RetentionPeriod,
    ) -> Result<Value, ApiError> {
        self.set_retention(request, |asked, current| asked > current, "more").await
    }

    /// Shortens the retention. Older records are no longer returned, and their segments are
    /// deleted.
    pub(crate) async fn decrease_retention(
        &self,
        request: RetentionPeriod,
    ) -> Result<Value, ApiError> {
        self.set_retention(request, |asked, current| asked < current, "less").await
    }

    async fn set_retention(
        &self,
        request: RetentionPeriod,
        is_allowed: fn(u32, u32) -> bool,
        direction: &str,
    ) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let asked = required(request.retention_period_hours, "retentionPeriodHours")?;
        let hours = u32::try_from(asked).ok().filter(|hours| RETENTION_HOURS.contains(hours));
        let hours = hours.ok_or_else(|| {
            ApiError::argument(format!(
                "RetentionPeriodHours {asked} is out of range; {} to {} hours are allowed",
                RETENTION_HOURS.start(),
                RETENTION_HOURS.end()
            ))
        })?;
        let mut streams = self.streams.write().await;
        let live = streams.get_mut(&name).ok_or_else(|| no_stream(&name))?;
        let current = live.stream.retention_hours;
        if !is_allowed(hours, current) {
            return Err(ApiError::argument(format!(
                "RetentionPeriodHours {hours} must be {direction} than the {current} hours of \
                 stream {name}; IncreaseStreamRetentionPeriod takes more, \
                 DecreaseStreamRetentionPeriod less"
            )));
        }
        let mut next = live.stream.clone();
        next.set_retention(hours, self.now_ms());
        let next = self.save(next).await?;
        live.stream = next;
        live.retention_hours.store(hours, Ordering::Relaxed);
        let shards: Vec<_> = live.shards.values().cloned().collect();
        blocking(move || shards.iter().for_each(|shard| shard.log.trim())).await?;
        Ok(json!({}))
    }

    /// Makes the metadata of a stream durable and returns it.
    pub(super) async fn save(&self, stream: StreamMetadata) -> Result<StreamMetadata, ApiError> {
        let folders = self.folders.clone();
        blocking(move || {
            if let Some(folders) = folders {
                folders.save(&stream).map_err(ApiError::internal)?;
            }
            Ok(stream)
        })
        .await?
    }
}

/// Error for a malformed shard id.
pub(super) fn not_a_shard_id(id: &str) -> ApiError {
    ApiError::argument(format!("{id:?} is not a shard id; shardId-000000000000 would pass"))
}
