//! Corrections that void nothing are listed in the quarantine until their event arrives.
//!
//! The list is kept after each save of a row. A handler that dies after its last save of a row may
//! leave an entry of a correction that meanwhile has its event; a replay of the entry removes it.
//! The corrections of a split window are not listed.

use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::{StockWindow, unmet_corrections};
use domain::{Event, sha256};

/// Changes of the list by a saved row.
#[derive(Debug, Default)]
pub(crate) struct ListedCorrections {
    listed: Vec<Quarantined>,
    unlisted: Vec<QuarantineId>,
}

impl ListedCorrections {
    /// Compares a row, after its merge, with the events that arrived. `conflicts` tells that an id
    /// in the row changed its content, which may have been a correction. `is_whole` is `false` for
    /// a row that is split.
    pub(crate) fn of<'a>(
        row: &StockWindow,
        arrived: impl Iterator<Item = &'a Event> + Clone,
        conflicts: bool,
        is_whole: bool,
    ) -> Self {
        let corrections = || row.events().filter(|event| event.action().corrects().is_some());
        let mut changes = Self::default();
        if corrections().next().is_none() && !conflicts {
            return changes;
        }
        let has_arrived = |id| arrived.clone().any(|event| event.event_id() == id);
        let unmet = unmet_corrections([row]);
        for correction in corrections() {
            let is_unmet = unmet.contains(&correction) && is_whole;
            let target = correction.action().corrects();
            if is_unmet && has_arrived(correction.event_id()) {
                changes.listed.push(entry(correction));
            } else if !is_unmet
                && (!is_whole
                    || has_arrived(correction.event_id())
                    || target.is_some_and(has_arrived))
            {
                changes.unlisted.push(id(correction));
            }
        }
        if conflicts {
            let corrections: Vec<_> = corrections().map(Event::event_id).collect();
            let others = arrived.filter(|event| !corrections.contains(&event.event_id()));
            changes.unlisted.extend(others.map(id));
        }
        changes
    }

    /// Returns the removal of all corrections among `arrived`, for a window that is split.
    pub(crate) fn none_of<'a>(arrived: impl Iterator<Item = &'a Event>) -> Self {
        let corrections = arrived.filter(|event| event.action().corrects().is_some());
        Self { listed: Vec::new(), unlisted: corrections.map(id).collect() }
    }

    /// Writes the changes.
    ///
    /// # Errors
    /// Returns the first failure of the quarantine table.
    pub(crate) async fn write(&self, quarantine: &impl QuarantineTable) -> Result<(), Failure> {
        for entry in &self.listed {
            quarantine.put_quarantined(entry).await?;
        }
        for id in &self.unlisted {
            quarantine.remove_quarantined(id).await?;
        }
        Ok(())
    }
}

/// Returns the id of the entry of a correction. It depends on the row and the event id, so that
/// another content of the correction replaces the entry.
fn id(correction: &Event) -> QuarantineId {
    let (store_id, event_id) = (correction.store_id(), correction.event_id());
    let row = format!("{} {}", correction.sku(), correction.window());
    QuarantineId {
        date: correction.occurred_at().date_naive(),
        key: format!("{store_id}#{event_id}#{}", &sha256(row.as_bytes())[..16]),
    }
}

fn entry(correction: &Event) -> Quarantined {
    let corrects = correction.action().corrects().map(ToString::to_string).unwrap_or_default();
    Quarantined {
        id: id(correction),
        reason: QuarantineReason::UnmetCorrection,
        message: format!(
            "event {} of store {} voids nothing: event {corrects} of item {} is not there at {}; \
             when it arrives, this entry leaves",
            correction.event_id(),
            correction.store_id(),
            correction.sku(),
            correction.occurred_at().format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        ),
        at: correction.occurred_at(),
        bytes: correction.content().into_bytes(),
    }
}
