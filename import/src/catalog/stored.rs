//! The stored catalogue, and the change that a patch makes to one of its entries.

use std::collections::BTreeMap;

use domain::catalog::{CatalogError, Shape};
use domain::{Chain, Item, Sku, Store, StoreId, excerpt, unassigned_country};

use super::fields::{Fields, RuleChange, changes, merge, shown, stored_fields, to_json};
use super::{EntryKey, EntryPatch};

/// Entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogEntry {
    /// Item of one store or of the whole chain.
    Item(Box<Item>),
    /// Store.
    Store(Box<Store>),
    /// Retailer.
    Chain(Chain),
}

/// Entries of the catalogue, as far as an import needs them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// Settings of the retailer, if any are stored.
    pub chain: Option<Chain>,
    /// All stores.
    pub stores: BTreeMap<StoreId, Store>,
    /// Items of the chain (`None`) and of the stores that the import names.
    pub items: BTreeMap<(Option<StoreId>, Sku), Item>,
}

/// Entry before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The entry was stored.
    Stored,
    /// The entry is new.
    New,
    /// The entry is new, and starts with the rules that the chain has for the item.
    Chain,
}

/// Change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Changed entry.
    pub key: EntryKey,
    /// Entry before the change.
    pub origin: Origin,
    /// Entry after the change.
    pub entry: CatalogEntry,
    /// Changed rules, in the order of the fields. Empty for a new entry.
    pub rules: Vec<RuleChange>,
}

impl Change {
    /// `true` if the entry is stored already, with the same rules.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.origin == Origin::Stored && self.rules.is_empty()
    }

    /// Returns the changed rules of an item for which `own`, the entry of a store, has another
    /// value, with that value. In a new entry all rules count as changed.
    #[must_use]
    pub fn kept_by(&self, own: &Item) -> Vec<(&'static str, String)> {
        let CatalogEntry::Item(item) = &self.entry else { return Vec::new() };
        let of_chain = stored_fields(&item.to_json(), &Item::SHAPE);
        let of_store = stored_fields(&own.to_json(), &Item::SHAPE);
        let is_changed = |name: &str| {
            self.origin == Origin::New || self.rules.iter().any(|rule| rule.rule == name)
        };
        let is_kept = |name: &&str| {
            *name != "store_id" && is_changed(name) && of_chain.get(*name) != of_store.get(*name)
        };
        let value = |name| of_store.get(name).map_or_else(|| "none".to_owned(), shown);
        let kept = Item::SHAPE.fields.iter().copied().filter(is_kept);
        kept.map(|name| (name, excerpt(&value(name)))).collect()
    }
}

impl Catalogue {
    /// Returns an entry with the rules in force: that of a store, or else that of the chain.
    #[must_use]
    pub fn item(&self, store_id: &StoreId, sku: &Sku) -> Option<&Item> {
        let own = self.items.get(&(Some(store_id.clone()), sku.clone()));
        own.or_else(|| self.items.get(&(None, sku.clone())))
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, entry: CatalogEntry) {
        match entry {
            CatalogEntry::Chain(chain) => self.chain = Some(chain),
            CatalogEntry::Store(store) => {
                self.stores.insert(store.store_id.clone(), *store);
            }
            CatalogEntry::Item(item) => {
                self.items.insert((item.store_id.clone(), item.sku.clone()), *item);
            }
        }
    }

    /// Changes the fields that `patch` names, and no others. A new item of a store starts with the
    /// rules of the chain's item.
    ///
    /// # Errors
    /// Returns all violations of the changed entry, which then stays as it was.
    pub fn apply(&mut self, patch: &EntryPatch) -> Result<Change, String> {
        let key = patch.key.clone();
        let (origin, entry, rules) = match &key {
            EntryKey::Chain => {
                let stored = self.chain.as_ref().map(Chain::to_json);
                let shape =
                    (&Chain::SHAPE, Chain::parse as Parse<Chain>, Chain::to_json as Write<Chain>);
                let (chain, rules) = patched(stored.as_deref(), patch, shape)?;
                (origin(stored.is_some()), CatalogEntry::Chain(chain), rules)
            }
            EntryKey::Store(store_id) => {
                let stored = self.stores.get(store_id).map(Store::to_json);
                let shape =
                    (&Store::SHAPE, Store::parse as Parse<Store>, Store::to_json as Write<Store>);
                let (store, rules) = patched(stored.as_deref(), patch, shape)?;
                (origin(stored.is_some()), CatalogEntry::Store(Box::new(store)), rules)
            }
            EntryKey::Item(store_id, sku) => {
                let stored = self.items.get(&(store_id.clone(), sku.clone()));
                let of_chain = || self.items.get(&(None, sku.clone()));
                let base = stored
                    .or_else(of_chain)
                    .map(|item| Item { store_id: store_id.clone(), ..item.clone() }.to_json());
                let origin = match (stored, &base) {
                    (Some(_), _) => Origin::Stored,
                    (None, Some(_)) => Origin::Chain,
                    (None, None) => Origin::New,
                };
                let shape =
                    (&Item::SHAPE, Item::parse as Parse<Item>, Item::to_json as Write<Item>);
                let (item, rules) = patched(base.as_deref(), patch, shape)?;
                (origin, CatalogEntry::Item(Box::new(item)), rules)
            }
        };
        self.insert(entry.clone());
        Ok(Change { key, origin, entry, rules })
    }
}

fn origin(is_stored: bool) -> Origin {
    if is_stored { Origin::Stored } else { Origin::New }
}

type Parse<T> = fn(&str) -> Result<T, CatalogError>;
type Write<T> = fn(&T) -> String;

/// Returns the entry with the fields of the patch, and the changed rules.
fn patched<T>(
    stored: Option<&str>,
    patch: &EntryPatch,
    (shape, parse, write): (&'static Shape, Parse<T>, Write<T>),
) -> Result<(T, Vec<RuleChange>), String> {
    let before = stored.map(|json| stored_fields(json, shape));
    let mut fields = before.clone().unwrap_or_default();
    merge(&mut fields, &patch.fields);
    let parsed = parse(&to_json(&fields));
    let problems = parsed.as_ref().err().map(ToString::to_string).into_iter();
    let problems: Vec<String> = problems.chain(unassigned_countries(&patch.fields)).collect();
    let Some(entry) = parsed.ok().filter(|_| problems.is_empty()) else {
        return Err(problems.join("; "));
    };
    let rules = before.map(|before| {
        let after: Fields = stored_fields(&write(&entry), shape);
        changes(shape, &before, &after, &patch.fields)
    });
    Ok((entry, rules.unwrap_or_default()))
}

/// Returns the problems of codes that have the form of a country and are none. A stored entry keeps
/// such a code until a file names the field.
fn unassigned_countries(patch: &Fields) -> Vec<String> {
    let of_field = |name: &'static str| {
        let text = patch.get(name).map(shown).unwrap_or_default();
        let words = text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let is_code =
            |word: &String| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        words.into_iter().filter(is_code).filter_map(move |code| {
            unassigned_country(&code).map(|rule| format!("{name} {code:?} {rule}"))
        })
    };
    ["country", "perishables_exempt"].into_iter().flat_map(of_field).collect()
}
