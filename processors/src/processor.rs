//! Batch handler: appends the events of a Kinesis batch to the stock log. Lambda and the local
//! event source mapping call [`Processor::process`].
//!
//! The handler reads no table. A *poison record* is invalid: it goes to quarantine and is counted.
//! If an entry of the log cannot be stored, the batch is redelivered from the first record with an
//! event in it; all other entries are stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::EVENT_AGE_MAX;
use domain::ports::{Clock, Failure, LogEntry, QuarantineTable, StockLog};
use domain::quarantine::Quarantined;
use domain::record::{DeliveredRef, in_order};
use domain::{SequenceNumber, StoreId};
use futures_util::stream::{self, StreamExt};
use metrics::counter;
use tracing::{Instrument, info_span, warn};

use crate::batch_segments::{DateEvents, date_events};
use crate::metrics as names;
use crate::opened_events::{OpenedEvents, Place, parts};
use crate::stored_records::StoredRecords;

/// Quarantine entries written concurrently.
const WRITES_AT_ONCE: usize = 16;

/// The batch handler with its tables.
#[derive(Clone)]
pub struct Processor<T> {
    /// Stock log and quarantine.
    pub tables: T,
    /// Maximum age of an event at the arrival of its record; `None` accepts events of any age.
    pub age_max: Option<Duration>,
    clock: Clock,
    stored: Arc<StoredRecords>,
}

/// Result of processing a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchOutcome {
    /// Lowest sequence number of a record that is not stored completely. Lambda redelivers the
    /// batch from there. `None` if everything is stored.
    pub retry_from: Option<SequenceNumber>,
    /// Failure that belongs to `retry_from`.
    pub failure: Option<Failure>,
    /// Number of events written to the log, each once for the batch. The log may contain them
    /// already.
    pub written: u64,
    /// Instants at which the events occurred, in any order.
    pub occurred_at: Vec<DateTime<Utc>>,
    /// Number of events that the batch contains more than once.
    pub duplicate: u64,
    /// Number of records and events put into quarantine.
    pub quarantined: u64,
    /// Number of segments written.
    pub segments: u64,
}

impl<T> Processor<T> {
    /// Creates a handler over these tables with the default age limit. The clock decides which
    /// segments are late for the close of day.
    pub fn new(tables: T, clock: Clock) -> Self {
        Self { tables, age_max: Some(EVENT_AGE_MAX), clock, stored: Arc::default() }
    }

    /// Replaces the age limit; `None` accepts events of any age.
    #[must_use]
    pub fn with_age_max(self, age_max: Option<Duration>) -> Self {
        Self { age_max, ..self }
    }
}

