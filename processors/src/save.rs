//! One row: merge what is new with what is stored, save under the version that was read, and on a
//! conflict merge again with what somebody else stored in between.

use domain::Event;
use domain::limits::SAVE_ATTEMPTS_MAX;
use domain::ports::{Failure, QuarantineTable, Saved, StockTable};
use domain::quarantine::Quarantined;
use domain::stock::{Absorbed, StockWindow, overflowing};

use crate::fold::Change;

/// What became of a row.
#[derive(Debug, Default)]
pub(crate) struct RowOutcome {
    pub(crate) saved: bool,
    /// Events the row did not have.
    pub(crate) stored: u64,
    /// Of these, those that arrived after their window ended.
    pub(crate) late: u64,
    /// Events the row already had.
    pub(crate) duplicate: u64,
    pub(crate) conflicts: u64,
    pub(crate) refused: Vec<Quarantined>,
}

/// Brings `change` into the table. `stored` is the row as it was read, if there was one.
///
/// What the row cannot take goes to quarantine before the row is saved: a crash in between leaves
/// a quarantine row that the redelivery writes again, and nothing lost.
pub(crate) async fn save<S: StockTable, Q: QuarantineTable>(
    change: &Change,
    mut stored: Option<StockWindow>,
    stock: &S,
    quarantine: &Q,
) -> Result<RowOutcome, Failure> {
    let mut conflicts = 0;
    for _ in 0..SAVE_ATTEMPTS_MAX {
        let read = stored.as_ref().map(StockWindow::version);
        let mut row = stored.unwrap_or_else(|| StockWindow::new(change.key.clone()));
        let mut outcome = merge(&mut row, change);
        for refused in &outcome.refused {
            quarantine.keep(refused).await?;
        }
        if !outcome.saved {
            return Ok(RowOutcome { conflicts, ..outcome });
        }
        match stock.save(&row, read.as_ref()).await? {
            Saved::Done => {
                outcome.conflicts = conflicts;
                return Ok(outcome);
            }
            Saved::Conflict(other) => {
                conflicts += 1;
                stored = other;
            }
        }
    }
    Err(Failure::Throttled(format!(
        "row {} changed under {SAVE_ATTEMPTS_MAX} attempts to save it",
        change.key
    )))
}

/// Set union. `saved` tells whether the row changed and so has to be saved.
fn merge(row: &mut StockWindow, change: &Change) -> RowOutcome {
    let mut outcome = RowOutcome::default();
    for opened in &change.events {
        match row.absorb(Event::clone(&opened.event)) {
            Absorbed::New => {
                outcome.saved = true;
                outcome.stored += 1;
                outcome.late += u64::from(opened.is_late);
            }
            Absorbed::Known => outcome.duplicate += 1,
            Absorbed::Conflict(conflict) => {
                outcome.saved |= conflict.replaced;
                outcome.refused.push(conflict.quarantined());
            }
            Absorbed::Full(event) => outcome.refused.push(overflowing(&event)),
        }
    }
    outcome
}
