//! Labels of offers, with the catalogue prices in force.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ports::{CatalogTable, Failure};
use domain::{Money, Offer, OfferId, PriceLabel, Sku, StoreId};

/// Returns each offer of a store with its label at `now`. A catalogue price below the price of a
/// valid offer replaces that price, unless a later revision has replaced the offer. The catalogue
/// is read only if an offer is valid.
///
/// # Errors
/// Returns an error if the catalogue cannot be read.
pub async fn labelled<T: CatalogTable>(
    tables: &T,
    store_id: &StoreId,
    offers: Vec<Offer>,
    now: DateTime<Utc>,
) -> Result<Vec<(Offer, PriceLabel)>, Failure> {
    let is_valid = |offer: &Offer| now < offer.valid_until;
    let items =
        if offers.iter().any(is_valid) { tables.load_items(store_id).await? } else { Vec::new() };
    let prices: BTreeMap<&Sku, Money> = items.iter().map(|item| (&item.sku, item.price)).collect();
    let mut last: BTreeMap<Sku, u32> = BTreeMap::new();
    for OfferId { sku, revision, .. } in offers.iter().map(|offer| &offer.offer_id) {
        let last = last.entry(sku.clone()).or_insert(*revision);
        *last = (*last).max(*revision);
    }
    let label = |offer: Offer| {
        let is_last = last.get(&offer.offer_id.sku) == Some(&offer.offer_id.revision);
        let catalogue = prices.get(&offer.offer_id.sku).filter(|_| is_last && is_valid(&offer));
        let label = offer.label(catalogue.copied());
        (offer, label)
    };
    Ok(offers.into_iter().map(label).collect())
}
