//! Warnings about entries that are valid and probably wrong: rules that bind nothing, and
//! categories that differ only by letter case.

mod times;

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::CategoryRules;
use domain::{Chain, Experiment, Item, Ladder, Policy, Store, StoreId, Version};
use domain::{excerpt, unassigned_country};
use rust_decimal::Decimal;

use super::EntryKey;
use super::currencies::ItemCurrencies;
use super::names::nearest;
use super::stored::Catalogue;

/// Warnings of a catalogue.
pub(super) struct Warnings<'a> {
    catalogue: &'a Catalogue,
    /// One store and the number of stores for each policy.
    policies: BTreeMap<String, (&'a Store, usize)>,
    /// Highest price of the items of each category, by store; `None` is the chain, and the category
    /// of items without one.
    categories: BTreeMap<Option<&'a StoreId>, BTreeMap<Option<&'a str>, Decimal>>,
    /// Spellings of each category, by its lower case.
    spellings: BTreeMap<String, BTreeSet<&'a str>>,
    currencies: ItemCurrencies<'a>,
}

impl<'a> Warnings<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        let mut policies = BTreeMap::new();
        let mut spellings: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for store in catalogue.stores.values() {
            let version = Version::to_string(&store.policy.version());
            policies.entry(version).or_insert((store, 0)).1 += 1;
        }
        let of_items = catalogue.items.values().filter_map(|item| item.category.as_deref());
        let of_rules = catalogue.stores.values().flat_map(|store| store.policy.categories.keys());
        for category in of_items.chain(of_rules.map(String::as_str)) {
            spellings.entry(category.to_lowercase()).or_default().insert(category);
        }
        let mut categories: BTreeMap<_, BTreeMap<_, Decimal>> = BTreeMap::new();
        for item in catalogue.items.values() {
            let of_owner = categories.entry(item.store_id.as_ref()).or_default();
            let highest = of_owner.entry(item.category.as_deref()).or_default();
            *highest = item.price.amount().max(*highest);
        }
        let currencies = ItemCurrencies::new(catalogue);
        Self { catalogue, policies, categories, spellings, currencies }
    }

    /// Returns the warnings of an entry.
    pub(super) fn of(&self, key: &EntryKey) -> Vec<String> {
        match key {
            EntryKey::Chain => {
                self.catalogue.chain.iter().flat_map(|chain| self.of_chain(chain)).collect()
            }
            EntryKey::Store(store_id) => self
                .catalogue
                .stores
                .get(store_id)
                .map_or_else(Vec::new, |store| self.of_store(store)),
            EntryKey::Item(store_id, sku) => {
                let item = self.catalogue.items.get(&(store_id.clone(), sku.clone()));
                item.map_or_else(Vec::new, |item| self.of_item(item))
            }
        }
    }

    fn of_chain(&self, chain: &'a Chain) -> impl Iterator<Item = String> {
        let countries: BTreeSet<&str> =
            self.catalogue.stores.values().filter_map(|store| store.country.as_deref()).collect();
        let unused = chain
            .perishables_exempt
            .iter()
            .filter(move |code| !countries.is_empty() && !countries.contains(&***code));
        unused.map(|code| format!("perishables_exempt: no store has the country {code}"))
    }

    fn of_store(&self, store: &Store) -> Vec<String> {
        let mut found = Vec::new();
        if let Some((code, rule)) =
            store.country.as_deref().and_then(|code| Some((code, unassigned_country(code)?)))
        {
            found.push(format!("country {code} {rule}"));
        }
        if store.country.is_none() && store.policy.enabled {
            found.push(
                "no country, so each label names the lowest price of 30 days; give the country, \
                 like DE, or switch offers off with policy.enabled"
                    .to_owned(),
            );
        }
        let policy = &store.policy;
        let ladder = [("policy".to_owned(), &policy.ladder, policy.max_discount_percent)];
        let of_categories = policy.categories.iter().map(|(name, rules)| {
            let CategoryRules { ladder, max_discount_percent, .. } = rules;
            let deepest = max_discount_percent.unwrap_or(policy.max_discount_percent);
            let path = format!("policy.categories.{}", excerpt(name));
            (path, ladder.as_ref().unwrap_or(&policy.ladder), deepest)
        });
        for (path, ladder, deepest) in ladder.into_iter().chain(of_categories) {
            found.extend(
                no_step(ladder, deepest)
                    .map(|reason| format!("{path}: no discount can ever be made: {reason}")),
            );
        }
        found.extend(self.currencies.foreign(store));
        found.extend(no_changes(policy));
        found.extend(times::warnings(store));
        found.extend(self.highest_floors(store));
        found.extend(empty_experiment(policy));
        found.extend(self.unused_categories(store));
        found
    }

    /// Returns the categories of a store's items with their highest prices; the chain's items and
    /// those of the store are apart.
    fn prices(&self, store: &Store) -> Vec<(Option<&'a str>, Decimal)> {
        let owners = [None, Some(&store.store_id)].into_iter();
        let of_owners = owners.filter_map(|owner| self.categories.get(&owner));
        of_owners.flatten().map(|(name, price)| (*name, *price)).collect()
    }

    /// Lowest prices that are not below any price they bind.
    fn highest_floors(&self, store: &Store) -> Vec<String> {
        let of_policy = store.policy.min_price.map(|floor| ("policy".to_owned(), None, floor));
        let of_categories = store.policy.categories.iter().filter_map(|(name, rules)| {
            let path = format!("policy.categories.{}", excerpt(name));
            Some((path, Some(name.as_str()), rules.min_price?))
        });
        let floors = of_policy.into_iter().chain(of_categories);
        let prices = self.prices(store);
        let warning = |(path, category, floor): (String, Option<&str>, Decimal)| {
            let of_scope =
                prices.iter().filter(|(name, _)| category.is_none() || *name == category);
            let highest = of_scope.map(|(_, price)| *price).max()?;
            let items = if category.is_some() { "its items" } else { "the store's items" };
            (floor >= highest).then(|| {
                format!(
                    "{path}.min_price {floor} is not below the highest price of {items}, \
                     {highest}; no discount can ever be made"
                )
            })
        };
        floors.filter_map(warning).collect()
    }

    /// Categories with rules that no item of the store has.
    fn unused_categories(&self, store: &Store) -> Vec<String> {
        let used: BTreeSet<Option<&str>> =
            self.prices(store).into_iter().map(|(name, _)| name).collect();
        if used.is_empty() {
            return Vec::new();
        }
        let unused =
            store.policy.categories.keys().filter(|name| !used.contains(&Some(name.as_str())));
        let warning = |name: &String| {
            let near = nearest(name, used.iter().copied().flatten());
            let advice =
                near.map_or_else(String::new, |near| format!("; did you mean {}?", excerpt(near)));
            format!(
                "policy.categories.{}: no item of the store has this category{advice}",
                excerpt(name)
            )
        };
        unused.map(warning).collect()
    }

    fn of_item(&self, item: &Item) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(store_id) = &item.store_id
            && !self.catalogue.stores.contains_key(store_id)
        {
            let near =
                nearest(store_id.as_str(), self.catalogue.stores.keys().map(StoreId::as_str));
            let advice = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            found.push(format!("store_id {store_id} is no store of the catalogue{advice}"));
        }
        if let Some(category) = &item.category {
            let same = self.spellings.get(&category.to_lowercase());
            let others = same.into_iter().flatten().filter(|other| *other != category);
            let others: Vec<String> = others.map(|other| excerpt(other)).collect();
            if !others.is_empty() {
                found.push(format!(
                    "category {} differs only by letter case from {}; a rule for one does not bind \
                     the other",
                    excerpt(category),
                    others.join(", ")
                ));
            }
        }
        if let Some(cost) = item.cost.filter(|cost| cost.amount() > item.price.amount()) {
            // A decimal comma makes two columns of one price.
            found.push(format!("cost {cost} is above the price {}", item.price));
        }
        if let Some(value) = item.salvage_value.filter(|value| value.amount() > item.price.amount())
        {
            found.push(format!(
                "salvage_value {value} is above the price {}; a unit left at the close would be \
                 worth more than a sold one",
                item.price
            ));
        }
        found.extend(self.no_discount(item));
        found
    }

    /// Warning about an item that can have no discount in some store.
    fn no_discount(&self, item: &Item) -> Option<String> {
        let own = item.store_id.as_ref().and_then(|store_id| self.catalogue.stores.get(store_id));
        if own.is_some() || self.policies.is_empty() {
            let policy = own.map_or_else(Policy::default, |store| store.policy.clone());
            return no_price(&policy, item)
                .map(|reason| format!("no discount can ever be made: {reason}"));
        }
        let stores: usize = self.policies.values().map(|(_, count)| count).sum();
        let without = self.policies.values().filter_map(|(store, count)| {
            Some((&store.store_id, *count, no_price(&store.policy, item)?))
        });
        let without: Vec<_> = without.collect();
        let (store_id, _, reason) = without.first()?;
        let count: usize = without.iter().map(|(_, count, _)| count).sum();
        let place = if count == stores {
            String::new()
        } else {
            format!(" in {count} of {stores} stores, such as {store_id}")
        };
        Some(format!("no discount can ever be made{place}: {reason}"))
    }
}

