//! Poller of one shard.

use std::time::Duration;

use domain::limits::SHARD_READ_CALLS_PER_SECOND;
use domain::record::Delivered;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::retry::RetryPauses;
use super::stream_client::{IteratorStart, NextIterator, StreamClient, StreamError};
use crate::decisions::lineage::ShardDescription;

/// Shortest pause between two reads that the limits of a shard allow.
const BEHIND_PAUSE: Duration = Duration::from_millis(1000 / SHARD_READ_CALLS_PER_SECOND as u64);

/// Result of a poll.
#[derive(Debug)]
pub(crate) enum Polled {
    /// Records; empty if there are no unread records.
    Records(Vec<Delivered>),
    /// The shard is closed and read to its end.
    End { children: Vec<ShardDescription> },
}

/// Reads one shard from a position to its end, as fast as the records are consumed.
pub(crate) struct Poller {
    pub(crate) stream: StreamClient,
    pub(crate) shard: String,
    pub(crate) interval: Duration,
    /// Start of the first iterator, until the first iterator is there.
    pub(crate) first: Option<IteratorStart>,
    /// Start of every later iterator, which must not skip records that arrived since the first.
    pub(crate) later: IteratorStart,
}

impl Poller {
    /// Reads until the end of the shard, or until the receiver is dropped.
    pub(crate) async fn run(mut self, polled: mpsc::Sender<Polled>) {
        let receiver = polled.clone();
        tokio::select! {
            () = receiver.closed() => {}
            // The send fails only if the receiver is dropped.
            _ = self.read(&polled) => {}
        }
    }

    async fn read(
        &mut self,
        polled: &mpsc::Sender<Polled>,
    ) -> Result<(), mpsc::error::SendError<Polled>> {
        let mut iterator = None;
        let mut pauses = RetryPauses::default();
        loop {
            match self.poll(iterator.take()).await {
                Ok((records, NextIterator::Iterator(next), pause)) => {
                    iterator = Some(next);
                    pauses = RetryPauses::default();
                    polled.send(Polled::Records(records)).await?;
                    sleep(pause).await;
                }
                Ok((records, NextIterator::End { children }, _)) => {
                    if !records.is_empty() {
                        polled.send(Polled::Records(records)).await?;
                    }
                    return polled.send(Polled::End { children }).await;
                }
                Err((error, _)) if self.is_gone(&error).await => {
                    tracing::warn!(shard = self.shard, "the stream no longer has this shard");
                    return polled.send(Polled::End { children: Vec::new() }).await;
                }
                Err((error, kept)) => {
                    iterator = kept;
                    let pause = pauses.next();
                    tracing::warn!(shard = self.shard, %error, ?pause, "the poll failed");
                    sleep(pause).await;
                }
            }
        }
    }

    /// Reads once, with the iterator of the last read if there is one. An error includes that
    /// iterator if it is still valid.
    async fn poll(
        &mut self,
        iterator: Option<String>,
    ) -> Result<(Vec<Delivered>, NextIterator, Duration), (StreamError, Option<String>)> {
        let iterator = match iterator {
            Some(iterator) => iterator,
            None => self.iterator().await.map_err(|error| (error, None))?,
        };
        match self.stream.read(&self.shard, &iterator).await {
            Ok(page) => {
                if let Some(last) = page.records.last() {
                    self.later = IteratorStart::After(last.sequence_number.clone());
                }
                let pause = if page.behind.is_zero() {
                    self.interval
                } else {
                    self.interval.min(BEHIND_PAUSE)
                };
                Ok((page.records, page.next, pause))
            }
            Err(error @ StreamError::Transient(_)) => Err((error, Some(iterator))),
            // The iterator is unusable. The next one begins after the last record.
            Err(error) => Err((error, None)),
        }
    }

    async fn iterator(&mut self) -> Result<String, StreamError> {
        let start = self.first.as_ref().unwrap_or(&self.later);
        let result = match self.stream.iterator(&self.shard, start).await {
            Err(StreamError::Invalid(reason)) if *start != IteratorStart::Oldest => {
                tracing::warn!(
                    shard = self.shard,
                    reason,
                    "the stream does not know the position; it may have been deleted and created \
                     again; the shard is read from its oldest record"
                );
                self.later = IteratorStart::Oldest;
                self.stream.iterator(&self.shard, &IteratorStart::Oldest).await
            }
            result => result,
        };
        if result.is_ok() {
            self.first = None;
        }
        result
    }

    /// `true` if the shard expired with all its records while the stream still exists.
    async fn is_gone(&self, error: &StreamError) -> bool {
        matches!(error, StreamError::NotFound(_))
            && self.stream.shards().await.is_ok_and(|shards| {
                !shards.is_empty() && shards.iter().all(|shard| shard.id != self.shard)
            })
    }
}