impl<T: StockLog + QuarantineTable> Processor<T> {
    /// Appends the events of a batch to the log. The resulting sets of events do not depend on how
    /// records are cut into batches, ordered or repeated.
    ///
    /// # Examples
    /// A record without an event goes to quarantine and is not redelivered:
    /// ```
    /// use std::sync::Arc;
    ///
    /// use domain::SequenceNumber;
    /// use domain::ports::QuarantineTable;
    /// use domain::record::Delivered;
    /// use in_memory::Tables;
    /// use processors::Processor;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let record = Delivered {
    ///     shard_id: "shardId-000000000000".to_owned(),
    ///     sequence_number: SequenceNumber::new("1"),
    ///     partition_key: "0042".to_owned(),
    ///     arrived_at: "2026-03-12T09:01:00Z".parse()?,
    ///     data: b"no event".to_vec(),
    /// };
    /// let now = Arc::new(|| "2026-03-12T09:01:01Z".parse().unwrap());
    /// let processor = Processor::new(Tables::default(), now);
    /// let outcome = processor.process(&[record]).await;
    /// assert_eq!((outcome.written, outcome.quarantined, outcome.retry_from), (0, 1, None));
    ///
    /// let refused = processor.tables.query_quarantined("2026-03-12".parse()?).await?;
    /// assert_eq!(refused[0].id.to_string(), "2026-03-12/shardId-000000000000#1#0000");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn process<'a>(
        &self,
        records: impl IntoIterator<Item = impl Into<DeliveredRef<'a>>>,
    ) -> BatchOutcome {
        let records: Vec<DeliveredRef<'a>> = records.into_iter().map(Into::into).collect();
        let mut left = records.clone();
        self.stored.retain_unknown(&mut left);
        let batch = self.process_into(&self.tables, &left).await;
        let failed = batch.failed.keys().map(|record| left[*record].sequence_number);
        self.stored.remember(&records, &failed.collect());
        let failed = batch.failed.len();
        let outcome = batch.finish(&left);
        if let (Some(number), Some(failure)) = (&outcome.retry_from, &outcome.failure) {
            let shard = left.first().map(|record| record.shard_id);
            let sequence_number = number.as_str();
            warn!(shard, sequence_number, records = failed, "not stored, the first: {failure}");
        }
        outcome
    }

    /// Stores the events of records; poison records go to `quarantine`.
    pub(crate) async fn process_into(
        &self,
        quarantine: &impl QuarantineTable,
        records: &[DeliveredRef<'_>],
    ) -> Batch {
        // A batch from Lambda has one shard; other callers may mix shards.
        let shard = records.first().map(|record| record.shard_id);
        let span = info_span!("process", shard, records = records.len());
        async {
            let mut batch = Batch::default();
            let mut rest = Some(Place::default());
            while let Some(first) = rest {
                let (dates, poison);
                (dates, poison, rest) = self.open(records, first);
                batch.quarantine_all(quarantine, poison).await;
                self.append_all(dates, &mut batch).await;
            }
            batch.count();
            batch
        }
        .instrument(span)
        .await
    }

    /// Opens records from `first` on. Returns their segments, what is refused of them, and the
    /// place of what is left.
    fn open(
        &self,
        records: &[DeliveredRef<'_>],
        first: Place,
    ) -> (Vec<DateEvents>, Vec<(usize, Quarantined)>, Option<Place>) {
        let (parts, next) = parts(records, first);
        let mut opened = OpenedEvents::of(records, &parts, self.age_max);
        let poison = std::mem::take(&mut opened.poison);
        (date_events(records, &opened), poison, next)
    }

    /// Appends the segments of all stores and dates, and then their marks.
    async fn append_all(&self, dates: Vec<DateEvents>, batch: &mut Batch) {
        let segments = dates.iter().map(|date| Group {
            entries: date.segments.iter().cloned().map(LogEntry::Segment).collect(),
            records: &date.records,
        });
        let is_stored = self.append_each(segments.collect(), batch).await;
        let failed = dates.iter().zip(&is_stored).filter(|(_, is_stored)| !*is_stored);
        batch.segments_failed += failed.map(|(date, _)| date.segments.len() as u64).sum::<u64>();
        // The clock is read after the segments were stored. What a reader may have missed has a
        // mark, and until the mark is stored as well, the batch is not.
        let stored_at = (self.clock)();
        let stored: Vec<&DateEvents> =
            dates.iter().zip(is_stored).filter_map(|(date, is)| is.then_some(date)).collect();
        let late = stored.iter().filter(|date| date.is_late_at(stored_at)).map(|date| Group {
            entries: date.segments.iter().map(|one| LogEntry::LateMark(one.key.clone())).collect(),
            records: &date.records,
        });
        // A batch may hold several dates of a store, and an entry may be in a call only once. The
        // schedule visits the stores of today, whenever their events arrived.
        let stored_on = stored_at.date_naive();
        let mut active: BTreeMap<&StoreId, &DateEvents> = BTreeMap::new();
        for date in &stored {
            active.entry(&date.store_id).or_insert(date);
        }
        active.retain(|store_id, _| !self.stored.is_active(stored_on, store_id));
        let groups = active.iter().map(|(store_id, date)| Group {
            entries: vec![LogEntry::ActiveStore { stored_on, store_id: (*store_id).clone() }],
            records: &date.records,
        });
        let is_marked = self.append_each(groups.chain(late).collect(), batch).await;
        for (store_id, _) in active.into_keys().zip(is_marked).filter(|(_, is)| *is) {
            self.stored.remember_active(stored_on, store_id.clone());
        }
        stored.into_iter().for_each(|date| batch.count_stored(date));
    }

    /// Appends the entries of all groups. Returns, for each group, `true` if all are stored.
    async fn append_each(&self, groups: Vec<Group<'_>>, batch: &mut Batch) -> Vec<bool> {
        let lengths: Vec<usize> = groups.iter().map(|group| group.entries.len()).collect();
        let records: Vec<&[usize]> = groups.iter().map(|group| group.records).collect();
        let entries: Vec<LogEntry> = groups.into_iter().flat_map(|group| group.entries).collect();
        if entries.is_empty() {
            return Vec::new();
        }
        let mut results = self.tables.append(&entries).await.into_iter();
        let mut is_stored = Vec::new();
        for (length, records) in lengths.into_iter().zip(records) {
            let of_group: Vec<_> = results.by_ref().take(length).collect();
            let failure = of_group.into_iter().find_map(Result::err);
            is_stored.push(failure.is_none());
            failure.into_iter().for_each(|why| batch.count_failed(records, &why));
        }
        is_stored
    }
}

/// Entries of the log that are stored together or reported as failed.
struct Group<'a> {
    entries: Vec<LogEntry>,
    /// Places of the records that the entries belong to.
    records: &'a [usize],
}

