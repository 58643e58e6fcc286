//! Sales, waste and money of a day.

use std::fmt;

use chrono::NaiveDate;
use derive_more::{Add, Sum};
use domain::{Item, Money};
use rust_decimal::Decimal;

use crate::shelf_prices::ShelfPrices;
use crate::shop_day::ShopDay;
use crate::shops::ShopModel;

/// Figures of one item, one shop or all shops on one day. Units are the sum of pieces, kilograms
/// and litres. Money is in the currency of the prices, which is euro in all shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Add, Sum)]
pub struct DayFigures {
    /// Number of recorded sales, without corrected ones.
    pub sales: u64,
    /// Number of customers who found too little stock.
    pub turned_away: u64,
    /// Units baked or delivered.
    pub received_units: Decimal,
    /// Cost of the received units.
    pub received_cost: Decimal,
    /// Units sold, including those that were returned later.
    pub sold_units: Decimal,
    /// Units sold below the regular price.
    pub discounted_units: Decimal,
    /// Units returned by customers.
    pub returned_units: Decimal,
    /// Units thrown away, during the day and at its close.
    pub wasted_units: Decimal,
    /// Cost of the wasted units.
    pub waste_cost: Decimal,
    /// Sales minus returns, in money.
    pub revenue: Decimal,
    /// Part of the revenue at the regular price.
    pub full_price_revenue: Decimal,
}

/// Plays a day at regular prices, with the same customers as any other day of this seed. All
/// figures are 0 if the store stays closed.
#[must_use]
pub fn without_discounts(shop: &ShopModel, date: NaiveDate, seed: u64) -> DayFigures {
    let day = ShopDay::new(shop, date, seed);
    day.map(|day| day.play(|_| ShelfPrices::regular()).1).unwrap_or_default()
}

impl DayFigures {
    /// Revenue minus the cost of all received units.
    #[must_use]
    pub fn margin(&self) -> Decimal {
        self.revenue - self.received_cost
    }

    /// Units that are neither sold nor wasted.
    #[must_use]
    pub fn left_units(&self) -> Decimal {
        self.received_units + self.returned_units - self.sold_units - self.wasted_units
    }

    pub(crate) fn receive(&mut self, item: &Item, quantity: Decimal) {
        self.received_units += quantity;
        self.received_cost += quantity * cost(item);
    }

    pub(crate) fn waste(&mut self, item: &Item, quantity: Decimal) {
        self.wasted_units += quantity;
        self.waste_cost += quantity * cost(item);
    }

    pub(crate) fn sell(&mut self, item: &Item, quantity: Decimal, price: Money) {
        self.sales += 1;
        self.sold_units += quantity;
        self.pay(item, quantity, price);
        if price.amount() < item.price.amount() {
            self.discounted_units += quantity;
        }
    }

    pub(crate) fn take_back(&mut self, item: &Item, quantity: Decimal, price: Money) {
        self.returned_units += quantity;
        self.pay(item, -quantity, price);
    }

    fn pay(&mut self, item: &Item, quantity: Decimal, price: Money) {
        let amount = quantity * price.amount();
        self.revenue += amount;
        if price.amount() >= item.price.amount() {
            self.full_price_revenue += amount;
        }
    }
}

/// Cost of one unit; 0 if unknown.
fn cost(item: &Item) -> Decimal {
    item.cost.map(Money::amount).unwrap_or_default()
}

/// Writes one line of text, with money to two decimal places.
impl fmt::Display for DayFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sales, {} turned away; units: {} received, {} sold ({} discounted), {} returned, \
             {} wasted; money: {:.2} revenue ({:.2} at the regular price), {:.2} waste, \
             {:.2} margin",
            self.sales,
            self.turned_away,
            self.received_units.normalize(),
            self.sold_units.normalize(),
            self.discounted_units.normalize(),
            self.returned_units.normalize(),
            self.wasted_units.normalize(),
            self.revenue,
            self.full_price_revenue,
            self.waste_cost,
            self.margin(),
        )
    }
}
