//! Items without a currency, with a new one, or with another than the country of their store has.
//! EUR is the default, and would silently be wrong where prices are in another currency.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Currency, Item, Sku, Store, StoreId, currency_of_country};

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

    /// Checks an item whose currency a file leaves out. Returns a warning about a currency that
    /// some stores do not have.
    ///
    /// # Errors
    /// Returns an error if the item would be in EUR, and the country or the other items of the
    /// store have other currencies.
    pub(super) fn check(
        &self,
        catalogue: &Catalogue,
        patch: &EntryPatch,
    ) -> Result<Option<String>, String> {
        let EntryKey::Item(store_id, sku) = &patch.key else { return Ok(None) };
        let stored = |store_id: &Option<StoreId>| {
            catalogue.items.get(&(store_id.clone(), sku.clone())).map(|item| item.price.currency())
        };
        let of_chain = stored(&None);
        let taken_over = match patch.fields.get("currency") {
            Some(Field::Value(_) | Field::Object(_)) => return Ok(None),
            None if stored(store_id).is_some() => return Ok(None),
            None => of_chain,
            Some(Field::Cleared) => None,
        };
        let store = store_id.as_ref().and_then(|store_id| catalogue.stores.get(store_id));
        let country = store.and_then(|store| store.country.as_deref()).unwrap_or_default();
        let of_country = currency_of_country(country);
        if let (Some(currency), true) = (taken_over, taken_over != Some(Currency::EUR)) {
            let other = of_country.filter(|other| *other != currency);
            return Ok(other.map(|other| {
                format!(
                    "currency {currency} is that of the chain's item, but the country of the \
                     store, {country}, has {other}; give the item a currency"
                )
            }));
        }
        let others_of = |store_id: &Option<StoreId>| -> BTreeSet<Currency> {
            let items = self.of_items.get(store_id).into_iter().flatten();
            let others = items.filter(|(_, other)| other != sku).map(|(currency, _)| *currency);
            let is_euro = |currency: &Currency| *currency == Currency::EUR;
            // One item in EUR decides, whatever the others have.
            match others.clone().find(is_euro) {
                Some(euro) => [euro].into(),
                None => others.collect(),
            }
        };
        let (mut others, source) = match (of_country, store_id) {
            (Some(currency), _) => {
                ([currency].into(), format!("the country of the store, {country}, has"))
            }
            (None, _) if taken_over.is_some() => return Ok(None),
            (None, Some(_)) if !others_of(store_id).is_empty() => {
                (others_of(store_id), "the other items of the store have".to_owned())
            }
            (None, None) if !self.of_countries.is_empty() => {
                (self.of_countries.clone(), "the countries of the stores have".to_owned())
            }
            (None, _) => (others_of(&None), "the other items of the chain have".to_owned()),
        };
        let is_euro_somewhere = others.remove(&Currency::EUR);
        if others.is_empty() {
            return Ok(None);
        }
        let others = others.iter().map(Currency::code).collect::<Vec<_>>().join(", ");
        if is_euro_somewhere {
            return Ok(Some(format!(
                "currency is left out and is EUR, but some stores are in countries with {others}; \
                 give the item a currency, and these stores an entry of their own"
            )));
        }
        Err(format!(
            "currency is left out and would be EUR, but {source} {others}; give the item a \
             currency"
        ))
    }
}

/// Items in a currency, by their owner.
type ByCurrency<'a> = BTreeMap<Currency, BTreeSet<&'a Sku>>;

/// Currencies of the items that each store sells.
pub(super) struct ItemCurrencies<'a> {
    of_chain: ByCurrency<'a>,
    of_stores: BTreeMap<&'a StoreId, Vec<&'a Item>>,
}

impl<'a> ItemCurrencies<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        let (mut of_chain, mut of_stores) = (ByCurrency::new(), BTreeMap::<_, Vec<_>>::new());
        for item in catalogue.items.values() {
            match &item.store_id {
                Some(store_id) => of_stores.entry(store_id).or_default().push(item),
                None => {
                    of_chain.entry(item.price.currency()).or_default().insert(&item.sku);
                }
            }
        }
        Self { of_chain, of_stores }
    }

    /// Returns a warning about items of a store that are in another currency than its country has.
    pub(super) fn foreign(&self, store: &Store) -> Option<String> {
        let country = store.country.as_deref()?;
        let expected = currency_of_country(country)?;
        let own = self.of_stores.get(&store.store_id).map_or(&[][..], Vec::as_slice);
        let own_skus: BTreeSet<&Sku> = own.iter().map(|item| &item.sku).collect();
        let mut foreign = ByCurrency::new();
        for item in own {
            foreign.entry(item.price.currency()).or_default().insert(&item.sku);
        }
        for (currency, skus) in self.of_chain.iter().filter(|(other, _)| **other != expected) {
            let sold = skus.difference(&own_skus).copied();
            foreign.entry(*currency).or_default().extend(sold);
        }
        foreign.remove(&expected);
        let of_currency = foreign.iter().filter_map(|(currency, skus)| {
            let verb = if skus.len() == 1 { "item is" } else { "items are" };
            Some(format!("{} {verb} in {currency}, such as {}", skus.len(), skus.first()?))
        });
        let of_currency: Vec<String> = of_currency.collect();
        (!of_currency.is_empty()).then(|| {
            format!(
                "country {country} has {expected}, but of the items of the store {}; give them \
                 the currency {expected}, or the store entries of its own",
                of_currency.join(", ")
            )
        })
    }
}
