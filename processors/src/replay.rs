//! What was refused, given to the processors again, as it arrived: after a fix of the program, or
//! with another limit.
//!
//! It goes through [`Processor::process`] with the shard, the sequence number and the arrival that
//! it had, so its events are judged as they were then, and rows are saved by set union: a replay
//! may be repeated, interrupted and run twice at once. What was refused leaves the quarantine only
//! after all of it is stored, or kept under ids of its own.

use std::sync::{Mutex, PoisonError};

use domain::ports::{Failure, QuarantineTable, StockTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::{Delivered, SequenceNumber};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::{Outcome, Processor};

/// What became of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Events that are new in their rows.
    pub stored: u64,
    /// Events that their rows already had.
    pub duplicate: u64,
    /// What is refused again, under the ids by which it is in quarantine now.
    pub refused: Vec<Quarantined>,
    /// Whether what was replayed is still in quarantine.
    pub stays: bool,
}

/// Why nothing was taken out of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A key of another form.
    #[error("its key does not tell the shard and the sequence number that it came from")]
    Key,
    /// Rows that could not be read or saved. What could be saved is saved; it stays in quarantine
    /// and is to be replayed again.
    #[error("not all of it could be stored ({0}); it stays, replay it again")]
    Unsaved(Failure),
    /// The quarantine table.
    #[error("the quarantine could not be written ({0}); it stays, replay it again")]
    Quarantine(Failure),
}

impl<T: StockTable + QuarantineTable> Processor<T> {
    /// Processes what was refused once more.
    ///
    /// # Errors
    /// [`ReplayError`]; what was refused is then in quarantine as before.
    pub async fn replay(&self, original: &Quarantined) -> Result<Replayed, ReplayError> {
        let record = as_it_arrived(original).ok_or(ReplayError::Key)?;
        let aside = Aside { table: &self.tables, refused: Mutex::default() };
        // Its log would name things by the place that they have in this record of a single event.
        let Outcome { stored, duplicate, failure, .. } =
            self.process_into(&aside, &[record]).with_subscriber(NoSubscriber::new()).await;
        if let Some(failure) = failure {
            return Err(ReplayError::Unsaved(failure));
        }
        let refused = aside.refused.into_inner();
        let mut refused = refused.unwrap_or_else(PoisonError::into_inner);
        // The loser of a conflict stays whatever comes out: its row in the table may be that of a
        // save which is just on its way.
        let mut stays = original.reason == QuarantineReason::ConflictingDuplicate;
        for refused in &mut refused {
            let is_conflict = refused.reason == QuarantineReason::ConflictingDuplicate;
            if original.reason == QuarantineReason::InvalidEvent && !is_conflict {
                refused.id = original.id.clone();
            }
            if refused.id == original.id {
                stays = true;
            } else if !is_conflict {
                self.tables.put_quarantined(refused).await.map_err(ReplayError::Quarantine)?;
            }
        }
        if !stays {
            self.tables.remove_quarantined(&original.id).await.map_err(ReplayError::Quarantine)?;
        }
        Ok(Replayed { stored, duplicate, refused, stays })
    }
}

/// The record, or a record of the single event, as the stream delivered it.
fn as_it_arrived(refused: &Quarantined) -> Option<Delivered> {
    let parts: Vec<&str> = refused.id.key.split('#').collect();
    let (shard_id, sequence_number) = match (refused.reason, &parts[..]) {
        (QuarantineReason::Unopenable, [shard_id, number])
        | (QuarantineReason::InvalidEvent, [shard_id, number, _]) => (*shard_id, *number),
        // Which record it came in is not known, and makes no difference to a checked event.
        (QuarantineReason::ConflictingDuplicate | QuarantineReason::WindowFull, [_, _, _]) => {
            ("", "")
        }
        _ => return None,
    };
    Some(Delivered {
        shard_id: shard_id.to_owned(),
        sequence_number: SequenceNumber::new(sequence_number),
        partition_key: String::new(),
        arrived_at: refused.at,
        data: refused.bytes.clone(),
    })
}

/// Sets aside what is refused, so that it gets the id it has already. The loser of a conflict goes
/// to the table at once: it may be what a row has held until now, and the row is saved next.
struct Aside<'a, Q> {
    table: &'a Q,
    refused: Mutex<Vec<Quarantined>>,
}

impl<Q: QuarantineTable> QuarantineTable for Aside<'_, Q> {
    async fn put_quarantined(&self, refused: &Quarantined) -> Result<(), Failure> {
        if refused.reason == QuarantineReason::ConflictingDuplicate {
            self.table.put_quarantined(refused).await?;
        }
        let mut all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.id != refused.id);
        all.push(refused.clone());
        Ok(())
    }

    async fn query_quarantined(
        &self,
        date: chrono::NaiveDate,
    ) -> Result<Vec<Quarantined>, Failure> {
        self.table.query_quarantined(date).await
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        self.table.load_quarantined(id).await
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        self.table.remove_quarantined(id).await
    }
}
