//! An item that is sold.

use rust_decimal::Decimal;
use serde_json::json;

use super::CatalogError;
use super::Ladder;
use crate::event::Unit;
use crate::fields::Fields;
use crate::id::{Sku, StoreId};
use crate::limits::QUANTITY_SCALE_MAX;
use crate::money::{Currency, Money};

/// Longest shelf life, in days: how far back on hand is added up.
const SHELF_LIFE_DAYS_MAX: u16 = 14;

/// Shelf life of an item that says none, or is in no catalogue: baked today, sold today.
pub const SHELF_LIFE_DAYS_DEFAULT: u16 = 1;

/// What is weighed or poured is counted in quarters of its unit: about what a customer takes.
const PORTION_DEFAULT: Decimal = Decimal::from_parts(25, 0, 0, false, 2);
/// A gram, or a millilitre.
const QUANTITY_LEAST: Decimal = Decimal::from_parts(1, 0, 0, false, QUANTITY_SCALE_MAX);

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
    "no_discount",
    "salvage_value",
    "portion",
    "elasticity",
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
    /// Never discounted.
    pub no_discount: bool,
    /// What a unit left at the close is worth; below 0 where disposal costs money. 0 when `None`.
    pub salvage_value: Option<Money>,
    /// The piece in which it is counted where it is sold by weight or volume, in its unit.
    pub portion: Option<Decimal>,
    /// How its demand answers to price, instead of the store's.
    pub elasticity: Option<Decimal>,
}

impl Item {
    /// Reads `{"sku", "price", "currency"?, "cost"?, "name"?, "category"?, "shelf_life_days"?,
    /// "ladder_percent"?, "floor"?, "no_discount"?, "salvage_value"?, "portion"?, "elasticity"?,
    /// "store_id"?}`.
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
            "no_discount": self.no_discount,
            "salvage_value": self.salvage_value.map(|value| value.to_string()),
            "portion": self.portion.map(|portion| portion.to_string()),
            "elasticity": self.elasticity.map(|elasticity| elasticity.to_string()),
        })
        .to_string()
    }

    /// The piece in which the pricing counts it, in its unit: one, or what it is cut or filled
    /// into where it is sold by weight or volume.
    #[must_use]
    pub fn piece(&self, unit: Unit) -> Decimal {
        let default = if unit == Unit::Each { Decimal::ONE } else { PORTION_DEFAULT };
        self.portion.unwrap_or(default)
    }
}

fn read(fields: &mut Fields<'_>) -> Option<Item> {
    let currency = fields.optional("currency").unwrap_or(Currency::EUR);
    let sku = fields.required("sku");
    fields.present("price");
    let price = fields.price("price", currency);
    if price.is_some_and(|price| price.amount().is_zero()) {
        fields.fault("price", "must be above 0");
    }
    let shelf_life_days = fields.whole("shelf_life_days", 1..=SHELF_LIFE_DAYS_MAX, "days");
    let item = Item {
        store_id: fields.optional("store_id"),
        name: fields.text("name"),
        category: fields.text("category"),
        cost: fields.price("cost", currency),
        shelf_life_days: shelf_life_days.unwrap_or(SHELF_LIFE_DAYS_DEFAULT),
        ladder: Ladder::read(fields, "ladder_percent"),
        floor: fields.price("floor", currency),
        no_discount: fields.flag("no_discount").unwrap_or(false),
        salvage_value: salvage_value(fields, currency),
        portion: fields.decimal("portion", QUANTITY_LEAST, Decimal::ONE_THOUSAND),
        elasticity: fields.elasticity(),
        sku: sku?,
        price: price?,
    };
    if item.floor.is_some_and(|floor| floor.amount() > item.price.amount()) {
        let rule = format!("is above the price {}; no discount could ever be given", item.price);
        fields.fault("floor", rule);
    }
    Some(item)
}

fn salvage_value(fields: &mut Fields<'_>, currency: Currency) -> Option<Money> {
    let text = fields.text_or_number("salvage_value")?;
    let value = Money::parse_signed(&text, currency);
    let value = value.map_err(|error| format!("{error} (an amount in {currency}, either sign)"));
    fields.parsed("salvage_value", value)
}
