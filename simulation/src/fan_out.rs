//! One tick of a schedule, which serves the due stores one after the other.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::StoreId;
use domain::ports::Failure;
use in_memory::{InProcessQueue, Tables};
use pricing::{PassReport, Pricing};
use processors::{CloseSchedule, CloseSummary, Closing, Rollup, RollupSummary};
use tokio::time::timeout;

/// Prices the stores that are due in the slot of `due`, through the schedule and a queue. A failing
/// store is skipped, as if its message went to the dead-letter queue.
pub(crate) async fn price_due(
    pricing: &Pricing<Tables>,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<PassReport, Failure> {
    let queue = InProcessQueue::default();
    let schedule =
        pricing::PricingSchedule { tables: pricing.tables.clone(), queue: queue.clone() };
    schedule.tick(due).await?;
    let mut all = PassReport::default();
    while let Some(store) = queue.take() {
        if let Ok(pass) = pricing.price_store(&store.store_id, store.due, now).await {
            all.add(pass);
        }
    }
    Ok(all)
}

/// Closes the days of every store at `now`, due or not. A failing store is skipped. The pass over
/// each store crashes after `longest`.
pub(crate) async fn close_all(
    closing: &Closing<Tables>,
    now: DateTime<Utc>,
    longest: Duration,
) -> Result<CloseSummary, Failure> {
    let mut all = CloseSummary::default();
    for store_id in visited(&closing.tables, now).await? {
        if let Ok(Ok(closed)) = timeout(longest, closing.close_store(&store_id, now)).await {
            all.add(closed);
        }
    }
    Ok(all)
}

/// Rolls up the windows of every store at `now`, due or not. A failing store is skipped. The pass
/// over each store crashes after `longest`.
pub(crate) async fn roll_up_all(
    rollup: &Rollup<Tables>,
    now: DateTime<Utc>,
    longest: Duration,
) -> Result<RollupSummary, Failure> {
    let mut all = RollupSummary::default();
    for store_id in visited(&rollup.tables, now).await? {
        if let Ok(Ok(rolled)) = timeout(longest, rollup.roll_up(&store_id, now)).await {
            all.add(rolled);
        }
    }
    Ok(all)
}

/// Returns the stores that the schedule would visit at `now` if all were due: those in the
/// catalogue, and those that have sent events.
pub(crate) async fn visited(tables: &Tables, now: DateTime<Utc>) -> Result<Vec<StoreId>, Failure> {
    let queue = InProcessQueue::default();
    let schedule = CloseSchedule { tables: tables.clone(), queue: queue.clone() };
    schedule.tick_all(now).await?;
    Ok(std::iter::from_fn(|| queue.take()).map(|due| due.store_id).collect())
}
