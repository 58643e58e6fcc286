//! What is, or was, on the shelf: the same code for a Lambda and for the terminal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ports::{Failure, StockTable};
use domain::stock::{Figures, Level, StockWindow, level_at};
use domain::{Sku, StoreId};

/// One item's day up to an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockOfItem {
    /// The item.
    pub sku: Sku,
    /// What is on the shelf.
    pub level: Level,
    /// What moved since the question's start.
    pub figures: Figures,
    /// Its windows, in order.
    pub windows: Vec<StockWindow>,
}

/// The stock of a store's items, by item, from everything that occurred in `[since, at)`.
///
/// # Errors
/// What the table says.
pub async fn stock_at(
    table: &impl StockTable,
    store_id: &StoreId,
    sku: Option<&Sku>,
    since: DateTime<Utc>,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<StockOfItem>, Failure> {
    let rows = table.query(store_id, sku, since, at, now).await?;
    let mut items: BTreeMap<Sku, Vec<StockWindow>> = BTreeMap::new();
    for row in rows {
        items.entry(row.key().sku.clone()).or_default().push(row);
    }
    let answer = items.into_iter().map(|(sku, windows)| {
        let events = windows.iter().flat_map(StockWindow::events);
        let figures = Figures::of(events.filter(|event| event.occurred_at() < at));
        StockOfItem { sku, level: level_at(&windows, at), figures, windows }
    });
    Ok(answer.collect())
}
