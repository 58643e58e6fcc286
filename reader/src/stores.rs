//! Stores and closed days that a question is about.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use analytics::tables::StoreCatalog;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::ports::{CatalogTable, Failure, StockLog, StoreEntry};
use domain::{ClosedDay, Sku, Store, StoreId};
use futures_util::{StreamExt, TryStreamExt, stream};
use stock_log::{UnreadableSegment, read_windows};

use crate::ReadTables;

/// Number of queries at once: enough to hide the time of a call to AWS.
pub(crate) const QUERIES_MAX: usize = 16;
/// Days before today that an answer covers if no dates are given.
const USUAL_DAYS: Days = Days::new(7);

/// Closed days of a store, as far as their items are known.
#[derive(Debug, Clone, Default)]
pub struct ClosedDays {
    /// Days, sorted by date and item.
    pub days: Vec<ClosedDay>,
    /// Segments that were left out. They may name items that the catalogue lacks.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Loads the stores of the catalogue that are wanted, sorted by id.
///
/// # Errors
/// Returns an error if the catalogue cannot be read.
pub async fn stores(
    tables: &impl CatalogTable,
    is_wanted: impl Fn(&StoreId) -> bool,
) -> Result<Vec<StoreEntry>, Failure> {
    let mut ids = tables.list_stores().await?;
    ids.retain(is_wanted);
    let mut entries = tables.load_stores(&ids).await?;
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

/// Loads a store's items.
///
/// # Errors
/// Returns an error if the catalogue cannot be read.
pub async fn catalog_of(tables: &impl CatalogTable, store: Store) -> Result<StoreCatalog, Failure> {
    let items = tables.load_items(&store.store_id).await?;
    Ok(StoreCatalog::new(store, items))
}

/// Loads the closed days of a store, of one item or of every item that the catalogue has or that
/// moved.
///
/// # Errors
/// Returns an error if a table cannot be read.
pub async fn closed_days(
    tables: &impl ReadTables,
    catalog: &StoreCatalog,
    sku: Option<&Sku>,
    dates: &RangeInclusive<NaiveDate>,
) -> Result<ClosedDays, Failure> {
    let store = &catalog.store;
    let (first, last) = (*dates.start(), *dates.end());
    let mut unreadable = Vec::new();
    let skus = match sku {
        Some(sku) => BTreeSet::from([sku.clone()]),
        None => {
            let (since, until) = (store.span(first).starts_at, store.span(last).ends_at);
            let read = read_windows(tables, &store.store_id, None, since, until).await?;
            unreadable = read.unreadable;
            let moved = read.windows.into_iter().map(|window| window.key().sku.clone());
            catalog.items.keys().cloned().chain(moved).collect()
        }
    };
    let queries = skus
        .into_iter()
        .map(|sku| async move { tables.query_days(&store.store_id, &sku, first, last).await });
    let days: Vec<Vec<ClosedDay>> =
        stream::iter(queries).buffered(QUERIES_MAX).try_collect().await?;
    let mut days: Vec<ClosedDay> = days.into_iter().flatten().collect();
    days.sort_by(|a, b| (a.key.date, &a.key.sku).cmp(&(b.key.date, &b.key.sku)));
    Ok(ClosedDays { days, unreadable })
}

/// Returns the dates up to today that no close of day has completed.
///
/// # Errors
/// Returns an error if the stock log cannot be read.
pub async fn not_closed(
    tables: &impl StockLog,
    store: &Store,
    dates: &RangeInclusive<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<Vec<NaiveDate>, Failure> {
    let today = now.with_timezone(&store.zone).date_naive();
    let (first, last) = (*dates.start(), (*dates.end()).min(today));
    if first > last {
        return Ok(Vec::new());
    }
    let progress = tables.query_progress(&store.store_id, first, last).await?;
    let is_closed =
        |date: &NaiveDate| progress.closed.get(date).is_some_and(|state| state.is_complete);
    let all = first.iter_days().take_while(|date| *date <= last);
    Ok(all.filter(|date| !is_closed(date)).collect())
}

/// Returns the latest date that it is in any of the stores; in UTC if there are none.
#[must_use]
pub fn latest_today(stores: &[Store], now: DateTime<Utc>) -> NaiveDate {
    let today = stores.iter().map(|store| now.with_timezone(&store.zone).date_naive()).max();
    today.unwrap_or_else(|| now.date_naive())
}

/// Returns the dates that an answer covers if none are given: the seven days before `today` and
/// `today`.
#[must_use]
pub fn usual_dates(today: NaiveDate) -> RangeInclusive<NaiveDate> {
    today - USUAL_DAYS..=today
}

/// Returns consecutive dates as ranges.
#[must_use]
pub fn ranges(dates: &[NaiveDate]) -> Vec<RangeInclusive<NaiveDate>> {
    let mut ranges: Vec<RangeInclusive<NaiveDate>> = Vec::new();
    for date in dates {
        match ranges.last_mut() {
            Some(last) if *last.end() + Days::new(1) == *date => *last = *last.start()..=*date,
            _ => ranges.push(*date..=*date),
        }
    }
    ranges
}
