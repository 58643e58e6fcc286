//! Ports that accept everything, keep nothing and never wait.

use chrono::NaiveDate;
use domain::ports::{
    EventLog, Failure, LogEntry, PutOutcome, QuarantineTable, Saved, SegmentPage, StockLog,
};
use domain::quarantine::{QuarantineId, Quarantined};
use domain::record::Record;
use domain::stock::{CloseState, Progress, RollupState};
use domain::{SequenceNumber, StoreId};

/// Stream and tables that accept everything and keep nothing.
pub(crate) struct NullPorts;

impl EventLog for NullPorts {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        let put = |_: &Record| PutOutcome::Stored {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new("1"),
        };
        Ok(records.iter().map(put).collect())
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        Ok(())
    }
}

impl StockLog for NullPorts {
    async fn append(&self, entries: &[LogEntry]) -> Vec<Result<(), Failure>> {
        entries.iter().map(|_| Ok(())).collect()
    }

    async fn query_segments(
        &self,
        _: &StoreId,
        _: NaiveDate,
        _: Option<&str>,
    ) -> Result<SegmentPage, Failure> {
        Ok(SegmentPage::default())
    }

    async fn query_progress(
        &self,
        _: &StoreId,
        _: NaiveDate,
        _: NaiveDate,
    ) -> Result<Progress, Failure> {
        Ok(Progress::default())
    }

    async fn save_close_state(&self, _: &CloseState) -> Result<Saved<CloseState>, Failure> {
        Ok(Saved::Done)
    }

    async fn put_rollup_state(&self, _: &RollupState) -> Result<(), Failure> {
        Ok(())
    }

    async fn query_active_stores(&self, _: NaiveDate) -> Result<Vec<StoreId>, Failure> {
        Ok(Vec::new())
    }
}

impl QuarantineTable for NullPorts {
    async fn put_quarantined(&self, _: &Quarantined) -> Result<(), Failure> {
        Ok(())
    }

    async fn list_quarantined(&self) -> Result<Vec<Quarantined>, Failure> {
        Ok(Vec::new())
    }

    async fn query_quarantined(&self, _: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        Ok(Vec::new())
    }

    async fn load_quarantined(&self, _: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        Ok(None)
    }

    async fn remove_quarantined(&self, _: &QuarantineId) -> Result<(), Failure> {
        Ok(())
    }
}
