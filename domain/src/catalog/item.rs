//! An item that is sold.

use serde_json::json;

use super::CatalogError;
use super::policy::Ladder;
use crate::fields::Fields;
use crate::id::{Sku, StoreId};
use crate::money::{Currency, Money};

/// Longest shelf life, in days: how far back on hand is added up.
const SHELF_LIFE_DAYS_MAX: u16 = 14;

/// Shelf life of an item that says none, or is in no catalogue: baked today, sold today.
pub const SHELF_LIFE_DAYS_DEFAULT: u16 = 1;

/// What is read of an item.
const FIELDS: &[&str] = &[
    "sku",
    "store_id",
    "name",
    "category",
    "price",
    "currency",
    "cost",
    "shelf_life_days",
    "ladder_percent",
    "floor",
];

/// One item, for the whole chain or for one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is called in events.
    pub sku: Sku,
    /// The store it is meant for; `None` for the chain. A store's own entry counts before the
    /// chain's.
    pub store_id: Option<StoreId>,
    /// What people call it.
    pub name: Option<String>,
    /// The group it belongs to.
    pub category: Option<String>,
    /// The regular price of one unit.
    pub price: Money,
    /// What one unit costs the store, in the currency of the price.
    pub cost: Option<Money>,
    /// How many business days it can be sold, the day of its delivery included.
    pub shelf_life_days: u16,
    /// Its own discount steps, instead of the store's.
    pub ladder: Option<Ladder>,
    /// No price below it.
    pub floor: Option<Money>,
}

impl Item {
    /// Reads `{"sku", "price", "currency"?, "cost"?, "name"?, "category"?, "shelf_life_days"?,
    /// "ladder_percent"?, "floor"?, "store_id"?}`.
    ///
    /// # Errors
    /// All rules that the entry breaks.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| CatalogError(vec![fault]))?;
        read(&mut fields).filter(|_| fields.faults.is_empty()).ok_or(CatalogError(fields.faults))
    }

    /// The entry as [`Item::parse`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({
            "sku": self.sku.as_str(),
            "store_id": self.store_id.as_ref().map(StoreId::as_str),
            "name": self.name,
            "category": self.category,
            "price": self.price.to_string(),
            "currency": self.price.currency().code(),
            "cost": self.cost.map(|cost| cost.to_string()),
            "shelf_life_days": self.shelf_life_days,
            "ladder_percent": self.ladder.as_ref().map(Ladder::steps),
            "floor": self.floor.map(|floor| floor.to_string()),
        })
        .to_string()
    }
}

fn read(fields: &mut Fields<'_>) -> Option<Item> {
    let currency = fields.optional("currency").unwrap_or(Currency::EUR);
    let sku = fields.required("sku");
    fields.present("price");
    let price = price(fields, "price", currency);
    if price.is_some_and(|price| price.amount().is_zero()) {
        fields.fault("price", "must be above 0");
    }
    let shelf_life_days =
        fields.optional_number("shelf_life_days").unwrap_or(SHELF_LIFE_DAYS_DEFAULT);
    if !(1..=SHELF_LIFE_DAYS_MAX).contains(&shelf_life_days) {
        let rule = format!("is outside 1 to {SHELF_LIFE_DAYS_MAX} days");
        fields.fault("shelf_life_days", rule);
    }
    let item = Item {
        store_id: fields.optional("store_id"),
        name: fields.text("name"),
        category: fields.text("category"),
        cost: self::price(fields, "cost", currency),
        shelf_life_days,
        ladder: Ladder::read(fields, "ladder_percent"),
        floor: self::price(fields, "floor", currency),
        sku: sku?,
        price: price?,
    };
    if item.floor.is_some_and(|floor| floor.amount() > item.price.amount()) {
        let rule = format!("is above the price {}; no discount could ever be given", item.price);
        fields.fault("floor", rule);
    }
    Some(item)
}

fn price(fields: &mut Fields<'_>, field: &'static str, currency: Currency) -> Option<Money> {
    let text = fields.text_or_number(field)?;
    let price = Money::parse_price(&text, currency);
    fields.parsed(field, price.map_err(|error| format!("{error} (a price in {currency})")))
}
