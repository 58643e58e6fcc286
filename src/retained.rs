//! All records that the stream still holds, processed into the stock log.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws::{EventStream, RetainedShard, Tables};
use chrono::{DateTime, Utc};
use domain::Delivered;
use domain::ports::Failure;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use processors::Processor;
use tokio::time::sleep;

/// Shards read at the same time. Each has its own limits.
const SHARDS_AT_ONCE: usize = 8;
/// Records processed together. Large batches make large segments, which take fewer writes.
const BATCH_RECORDS: usize = 1_000;
/// Number of repetitions of a batch that is not stored completely, because a table is throttled or
/// unavailable.
const RETRIES_MAX: u32 = 6;
/// Delay before the first repetition. It doubles with each one.
const DELAY: Duration = Duration::from_millis(250);

/// Records of the stream and the batch handler that processes them.
pub(crate) struct RetainedRecords<'a> {
    pub(crate) stream: &'a EventStream,
    pub(crate) processor: &'a Processor<Tables>,
    /// Arrival of the oldest records to process. The log of older ones would have expired.
    pub(crate) since: DateTime<Utc>,
    /// Instant of the start. Later records may be left to the event source mapping.
    pub(crate) now: DateTime<Utc>,
}

/// Failure of the processing. Everything before it is stored.
#[derive(Debug)]
pub(crate) enum RetainedError {
    /// The stream cannot be read.
    Stream(Failure),
    /// A batch cannot be stored.
    Tables(Failure),
}

/// Progress of the processing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RetainedTotals {
    /// Number of shards of the stream.
    pub(crate) shards: usize,
    /// Number of shards that are read to the end.
    pub(crate) done: usize,
    pub(crate) records: u64,
    /// Number of records that arrived too long ago.
    pub(crate) too_old: u64,
    pub(crate) written: u64,
    pub(crate) quarantined: u64,
    /// Arrival of the newest record.
    pub(crate) arrived_at: Option<DateTime<Utc>>,
}

impl RetainedRecords<'_> {
    /// Processes the records of every shard, and calls `progress` after each page. A repetition
    /// changes nothing: the log is a set of events.
    pub(crate) async fn process(
        &self,
        progress: impl Fn(&RetainedTotals),
    ) -> Result<RetainedTotals, RetainedError> {
        let shards = self.stream.retained_shards(self.now).await.map_err(RetainedError::Stream)?;
        let totals = RetainedTotals { shards: shards.len(), ..RetainedTotals::default() };
        let totals = Mutex::new(totals);
        let add = |change: &dyn Fn(&mut RetainedTotals)| {
            let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut totals);
            progress(&totals);
        };
        let reads: Vec<_> =
            shards.into_iter().map(|shard| self.process_shard(shard, &add)).collect();
        stream::iter(reads).buffer_unordered(SHARDS_AT_ONCE).try_collect::<Vec<()>>().await?;
        Ok(totals.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn process_shard(
        &self,
        mut shard: RetainedShard,
        add: &impl Fn(&dyn Fn(&mut RetainedTotals)),
    ) -> Result<(), RetainedError> {
        while let Some(records) = shard.read_next().await.map_err(RetainedError::Stream)? {
            let newest = records.last().map(|record| record.arrived_at);
            let (old, kept): (Vec<Delivered>, Vec<Delivered>) =
                records.into_iter().partition(|record| record.arrived_at < self.since);
            let mut page = RetainedTotals::default();
            for batch in kept.chunks(BATCH_RECORDS) {
                self.process_batch(batch, &mut page).await.map_err(RetainedError::Tables)?;
            }
            add(&|totals| {
                totals.records += kept.len() as u64;
                totals.too_old += old.len() as u64;
                totals.written += page.written;
                totals.quarantined += page.quarantined;
                totals.arrived_at = totals.arrived_at.max(newest);
            });
        }
        add(&|totals| totals.done += 1);
        Ok(())
    }

    async fn process_batch(
        &self,
        batch: &[Delivered],
        totals: &mut RetainedTotals,
    ) -> Result<(), Failure> {
        let mut retries = 0;
        loop {
            let outcome = self.processor.process(batch).await;
            totals.written += outcome.written;
            totals.quarantined += outcome.quarantined;
            let Some(failure) = outcome.failure else { return Ok(()) };
            let may_pass = matches!(failure, Failure::Throttled(_) | Failure::Unavailable(_));
            if !may_pass || retries == RETRIES_MAX {
                return Err(failure);
            }
            sleep(DELAY * 2_u32.pow(retries)).await;
            retries += 1;
        }
    }
}
