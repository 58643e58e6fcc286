//! Reads one shard, from a position to its end, as fast as the records are taken.

use std::time::Duration;

use domain::limits::SHARD_READ_CALLS_PER_SECOND;
use domain::record::Delivered;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::stream::{Next, Place, Refusal, Stream};
use crate::decisions::lanes::backoff;
use crate::decisions::lineage::Shard;

/// Pause after the first failed call; it doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(100);
/// Shortest pause between two reads that a shard allows.
const BEHIND_PAUSE: Duration = Duration::from_millis(1000 / SHARD_READ_CALLS_PER_SECOND as u64);

/// What the poller found.
#[derive(Debug)]
pub(crate) enum Polled {
    /// Some records; none when the shard is read to its tip.
    Records(Vec<Delivered>),
    /// The shard is closed and read to its end.
    End { children: Vec<Shard> },
}

pub(crate) struct Poller {
    pub(crate) stream: Stream,
    pub(crate) shard: String,
    pub(crate) interval: Duration,
    /// Where the first iterator begins, until there was one.
    pub(crate) begin: Option<Place>,
    /// Where every other one begins: it must not skip what arrived since the first.
    pub(crate) renew: Place,
}

impl Poller {
    /// Reads until the shard's end or until nobody listens.
    pub(crate) async fn run(mut self, found: mpsc::Sender<Polled>) {
        let listener = found.clone();
        tokio::select! {
            () = listener.closed() => {}
            () = self.read(&found) => {}
        }
    }

    async fn read(&mut self, found: &mpsc::Sender<Polled>) {
        let mut iterator = None;
        let mut failures = 0;
        loop {
            let (polled, pause) = match self.poll(iterator.take()).await {
                Ok((records, Next::Iterator(next), pause)) => {
                    iterator = Some(next);
                    failures = 0;
                    (Polled::Records(records), pause)
                }
                Ok((records, Next::End { children }, _)) => {
                    if !records.is_empty() && found.send(Polled::Records(records)).await.is_err() {
                        return;
                    }
                    let _ = found.send(Polled::End { children }).await;
                    return;
                }
                Err((refusal, kept)) => {
                    iterator = kept;
                    failures += 1;
                    if self.is_gone(&refusal).await {
                        tracing::warn!(shard = self.shard, "the stream no longer has this shard");
                        let _ = found.send(Polled::End { children: Vec::new() }).await;
                        return;
                    }
                    let pause = backoff(BACKOFF, failures);
                    tracing::warn!(shard = self.shard, %refusal, ?pause, "the poll failed");
                    sleep(pause).await;
                    continue;
                }
            };
            if found.send(polled).await.is_err() {
                return;
            }
            sleep(pause).await;
        }
    }

    /// One read, with the iterator of the last one if there is any. After a failure that iterator
    /// is given back if it is still good.
    async fn poll(
        &mut self,
        iterator: Option<String>,
    ) -> Result<(Vec<Delivered>, Next, Duration), (Refusal, Option<String>)> {
        let iterator = match iterator {
            Some(iterator) => iterator,
            None => self.iterator().await.map_err(|refusal| (refusal, None))?,
        };
        match self.stream.read(&self.shard, &iterator).await {
            Ok(read) => {
                if let Some(last) = read.records.last() {
                    self.renew = Place::After(last.sequence_number.clone());
                }
                let pause = if read.behind.is_zero() {
                    self.interval
                } else {
                    self.interval.min(BEHIND_PAUSE)
                };
                Ok((read.records, read.next, pause))
            }
            Err(refusal @ Refusal::Passing(_)) => Err((refusal, Some(iterator))),
            // The iterator is of no use any more; the next one begins behind the last record.
            Err(refusal) => Err((refusal, None)),
        }
    }

    async fn iterator(&mut self) -> Result<String, Refusal> {
        let place = self.begin.as_ref().unwrap_or(&self.renew);
        let answer = match self.stream.iterator(&self.shard, place).await {
            Err(Refusal::Invalid(reason)) if *place != Place::Start => {
                tracing::warn!(
                    shard = self.shard,
                    reason,
                    "the position means nothing to this stream; was it deleted and created again? \
                     The shard is read from its oldest record"
                );
                self.renew = Place::Start;
                self.stream.iterator(&self.shard, &Place::Start).await
            }
            answer => answer,
        };
        if answer.is_ok() {
            self.begin = None;
        }
        answer
    }

    /// Whether the shard expired with all its records, while the stream goes on.
    async fn is_gone(&self, refusal: &Refusal) -> bool {
        matches!(refusal, Refusal::NotFound(_))
            && self.stream.shards().await.is_ok_and(|shards| {
                !shards.is_empty() && shards.iter().all(|shard| shard.id != self.shard)
            })
    }
}
