//! Save of one row: merges new events into the stored row and saves it under the version that was
//! read. After a version conflict it merges again with the row stored in between.
//!
//! A row above the maximum number of events is split: its events are merged into its continuations,
//! and then it becomes a signpost to them. A crash in between leaves the events in both; readers
//! assemble them, and the next save of the row splits it again.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::limits::SAVE_ATTEMPTS_MAX;
use domain::ports::{Failure, QuarantineTable, Saved, StockTable};
use domain::quarantine::Quarantined;
use domain::stock::{Absorbed, RowKey, StockWindow};

use crate::unmet_corrections::{ListedCorrections, correction_ids};
use crate::window_change::WindowChange;

/// Result of saving a row and its continuations.
#[derive(Debug, Default)]
pub(crate) struct RowOutcome {
    pub(crate) saved: u64,
    pub(crate) unchanged: u64,
    /// Instants at which the new events occurred.
    pub(crate) stored: Vec<DateTime<Utc>>,
    /// Number of new events that arrived after the end of their window.
    pub(crate) late: u64,
    /// Number of events that the row already contained.
    pub(crate) duplicate: u64,
    pub(crate) conflicts: u64,
    pub(crate) refused: Vec<Quarantined>,
}

/// Event to merge into a row.
#[derive(Debug, Clone, Copy)]
struct Arrival<'a> {
    event: &'a Event,
    is_late: bool,
}

/// Saves rows under optimistic concurrency.
pub(crate) struct RowSaver<'a, S, Q> {
    pub(crate) stock: &'a S,
    pub(crate) quarantine: &'a Q,
    pub(crate) row_events_max: usize,
}

/// Boxed future, because continuations can have continuations.
type BoxedOutcome<'a> = Pin<Box<dyn Future<Output = Result<RowOutcome, Failure>> + Send + 'a>>;

impl<S: StockTable, Q: QuarantineTable> RowSaver<'_, S, Q> {
    /// Saves the events of `change`. `stored` is the row as it was read, if there is one.
    pub(crate) async fn save(
        &self,
        change: &WindowChange,
        stored: Option<StockWindow>,
    ) -> Result<RowOutcome, Failure> {
        let arrivals = change.events.iter();
        let arrivals = arrivals
            .map(|opened| Arrival { event: &opened.event, is_late: opened.is_late })
            .collect();
        self.merge_into(change.key.clone().into(), arrivals, stored).await
    }

    /// Refused events are quarantined before the row is saved. After a crash in between, the
    /// redelivery writes the same quarantine entry again, and nothing is lost.
    async fn merge_into(
        &self,
        key: RowKey,
        arrivals: Vec<Arrival<'_>>,
        mut stored: Option<StockWindow>,
    ) -> Result<RowOutcome, Failure> {
        let mut conflicts = 0;
        for _ in 0..SAVE_ATTEMPTS_MAX {
            if stored.as_ref().is_some_and(StockWindow::is_signpost) {
                let events = arrivals.iter().map(|arrival| arrival.event);
                ListedCorrections::none_of(&key.window, events).write(self.quarantine).await?;
                let mut outcome = self.merge_into_continuations(&key, arrivals).await?;
                outcome.conflicts += conflicts;
                return Ok(outcome);
            }
            let read = stored.as_ref().map(StockWindow::version);
            let mut row = stored.unwrap_or_else(|| StockWindow::new(key.clone()));
            let before = correction_ids(&row);
            let mut outcome = merge(&mut row, &arrivals);
            outcome.conflicts = conflicts;
            for refused in &outcome.refused {
                self.quarantine.put_quarantined(refused).await?;
            }
            let is_whole = row.len() <= self.row_events_max && key.part.is_first();
            let events = arrivals.iter().map(|arrival| arrival.event);
            let corrections = ListedCorrections::of(&row, &before, events, is_whole);
            if outcome.unchanged > 0 {
                corrections.write(self.quarantine).await?;
                return Ok(outcome);
            }
            if row.len() > self.row_events_max {
                outcome.saved += self.split(&row).await?;
                row = StockWindow::signpost(key.clone());
            }
            match self.stock.save_stock(&row, read.as_ref()).await? {
                Saved::Done => {
                    corrections.write(self.quarantine).await?;
                    return Ok(outcome);
                }
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

    /// Copies the events of a row into its continuations. Returns the number of rows written.
    async fn split(&self, row: &StockWindow) -> Result<u64, Failure> {
        // The events were already counted as late and as new when they arrived.
        let moved = row.events().map(|event| Arrival { event, is_late: false });
        let outcome = self.merge_into_continuations(row.row_key(), moved.collect()).await?;
        Ok(outcome.saved)
    }

    /// Merges events into the continuations of a row.
    fn merge_into_continuations<'a>(
        &'a self,
        key: &RowKey,
        arrivals: Vec<Arrival<'a>>,
    ) -> BoxedOutcome<'a> {
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
                all.add(self.merge_into(key, arrivals, row).await?);
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

/// Merges events into a row by set union. The outcome counts the row as either saved or unchanged.
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
            Absorbed::KnownLater => {
                changed = true;
                outcome.duplicate += 1;
            }
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
