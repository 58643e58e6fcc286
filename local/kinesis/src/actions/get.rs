//! `GetShardIterator` and `GetRecords`.

use std::sync::Arc;

use domain::limits::{GET_RECORDS_BYTES_MAX, GET_RECORDS_MAX};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{bounded, required, unless_dry_run};
use crate::ShardLimits;
use crate::api::{
    Blob, ChildShard, GetRecords, GetRecordsOutput, GetShardIterator, OutputRecord, from_seconds,
    seconds,
};
use crate::endpoint::{Endpoint, LiveShard, blocking, find, no_shard, no_stream};
use crate::error::{ApiError, ApiErrorCode};
use crate::iterator::{ShardIterator, wall_ms};
use crate::log::{PageLimits, RecordPage};
use crate::sequence::Sequence;
use crate::stream::{ShardMetadata, StreamMetadata, shard_id, shard_number};

impl Endpoint {
    /// Returns an iterator at a position of a shard.
    pub(crate) async fn get_shard_iterator(
        &self,
        request: GetShardIterator,
    ) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let id = required(request.shard_id.as_deref(), "shardId")?;
        let streams = self.streams.read().await;
        let live = find(&streams, &name)?;
        let now_ms = self.now_ms();
        let (shard, live_shard) = shard_number(id)
            .and_then(|number| live.shard(number, now_ms))
            .ok_or_else(|| no_shard(id, &name))?;
        let next = start(&request, &live.stream, shard, live_shard, now_ms).await?;
        unless_dry_run(request.dry_run)?;
        let iterator = ShardIterator {
            stream: name,
            created_ms: live.stream.created_ms,
            shard: shard.number,
            next,
            issued_ms: wall_ms(),
        };
        Ok(json!({ "ShardIterator": iterator.token()? }))
    }

    /// Returns records from an iterator on, and the iterator after them.
    pub(crate) async fn get_records(
        &self,
        request: GetRecords,
    ) -> Result<GetRecordsOutput, ApiError> {
        if request.limit.is_some_and(|limit| limit > GET_RECORDS_MAX as i64) {
            // The API reference names this code for no other bound.
            let message = format!("Limit is over {GET_RECORDS_MAX}, the most records of one call");
            return Err(ApiError::argument(message));
        }
        let limit = bounded(request.limit, "limit", GET_RECORDS_MAX, 1..=GET_RECORDS_MAX)?;
        let token = required(request.shard_iterator.as_deref(), "shardIterator")?;
        let iterator = ShardIterator::read(token, wall_ms())?;
        let now_ms = self.now_ms();
        let (stream, shard, live_shard) = {
            let streams = self.streams.read().await;
            let live = streams
                .get(&iterator.stream)
                .filter(|live| live.stream.created_ms == iterator.created_ms)
                .ok_or_else(|| no_stream(&iterator.stream))?;
            let (shard, live_shard) = live
                .shard(iterator.shard, now_ms)
                .ok_or_else(|| no_shard(&shard_id(iterator.shard), &iterator.stream))?;
            (live.stream.clone(), shard.clone(), live_shard.clone())
        };
        unless_dry_run(request.dry_run)?;
        if self.limits == ShardLimits::Enforced && !live_shard.reads().take_call(Instant::now()) {
            let message = format!(
                "Rate exceeded for shard {} in stream {} under account 000000000000.",
                shard.id(),
                stream.name
            );
            return Err(ApiError::new(ApiErrorCode::ProvisionedThroughputExceeded, message));
        }
        let (reader, horizon_ms) = (live_shard.clone(), stream.horizon_ms(now_ms));
        let page = blocking(move || {
            let limits = PageLimits { records: limit, bytes: GET_RECORDS_BYTES_MAX };
            reader.log.read(iterator.next, horizon_ms, limits)
        })
        .await?
        .map_err(ApiError::internal)?;
        if self.limits == ShardLimits::Enforced {
            let bytes = page.records.iter().map(|r| r.data.len() + r.partition_key.len()).sum();
            live_shard.reads().spend_bytes(bytes);
        }
        output(page, &stream, &shard, now_ms)
    }
}

