//! Replay of quarantined records and events, after a fix of the program or with another age limit.
//!
//! A replay calls [`Processor::process`] with the original shard, sequence number and arrival, so
//! events are validated as on arrival. The log is a set: a replay may be repeated, interrupted and
//! run concurrently. An entry leaves the quarantine only after its events are stored or quarantined
//! under their own ids.

use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use domain::ports::{Failure, QuarantineTable, StockLog};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::DeliveredRef;
use domain::stock::unmet_corrections;
use domain::{Delivered, SequenceNumber};
use stock_log::read_date;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::{BatchOutcome, Processor};

/// Result of the replay of one quarantine entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayOutcome {
    /// Number of events written to the stock log, which may have contained them already.
    pub written: u64,
    /// Records and events refused again, with their current ids in the quarantine.
    pub refused: Vec<Quarantined>,
    /// `true` if the replayed entry is still in quarantine.
    pub stays: bool,
}

/// Reason for leaving an entry in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The key does not have the form of a key written by this program.
    #[error("its key does not tell the shard and the sequence number that it came from")]
    Key,
    /// Segments that could not be stored. The others are stored, the entry stays in quarantine,
    /// and the replay must be repeated.
    #[error("not all of it could be stored ({0}); it stays, replay it again")]
    Unsaved(Failure),
    /// Failure of the quarantine table.
    #[error("the quarantine could not be written ({0}); it stays, replay it again")]
    Quarantine(Failure),
}

impl<T: StockLog + QuarantineTable> Processor<T> {
    /// Processes a quarantine entry again.
    ///
    /// # Errors
    /// Returns an error if the entry has an unknown key or a table fails. The entry then stays in
    /// quarantine unchanged.
    pub async fn replay(&self, original: &Quarantined) -> Result<ReplayOutcome, ReplayError> {
        let record = original_record(original).ok_or(ReplayError::Key)?;
        let buffer = BufferedQuarantine { table: &self.tables, refused: Mutex::default() };
        // The log is off: it would name events by their index in this record of a single event.
        // A warm function may remember this record as stored, but the entry is not.
        let record = [DeliveredRef::from(&record)];
        let batch = self.process_into(&buffer, &record).with_subscriber(NoSubscriber::new());
        let BatchOutcome { written, failure, .. } = batch.await.finish(&record);
        if let Some(failure) = failure {
            return Err(ReplayError::Unsaved(failure));
        }
        let refused = buffer.refused.into_inner();
        let mut refused = refused.unwrap_or_else(PoisonError::into_inner);
        // The log holds both contents of a conflict, and the other one counts.
        let mut stays = original.reason == QuarantineReason::ConflictingDuplicate
            || self.is_unmet(original).await.map_err(ReplayError::Unsaved)?;
        for refused in &mut refused {
            if original.reason == QuarantineReason::InvalidEvent {
                refused.id = original.id.clone();
            }
            if refused.id == original.id {
                stays = true;
            } else {
                self.tables.put_quarantined(refused).await.map_err(ReplayError::Quarantine)?;
            }
        }
        if !stays {
            self.tables.remove_quarantined(&original.id).await.map_err(ReplayError::Quarantine)?;
        }
        Ok(ReplayOutcome { written, refused, stays })
    }

    /// `true` if the entry is a correction that still voids nothing.
    async fn is_unmet(&self, original: &Quarantined) -> Result<bool, Failure> {
        if original.reason != QuarantineReason::UnmetCorrection {
            return Ok(false);
        }
        let Some(store_id) = original.id.key.split('#').next().and_then(|id| id.parse().ok())
        else {
            return Ok(false);
        };
        let read = read_date(&self.tables, &store_id, original.id.date).await?;
        let windows = read.day.into_windows();
        let unmet = unmet_corrections(&windows);
        Ok(unmet.into_iter().any(|event| event.content().as_bytes() == original.bytes))
    }
}

/// Returns the original record, or a record of the single event, as the stream delivered it.
fn original_record(refused: &Quarantined) -> Option<Delivered> {
    let key: Vec<&str> = refused.id.key.split('#').collect();
    let (shard_id, sequence_number) = match (refused.reason, &key[..]) {
        (QuarantineReason::Unopenable | QuarantineReason::InvalidEvent, [shard_id, number])
        | (QuarantineReason::InvalidEvent, [shard_id, number, _]) => (*shard_id, (*number).into()),
        // A part of an aggregated record keeps its number, so that its events get keys of their
        // own when they are refused again.
        (QuarantineReason::Unopenable, [shard_id, number, part])
        | (QuarantineReason::InvalidEvent, [shard_id, number, part, _]) => {
            (*shard_id, format!("{number}#{part}"))
        }
        // The record is unknown, and a validated event does not depend on it.
        (
            QuarantineReason::ConflictingDuplicate
            | QuarantineReason::UnmetCorrection
            | QuarantineReason::WindowFull,
            [_, _, _],
        ) => ("", String::new()),
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

/// Quarantine that buffers refused entries, so that an entry refused again keeps its id.
struct BufferedQuarantine<'a, Q> {
    table: &'a Q,
    refused: Mutex<Vec<Quarantined>>,
}

impl<Q: QuarantineTable> QuarantineTable for BufferedQuarantine<'_, Q> {
    async fn put_quarantined(&self, refused: &Quarantined) -> Result<(), Failure> {
        let mut all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.id != refused.id);
        all.push(refused.clone());
        Ok(())
    }

    async fn list_quarantined(&self) -> Result<Vec<Quarantined>, Failure> {
        self.table.list_quarantined().await
    }

    async fn query_quarantined(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        self.table.query_quarantined(date).await
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        self.table.load_quarantined(id).await
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        self.table.remove_quarantined(id).await
    }
}
