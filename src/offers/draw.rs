//! The afternoon of an offer, from the tables as they stand now.

use chrono::{DateTime, Days, Utc};
use domain::ports::{CatalogTable, DaysTable, StockTable};
use domain::{Offer, OfferId, Store};

use crate::connect::Tables;
use crate::picture::{Afternoon, Seen, of_offer};

/// The picture; `Err` says in words why there is none. `revisions` are those of the day.
pub(super) async fn afternoon(
    tables: &Tables,
    store: Option<&Store>,
    offer: &Offer,
    revisions: &[Offer],
    now: DateTime<Utc>,
) -> Result<Afternoon, String> {
    let explain = |failure| tables.explain(failure);
    let OfferId { date, store_id, sku, .. } = &offer.offer_id;
    let gone = |what: &str| format!("not drawn: {what}, as the catalogue stands now");
    let store = store.ok_or_else(|| gone("there is no such store"))?;
    let day = store.day(*date).ok_or_else(|| gone("the store stays closed on that day"))?;
    let items = tables.load_items(store_id).await.map_err(explain)?;
    let item = items.iter().find(|item| item.sku == *sku);
    let item = item.ok_or_else(|| gone("there is no such item"))?;
    let since = store.shelf_since(&day, item.shelf_life_days);
    let windows = tables.query_stock(store_id, Some(sku), since, day.closes_at, now);
    let windows = windows.await.map_err(explain)?;
    if windows.is_empty() {
        return Err("not drawn: the stock windows of that day are no longer kept".to_owned());
    }
    let eve = *date - Days::new(1);
    let before = tables.query_days(store_id, sku, eve, eve).await.map_err(explain)?;
    let before = before.first();
    let day = &day;
    Ok(of_offer(offer, &Seen { store, item, day, before, windows: &windows, revisions, now }))
}
