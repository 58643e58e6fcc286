//! Offers of today that do not fit the changed catalogue any more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ports::{CatalogTable, OffersTable};
use domain::{Offer, Sku, Store};
use import::{Catalogue, Change, EntryKey, Origin};
use pricing::offer_fields::latest;

use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Notes each valid offer of an item with a new price or currency that does not fit it. `catalogue`
/// has the changes already, and the items of all stores if a change is one of the chain's items.
pub(super) async fn note_replaced(
    tables: &ConnectedTables,
    catalogue: &Catalogue,
    changes: &[Change],
    now: DateTime<Utc>,
) -> Result<(), CommandError> {
    for store in catalogue.stores.values() {
        let skus = repriced_items(store, changes);
        if skus.is_empty() {
            continue;
        }
        for offer in valid_offers(tables, store, now, |sku| skus.contains(sku)).await? {
            let sku = &offer.offer_id.sku;
            let Some(item) = catalogue.item(&store.store_id, sku) else { continue };
            let (price, currency) = (offer.price, offer.price.currency());
            let named =
                format!("store {}: the offer of {sku}, {price} {currency}, is", store.store_id);
            if item.price.currency() != currency {
                output::note(format_args!(
                    "{named} not in the currency of the catalogue price, {} {}, now; it stays \
                     until the close at {}, and no pass changes it today",
                    item.price,
                    item.price.currency(),
                    offer.valid_until.with_timezone(&store.zone).format("%H:%M"),
                ));
            } else if offer.label(Some(item.price)).price != price {
                output::note(format_args!(
                    "{named} above the catalogue price {} now; the lower price is shown at once, \
                     and the next pass publishes it",
                    item.price
                ));
            } else if item.price.amount() > offer.regular_price.amount() {
                output::note(format_args!(
                    "{named} from the regular price {}, which holds until the close; the \
                     catalogue price {} counts from the next day",
                    offer.regular_price, item.price
                ));
            }
        }
    }
    Ok(())
}

/// Notes each valid offer of an item before its removal. Those of a store are counted.
pub(super) async fn note_left(
    tables: &ConnectedTables,
    key: &EntryKey,
    now: DateTime<Utc>,
) -> Result<(), CommandError> {
    let explain = |failure| tables.explain(failure);
    let (store_ids, sku) = match key {
        EntryKey::Chain => return Ok(()),
        EntryKey::Store(store_id) => (vec![store_id.clone()], None),
        EntryKey::Item(Some(store_id), sku) => (vec![store_id.clone()], Some(sku)),
        EntryKey::Item(None, sku) => (tables.list_stores().await.map_err(explain)?, Some(sku)),
    };
    for (store_id, store) in tables.load_stores(&store_ids).await.map_err(explain)? {
        // Without a readable store there is no afternoon, and nothing is priced.
        let Some(store) = store.ok() else { continue };
        let is_of_key = |other: &Sku| sku.is_none_or(|sku| sku == other);
        let offers = valid_offers(tables, &store, now, is_of_key).await?;
        let Some(offer) = offers.first() else { continue };
        let until = offer.valid_until.with_timezone(&store.zone).format("%H:%M");
        let Some(sku) = sku else {
            let count = offers.len();
            output::note(format_args!(
                "store {store_id}: its offers of today ({count}) stay until the close at {until}, \
                 and no pass changes them"
            ));
            continue;
        };
        // The entry of the store counts before the chain's, and the chain's after it.
        let other = if matches!(key, EntryKey::Item(None, _)) { Some(&store_id) } else { None };
        let others = tables.load_item_entries(other).await.map_err(explain)?;
        let has_other = others.iter().any(|(other, _)| other == sku);
        let rest = match (has_other, other) {
            (true, Some(_)) => continue,
            (true, None) => "; the passes go on with the chain's item",
            (false, _) => ", and no pass changes it",
        };
        output::note(format_args!(
            "store {store_id}: the offer of {sku}, {} {}, stays until the close at {until}{rest}",
            offer.price,
            offer.price.currency(),
        ));
    }
    Ok(())
}

/// Returns the offers of a store that are valid and published, in their latest revision.
async fn valid_offers(
    tables: &ConnectedTables,
    store: &Store,
    now: DateTime<Utc>,
    is_wanted: impl Fn(&Sku) -> bool,
) -> Result<Vec<Offer>, CommandError> {
    let Some(day) = store.afternoon_at(now) else { return Ok(Vec::new()) };
    let offers = tables.query_offers(&store.store_id, day.date).await;
    let offers = offers.map_err(|failure| tables.explain(failure))?;
    let is_valid =
        |offer: &Offer| !offer.shadow && now < offer.valid_until && is_wanted(&offer.offer_id.sku);
    Ok(latest(offers.into_iter().filter(is_valid).collect()))
}

/// Returns the items with a new price or currency that a store may sell.
fn repriced_items<'a>(store: &Store, changes: &'a [Change]) -> BTreeSet<&'a Sku> {
    let is_repriced = |change: &Change| {
        let mut rules = change.rules.iter().map(|rule| rule.rule.as_str());
        change.origin == Origin::New || rules.any(|rule| ["price", "currency"].contains(&rule))
    };
    let of_store = |change: &'a Change| match &change.key {
        EntryKey::Item(owner, sku) if is_repriced(change) => {
            owner.as_ref().is_none_or(|owner| *owner == store.store_id).then_some(sku)
        }
        _ => None,
    };
    changes.iter().filter_map(of_store).collect()
}