/// Warning about an experiment that compares nothing, or not with the retailer's rule.
fn empty_experiment(policy: &Policy) -> Option<String> {
    let Experiment { control_percent, rule, .. } = &policy.experiment;
    if policy.experiment.compares() && !policy.enabled {
        return Some("policy.experiment binds nothing while policy.enabled is false".to_owned());
    }
    match (rule.is_empty(), control_percent) {
        (false, 0) => {
            Some("policy.experiment.rule binds nothing while control_percent is 0".to_owned())
        }
        (true, 1..) => Some(format!(
            "policy.experiment.control_percent {control_percent} has no policy.experiment.rule, \
             so the control group has no discount at all; give the rule that the store had \
             before, like [{{\"at\": \"17:00\", \"discount_percent\": 30}}]"
        )),
        _ => None,
    }
}

/// Warnings about numbers of changes that allow none.
fn no_changes(policy: &Policy) -> impl Iterator<Item = String> {
    let limits = [
        ("max_changes", policy.max_changes),
        ("max_changes_per_hour", policy.max_changes_per_hour),
    ];
    let none = limits.into_iter().filter(|(_, limit)| *limit == Some(0));
    none.map(|(name, _)| {
        format!(
            "policy.{name} 0: no price ever changes; to stop the pricing of the store, set \
             policy.enabled to false"
        )
    })
}

