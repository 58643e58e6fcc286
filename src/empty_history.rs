//! Reason why a store has no demand history.

use chrono::{Days, NaiveDate};
use domain::Store;
use domain::history::{DATES, HistoryKey, HistorySubject};
use domain::ports::{CatalogTable, DaysTable, HistoryTable};

use crate::connect::ConnectedTables;
use crate::output;

/// First date of an event. Source: docs/events.md.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");

/// Tells why a store has no history on a date. Tells nothing if one of its items has one.
///
/// # Errors
/// Returns an error if the tables cannot be read.
pub(crate) async fn note(
    tables: &ConnectedTables,
    store: &Store,
    today: NaiveDate,
) -> Result<(), String> {
    let explain = |failure| tables.explain(failure);
    let store_id = &store.store_id;
    let items = tables.load_items(store_id).await.map_err(explain)?;
    if items.is_empty() {
        output::note(format!("no history of store {store_id}: it has no item in the catalogue"));
        return Ok(());
    }
    let subject = |sku| HistorySubject::Item(sku);
    let keys = items.iter().map(|item| item.sku.clone());
    let key = |sku| HistoryKey { store_id: store_id.clone(), subject: subject(sku) };
    let keys: Vec<HistoryKey> = keys.map(key).collect();
    if !tables.load_histories(&keys).await.map_err(explain)?.is_empty() {
        return Ok(());
    }
    let mut last: Option<NaiveDate> = None;
    for item in &items {
        let rows = tables.query_days(store_id, &item.sku, EARLIEST, today).await;
        let rows = rows.map_err(explain)?;
        let sold = rows.iter().filter(|row| !row.sold_at.is_empty());
        last = last.max(sold.map(|row| row.key.date).max());
    }
    output::note(match last {
        None => format!(
            "no history of store {store_id}: no closed day has a sale of its items; after an \
             import of old events, `daymark rebuild history --store {store_id} --as-of DATE` \
             closes the 90 days before a date",
        ),
        Some(last) => format!(
            "no history of store {store_id}: no closed day in the {DATES} days before {today} has \
             a sale of its items, and the last one is {last}; `daymark rebuild history --store \
             {store_id} --as-of {}` makes the histories of that time",
            last + Days::new(1)
        ),
    });
    Ok(())
}
