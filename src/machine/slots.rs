//! The slot schedule of one machine: the same fan-out as deployed, with an in-process queue.
//!
//! Deployed, a schedule sends the stores that are due to an SQS queue, and a function serves one
//! store per message. Here the queue is [`InProcessQueue`] and the stores are served in turn.

use std::time::Duration;

use aws::Tables;
use chrono::{DateTime, TimeDelta, Utc};
use domain::DueStore;
use domain::limits::SLOT_MINUTES;
use domain::ports::Failure;
use in_memory::InProcessQueue;
use pricing::{PassReport, Pricing, slot_of};
use processors::visit_store;

use domain::ports::Clock;

/// Delay between the start of a slot and its decisions, so that the last events before the slot
/// are processed.
const SETTLE: Duration = Duration::from_secs(20);

/// Pricing and close of day with their schedules.
pub(super) struct Slots {
    tables: Tables,
    clock: Clock,
}

impl Slots {
    pub(super) fn new(tables: Tables, clock: Clock) -> Self {
        Self { tables, clock }
    }

    /// Runs the schedules in every slot. The first run waits as well, so that events acknowledged
    /// before the last stop are processed first. It looks at the days of every store, because the
    /// machine may have been off when they were due.
    pub(super) async fn run(&self) {
        tokio::time::sleep(SETTLE).await;
        let mut only_due = false;
        loop {
            let now = (self.clock)();
            match self.price(now).await {
                Ok(pass) => pricing::metrics::count_freshness(&pass, now, (self.clock)()),
                Err(failure) => tracing::warn!("no store priced: {failure}"),
            }
            match self.close(now, only_due).await {
                Ok(()) => only_due = true,
                Err(failure) => tracing::warn!("no store closed: {failure}"),
            }
            let next = slot_of(now) + TimeDelta::minutes(SLOT_MINUTES.into());
            let wait = (next - (self.clock)()).to_std().unwrap_or_default();
            tokio::time::sleep(wait + SETTLE).await;
        }
    }

    /// Prices the stores that are due in the slot of `now`.
    pub(super) async fn price(&self, now: DateTime<Utc>) -> Result<PassReport, Failure> {
        let pricing = Pricing { tables: self.tables.clone() };
        let queue = InProcessQueue::default();
        let schedule =
            pricing::PricingSchedule { tables: self.tables.clone(), queue: queue.clone() };
        schedule.tick(now).await?;
        let mut all = PassReport::default();
        while let Some(DueStore { store_id, .. }) = queue.take() {
            match pricing.price_store(&store_id, now, now).await {
                Ok(pass) => all.add(pass),
                Err(failure) => {
                    tracing::warn!(store.id = store_id.as_str(), "store not priced: {failure}");
                }
            }
        }
        Ok(all)
    }

    /// Rolls up the windows and closes the days of the stores that are due in the slot of `now`, or
    /// of every store.
    async fn close(&self, now: DateTime<Utc>, only_due: bool) -> Result<(), Failure> {
        let queue = InProcessQueue::default();
        let schedule =
            processors::CloseSchedule { tables: self.tables.clone(), queue: queue.clone() };
        match only_due {
            true => schedule.tick(now).await?,
            false => schedule.tick_all(now).await?,
        };
        while let Some(DueStore { store_id, .. }) = queue.take() {
            if let Err(failure) = visit_store(&self.tables, &store_id, now).await {
                let store = store_id.as_str();
                tracing::warn!(store.id = store, "not rolled up or not closed: {failure}");
            }
        }
        Ok(())
    }
}
