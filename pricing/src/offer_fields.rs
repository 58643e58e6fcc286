//! Fields of an offer as text, with the same names in the terminal and over HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Offer, PriceLabel, Sku, Store};

/// Returns the business date of a store at `now`, also on a day on which the store stays closed.
#[must_use]
pub fn today(store: &Store, now: DateTime<Utc>) -> NaiveDate {
    let on_the_wall = || now.with_timezone(&store.zone).date_naive();
    store.day_at(now).map_or_else(on_the_wall, |day| day.date)
}

/// Returns the last revision of each item, sorted by item.
#[must_use]
pub fn latest(offers: Vec<Offer>) -> Vec<Offer> {
    let mut items: BTreeMap<Sku, Offer> = BTreeMap::new();
    for offer in offers {
        let known = items.get(&offer.offer_id.sku);
        if known.is_none_or(|known| known.offer_id.revision < offer.offer_id.revision) {
            items.insert(offer.offer_id.sku.clone(), offer);
        }
    }
    items.into_values().collect()
}

/// Returns the fields of an offer with their names, as exact text. `clock` writes an instant as the
/// store's clock shows it. An absent value is an empty text. A lower catalogue price on the label
/// is the regular price, with step 0.
#[must_use]
pub fn fields(
    offer: &Offer,
    label: &PriceLabel,
    clock: impl Fn(DateTime<Utc>) -> String,
) -> [(&'static str, String); 23] {
    let (with, without) = (&offer.expected, &offer.if_unchanged);
    let (regular, step) = match is_undercut(offer, label) {
        true => (label.price, 0),
        false => (offer.regular_price, offer.discount_percent),
    };
    [
        ("offer_id", offer.offer_id.to_string()),
        ("sku", offer.offer_id.sku.to_string()),
        ("valid_from", clock(offer.valid_from)),
        ("valid_until", clock(offer.valid_until)),
        ("regular_price", regular.to_string()),
        ("price", label.price.to_string()),
        ("currency", label.price.currency().to_string()),
        ("label_percent_off", text(label.percent_off)),
        ("on_hand", offer.on_hand.to_string()),
        ("reason", reason(offer, label)),
        ("label_was_price", text(label.was_price)),
        ("lowest_price", text(offer.lowest_price)),
        ("discount_percent", step.to_string()),
        ("arm", offer.arm.as_str().to_owned()),
        ("trust", offer.trust.as_str().to_owned()),
        ("shadow", offer.shadow.to_string()),
        ("policy_version", offer.policy_version.to_string()),
        ("expected_units", with.units.to_string()),
        ("expected_revenue", with.revenue.to_string()),
        ("expected_waste", with.waste.to_string()),
        ("if_unchanged_expected_units", without.units.to_string()),
        ("if_unchanged_expected_revenue", without.revenue.to_string()),
        ("if_unchanged_expected_waste", without.waste.to_string()),
    ]
}

/// `true` if the catalogue price on the label is below the price of the offer.
#[must_use]
pub fn is_undercut(offer: &Offer, label: &PriceLabel) -> bool {
    label.price != offer.price
}

/// Returns the reason of an offer, after the lower catalogue price on the label if there is one.
#[must_use]
pub fn reason(offer: &Offer, label: &PriceLabel) -> String {
    if !is_undercut(offer, label) {
        return offer.reason.clone();
    }
    let (price, currency) = (label.price, label.price.currency());
    format!(
        "The catalogue price is {price} {currency} now, below the offer of {}; the next pass \
         decides again. Before: {}",
        offer.price, offer.reason
    )
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
