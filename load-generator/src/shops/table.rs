//! Reads the table of a shop's items. Each line is an item; columns are separated by two or more
//! spaces:
//!
//! ```text
//! sku  name  category  price cost floor  basket  sells profile elasticity  deliveries
//! ```
//!
//! A floor of `-` means no floor. A basket is `EA 70/22/8` (percentages of customers who buy one,
//! two or three pieces) or `KGM 120-400` (grams; millilitres for `LTR`). A delivery is
//! `quantity@minutes`, in minutes after the opening.

use std::fmt::Debug;
use std::str::FromStr;

use domain::event::Unit;
use domain::stock::ItemUnits;
use domain::{Currency, Item, Money, Store, StoreId};

use super::{Basket, Delivery, HourlyProfile, ItemModel, ShopModel};

/// Reads a shop from its catalogue entry and the table of its items.
///
/// # Panics
///
/// Panics if the entry or the table is malformed. Both are constants of this crate.
pub(super) fn shop(store: &str, tills: u8, items: &str) -> ShopModel {
    let store = Store::parse(store).expect("the store of a built-in shop");
    let lines = items.lines().map(str::trim).filter(|line| !line.is_empty());
    let items = lines.map(|line| item(&store.store_id, line)).collect();
    ShopModel { store, tills, items }
}

fn item(store_id: &StoreId, line: &str) -> ItemModel {
    let [sku, name, category, prices, basket, demand, deliveries] = words(line, "  ");
    let [price, cost, floor] = words(prices, " ");
    let [sells, profile, elasticity] = words(demand, " ");
    ItemModel {
        item: Item {
            sku: read(sku),
            store_id: Some(store_id.clone()),
            name: Some(name.to_owned()),
            category: Some(category.to_owned()),
            price: money(price),
            cost: Some(money(cost)),
            shelf_life_days: 1,
            ladder: None,
            floor: (floor != "-").then(|| money(floor)),
            no_discount: false,
            salvage_value: None,
            portion: None,
            elasticity: None,
            units: ItemUnits::default(),
        },
        basket: self::basket(basket),
        expected_sales_per_day: read(sells),
        profile: self::profile(profile),
        elasticity: read(elasticity),
        deliveries: deliveries.split_whitespace().map(delivery).collect(),
    }
}

fn basket(text: &str) -> Basket {
    let [unit, sizes] = words(text, " ");
    match unit.parse::<Unit>().expect("a unit") {
        Unit::Each => Basket::Pieces(words(sizes, "/").map(read)),
        unit => {
            let [from, to] = words(sizes, "-").map(read);
            Basket::Measured { unit, from, to }
        }
    }
}

fn profile(word: &str) -> HourlyProfile {
    match word {
        "morning" => HourlyProfile::Morning,
        "lunch" => HourlyProfile::Lunch,
        "evening" => HourlyProfile::Evening,
        "steady" => HourlyProfile::Steady,
        other => panic!("{other:?} is not a profile"),
    }
}

fn delivery(text: &str) -> Delivery {
    let [quantity, minutes] = words(text, "@");
    Delivery { minutes_after_opening: read(minutes), quantity: read(quantity) }
}

fn money(text: &str) -> Money {
    Money::parse_price(text, Currency::EUR).expect("a price in euro")
}

fn read<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

/// Splits a text into exactly `N` parts and trims them.
fn words<'a, const N: usize>(text: &'a str, separator: &str) -> [&'a str; N] {
    let words: Vec<&str> =
        text.split(separator).map(str::trim).filter(|word| !word.is_empty()).collect();
    words.try_into().unwrap_or_else(|_| panic!("{text:?} does not have {N} parts"))
}
