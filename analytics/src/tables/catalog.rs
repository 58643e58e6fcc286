//! Tables `items`, `stores` and `policies`: the catalogue as it is when the rows are built. It
//! keeps no earlier state, so these tables have no dates.

use domain::{Item, Money, Store, StoreId};

use super::StoreCatalog;
use crate::table::ColumnType::{Amount, Integer, Text, Truth};
use crate::table::{Cell, Field};

/// Item as it is in force in a store.
#[derive(Debug, Clone)]
pub struct ItemRecord {
    /// Store.
    pub store_id: StoreId,
    /// Item.
    pub item: Item,
}

/// Columns of `items`.
pub const ITEMS: &[Field<ItemRecord>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.item.sku.as_str())),
    Field::new("name", Text, "Name.", |row| Cell::optional_text(row.item.name.clone())),
    Field::new("category", Text, "Category.", |row| Cell::optional_text(row.item.category.clone())),
    Field::new("price", Amount, "Regular price of a unit.", |row| {
        Cell::price(Some(row.item.price))
    }),
    Field::new("cost", Amount, "Cost of a unit.", |row| Cell::price(row.item.cost)),
    Field::new("floor", Amount, "Lowest price.", |row| Cell::price(row.item.floor)),
    Field::new("salvage_value", Amount, "Value of a unit left at the close.", |row| {
        Cell::price(row.item.salvage_value)
    }),
    Field::new("currency", Text, "Currency of the amounts.", |row| {
        Cell::text(Money::currency(row.item.price).code())
    }),
    Field::new("shelf_life_days", Integer, "Dates on which it can be sold.", |row| {
        Cell::count(row.item.shelf_life_days)
    }),
    Field::new("no_discount", Truth, "Never gets a discount.", |row| {
        Cell::Truth(row.item.no_discount)
    }),
];

/// Columns of `stores`.
pub const STORES: &[Field<Store>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("name", Text, "Name.", |row| Cell::optional_text(row.name.clone())),
    Field::new("country", Text, "Country, ISO 3166-1.", |row| {
        Cell::optional_text(row.country.clone())
    }),
    Field::new("zone", Text, "Time zone, IANA.", |row| Cell::text(row.zone.name())),
    Field::new("hours", Text, "Opening hours.", |row| Cell::text(row.hours.to_string())),
    Field::new("policy_version", Text, "Version of the policy.", |row| {
        Cell::text(row.policy.version().to_string())
    }),
    Field::new("shadow", Truth, "Decisions are stored and not published.", |row| {
        Cell::Truth(row.policy.shadow)
    }),
    Field::new("control_percent", Integer, "Share of control categories, in percent.", |row| {
        Cell::count(row.policy.experiment.control_percent)
    }),
    Field::new("exploration_percent", Integer, "Share of exploration, in percent.", |row| {
        Cell::count(row.policy.experiment.exploration_percent)
    }),
];

/// Columns of `policies`.
pub const POLICIES: &[Field<Store>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("policy_version", Text, "Version of the policy.", |row| {
        Cell::text(row.policy.version().to_string())
    }),
    Field::new("policy", Text, "Policy as `daymark catalog export` writes it, JSON.", |row| {
        Cell::text(row.policy.to_value().to_string())
    }),
];

/// Returns the items of a store, sorted by SKU.
#[must_use]
pub fn items(catalog: &StoreCatalog) -> Vec<ItemRecord> {
    let store_id = &catalog.store.store_id;
    let record = |item: &Item| ItemRecord { store_id: store_id.clone(), item: item.clone() };
    catalog.items.values().map(record).collect()
}
