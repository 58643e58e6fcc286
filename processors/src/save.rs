//! One row: merge what is new with what is stored, save under the version that was read, and on a
//! conflict merge again with what somebody else stored in between.
//!
//! A row with more events than it may hold is split: its events are merged into its continuations,
//! and then it becomes a signpost to them. A crash in between leaves the events in both; readers
//! put them together, and the next save that finds the row too full splits it again.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::limits::SAVE_ATTEMPTS_MAX;
use domain::ports::{Failure, QuarantineTable, Saved, StockTable};
use domain::quarantine::Quarantined;
use domain::stock::{Absorbed, RowKey, StockWindow};

use crate::fold::Change;

/// What became of a row, and of its continuations.
#[derive(Debug, Default)]
pub(crate) struct RowOutcome {
    /// Rows written.
    pub(crate) saved: u64,
    /// Rows that had everything.
    pub(crate) unchanged: u64,
    /// When the events occurred that the row did not have.
    pub(crate) stored: Vec<DateTime<Utc>>,
    /// Of these, those that arrived after their window ended.
    pub(crate) late: u64,
    /// Events the row already had.
    pub(crate) duplicate: u64,
    pub(crate) conflicts: u64,
    pub(crate) refused: Vec<Quarantined>,
}

/// An event on its way into a row.
#[derive(Debug, Clone, Copy)]
struct Arrival<'a> {
    event: &'a Event,
    is_late: bool,
}

/// The tables, and how many events a row may have.
pub(crate) struct Saving<'a, S, Q> {
    pub(crate) stock: &'a S,
    pub(crate) quarantine: &'a Q,
    pub(crate) row_events_max: usize,
}

/// A future that may hold itself: rows below rows.
type Deep<'a> = Pin<Box<dyn Future<Output = Result<RowOutcome, Failure>> + Send + 'a>>;

impl<S: StockTable, Q: QuarantineTable> Saving<'_, S, Q> {
    /// Brings `change` into the table. `stored` is the row as it was read, if there was one.
    pub(crate) async fn change(
        &self,
        change: &Change,
        stored: Option<StockWindow>,
    ) -> Result<RowOutcome, Failure> {
        let arrivals = change.events.iter();
        let arrivals = arrivals
            .map(|opened| Arrival { event: &opened.event, is_late: opened.is_late })
            .collect();
        self.bring(change.key.clone().into(), arrivals, stored).await
    }

    /// What the row refuses goes to quarantine before the row is saved: a crash in between leaves
    /// a quarantine row that the redelivery writes again, and nothing lost.
    async fn bring(
        &self,
        key: RowKey,
        arrivals: Vec<Arrival<'_>>,
        mut stored: Option<StockWindow>,
    ) -> Result<RowOutcome, Failure> {
        let mut conflicts = 0;
        for _ in 0..SAVE_ATTEMPTS_MAX {
            if stored.as_ref().is_some_and(StockWindow::is_signpost) {
                let mut outcome = self.bring_on(&key, arrivals).await?;
                outcome.conflicts += conflicts;
                return Ok(outcome);
            }
            let read = stored.as_ref().map(StockWindow::version);
            let mut row = stored.unwrap_or_else(|| StockWindow::new(key.clone()));
            let mut outcome = merge(&mut row, &arrivals);
            outcome.conflicts = conflicts;
            for refused in &outcome.refused {
                self.quarantine.put_quarantined(refused).await?;
            }
            if outcome.unchanged > 0 {
                return Ok(outcome);
            }
            if row.len() > self.row_events_max {
                outcome.saved += self.split(&row).await?;
                row = StockWindow::signpost(key.clone());
            }
            match self.stock.save_stock(&row, read.as_ref()).await? {
                Saved::Done => return Ok(outcome),
                Saved::Conflict(other) => {
                    conflicts += 1;
                    stored = other;
                }
            }
        }
        Err(Failure::Throttled(format!(
            "row {key} changed under {SAVE_ATTEMPTS_MAX} attempts to save it"
        )))
    }

    /// Copies a row's events into its continuations; answers how many rows were written.
    async fn split(&self, row: &StockWindow) -> Result<u64, Failure> {
        // That some of these were late, and all are new there, was told when they came.
        let moved = row.events().map(|event| Arrival { event, is_late: false });
        let outcome = self.bring_on(row.row_key(), moved.collect()).await?;
        Ok(outcome.saved)
    }

    /// Brings events into the continuations of a row.
    fn bring_on<'a>(&'a self, key: &RowKey, arrivals: Vec<Arrival<'a>>) -> Deep<'a> {
        let mut shares: BTreeMap<RowKey, Vec<Arrival<'a>>> = BTreeMap::new();
        for arrival in arrivals {
            shares.entry(key.next(arrival.event.event_id())).or_default().push(arrival);
        }
        Box::pin(async move {
            let keys: Vec<RowKey> = shares.keys().cloned().collect();
            let rows = self.stock.load_stock(&keys).await?.into_iter();
            let mut rows: BTreeMap<RowKey, StockWindow> =
                rows.map(|row| (row.row_key().clone(), row)).collect();
            let mut all = RowOutcome::default();
            for (key, arrivals) in shares {
                let row = rows.remove(&key);
                all.add(self.bring(key, arrivals, row).await?);
            }
            Ok(all)
        })
    }
}

impl RowOutcome {
    fn add(&mut self, other: Self) {
        self.saved += other.saved;
        self.unchanged += other.unchanged;
        self.stored.extend(other.stored);
        self.late += other.late;
        self.duplicate += other.duplicate;
        self.conflicts += other.conflicts;
        self.refused.extend(other.refused);
    }
}

/// Set union. Either the row changed and is to be saved, or it is unchanged.
fn merge(row: &mut StockWindow, arrivals: &[Arrival<'_>]) -> RowOutcome {
    let mut outcome = RowOutcome::default();
    let mut changed = false;
    for Arrival { event, is_late } in arrivals {
        match row.absorb(Event::clone(event)) {
            Absorbed::New => {
                changed = true;
                outcome.stored.push(event.occurred_at());
                outcome.late += u64::from(*is_late);
            }
            Absorbed::Known => outcome.duplicate += 1,
            Absorbed::Conflict(conflict) => {
                changed |= conflict.replaced;
                outcome.refused.push(conflict.quarantined());
            }
        }
    }
    outcome.saved = u64::from(changed);
    outcome.unchanged = u64::from(!changed);
    outcome
}
