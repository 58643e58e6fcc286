//! Rules in force, with the entry that each comes from.

use std::collections::BTreeMap;

use domain::catalog::Shape;
use domain::{Chain, Item, Money, Policy, Store, excerpt};

use super::fields::{Fields, cells, stored_fields};

/// Rule in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInForce {
    /// Path of the rule, like `policy.max_changes`.
    pub rule: String,
    /// Value, as a cell of a catalogue file; empty if there is none.
    pub value: String,
    /// Entry that sets the rule: `chain`, `store`, `category NAME`, `item`, `item of store ID` or
    /// `default`.
    pub source: String,
}

/// Returns the settings of the chain.
#[must_use]
pub fn chain_rules(chain: Option<&Chain>) -> Vec<RuleInForce> {
    let default = Chain::default();
    let json = chain.unwrap_or(&default).to_json();
    entry_rules(&Chain::SHAPE, &json, &default.to_json(), "chain")
}

/// Returns the rules of a store.
#[must_use]
pub fn store_rules(chain: Option<&Chain>, store: &Store) -> Vec<RuleInForce> {
    let default = Store { policy: Policy::default(), name: None, country: None, ..store.clone() };
    let mut rules = entry_rules(&Store::SHAPE, &store.to_json(), &default.to_json(), "store");
    for rule in &mut rules {
        // These have no default.
        if ["store_id", "zone", "hours"].contains(&&*rule.rule) {
            rule.source = "store".to_owned();
        }
    }
    stopped_by_chain(chain, &mut rules);
    rules
}

/// Returns the fields of an item, and the rules of its store's policy as they are for the item.
#[must_use]
pub fn item_rules(chain: Option<&Chain>, store: Option<&Store>, item: &Item) -> Vec<RuleInForce> {
    let source = match &item.store_id {
        None => "item".to_owned(),
        Some(store_id) => format!("item of store {store_id}"),
    };
    let bare = format!(r#"{{"sku":"{}","price":"1","currency":"EUR"}}"#, item.sku);
    let default = Item::parse(&bare).map_or_else(|_| item.to_json(), |bare| bare.to_json());
    let mut rules = entry_rules(&Item::SHAPE, &item.to_json(), &default, &source);
    for rule in &mut rules {
        if ["sku", "price"].contains(&&*rule.rule) {
            rule.source.clone_from(&source);
        }
    }
    let Some(store) = store else { return rules };
    let (of_policy, of_categories): (Vec<_>, Vec<_>) = store_rules(chain, store)
        .into_iter()
        .filter(|rule| rule.rule.starts_with("policy."))
        .partition(|rule| !rule.rule.starts_with(CATEGORIES));
    let prefix = item.category.as_ref().map(|name| format!("{CATEGORIES}{name}."));
    let of_category = of_categories.into_iter().filter_map(|rule| {
        let name = rule.rule.strip_prefix(prefix.as_ref()?)?.to_owned();
        (!rule.value.is_empty()).then_some((name, rule.value))
    });
    let nearer = Nearer {
        of_item: rules.iter().map(|rule| (rule.rule.clone(), rule.value.clone())).collect(),
        of_category: of_category.collect(),
        item_source: source,
        category_source: format!("category {}", excerpt(item.category.as_deref().unwrap_or(""))),
    };
    // The rules of the policy follow, with their values for the item.
    rules.retain(|rule| !Policy::SHAPE.fields.contains(&&*rule.rule));
    rules.extend(of_policy.into_iter().map(|rule| nearer.replace(store, item, rule)));
    rules
}

const CATEGORIES: &str = "policy.categories.";

/// Rules of an item and of its category, which replace those of the policy.
struct Nearer {
    of_item: BTreeMap<String, String>,
    of_category: BTreeMap<String, String>,
    item_source: String,
    category_source: String,
}

impl Nearer {
    /// Returns a rule of the policy as it is for the item.
    fn replace(&self, store: &Store, item: &Item, rule: RuleInForce) -> RuleInForce {
        let name = rule.rule.trim_start_matches("policy.").to_owned();
        let of_item = self.of_item.get(&name).filter(|value| !value.is_empty()).cloned();
        let in_force = store.policy.rules_of(item);
        let (value, source) = match &*name {
            "enabled" if in_force.is_excluded => {
                let of_item = item.no_discount.then_some(&self.item_source);
                ("false".to_owned(), of_item.unwrap_or(&self.category_source))
            }
            // Of the lowest prices, the highest counts.
            "min_price" if in_force.min_price != store.policy.min_price => {
                let least = in_force.min_price.map_or_else(String::new, |least| least.to_string());
                let is_floor = item.floor.map(Money::amount) == in_force.min_price;
                (least, if is_floor { &self.item_source } else { &self.category_source })
            }
            "min_price" => return rule,
            _ => {
                let of_category = || {
                    let other = match &*name {
                        "afternoon_starts" => in_force.earliest.map_or("", |earliest| {
                            if earliest > store.policy.afternoon_starts { "earliest" } else { "" }
                        }),
                        "latest_change" => "latest",
                        name => name,
                    };
                    self.of_category.get(other).cloned()
                };
                match (of_item, of_category()) {
                    (Some(value), _) => (value, &self.item_source),
                    (None, Some(value)) => (value, &self.category_source),
                    (None, None) => return rule,
                }
            }
        };
        RuleInForce { rule: rule.rule, value, source: source.clone() }
    }
}

/// The chain stops the pricing of all stores.
fn stopped_by_chain(chain: Option<&Chain>, rules: &mut [RuleInForce]) {
    if chain.is_some_and(|chain| !chain.enabled)
        && let Some(rule) = rules.iter_mut().find(|rule| rule.rule == "policy.enabled")
    {
        rule.value = "false".to_owned();
        rule.source = "chain".to_owned();
    }
}

fn entry_rules(shape: &Shape, json: &str, default: &str, source: &str) -> Vec<RuleInForce> {
    let flat = |fields: &Fields| cells(shape, fields, "", true);
    let default = flat(&stored_fields(default, shape));
    let rule = |(rule, value): (String, Option<String>)| {
        let is_default = default.iter().any(|(path, other)| *path == rule && *other == value);
        let is_unset = value.is_none();
        RuleInForce {
            rule,
            value: value.unwrap_or_default(),
            source: if is_default || is_unset { "default" } else { source }.to_owned(),
        }
    };
    flat(&stored_fields(json, shape)).into_iter().map(rule).collect()
}
