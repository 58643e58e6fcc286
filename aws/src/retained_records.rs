//! Reader of all records that the stream still holds, shard by shard.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{self, ShardIteratorType};
use chrono::{DateTime, Utc};
use domain::limits::GET_RECORDS_MAX;
use domain::ports::Failure;
use domain::{Delivered, SequenceNumber};
use tokio::time::sleep;

use crate::EventStream;
use crate::failure::failure;

/// Interval of reads of a shard. A shard answers five reads a second, one of which belongs to the
/// event source mapping. Source: "Quotas and limits" in the Kinesis developer guide.
const READ_INTERVAL: Duration = Duration::from_millis(250);
/// Number of repetitions of a call that is throttled or unavailable.
const RETRIES_MAX: u32 = 8;
/// Delay before the first repetition. It doubles up to [`DELAY_MAX`].
const DELAY: Duration = Duration::from_millis(250);
/// Largest delay between two calls. After a page of 10 MB a shard refuses reads for five seconds.
const DELAY_MAX: Duration = Duration::from_secs(5);

/// Reader of one shard, from its oldest record to those that have arrived when it reaches the end.
#[derive(Debug)]
pub struct RetainedShard {
    client: Client,
    stream: String,
    shard_id: String,
    /// Instant of the start. A record that arrives later is not waited for.
    until: DateTime<Utc>,
    position: Position,
}

#[derive(Debug)]
enum Position {
    /// No iterator: before the first read, or after an iterator has expired.
    After(Option<SequenceNumber>),
    Iterator {
        iterator: String,
        last: Option<SequenceNumber>,
    },
    End,
}

impl EventStream {
    /// Returns readers of the shards of which the stream holds records, closed shards included.
    /// They end at records that arrive after `until`.
    ///
    /// # Errors
    /// Returns an error if the shards cannot be listed.
    pub async fn retained_shards(
        &self,
        until: DateTime<Utc>,
    ) -> Result<Vec<RetainedShard>, Failure> {
        let mut shards = Vec::new();
        let mut request = self.client.list_shards().stream_name(&self.name);
        loop {
            let page = Box::pin(request.send()).await.map_err(|error| failure(&error))?;
            let listed = page.shards.unwrap_or_default().into_iter();
            shards.extend(listed.map(|shard| RetainedShard {
                client: self.client.clone(),
                stream: self.name.clone(),
                shard_id: shard.shard_id,
                until,
                position: Position::After(None),
            }));
            let Some(token) = page.next_token else { return Ok(shards) };
            // A request with a token must not name the stream.
            request = self.client.list_shards().next_token(token);
        }
    }
}

impl RetainedShard {
    /// Returns the id of the shard.
    #[must_use]
    pub fn shard_id(&self) -> &str {
        &self.shard_id
    }

    /// Reads the next records, at most [`GET_RECORDS_MAX`]; `None` after the last ones. Waits as
    /// long as the limits of the shard require.
    ///
    /// # Errors
    /// Returns an error if Kinesis refuses a call, or does not answer for about half a minute. The
    /// next call continues at the same record.
    pub async fn read_next(&mut self) -> Result<Option<Vec<Delivered>>, Failure> {
        let mut retries = 0;
        while !matches!(self.position, Position::End) {
            match self.read_page().await {
                Ok(records) if !records.is_empty() => return Ok(Some(records)),
                // A page may be empty before the end: it covers a limited span of the shard.
                Ok(_) => retries = 0,
                Err(failure @ (Failure::Throttled(_) | Failure::Unavailable(_))) => {
                    if retries == RETRIES_MAX {
                        return Err(failure);
                    }
                    let delay = DELAY_MAX.min(DELAY * 2_u32.pow(retries));
                    retries += 1;
                    sleep(delay.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    async fn read_page(&mut self) -> Result<Vec<Delivered>, Failure> {
        let (iterator, last) = match &self.position {
            Position::End => return Ok(Vec::new()),
            Position::Iterator { iterator, last } => (iterator.clone(), last.clone()),
            Position::After(last) => (self.iterator_after(last.as_ref()).await?, last.clone()),
        };
        sleep(READ_INTERVAL).await;
        let limit = i32::try_from(GET_RECORDS_MAX).unwrap_or(i32::MAX);
        let request = self.client.get_records().shard_iterator(&iterator).limit(limit);
        let page = match Box::pin(request.send()).await {
            Ok(page) => page,
            Err(error) => {
                let is_expired = error
                    .as_service_error()
                    .is_some_and(|error| error.is_expired_iterator_exception());
                // Batches that took longer than five minutes to process.
                self.position = match is_expired {
                    true => Position::After(last),
                    false => Position::Iterator { iterator, last },
                };
                return if is_expired { Ok(Vec::new()) } else { Err(failure(&error)) };
            }
        };
        let records: Vec<Delivered> =
            page.records.into_iter().map(|record| self.delivered(record)).collect();
        let newest = records.last();
        let is_end = page.millis_behind_latest == Some(0)
            || newest.is_some_and(|newest| newest.arrived_at > self.until);
        let last = newest.map(|newest| newest.sequence_number.clone()).or(last);
        self.position = match page.next_shard_iterator {
            Some(iterator) if !is_end => Position::Iterator { iterator, last },
            _ => Position::End,
        };
        Ok(records)
    }

    fn delivered(&self, record: types::Record) -> Delivered {
        let arrived = record.approximate_arrival_timestamp;
        // The SDK truncates the seconds of the response; Kinesis sends milliseconds.
        let millis = arrived.map(|at| (at.as_secs_f64() * 1000.0).round() as i64);
        Delivered {
            shard_id: self.shard_id.clone(),
            sequence_number: SequenceNumber::new(record.sequence_number),
            partition_key: record.partition_key.unwrap_or_default(),
            // Kinesis always sends the time. A record without it must neither be expired nor end
            // the shard.
            arrived_at: millis.and_then(DateTime::from_timestamp_millis).unwrap_or(self.until),
            data: record.data.into_inner(),
        }
    }

    async fn iterator_after(&self, last: Option<&SequenceNumber>) -> Result<String, Failure> {
        let request = self.client.get_shard_iterator().stream_name(&self.stream);
        let request = request.shard_id(&self.shard_id);
        let request = match last {
            None => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Some(last) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(last.as_str()),
        };
        let answer = Box::pin(request.send()).await.map_err(|error| failure(&error))?;
        let none = || Failure::Unavailable("GetShardIterator returned no iterator".to_owned());
        answer.shard_iterator.ok_or_else(none)
    }
}
