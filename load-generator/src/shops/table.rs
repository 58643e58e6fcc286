//! Reads the table of a shop's items, one line each, the columns two blanks or more apart:
//!
//! ```text
//! sku  name  category  price cost floor  basket  sells profile elasticity  deliveries
//! ```
//!
//! A floor of `-` is none. A basket is `EA 70/22/8` (of a hundred customers so many take one, two,
//! three) or `KGM 120-400` (grams; millilitres for `LTR`). A delivery is `quantity@minutes` after
//! opening.

use std::fmt::Debug;
use std::str::FromStr;

use domain::event::Unit;
use domain::{Currency, Item, Money, Store, StoreId};

use super::{Basket, Delivery, Profile, Shop, ShopItem};

/// A shop from its catalogue entry and the table of its items. Both are part of the program, so a
/// mistake in them is a mistake in the program and panics; a test reads them all.
pub(super) fn shop(store: &str, tills: u8, items: &str) -> Shop {
    let store = Store::parse(store).expect("the store of a built-in shop");
    let lines = items.lines().map(str::trim).filter(|line| !line.is_empty());
    let items = lines.map(|line| item(&store.store_id, line)).collect();
    Shop { store, tills, items }
}

fn item(store_id: &StoreId, line: &str) -> ShopItem {
    let [sku, name, category, prices, basket, demand, deliveries] = words(line, "  ");
    let [price, cost, floor] = words(prices, " ");
    let [sells, profile, elasticity] = words(demand, " ");
    ShopItem {
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
    match Unit::from_word(unit).expect("a unit") {
        Unit::Each => Basket::Pieces(words(sizes, "/").map(read)),
        unit => {
            let [from, to] = words(sizes, "-").map(read);
            Basket::Measured { unit, from, to }
        }
    }
}

fn profile(word: &str) -> Profile {
    match word {
        "morning" => Profile::Morning,
        "lunch" => Profile::Lunch,
        "evening" => Profile::Evening,
        "steady" => Profile::Steady,
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

/// Exactly `N` pieces of a text, without the blanks around them.
fn words<'a, const N: usize>(text: &'a str, separator: &str) -> [&'a str; N] {
    let words: Vec<&str> =
        text.split(separator).map(str::trim).filter(|word| !word.is_empty()).collect();
    words.try_into().unwrap_or_else(|_| panic!("{text:?} does not have {N} parts"))
}
