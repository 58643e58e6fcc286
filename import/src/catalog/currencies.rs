//! Items without a currency, and items with a new one. EUR is the default, and would silently be
//! wrong where other prices of the store are in another currency.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Currency, Sku, StoreId, currency_of_country};

use super::fields::{Field, shown};
use super::stored::{Catalogue, Change};
use super::{CatalogEntry, EntryKey, EntryPatch};

/// Amounts of an item, in the currency of its price.
const AMOUNTS: [&str; 4] = ["price", "cost", "floor", "salvage_value"];

/// Returns a warning about amounts that a file does not name while it changes the currency. They
/// keep their numbers.
pub(super) fn kept_amounts(change: &Change, patch: &EntryPatch) -> Option<String> {
    let CatalogEntry::Item(item) = &change.entry else { return None };
    let currency = change.rules.iter().find(|rule| rule.rule == "currency")?;
    let amounts = [Some(item.price), item.cost, item.floor, item.salvage_value];
    let kept = AMOUNTS.iter().zip(amounts).filter(|(name, _)| !patch.fields.contains_key(**name));
    let kept = kept.filter_map(|(name, amount)| Some(format!("{name} {}", amount?)));
    let kept: Vec<String> = kept.collect();
    let before = currency.before.as_deref().unwrap_or_default();
    (!kept.is_empty()).then(|| {
        format!(
            "currency {before} -> {}: the file leaves out {}, which keep their numbers in the new \
             currency",
            item.price.currency(),
            kept.join(", ")
        )
    })
}

/// Currencies that the stored items and the files name, before any item is changed.
pub(super) struct LeftOutCurrencies {
    /// Currencies of items, by store; `None` is the chain.
    of_items: BTreeMap<Option<StoreId>, BTreeSet<(Currency, Sku)>>,
    /// Currencies of the countries of all stores.
    of_countries: BTreeSet<Currency>,
}

impl LeftOutCurrencies {
    pub(super) fn new<'a>(
        catalogue: &Catalogue,
        patches: impl Iterator<Item = &'a EntryPatch>,
    ) -> Self {
        let stored = catalogue
            .items
            .iter()
            .map(|((store_id, sku), item)| (store_id, sku, item.price.currency()));
        let named = patches.filter_map(|patch| {
            let EntryKey::Item(store_id, sku) = &patch.key else { return None };
            let currency = patch.fields.get("currency").map(shown)?.parse().ok()?;
            Some((store_id, sku, currency))
        });
        let mut of_items: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (store_id, sku, currency) in stored.chain(named) {
            of_items.entry(store_id.clone()).or_default().insert((currency, sku.clone()));
        }
        let countries = catalogue.stores.values().filter_map(|store| store.country.as_deref());
        Self { of_items, of_countries: countries.filter_map(currency_of_country).collect() }
    }

    /// Checks an item that would get the default currency.
    ///
    /// # Errors
    /// Returns an error if the country or the other items of the store have other currencies.
    pub(super) fn check(&self, catalogue: &Catalogue, patch: &EntryPatch) -> Result<(), String> {
        let EntryKey::Item(store_id, sku) = &patch.key else { return Ok(()) };
        let key = |store_id: &Option<StoreId>| (store_id.clone(), sku.clone());
        let is_known =
            [store_id, &None].into_iter().any(|id| catalogue.items.contains_key(&key(id)));
        match patch.fields.get("currency") {
            Some(Field::Value(_) | Field::Object(_)) => return Ok(()),
            None if is_known => return Ok(()),
            None | Some(Field::Cleared) => {}
        }
        let store = store_id.as_ref().and_then(|store_id| catalogue.stores.get(store_id));
        let country = store.and_then(|store| store.country.as_deref());
        let of = |store_id: &Option<StoreId>| -> BTreeSet<Currency> {
            let items = self.of_items.get(store_id).into_iter().flatten();
            let others = items.filter(|(_, other)| other != sku).map(|(currency, _)| *currency);
            let is_euro = |currency: &Currency| *currency == Currency::EUR;
            // One item in EUR decides, whatever the others have.
            match others.clone().find(is_euro) {
                Some(euro) => [euro].into(),
                None => others.collect(),
            }
        };
        let (others, source) = match (country.and_then(currency_of_country), store_id) {
            (Some(currency), _) => (
                [currency].into(),
                format!("the country of the store, {}, has", country.unwrap_or_default()),
            ),
            (None, Some(_)) if !of(store_id).is_empty() => {
                (of(store_id), "the other items of the store have".to_owned())
            }
            (None, None) if !self.of_countries.is_empty() => {
                (self.of_countries.clone(), "the countries of the stores have".to_owned())
            }
            (None, _) => (of(&None), "the other items of the chain have".to_owned()),
        };
        if others.is_empty() || others.contains(&Currency::EUR) {
            return Ok(());
        }
        let others = others.iter().map(Currency::code).collect::<Vec<_>>().join(", ");
        Err(format!(
            "currency is left out and would be EUR, but {source} {others}; give the item a \
             currency"
        ))
    }
}
