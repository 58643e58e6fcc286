//! Visit of a store that is due.

use chrono::{DateTime, Utc};
use domain::StoreId;
use domain::ports::{
    CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, QuarantineTable, StockLog,
    WindowsTable,
};
use tracing::warn;

use crate::{CloseSummary, Closing, Rollup, RollupSummary};

/// Rolls up the windows of a store and closes its days. A rollup that fails does not keep the days
/// from being closed.
///
/// # Errors
/// Returns an error if one of the passes fails. A repeated visit completes the rest.
pub async fn visit_store<T>(
    tables: &T,
    store_id: &StoreId,
    now: DateTime<Utc>,
) -> Result<(RollupSummary, CloseSummary), Failure>
where
    T: CatalogTable + StockLog + WindowsTable + DaysTable + HistoryTable + OffersTable,
    T: QuarantineTable + Clone,
{
    let rolled_up = Rollup { tables: tables.clone() }.roll_up(store_id, now).await;
    let closed = Closing { tables: tables.clone() }.close_store(store_id, now).await;
    if let (Err(_), Err(failure)) = (&rolled_up, &closed) {
        warn!(store.id = store_id.as_str(), "not closed either: {failure}");
    }
    Ok((rolled_up?, closed?))
}