/// Outcome of a batch so far.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) outcome: BatchOutcome,
    /// Places of the records that are not stored completely, each with its first failure.
    failed: BTreeMap<usize, Failure>,
    late: u64,
    segments_failed: u64,
}

impl Batch {
    async fn quarantine_all(
        &mut self,
        quarantine: &impl QuarantineTable,
        poison: Vec<(usize, Quarantined)>,
    ) {
        let jobs = poison.into_iter().map(|(record, refused)| async move {
            let result = quarantine.put_quarantined(&refused).await;
            (record, refused, result)
        });
        let mut results = stream::iter(jobs).buffer_unordered(WRITES_AT_ONCE);
        while let Some((record, refused, result)) = results.next().await {
            match result {
                Ok(()) => self.count_quarantined(&refused),
                Err(failure) => self.count_failed(&[record], &failure),
            }
        }
    }

    fn count_stored(&mut self, date: &DateEvents) {
        let outcome = &mut self.outcome;
        let written: usize = date.segments.iter().map(|segment| segment.event_count).sum();
        outcome.written += written as u64;
        outcome.occurred_at.extend(&date.occurred_at);
        outcome.duplicate += date.duplicate;
        outcome.segments += date.segments.len() as u64;
        self.late += date.late;
    }

    /// Adds the sums of the batch to the metrics.
    fn count(&self) {
        let BatchOutcome { written, duplicate, segments, .. } = self.outcome;
        counter!(names::EVENTS_TOTAL, "outcome" => "written").increment(written);
        counter!(names::EVENTS_TOTAL, "outcome" => "late").increment(self.late);
        counter!(names::EVENTS_TOTAL, "outcome" => "duplicate").increment(duplicate);
        counter!(names::SEGMENTS_TOTAL, "outcome" => "stored").increment(segments);
        counter!(names::SEGMENTS_TOTAL, "outcome" => "failed").increment(self.segments_failed);
    }

    fn count_quarantined(&mut self, refused: &Quarantined) {
        self.outcome.quarantined += 1;
        counter!(names::EVENTS_TOTAL, "outcome" => "poison").increment(1);
        counter!(names::QUARANTINED_TOTAL, "reason" => refused.reason.as_str()).increment(1);
        let (reason, id) = (refused.reason.as_str(), &refused.id);
        warn!(reason, %id, "kept in quarantine");
    }

    fn count_failed(&mut self, records: &[usize], failure: &Failure) {
        for record in records {
            self.failed.entry(*record).or_insert_with(|| failure.clone());
        }
    }

    /// Returns the outcome for the records of the batch.
    pub(crate) fn finish(self, records: &[DeliveredRef<'_>]) -> BatchOutcome {
        let number = |record: usize| records[record].sequence_number;
        let lowest = self.failed.iter().min_by(|(a, _), (b, _)| in_order(number(**a), number(**b)));
        let Some((record, failure)) = lowest else { return self.outcome };
        let retry_from = Some(SequenceNumber::new(number(*record)));
        BatchOutcome { retry_from, failure: Some(failure.clone()), ..self.outcome }
    }
}
