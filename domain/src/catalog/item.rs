//! Item for sale.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{CatalogError, Ladder, Shape};
use crate::event::Unit;
use crate::field_reader::FieldReader;
use crate::identifier::{Sku, StoreId};
use crate::limits::QUANTITY_SCALE_MAX;
use crate::money::{Currency, Money};
use crate::stock::ItemUnits;

/// Longest shelf life, in days. Stock of items without a day row is added up over this time.
const SHELF_LIFE_DAYS_MAX: u16 = 60;

/// Shelf life of an item without a shelf life or without an entry, in days.
pub const SHELF_LIFE_DAYS_DEFAULT: u16 = 1;

/// Default portion of weighed and poured goods: a quarter of the unit, about the purchase of one
/// customer.
const PORTION_DEFAULT: Decimal = Decimal::from_parts(25, 0, 0, false, 2);
/// Smallest factor of a conversion: a gram for a piece.
const FACTOR_MIN: Decimal = Decimal::from_parts(1, 0, 0, false, QUANTITY_SCALE_MAX);
/// Largest factor of a conversion.
const FACTOR_MAX: Decimal = Decimal::ONE_THOUSAND;
/// Smallest portion: a gram or a millilitre.
pub const PORTION_MIN: Decimal = Decimal::from_parts(1, 0, 0, false, QUANTITY_SCALE_MAX);
/// Largest portion.
pub const PORTION_MAX: Decimal = Decimal::ONE_THOUSAND;

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
    "unit",
    "conversions",
];

/// Item of the whole chain or of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Name of the item in events.
    pub sku: Sku,
    /// Store of the entry; `None` for the whole chain. The entry of a store takes precedence over
    /// the entry of the chain.
    pub store_id: Option<StoreId>,
    /// Name for people.
    pub name: Option<String>,
    /// Category of the item.
    pub category: Option<String>,
    /// Regular price of one unit.
    pub price: Money,
    /// Cost of one unit for the store, in the currency of the price.
    pub cost: Option<Money>,
    /// Number of business days on which the item can be sold, including the day of its delivery.
    pub shelf_life_days: u16,
    /// Allowed discounts, instead of those of the store.
    pub ladder: Option<Ladder>,
    /// Lowest price.
    pub floor: Option<Money>,
    /// `true` if the item never gets a discount.
    pub no_discount: bool,
    /// Value of a unit left at the close; below 0 if its disposal costs money. `None` is 0.
    pub salvage_value: Option<Money>,
    /// Portion in which the pricing counts an item sold by weight or volume, in its unit.
    pub portion: Option<Decimal>,
    /// Price elasticity of demand, instead of that of the store.
    pub elasticity: Option<Decimal>,
    /// Unit of the item, and conversions from other units.
    pub units: ItemUnits,
}

impl Item {
    /// Names of the fields.
    pub const SHAPE: Shape = Shape::flat(FIELDS);

    /// Parses `{"sku", "price", "currency"?, "cost"?, "name"?, "category"?, "shelf_life_days"?,
    /// "ladder_percent"?, "floor"?, "no_discount"?, "salvage_value"?, "portion"?, "elasticity"?,
    /// "unit"?, "conversions"?, "store_id"?}`.
    ///
    /// # Errors
    /// Returns all violations of the entry.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = FieldReader::new(json, FIELDS).map_err(CatalogError)?;
        let item = read(&mut fields);
        fields.finish(item).map_err(CatalogError)
    }

    /// Returns the JSON that [`Item::parse`] accepts.
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
            "unit": self.units.unit.map(Unit::as_str),
            "conversions": conversions_json(&self.units),
        })
        .to_string()
    }

    /// Returns the quantity that the pricing counts as one: one piece, or the portion of an item
    /// sold by weight or volume, in its unit.
    #[must_use]
    pub fn portion_of(&self, unit: Unit) -> Decimal {
        let default = if unit == Unit::Each { Decimal::ONE } else { PORTION_DEFAULT };
        self.portion.unwrap_or(default)
    }
}

fn read(fields: &mut FieldReader<'_>) -> Option<Item> {
    let currency = fields.optional("currency").unwrap_or(Currency::EUR);
    let sku = fields.required("sku");
    fields.require("price");
    let price = fields.price("price", currency);
    if price.is_some_and(|price| price.amount().is_zero()) {
        fields.violation("price", "must be above 0");
    }
    let shelf_life_days = fields.whole_number("shelf_life_days", 1..=SHELF_LIFE_DAYS_MAX, "days");
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
        portion: fields.decimal("portion", PORTION_MIN, PORTION_MAX),
        elasticity: fields.elasticity(),
        units: units(fields),
        sku: sku?,
        price: price?,
    };
    if item.floor.is_some_and(|floor| floor.amount() > item.price.amount()) {
        let rule = format!("is above the price {}; no discount could ever be given", item.price);
        fields.violation("floor", rule);
    }
    Some(item)
}

/// Reads `unit` and `conversions`, like `{"EA": "0.75"}`: one piece is 0.75 of the unit.
fn units(fields: &mut FieldReader<'_>) -> ItemUnits {
    let unit = fields.word("unit", Unit::ALL);
    let mut conversions = BTreeMap::new();
    for (name, factor) in fields.decimals("conversions").unwrap_or_default() {
        let rule = match (name.parse::<Unit>(), unit) {
            (Err(_), _) => format!("names {name:?}, which is none of EA, KGM, LTR"),
            (Ok(_), None) => "needs the field unit, to which it converts".to_owned(),
            (Ok(from), Some(unit)) if from == unit => format!("converts {name} to itself"),
            (Ok(_), _) if !(FACTOR_MIN..=FACTOR_MAX).contains(&factor) => {
                format!("has {factor} for {name}, which is outside {FACTOR_MIN} to {FACTOR_MAX}")
            }
            (Ok(from), _) => {
                conversions.insert(from, factor.normalize());
                continue;
            }
        };
        fields.violation("conversions", rule);
    }
    ItemUnits { unit, conversions }
}

fn conversions_json(units: &ItemUnits) -> Option<Value> {
    let factor = |(unit, factor): (&Unit, &Decimal)| {
        (unit.as_str().to_owned(), Value::String(factor.to_string()))
    };
    let conversions = &units.conversions;
    (!conversions.is_empty()).then(|| Value::Object(conversions.iter().map(factor).collect()))
}

fn salvage_value(fields: &mut FieldReader<'_>, currency: Currency) -> Option<Money> {
    let expected = format_args!("an amount in {currency}, like -1");
    let text = fields.text_or_number("salvage_value", expected)?;
    let value = Money::parse_signed(&text, currency);
    let value = value.map_err(|error| format!("{error} (an amount in {currency}, either sign)"));
    fields.check("salvage_value", value)
}