/// Returns the first step of a ladder above 0, or the reason for having none.
fn first_step(ladder: &Ladder, deepest: u8) -> Result<u8, String> {
    let first = ladder.steps().iter().copied().find(|step| *step > 0);
    match first {
        None => Err("ladder_percent has no step above 0".to_owned()),
        Some(first) if first > deepest => Err(format!(
            "the first step of ladder_percent is {first}, and max_discount_percent {deepest}"
        )),
        Some(first) => Ok(first),
    }
}

fn no_step(ladder: &Ladder, deepest: u8) -> Option<String> {
    first_step(ladder, deepest).err()
}

/// Returns the reason for which an item can have no discount, unless it is excluded on purpose or
/// the policy alone is the reason.
fn no_price(policy: &Policy, item: &Item) -> Option<String> {
    let rules = policy.rules_of(item);
    if rules.is_excluded {
        return None;
    }
    let first = match first_step(rules.ladder, rules.max_discount_percent) {
        Ok(first) => first,
        Err(reason) => return item.ladder.as_ref().map(|_| reason),
    };
    let price = item.price.amount();
    let reduced = price * Decimal::from(100 - first) / Decimal::ONE_HUNDRED;
    let is_above = |floor: Decimal| floor > reduced;
    let step = || format!("the first step, {first} % off {}", item.price);
    if let Some(floor) = rules.min_price.filter(|floor| is_above(*floor)) {
        return Some(format!("the lowest price {floor} is above {}", step()));
    }
    let margin = rules.min_margin_percent?;
    let Some(cost) = item.cost else {
        return Some(format!("min_margin_percent {margin} needs a cost, and the item has none"));
    };
    let is_too_low = reduced * Decimal::from(100 - margin) < cost.amount() * Decimal::ONE_HUNDRED;
    is_too_low
        .then(|| format!("min_margin_percent {margin} with cost {cost} needs more than {}", step()))
}
