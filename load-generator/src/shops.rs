//! Models of three shops of one retailer: assortment, prices, demand and deliveries.
//!
//! The shops and their figures are invented. At regular prices about one sixth of the deliveries is
//! thrown away, slightly more than the 14 to 15 percent that Swedish and German bakeries report.
//! Price elasticities lie in the range that studies of single items in shops find, 1.8 to 3.3
//! (Tellis 1988; Bijmolt, van Heerde & Pieters 2005; Akbay & Jones 2006).

mod berlin;
mod dublin;
mod lisbon;
mod table;

use domain::event::Unit;
use domain::{Item, Store};
use rust_decimal::Decimal;

/// Model of a shop: a store with its catalogue, demand and deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopModel {
    /// Catalogue entry of the store: time zone, opening hours and policy.
    pub store: Store,
    /// Number of tills.
    pub tills: u8,
    /// Items of the shop.
    pub items: Vec<ItemModel>,
}

/// Model of an item: its catalogue entry and its true demand, which is hidden from pricing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemModel {
    /// Catalogue entry of the item in this store.
    pub item: Item,
    /// Quantity that one customer buys.
    pub basket: Basket,
    /// Expected demand of an ordinary day at the regular price, in the item's unit.
    pub expected_sales_per_day: Decimal,
    /// Distribution of the demand over the day.
    pub profile: HourlyProfile,
    /// True price response: the demand at price p is the demand at the regular price p0 times
    /// `exp(elasticity * (1 - p / p0))`.
    pub elasticity: Decimal,
    /// Deliveries of a day.
    pub deliveries: Vec<Delivery>,
}

impl ItemModel {
    /// Unit of the item's quantities.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self.basket {
            Basket::Pieces(_) => Unit::Each,
            Basket::Measured { unit, .. } => unit,
        }
    }

    /// Quantity delivered in a day, in the item's unit.
    #[must_use]
    pub fn delivered_per_day(&self) -> Decimal {
        self.deliveries.iter().map(|delivery| delivery.quantity).sum()
    }
}

/// Quantity that one customer buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basket {
    /// One, two or three pieces, each with its percentage of customers.
    Pieces([u8; 3]),
    /// Uniform quantity between two limits, in thousandths of the unit (grams, millilitres).
    Measured {
        /// Unit: kilograms or litres.
        unit: Unit,
        /// Smallest quantity.
        from: u32,
        /// Largest quantity.
        to: u32,
    },
}

impl Basket {
    /// Smallest quantity that is sold, in the item's unit.
    #[must_use]
    pub fn least(self) -> Decimal {
        match self {
            Self::Pieces(_) => Decimal::ONE,
            Self::Measured { from, .. } => Decimal::new(from.into(), 3).normalize(),
        }
    }

    /// Mean quantity of a customer, in thousandths of the unit.
    pub(crate) fn mean_thousandths(self) -> u64 {
        match self {
            Self::Pieces([one, two, three]) => {
                10 * (u64::from(one) + 2 * u64::from(two) + 3 * u64::from(three))
            }
            Self::Measured { from, to, .. } => u64::from(from + to) / 2,
        }
    }
}

/// Distribution of demand over the hours of a day, in local time of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HourlyProfile {
    /// Peak at breakfast.
    Morning,
    /// Steep peak at noon.
    Lunch,
    /// Peak after work.
    Evening,
    /// Demand all day, with small peaks.
    Steady,
}

impl HourlyProfile {
    /// Relative demand of an hour, counted from midnight. Only ratios between hours matter.
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

/// Delivery of goods, or one batch of the shop's own bakery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Approximate time after the opening, in minutes.
    pub minutes_after_opening: u32,
    /// Quantity in the item's unit.
    pub quantity: Decimal,
}

/// Returns the three shops: a bakery in Berlin, a lunch shop in Dublin, a grocer in Lisbon. All
/// prices are in euro.
#[must_use]
pub fn chain() -> Vec<ShopModel> {
    vec![berlin::shop(), dublin::shop(), lisbon::shop()]
}

/// Returns `scale` copies of the three shops, for larger runs. Each copy has its own store ids and
/// therefore its own draws. The first copy equals [`chain`].
#[must_use]
pub fn scaled(scale: u32) -> Vec<ShopModel> {
    (1..=scale).flat_map(|copy| chain().into_iter().map(move |shop| renamed(shop, copy))).collect()
}

fn renamed(mut shop: ShopModel, copy: u32) -> ShopModel {
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
