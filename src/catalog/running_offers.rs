//! Offers of today that do not fit the changed catalogue price any more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ports::OffersTable;
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
    let explain = |failure| tables.explain(failure);
    for store in catalogue.stores.values() {
        let skus = repriced_items(store, changes);
        let Some(day) = store.afternoon_at(now).filter(|_| !skus.is_empty()) else { continue };
        let offers = tables.query_offers(&store.store_id, day.date).await.map_err(explain)?;
        let is_valid = |offer: &Offer| {
            !offer.shadow && now < offer.valid_until && skus.contains(&&offer.offer_id.sku)
        };
        let offers = latest(offers.into_iter().filter(is_valid).collect());
        for offer in offers {
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
