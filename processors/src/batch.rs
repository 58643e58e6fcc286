//! A batch of Kinesis records -> stock rows. Lambda and the local event source mapping call
//! [`Processor::process`] alike.
//!
//! Two words for failure: *poison* is set aside and counted, *unsaved* asks for redelivery from the
//! first record that stands behind a row that could not be saved.

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

use crate::fold::{Change, fold};
use crate::metrics as names;
use crate::open::{Poison, open};
use crate::save::{RowOutcome, Saving};

/// Rows that are saved at the same time. DynamoDB answers in some milliseconds, so this is what
/// keeps a batch of a thousand rows within a second.
const SAVES_AT_ONCE: usize = 16;

/// The batch handler with its tables.
#[derive(Debug, Clone)]
pub struct Processor<T> {
    /// Stock and quarantine.
    pub tables: T,
    /// How old an event may be when its record arrives; `None` takes history of any age.
    pub age_max: Option<Duration>,
    /// Most events of one row; with one more it is split. The same in all programs that write to
    /// one table: [`STOCK_ROW_EVENTS_MAX`].
    pub row_events_max: usize,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The lowest sequence number behind anything that is not stored: Lambda delivers everything
    /// from there on again. `None` when all is stored.
    pub retry_from: Option<SequenceNumber>,
    /// Why that is not stored.
    pub failure: Option<Failure>,
    /// Events that are new in their rows.
    pub stored: u64,
    /// When these occurred, in any order.
    pub occurred_at: Vec<DateTime<Utc>>,
    /// Events that their rows already had.
    pub duplicate: u64,
    /// Things put into quarantine.
    pub quarantined: u64,
    /// Rows written.
    pub rows_saved: u64,
}

impl<T> Processor<T> {
    /// A handler over these tables with the default limits.
    pub fn new(tables: T) -> Self {
        Self { tables, age_max: Some(EVENT_AGE_MAX), row_events_max: STOCK_ROW_EVENTS_MAX }
    }
}

impl<T: StockTable + QuarantineTable> Processor<T> {
    /// Stores a batch. It may be cut, ordered and repeated in any way: the rows come out the same.
    pub async fn process(&self, records: &[Delivered]) -> Outcome {
        self.process_into(&self.tables, records).await
    }

    /// Stores a batch; poison goes to `quarantine`.
    pub(crate) async fn process_into(
        &self,
        quarantine: &impl QuarantineTable,
        records: &[Delivered],
    ) -> Outcome {
        // Lambda's batches are of one shard; nowhere else do they have to be.
        let shard = records.first().map(|record| record.shard_id.as_str());
        let span = info_span!("process", shard, records = records.len());
        async {
            let (events, poison) = open(records, self.age_max);
            let mut outcome = Outcome::default();
            keep_all(quarantine, poison, &mut outcome).await;
            let changes = fold(events);
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

    async fn load(&self, changes: &[Change]) -> Result<HashMap<WindowKey, StockWindow>, Failure> {
        let keys: Vec<RowKey> = changes.iter().map(|change| change.key.clone().into()).collect();
        let rows = self.tables.load_stock(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key().clone(), row)).collect())
    }

    async fn save_all(
        &self,
        quarantine: &impl QuarantineTable,
        changes: Vec<Change>,
        mut stored: HashMap<WindowKey, StockWindow>,
        outcome: &mut Outcome,
    ) {
        let saving =
            &Saving { stock: &self.tables, quarantine, row_events_max: self.row_events_max };
        let jobs = changes.into_iter().map(|change| {
            let row = stored.remove(&change.key);
            async move {
                let result = saving.change(&change, row).await;
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

async fn keep_all(quarantine: &impl QuarantineTable, poison: Vec<Poison>, outcome: &mut Outcome) {
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

impl Outcome {
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
