//! Inputs of an offer's chart, from the tables.

use charts::AfternoonChart;
use chrono::{DateTime, Days, Utc};
use domain::ports::{CatalogTable, DaysTable};
use domain::{Offer, OfferId, Store};

use super::chart::{OfferContext, offer_chart};
use crate::connect::ConnectedTables;

/// Loads the windows of an offer and returns its chart. `revisions` are those of the item on that
/// day.
///
/// # Errors
/// Returns the reason why there is no chart.
pub(super) async fn load_chart(
    tables: &ConnectedTables,
    store: Option<&Store>,
    offer: &Offer,
    revisions: &[Offer],
    now: DateTime<Utc>,
) -> Result<AfternoonChart, String> {
    let explain = |failure| tables.explain(failure);
    let OfferId { date, store_id, sku, .. } = &offer.offer_id;
    let missing = |reason: &str| format!("not drawn: {reason}, as the catalogue stands now");
    let store = store.ok_or_else(|| missing("there is no such store"))?;
    let day = store.day(*date).ok_or_else(|| missing("the store stays closed on that day"))?;
    let items = tables.load_items(store_id).await.map_err(explain)?;
    let item = items.iter().find(|item| item.sku == *sku);
    let item = item.ok_or_else(|| missing("there is no such item"))?;
    let since = store.shelf_since(&day, item.shelf_life_days);
    let windows = tables.windows(store_id, Some(sku), since, day.closes_at).await?;
    if windows.is_empty() {
        return Err("not drawn: the stock log of that day is no longer kept".to_owned());
    }
    let eve = *date - Days::new(1);
    let day_before = tables.query_days(store_id, sku, eve, eve).await.map_err(explain)?;
    let context = OfferContext {
        store,
        item,
        day: &day,
        day_before: day_before.first(),
        windows: &item.units.uniform(&windows).windows,
        revisions,
        now,
    };
    Ok(offer_chart(offer, &context))
}
