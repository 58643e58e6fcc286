//! Batch handler: stores the events of a Kinesis batch as stock rows. Lambda and the local event
//! source mapping call [`Processor::process`].
//!
//! A *poison record* is invalid: it goes to quarantine and is counted. An *unsaved* row is a
//! failure of a table: the batch is redelivered from the first record with an event of that row.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{EVENT_AGE_MAX, STOCK_ROW_EVENTS_MAX};
use domain::ports::{Failure, QuarantineTable, StockTable};
use domain::quarantine::Quarantined;
use domain::stock::{RowKey, StockWindow, WindowKey};
use domain::{Delivered, SequenceNumber};
use futures_util::stream::{self, StreamExt};
use metrics::counter;
use tracing::{Instrument, info_span, warn};

use crate::metrics as names;
use crate::opened_events::{PoisonRecord, open};
use crate::row_saver::{RowOutcome, RowSaver};
use crate::window_change::{WindowChange, window_changes};

/// Rows saved concurrently. A save takes a few milliseconds, so a batch of a thousand rows takes
/// less than a second.
const SAVES_AT_ONCE: usize = 16;

/// The batch handler with its tables.
#[derive(Debug, Clone)]
pub struct Processor<T> {
    /// Stock and quarantine tables.
    pub tables: T,
    /// Maximum age of an event at the arrival of its record; `None` accepts events of any age.
    pub age_max: Option<Duration>,
    /// Maximum number of events in one row; a row with more is split. All programs that write to
    /// one table must use the same value, by default [`STOCK_ROW_EVENTS_MAX`].
    pub row_events_max: usize,
}

/// Result of processing a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchOutcome {
    /// Lowest sequence number of a record that is not stored completely. Lambda redelivers the
    /// batch from there. `None` if everything is stored.
    pub retry_from: Option<SequenceNumber>,
    /// Failure that belongs to `retry_from`.
    pub failure: Option<Failure>,
    /// Number of events that are new in their rows.
    pub stored: u64,
    /// Instants at which the new events occurred, in any order.
    pub occurred_at: Vec<DateTime<Utc>>,
    /// Number of events that their rows already contained.
    pub duplicate: u64,
    /// Number of records and events put into quarantine.
    pub quarantined: u64,
    /// Number of rows written.
    pub rows_saved: u64,
}

impl<T> Processor<T> {
    /// Creates a handler over these tables with the default limits.
    pub fn new(tables: T) -> Self {
        Self { tables, age_max: Some(EVENT_AGE_MAX), row_events_max: STOCK_ROW_EVENTS_MAX }
    }
}

