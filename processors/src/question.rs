//! What is, or was, on the shelf: the same code for a Lambda and for the terminal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ports::{Failure, StockTable};
use domain::stock::{Figures, Level, StockWindow, level_at};
use domain::{Sku, StoreId};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The store.
    pub store_id: &'a StoreId,
    /// One item, or all.
    pub sku: Option<&'a Sku>,
    /// From when on movements are added up.
    pub since: DateTime<Utc>,
    /// The instant that is asked about; what occurred at it or later is left out.
    pub at: DateTime<Utc>,
    /// From when on what came onto the shelf may still be there, for items that keep longer than
    /// since `since`.
    pub on_shelf_since: BTreeMap<Sku, DateTime<Utc>>,
}

/// One item's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockOfItem {
    /// The item.
    pub sku: Sku,
    /// What is on the shelf.
    pub level: Level,
    /// What moved since the question's start.
    pub figures: Figures,
    /// The windows since the question's start, in order.
    pub windows: Vec<StockWindow>,
}

/// The stock of a store's items, by item; `now` is for what is expired.
///
/// # Errors
/// What the table says.
pub async fn stock_at(
    table: &impl StockTable,
    question: &Question<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<StockOfItem>, Failure> {
    let Question { store_id, sku, since, at, on_shelf_since } = question;
    let earliest = on_shelf_since.values().copied().fold(*since, DateTime::min);
    let rows = table.query_stock(store_id, *sku, earliest, *at, now).await?;
    let mut items: BTreeMap<Sku, Vec<StockWindow>> = BTreeMap::new();
    for row in rows {
        items.entry(row.key().sku.clone()).or_default().push(row);
    }
    let answer = items.into_iter().map(|(sku, mut windows)| {
        let on_shelf_since = on_shelf_since.get(&sku).copied().unwrap_or(*since);
        let starts_from = |since| move |row: &&StockWindow| row.key().window.start() >= since;
        let level = level_at(windows.iter().filter(starts_from(on_shelf_since)), *at);
        windows.retain(|row| starts_from(*since)(&row));
        let events = windows.iter().flat_map(StockWindow::events);
        let figures = Figures::of(events.filter(|event| event.occurred_at() < *at));
        StockOfItem { sku, level, figures, windows }
    });
    Ok(answer.collect())
}
