//! Client of the stream, with the errors and positions of the mapping.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives;
use aws_sdk_kinesis::types::{self, ShardIteratorType};
use chrono::{DateTime, Utc};
use domain::limits::{GET_RECORDS_MAX, RETENTION_HOURS};
use domain::record::{Delivered, SequenceNumber};

use crate::decisions::lineage::{ShardDescription, ShardState};
use crate::decisions::position::ShardPosition;

const HOUR: Duration = Duration::from_secs(3600);

/// Failure of a call to the stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamError {
    /// The stream or the shard does not exist.
    #[error("not found: {0}")]
    NotFound(String),
    /// The iterator is older than five minutes.
    #[error("the shard iterator expired: {0}")]
    Expired(String),
    /// The stream does not know the position or the iterator.
    #[error("not a position in this shard: {0}")]
    Invalid(String),
    /// The stream is throttled, unreachable or broken. The same call can succeed later.
    #[error("{0}")]
    Transient(String),
}

/// Result of one read.
#[derive(Debug)]
pub(crate) struct ReadPage {
    pub(crate) records: Vec<Delivered>,
    /// Time between the end of the read and the newest record; zero if there are no more records.
    pub(crate) behind: Duration,
    pub(crate) next: NextIterator,
}

#[derive(Debug)]
pub(crate) enum NextIterator {
    /// Iterator of the next read.
    Iterator(String),
    /// The shard is closed and read to its end.
    End { children: Vec<ShardDescription> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamDescription {
    pub(crate) arn: String,
    pub(crate) retention: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct StreamClient {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl StreamClient {
    pub(crate) async fn describe(&self) -> Result<StreamDescription, StreamError> {
        let output = self
            .client
            .describe_stream_summary()
            .stream_name(&self.name)
            .send()
            .await
            .map_err(stream_error)?;
        let Some(summary) = output.stream_description_summary else {
            return Err(StreamError::Transient(
                "DescribeStreamSummary returned no description".to_owned(),
            ));
        };
        let hours = u32::try_from(summary.retention_period_hours).unwrap_or_default();
        let hours = hours.max(*RETENTION_HOURS.start());
        Ok(StreamDescription { arn: summary.stream_arn, retention: HOUR * hours })
    }

    /// Lists the open shards and the closed shards with records.
    pub(crate) async fn shards(&self) -> Result<Vec<ShardDescription>, StreamError> {
        let mut shards = Vec::new();
        let mut request = self.client.list_shards().stream_name(&self.name);
        loop {
            let output = request.send().await.map_err(stream_error)?;
            shards.extend(output.shards.unwrap_or_default().into_iter().map(listed));
            let Some(token) = output.next_token else { return Ok(shards) };
            // A request with a token must not name the stream.
            request = self.client.list_shards().next_token(token);
        }
    }

    pub(crate) async fn iterator(
        &self,
        shard: &str,
        at: &IteratorStart,
    ) -> Result<String, StreamError> {
        let request = self.client.get_shard_iterator().stream_name(&self.name).shard_id(shard);
        let request = match at {
            IteratorStart::Oldest => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            IteratorStart::Newest => request.shard_iterator_type(ShardIteratorType::Latest),
            IteratorStart::Since(since) => {
                let millis = since.timestamp_millis();
                request
                    .shard_iterator_type(ShardIteratorType::AtTimestamp)
                    .timestamp(primitives::DateTime::from_millis(millis))
            }
            IteratorStart::After(number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(number.as_str()),
        };
        let output = request.send().await.map_err(stream_error)?;
        let none = || StreamError::Transient("GetShardIterator returned no iterator".to_owned());
        output.shard_iterator.ok_or_else(none)
    }

    pub(crate) async fn read(&self, shard: &str, iterator: &str) -> Result<ReadPage, StreamError> {
        let limit = i32::try_from(GET_RECORDS_MAX).unwrap_or(i32::MAX);
        let request = self.client.get_records().shard_iterator(iterator).limit(limit);
        let output = request.send().await.map_err(stream_error)?;
        let records = output.records.into_iter().map(|record| delivered(shard, record)).collect();
        let behind = output.millis_behind_latest.unwrap_or_default();
        let behind = Duration::from_millis(u64::try_from(behind).unwrap_or_default());
        let next = match output.next_shard_iterator {
            Some(iterator) => NextIterator::Iterator(iterator),
            None => NextIterator::End {
                children: output.child_shards.unwrap_or_default().into_iter().map(child).collect(),
            },
        };
        Ok(ReadPage { records, behind, next })
    }
}

/// Start of an iterator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IteratorStart {
    Oldest,
    /// After the newest record.
    Newest,
    Since(DateTime<Utc>),
    After(SequenceNumber),
}

/// Use of a position: the first one after it was set, or a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PositionUse {
    First,
    Later,
}

impl IteratorStart {
    /// Start of an iterator for a position, or `None` at the end of a shard. A later use of
    /// [`ShardPosition::Latest`] begins at its instant, because records may have arrived since.
    pub(crate) fn new(position: &ShardPosition, used: PositionUse) -> Option<Self> {
        match (position, used) {
            (ShardPosition::TrimHorizon, _) => Some(Self::Oldest),
            (ShardPosition::Latest(_), PositionUse::First) => Some(Self::Newest),
            (ShardPosition::Latest(since), PositionUse::Later)
            | (ShardPosition::Since(since), _) => Some(Self::Since(*since)),
            (ShardPosition::After(number), _) => Some(Self::After(number.clone())),
            (ShardPosition::End, _) => None,
        }
    }
}

fn listed(shard: types::Shard) -> ShardDescription {
    let ended = shard.sequence_number_range.and_then(|range| range.ending_sequence_number);
    let parents = [shard.parent_shard_id, shard.adjacent_parent_shard_id];
    ShardDescription {
        id: shard.shard_id,
        parents: parents.into_iter().flatten().collect(),
        state: if ended.is_some() { ShardState::Closed } else { ShardState::Open },
    }
}

fn child(shard: types::ChildShard) -> ShardDescription {
    ShardDescription { id: shard.shard_id, parents: shard.parent_shards, state: ShardState::Open }
}

fn delivered(shard: &str, record: types::Record) -> Delivered {
    let arrived = record.approximate_arrival_timestamp;
    // The SDK truncates the seconds of the response; Kinesis sends milliseconds.
    let at = arrived
        .and_then(|at| DateTime::from_timestamp_millis((at.as_secs_f64() * 1000.0).round() as i64));
    Delivered {
        shard_id: shard.to_owned(),
        sequence_number: SequenceNumber::new(record.sequence_number),
        partition_key: record.partition_key.unwrap_or_default(),
        // Kinesis always sends the time. A record without it must not count as expired.
        arrived_at: at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        data: record.data.into_inner(),
    }
}

/// Converts the error of any call by its code.
fn stream_error<E, R>(error: SdkError<E, R>) -> StreamError
where
    SdkError<E, R>: ProvideErrorMetadata + std::error::Error,
{
    let code = error.code().unwrap_or_default().to_owned();
    let message = match error.message() {
        Some(message) => format!("{code}: {message}"),
        None => DisplayErrorContext(&error).to_string(),
    };
    match code.as_str() {
        "ResourceNotFoundException" => StreamError::NotFound(message),
        "ExpiredIteratorException" => StreamError::Expired(message),
        "InvalidArgumentException" => StreamError::Invalid(message),
        _ => StreamError::Transient(message),
    }
}
