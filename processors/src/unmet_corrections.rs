//! Corrections that void nothing are listed in the quarantine until their event arrives.
//!
//! The list is kept after each save of a row. A handler that dies after its last save of a row may
//! leave an entry of a correction that meanwhile has its event; a replay of the entry removes it.
//! The corrections of a split window are not listed.

use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::{StockWindow, WindowKey, unmet_corrections};
use domain::{Event, EventId, sha256};

/// Changes of the list by a saved row.
#[derive(Debug, Default)]
pub(crate) struct ListedCorrections {
    listed: Vec<Quarantined>,
    unlisted: Vec<QuarantineId>,
}

impl ListedCorrections {
    /// Compares a row, after its merge, with the events that arrived. `before` are the ids of the
    /// row's corrections before the merge: no other can be listed. `is_whole` is `false` for a row
    /// that is split.
    pub(crate) fn of<'a>(
        row: &StockWindow,
        before: &[EventId],
        arrived: impl Iterator<Item = &'a Event> + Clone,
        is_whole: bool,
    ) -> Self {
        let corrections: Vec<&Event> = row.events().filter(is_correction).collect();
        if corrections.is_empty() && before.is_empty() {
            return Self::default();
        }
        let has_arrived = |id| arrived.clone().any(|event| event.event_id() == id);
        let unmet = unmet_corrections([row]);
        let stays = |correction: &&Event| unmet.contains(correction) && is_whole;
        let listed = corrections.iter().copied();
        let listed = listed.filter(|event| stays(event) && has_arrived(event.event_id()));
        let is_over = |id: &&EventId| {
            let correction = corrections.iter().find(|event| event.event_id() == *id);
            // Another content may have replaced a correction.
            correction.is_none_or(|event| {
                let touches = |id| has_arrived(id) || !is_whole;
                let target = event.action().corrects();
                !stays(event) && (touches(event.event_id()) || target.is_some_and(touches))
            })
        };
        let unlisted = before.iter().filter(is_over);
        Self {
            listed: listed.map(|event| entry(row.key(), event)).collect(),
            unlisted: unlisted.map(|event_id| id(row.key(), event_id)).collect(),
        }
    }

    /// Returns the removal of all corrections among `arrived`, for a window that is split.
    pub(crate) fn none_of<'a>(
        window: &WindowKey,
        arrived: impl Iterator<Item = &'a Event>,
    ) -> Self {
        let corrections = arrived.filter(is_correction);
        let unlisted = corrections.map(|event| id(window, event.event_id())).collect();
        Self { listed: Vec::new(), unlisted }
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

/// Returns the ids of the corrections in a row.
pub(crate) fn correction_ids(row: &StockWindow) -> Vec<EventId> {
    let corrections = row.events().filter(is_correction);
    corrections.map(|event| event.event_id().clone()).collect()
}

/// `true` if the event is a correction.
fn is_correction(event: &&Event) -> bool {
    event.action().corrects().is_some()
}

/// Returns the id of the entry of a correction. It depends on the window and the event id, so that
/// another content of the correction replaces the entry.
fn id(window: &WindowKey, event_id: &EventId) -> QuarantineId {
    let WindowKey { store_id, sku, window } = window;
    let digest = sha256(format!("{sku} {window}").as_bytes());
    QuarantineId {
        date: window.start().date_naive(),
        key: format!("{store_id}#{event_id}#{}", &digest[..16]),
    }
}

fn entry(window: &WindowKey, correction: &Event) -> Quarantined {
    let corrects = correction.action().corrects().map(ToString::to_string).unwrap_or_default();
    Quarantined {
        id: id(window, correction.event_id()),
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
