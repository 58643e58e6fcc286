//! Labels of offers, with the catalogue prices in force.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ports::{CatalogTable, Failure};
use domain::{Money, Offer, PriceLabel, Sku, StoreId};

/// Returns each offer of a store with its label at `now`. A catalogue price below the price of a
/// valid offer replaces that price. The catalogue is read only if an offer is valid.
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
    let label = |offer: Offer| {
        let catalogue = prices.get(&offer.offer_id.sku).filter(|_| is_valid(&offer));
        let label = offer.label(catalogue.copied());
        (offer, label)
    };
    Ok(offers.into_iter().map(label).collect())
}
