//! A chain of three believable shops: who sells what, at what price, how much of it, and when.
//!
//! The shops and their figures are made up. At regular prices about one sixth of what is delivered
//! is thrown away, a little above the 14 to 15 percent that Swedish and German bakeries report, and
//! price elasticities lie where studies of single items in shops find them, around 1.8 to 3.3
//! (Tellis 1988; Bijmolt, van Heerde & Pieters 2005; Akbay & Jones 2006).

mod berlin;
mod dublin;
mod lisbon;
mod table;

use domain::event::Unit;
use domain::{Item, Store};
use rust_decimal::Decimal;

/// One shop with its catalogue and its trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Zone, hours and policy, as the catalogue has them.
    pub store: Store,
    /// How many tills it has.
    pub tills: u8,
    /// What it sells.
    pub items: Vec<ShopItem>,
}

/// One item of a shop: its catalogue entry and the truth about its demand, which pricing never
/// sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopItem {
    /// The catalogue entry, of this store.
    pub item: Item,
    /// How much one customer takes, and in which unit.
    pub basket: Basket,
    /// What is asked for on an ordinary day at the regular price, in the item's unit.
    pub expected_sales_per_day: Decimal,
    /// How demand spreads over the day.
    pub profile: Profile,
    /// The true price response: demand at price p is that at the regular price p0 times
    /// `exp(elasticity * (1 - p / p0))`.
    pub elasticity: Decimal,
    /// What is baked or delivered.
    pub deliveries: Vec<Delivery>,
}

impl ShopItem {
    /// The unit of its quantities.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self.basket {
            Basket::Pieces(_) => Unit::Each,
            Basket::Measured { unit, .. } => unit,
        }
    }

    /// What arrives in a day, in the item's unit.
    #[must_use]
    pub fn delivered_per_day(&self) -> Decimal {
        self.deliveries.iter().map(|delivery| delivery.quantity).sum()
    }
}

/// How much one customer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basket {
    /// One, two or three pieces: so many customers of a hundred each.
    Pieces([u8; 3]),
    /// Weighed or poured: anything between, in thousandths of the unit (grams, millilitres).
    Measured {
        /// Kilograms or litres.
        unit: Unit,
        /// The smallest portion.
        from: u32,
        /// The largest portion.
        to: u32,
    },
}

impl Basket {
    /// The smallest quantity that is sold.
    #[must_use]
    pub fn least(self) -> Decimal {
        match self {
            Self::Pieces(_) => Decimal::ONE,
            Self::Measured { from, .. } => Decimal::new(from.into(), 3).normalize(),
        }
    }

    /// What an average customer takes, in thousandths of the unit.
    pub(crate) fn mean_thousandths(self) -> u64 {
        match self {
            Self::Pieces([one, two, three]) => {
                10 * (u64::from(one) + 2 * u64::from(two) + 3 * u64::from(three))
            }
            Self::Measured { from, to, .. } => u64::from(from + to) / 2,
        }
    }
}

/// How demand spreads over the hours of a day, by the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Breakfast.
    Morning,
    /// A steep peak at noon.
    Lunch,
    /// After work.
    Evening,
    /// All day, with a little of every peak.
    Steady,
}

impl Profile {
    /// How busy an hour is against the other hours of the day; only the ratio matters. The rows
    /// run from midnight.
    #[must_use]
    pub fn weight(self, hour: u32) -> u8 {
        let hours: [u8; 24] = match self {
            Self::Morning => {
                [1, 1, 1, 1, 1, 5, 9, 13, 12, 9, 6, 5, 5, 3, 2, 3, 4, 4, 3, 2, 1, 1, 1, 1]
            }
            Self::Lunch => {
                [1, 1, 1, 1, 1, 1, 1, 2, 3, 2, 3, 8, 14, 12, 5, 3, 3, 3, 2, 1, 1, 1, 1, 1]
            }
            Self::Evening => {
                [1, 1, 1, 1, 1, 1, 1, 3, 4, 4, 4, 5, 5, 4, 4, 6, 9, 12, 10, 7, 4, 2, 1, 1]
            }
            Self::Steady => {
                [1, 1, 1, 1, 1, 2, 3, 5, 6, 6, 6, 7, 8, 6, 5, 6, 7, 8, 6, 4, 2, 1, 1, 1]
            }
        };
        hours[hour as usize % 24]
    }
}

/// One delivery, or one batch out of the oven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// When: about so many minutes after the doors open.
    pub minutes_after_opening: u32,
    /// How much, in the item's unit.
    pub quantity: Decimal,
}

/// The three shops: a bakery in Berlin, a lunch shop in Dublin, a grocer in Lisbon. All sell in
/// euro.
#[must_use]
pub fn chain() -> Vec<Shop> {
    vec![berlin::shop(), dublin::shop(), lisbon::shop()]
}

/// The chain `scale` times over, for larger runs. Each copy has store ids, and so draws, of its
/// own; the first is [`chain`] itself.
#[must_use]
pub fn scaled(scale: u32) -> Vec<Shop> {
    (1..=scale).flat_map(|copy| chain().into_iter().map(move |shop| renamed(shop, copy))).collect()
}

fn renamed(mut shop: Shop, copy: u32) -> Shop {
    if copy > 1 {
        let id = format!("{}-{copy}", shop.store.store_id);
        shop.store.store_id = id.parse().expect("a store id and a number make a store id");
        shop.store.name = shop.store.name.map(|name| format!("{name} {copy}"));
        for line in &mut shop.items {
            line.item.store_id = Some(shop.store.store_id.clone());
        }
    }
    shop
}
