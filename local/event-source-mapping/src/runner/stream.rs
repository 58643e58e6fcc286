//! The stream as the mapping sees it: Kinesis' answers in our words.

use std::fmt::Display;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives;
use aws_sdk_kinesis::types::{self, ShardIteratorType};
use chrono::{DateTime, Utc};
use domain::limits::{GET_RECORDS_MAX, RETENTION_HOURS};
use domain::record::{Delivered, SequenceNumber};

use crate::decisions::lineage::{Shard, ShardState};
use crate::decisions::position::Position;

const HOUR: Duration = Duration::from_secs(3600);

/// A call that did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such stream, or no such shard in it.
    #[error("not found: {0}")]
    NotFound(String),
    /// The iterator lived its five minutes.
    #[error("the shard iterator expired: {0}")]
    Expired(String),
    /// The position or iterator means nothing to this stream.
    #[error("not a position in this shard: {0}")]
    Invalid(String),
    /// Throttled, unreachable or broken; the same call may pass later.
    #[error("{0}")]
    Passing(String),
}

/// What one read of a shard gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) records: Vec<Delivered>,
    /// How far behind the newest record the read ended.
    pub(crate) behind: Duration,
    pub(crate) next: Next,
}

#[derive(Debug)]
pub(crate) enum Next {
    /// There is more to come, with this iterator.
    Iterator(String),
    /// The shard was closed and is read to its end.
    End { children: Vec<Shard> },
}

/// What is known of the stream as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) arn: String,
    pub(crate) retention: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Stream {
    pub(crate) async fn describe(&self) -> Result<Description, Refusal> {
        let answer = self
            .client
            .describe_stream_summary()
            .stream_name(&self.name)
            .send()
            .await
            .map_err(refusal)?;
        let Some(summary) = answer.stream_description_summary else {
            return Err(Refusal::Passing("DescribeStreamSummary answered nothing".to_owned()));
        };
        let hours = u32::try_from(summary.retention_period_hours).unwrap_or_default();
        let hours = hours.max(*RETENTION_HOURS.start());
        Ok(Description { arn: summary.stream_arn, retention: HOUR * hours })
    }

    /// All shards the stream still has records of, closed ones too.
    pub(crate) async fn shards(&self) -> Result<Vec<Shard>, Refusal> {
        let mut shards = Vec::new();
        let mut request = self.client.list_shards().stream_name(&self.name);
        loop {
            let answer = request.send().await.map_err(refusal)?;
            shards.extend(answer.shards.unwrap_or_default().into_iter().map(listed));
            let Some(token) = answer.next_token else { return Ok(shards) };
            // With a token the stream must not be named again.
            request = self.client.list_shards().next_token(token);
        }
    }

    pub(crate) async fn iterator(&self, shard: &str, at: &Place) -> Result<String, Refusal> {
        let request = self.client.get_shard_iterator().stream_name(&self.name).shard_id(shard);
        let request = match at {
            Place::Start => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Place::Tip => request.shard_iterator_type(ShardIteratorType::Latest),
            Place::Since(since) => {
                let millis = since.timestamp_millis();
                request
                    .shard_iterator_type(ShardIteratorType::AtTimestamp)
                    .timestamp(primitives::DateTime::from_millis(millis))
            }
            Place::After(number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(number.as_str()),
        };
        let answer = request.send().await.map_err(refusal)?;
        let none = || Refusal::Passing("GetShardIterator answered no iterator".to_owned());
        answer.shard_iterator.ok_or_else(none)
    }

    pub(crate) async fn read(&self, shard: &str, iterator: &str) -> Result<Read, Refusal> {
        let limit = i32::try_from(GET_RECORDS_MAX).unwrap_or(i32::MAX);
        let request = self.client.get_records().shard_iterator(iterator).limit(limit);
        let answer = request.send().await.map_err(refusal)?;
        let records = answer.records.into_iter().map(|record| delivered(shard, record)).collect();
        let behind = answer.millis_behind_latest.unwrap_or_default();
        let behind = Duration::from_millis(u64::try_from(behind).unwrap_or_default());
        let next = match answer.next_shard_iterator {
            Some(iterator) => Next::Iterator(iterator),
            None => Next::End {
                children: answer.child_shards.unwrap_or_default().into_iter().map(child).collect(),
            },
        };
        Ok(Read { records, behind, next })
    }
}

/// Where an iterator is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Start,
    Tip,
    Since(DateTime<Utc>),
    After(SequenceNumber),
}

/// Whether the position is used for the first time since it was set, or was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    First,
    Again,
}

impl Place {
    /// Records may have arrived since a tip was noted, so it is looked for at its instant when it
    /// is used again.
    pub(crate) fn of(position: &Position, used: Use) -> Option<Self> {
        match (position, used) {
            (Position::TrimHorizon, _) => Some(Self::Start),
            (Position::Latest(_), Use::First) => Some(Self::Tip),
            (Position::Latest(since), Use::Again) | (Position::Since(since), _) => {
                Some(Self::Since(*since))
            }
            (Position::After(number), _) => Some(Self::After(number.clone())),
            (Position::End, _) => None,
        }
    }
}

fn listed(shard: types::Shard) -> Shard {
    let ended = shard.sequence_number_range.and_then(|range| range.ending_sequence_number);
    let parents = [shard.parent_shard_id, shard.adjacent_parent_shard_id];
    Shard {
        id: shard.shard_id,
        parents: parents.into_iter().flatten().collect(),
        state: if ended.is_some() { ShardState::Closed } else { ShardState::Open },
    }
}

fn child(shard: types::ChildShard) -> Shard {
    Shard { id: shard.shard_id, parents: shard.parent_shards, state: ShardState::Open }
}

fn delivered(shard: &str, record: types::Record) -> Delivered {
    let arrived = record.approximate_arrival_timestamp;
    // The SDK cuts the wire's floating seconds down; a millisecond is what Kinesis means.
    let at = arrived
        .and_then(|at| DateTime::from_timestamp_millis((at.as_secs_f64() * 1000.0).round() as i64));
    Delivered {
        shard_id: shard.to_owned(),
        sequence_number: SequenceNumber::new(record.sequence_number),
        partition_key: record.partition_key.unwrap_or_default(),
        // Kinesis always says when; without it a record must not count as expired.
        arrived_at: at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        data: record.data.into_inner(),
    }
}

/// The code alone tells what happened, whatever the call was.
fn refusal<E, R>(error: SdkError<E, R>) -> Refusal
where
    SdkError<E, R>: ProvideErrorMetadata + std::error::Error,
{
    let code = error.code().unwrap_or_default().to_owned();
    let said = |error: &dyn Display| error.to_string();
    let message = match error.message() {
        Some(message) => format!("{code}: {message}"),
        None => said(&DisplayErrorContext(&error)),
    };
    match code.as_str() {
        "ResourceNotFoundException" => Refusal::NotFound(message),
        "ExpiredIteratorException" => Refusal::Expired(message),
        "InvalidArgumentException" => Refusal::Invalid(message),
        _ => Refusal::Passing(message),
    }
}