fn output(
    page: RecordPage,
    stream: &StreamMetadata,
    shard: &ShardMetadata,
    now_ms: i64,
) -> Result<GetRecordsOutput, ApiError> {
    let ended = shard.closed.is_some_and(|closed| page.next > closed.last_counter);
    // Age of the last record, but at least 1 while more records follow: 0 means caught up.
    let millis_behind_latest = match page.records.last() {
        _ if page.next >= page.tip => 0,
        Some(last) => (now_ms - last.arrival_ms).max(1),
        None => 1,
    };
    let next_shard_iterator = if ended {
        None
    } else {
        let iterator = ShardIterator {
            stream: stream.name.clone(),
            created_ms: stream.created_ms,
            shard: shard.number,
            next: page.next,
            issued_ms: wall_ms(),
        };
        Some(iterator.token()?)
    };
    let child_shards = ended.then(|| stream.children(shard.number).map(ChildShard::new).collect());
    let records = page
        .records
        .into_iter()
        .map(|record| OutputRecord {
            sequence_number: stream.sequence(shard, record.counter).to_string(),
            approximate_arrival_timestamp: seconds(record.arrival_ms),
            data: Blob(record.data),
            partition_key: record.partition_key,
            encryption_type: "NONE",
        })
        .collect();
    Ok(GetRecordsOutput { records, millis_behind_latest, next_shard_iterator, child_shards })
}

/// Counter at which an iterator of the requested type begins.
async fn start(
    request: &GetShardIterator,
    stream: &StreamMetadata,
    shard: &ShardMetadata,
    live_shard: &Arc<LiveShard>,
    now_ms: i64,
) -> Result<u64, ApiError> {
    let kind = required(request.shard_iterator_type.as_deref(), "shardIteratorType")?;
    let log = &live_shard.log;
    match kind {
        // The counter before the first record. A read moves it up to the oldest kept record.
        "TRIM_HORIZON" => Ok(0),
        "LATEST" => Ok(log.last_counter() + 1),
        "AT_SEQUENCE_NUMBER" => counter(request, stream, shard, log.last_counter()),
        "AFTER_SEQUENCE_NUMBER" => {
            Ok(counter(request, stream, shard, log.last_counter())?.saturating_add(1))
        }
        "AT_TIMESTAMP" => {
            let at = request.timestamp.ok_or_else(|| {
                ApiError::argument("Timestamp must be given for ShardIteratorType AT_TIMESTAMP")
            })?;
            let at_ms = from_seconds(at);
            if at_ms > now_ms {
                return Err(ApiError::argument(format!(
                    "The timestampInMillis parameter cannot be greater than the \
                     currentTimestampInMillis. timestampInMillis: {at_ms}, \
                     currentTimestampInMillis: {now_ms}"
                )));
            }
            let shard = live_shard.clone();
            let first = blocking(move || shard.log.first_at(at_ms)).await?;
            first.map_err(ApiError::internal)
        }
        other => Err(ApiError::constraint(
            "shardIteratorType",
            other,
            "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, \
             AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
        )),
    }
}

fn counter(
    request: &GetShardIterator,
    stream: &StreamMetadata,
    shard: &ShardMetadata,
    last_counter: u64,
) -> Result<u64, ApiError> {
    let text = request.starting_sequence_number.as_deref().ok_or_else(|| {
        ApiError::argument(
            "StartingSequenceNumber must be given for ShardIteratorType AT_SEQUENCE_NUMBER and \
             AFTER_SEQUENCE_NUMBER",
        )
    })?;
    // The ending number of a closed shard is one above its last record.
    let within = |sequence: &Sequence| {
        *sequence == stream.sequence(shard, sequence.counter)
            && sequence.counter <= last_counter + u64::from(!shard.is_open())
    };
    Sequence::parse(text).filter(within).map(|sequence| sequence.counter).ok_or_else(|| {
        ApiError::argument(format!(
            "StartingSequenceNumber {text} used in GetShardIterator on shard {} in stream {} under \
             account 000000000000 is invalid because this shard has not assigned it.",
            shard.id(),
            stream.name
        ))
    })
}