impl<T: StockTable + QuarantineTable> Processor<T> {
    /// Stores the events of a batch. The resulting rows do not depend on how records are cut into
    /// batches, ordered or repeated.
    ///
    /// # Examples
    /// A record without an event goes to quarantine and is not redelivered:
    /// ```
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
    /// let processor = Processor::new(Tables::default());
    /// let outcome = processor.process(&[record]).await;
    /// assert_eq!((outcome.stored, outcome.quarantined, outcome.retry_from), (0, 1, None));
    ///
    /// let refused = processor.tables.query_quarantined("2026-03-12".parse()?).await?;
    /// assert_eq!(refused[0].id.to_string(), "2026-03-12/shardId-000000000000#1#0000");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn process(&self, records: &[Delivered]) -> BatchOutcome {
        self.process_into(&self.tables, records).await
    }

    /// Stores the events of a batch; poison records go to `quarantine`.
    pub(crate) async fn process_into(
        &self,
        quarantine: &impl QuarantineTable,
        records: &[Delivered],
    ) -> BatchOutcome {
        // A batch from Lambda has one shard; other callers may mix shards.
        let shard = records.first().map(|record| record.shard_id.as_str());
        let span = info_span!("process", shard, records = records.len());
        async {
            let (events, poison) = open(records, self.age_max);
            let mut outcome = BatchOutcome::default();
            quarantine_all(quarantine, poison, &mut outcome).await;
            let changes = window_changes(events);
            match self.load(&changes).await {
                Ok(stored) => self.save_all(quarantine, changes, stored, &mut outcome).await,
                Err(failure) => {
                    for change in &changes {
                        outcome.count_failed(&change.lowest, &failure);
                    }
                }
            }
            outcome
        }
        .instrument(span)
        .await
    }

    async fn load(
        &self,
        changes: &[WindowChange],
    ) -> Result<HashMap<WindowKey, StockWindow>, Failure> {
        let keys: Vec<RowKey> = changes.iter().map(|change| change.key.clone().into()).collect();
        let rows = self.tables.load_stock(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key().clone(), row)).collect())
    }

    async fn save_all(
        &self,
        quarantine: &impl QuarantineTable,
        changes: Vec<WindowChange>,
        mut stored: HashMap<WindowKey, StockWindow>,
        outcome: &mut BatchOutcome,
    ) {
        let saver =
            &RowSaver { stock: &self.tables, quarantine, row_events_max: self.row_events_max };
        let jobs = changes.into_iter().map(|change| {
            let row = stored.remove(&change.key);
            async move {
                let result = saver.save(&change, row).await;
                (change, result)
            }
        });
        let mut results = stream::iter(jobs).buffer_unordered(SAVES_AT_ONCE);
        while let Some((change, result)) = results.next().await {
            match result {
                Ok(row) => outcome.count_row(&row),
                Err(failure) => outcome.count_failed(&change.lowest, &failure),
            }
        }
    }
}

async fn quarantine_all(
    quarantine: &impl QuarantineTable,
    poison: Vec<PoisonRecord>,
    outcome: &mut BatchOutcome,
) {
    let jobs = poison.into_iter().map(|poison| async move {
        let result = quarantine.put_quarantined(&poison.refused).await;
        (poison, result)
    });
    let mut results = stream::iter(jobs).buffer_unordered(SAVES_AT_ONCE);
    while let Some((poison, result)) = results.next().await {
        match result {
            Ok(()) => outcome.count_quarantined(&poison.refused),
            Err(failure) => outcome.count_failed(&poison.sequence_number, &failure),
        }
    }
}

impl BatchOutcome {
    fn count_row(&mut self, row: &RowOutcome) {
        self.stored += row.stored.len() as u64;
        self.occurred_at.extend(&row.stored);
        self.duplicate += row.duplicate;
        self.rows_saved += row.saved;
        row.refused.iter().for_each(|refused| self.count_quarantined(refused));
        counter!(names::EVENTS_TOTAL, "outcome" => "stored").increment(row.stored.len() as u64);
        counter!(names::EVENTS_TOTAL, "outcome" => "late").increment(row.late);
        counter!(names::EVENTS_TOTAL, "outcome" => "duplicate").increment(row.duplicate);
        counter!(names::CONFLICTS_TOTAL).increment(row.conflicts);
        counter!(names::ROWS_TOTAL, "outcome" => "saved").increment(row.saved);
        counter!(names::ROWS_TOTAL, "outcome" => "unchanged").increment(row.unchanged);
    }

    fn count_quarantined(&mut self, refused: &Quarantined) {
        self.quarantined += 1;
        counter!(names::EVENTS_TOTAL, "outcome" => "poison").increment(1);
        counter!(names::QUARANTINED_TOTAL, "reason" => refused.reason.as_str()).increment(1);
        let (reason, id) = (refused.reason.as_str(), &refused.id);
        warn!(reason, %id, "kept in quarantine");
    }

    fn count_failed(&mut self, sequence_number: &SequenceNumber, failure: &Failure) {
        counter!(names::ROWS_TOTAL, "outcome" => "failed").increment(1);
        warn!(sequence_number = sequence_number.as_str(), "not stored: {failure}");
        let lower = self.retry_from.as_ref().is_none_or(|lowest| sequence_number < lowest);
        if lower {
            self.retry_from = Some(sequence_number.clone());
            self.failure = Some(failure.clone());
        }
    }
}
