//! Stock processor with a clock that follows its batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use domain::ports::{QuarantineTable, StockLog};
use processors::Processor;

use crate::large_store::Batch;

/// Processor whose clock is set to the instant of each batch.
pub(crate) struct Handler<T> {
    processor: Processor<T>,
    now: Arc<AtomicI64>,
}

impl<T: StockLog + QuarantineTable> Handler<T> {
    pub(crate) fn new(tables: T) -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&now);
        let clock = move || DateTime::from_timestamp_millis(read.load(Ordering::Relaxed));
        let clock = Arc::new(move || clock().expect("an instant"));
        Self { processor: Processor::new(tables, clock), now }
    }

    pub(crate) async fn handle(&self, batch: &Batch) {
        self.now.store(batch.invoked_at.timestamp_millis(), Ordering::Relaxed);
        let outcome = self.processor.process(&batch.records).await;
        assert!(outcome.retry_from.is_none() && outcome.quarantined == 0, "{outcome:?}");
    }
}
