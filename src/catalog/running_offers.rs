//! Offers of today that a changed catalogue price replaces.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ports::{CatalogTable, OffersTable};
use domain::{Offer, Sku, Store};
use import::{Catalogue, Change, EntryKey};
use pricing::offer_fields::latest;

use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Notes each valid offer above the price that its item has after the changes. `catalogue` has the
/// changes already.
pub(super) async fn note_replaced(
    tables: &ConnectedTables,
    catalogue: &Catalogue,
    changes: &[Change],
    now: DateTime<Utc>,
) -> Result<(), CommandError> {
    let explain = |failure| tables.explain(failure);
    for store in catalogue.stores.values() {
        let skus = changed_items(store, changes);
        let Some(day) = store.afternoon_at(now).filter(|_| !skus.is_empty()) else { continue };
        let offers = tables.query_offers(&store.store_id, day.date).await.map_err(explain)?;
        let is_valid = |offer: &Offer| {
            !offer.shadow && now < offer.valid_until && skus.contains(&&offer.offer_id.sku)
        };
        let offers = latest(offers.into_iter().filter(is_valid).collect());
        let is_replaced = |offer: &Offer| {
            let item = catalogue.item(&store.store_id, &offer.offer_id.sku);
            item.is_some_and(|item| offer.label(Some(item.price)).price != offer.price)
        };
        let replaced: Vec<Offer> = offers.into_iter().filter(is_replaced).collect();
        if replaced.is_empty() {
            continue;
        }
        // The catalogue has no items of stores that the files do not name.
        let own = tables.load_item_entries(Some(&store.store_id)).await.map_err(explain)?;
        let own: BTreeSet<Sku> = own.into_iter().map(|(sku, _)| sku).collect();
        for offer in replaced {
            let sku = &offer.offer_id.sku;
            let key = (Some(store.store_id.clone()), sku.clone());
            let Some(item) = catalogue.item(&store.store_id, sku) else { continue };
            if own.contains(sku) && !catalogue.items.contains_key(&key) {
                continue;
            }
            output::note(format_args!(
                "store {}: the offer of {sku}, {} {}, is above the catalogue price {} now; the \
                 lower price is shown at once, and the next pass publishes it",
                store.store_id,
                offer.price,
                offer.price.currency(),
                item.price
            ));
        }
    }
    Ok(())
}

/// Returns the changed items that a store may sell.
fn changed_items<'a>(store: &Store, changes: &'a [Change]) -> BTreeSet<&'a Sku> {
    let of_store = |change: &'a Change| match &change.key {
        EntryKey::Item(owner, sku) if !change.is_none() => {
            owner.as_ref().is_none_or(|owner| *owner == store.store_id).then_some(sku)
        }
        _ => None,
    };
    changes.iter().filter_map(of_store).collect()
}
