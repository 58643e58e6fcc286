//! Customers of a day: arrival, wanted quantity and willingness to pay.
//!
//! Customers of an item arrive as an inhomogeneous Poisson process. Each customer has a willingness
//! to pay, exponential with mean `p0 / e` (regular price over elasticity). Customers are drawn at
//! the rate for a free item, `base * exp(e)`. The customers who buy at price p are then a Poisson
//! process of rate `base * exp(e * (1 - p / p0))`, and a customer who buys at one price also buys
//! at any lower price. No draw depends on a price or a policy. The same seed therefore gives the
//! same customers at all prices, and two policies can be compared customer by customer.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::{BusinessDay, Money, Window};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::draw::Draw;
use crate::shops::{Basket, ItemModel, ShopModel};

/// Time before the close in which unsold goods are thrown away and no customer is served.
pub(crate) const CLEARING: TimeDelta = TimeDelta::minutes(1);

/// Standard deviation of the log demand level of a store's day (weather, local events).
const STORE_SIGMA: f64 = 0.18;
/// Standard deviation of the log demand level of one item, in addition to its store's.
const ITEM_SIGMA: f64 = 0.10;
/// Probability that a customer returns one piece.
const BRINGS_BACK: f64 = 0.004;
/// Probability that a sale is first recorded with a wrong quantity and corrected.
const RUNG_UP_WRONG: f64 = 0.004;

/// Customer who wants an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopCustomer {
    /// Arrival at the shelf.
    pub at: DateTime<Utc>,
    /// Wanted quantity, in the item's unit.
    pub wants: Decimal,
    /// Maximum price for one unit, in the currency of the item's price, rounded down to its minor
    /// unit. Prices are whole minor units, so the rounding changes no decision.
    pub pays_at_most: Decimal,
    /// Delay between the sale and the return of one piece, if there is a return.
    pub brings_back_after: Option<TimeDelta>,
    /// `true` if the till first records a wrong quantity and corrects it.
    pub rung_up_wrong: bool,
    /// Random bits for event ids and the choice of the till.
    pub(crate) mark: u64,
}

impl ShopCustomer {
    /// `true` if the customer buys at this price.
    #[must_use]
    pub fn buys_at(&self, price: Money) -> bool {
        price.amount() <= self.pays_at_most
    }
}

/// Draws all customers of an item on one day, by arrival. They include every customer who would buy
/// at a price of zero.
#[must_use]
pub fn arrivals(
    shop: &ShopModel,
    line: &ItemModel,
    day: &BusinessDay,
    seed: u64,
) -> Vec<ShopCustomer> {
    let place = format!("{}/{}", shop.store.store_id, day.date);
    let mut draw = Draw::of(seed, &format!("{place}/{}/customers", line.item.sku));
    let level =
        Draw::of(seed, &format!("{place}/weather")).level(STORE_SIGMA) * draw.level(ITEM_SIGMA);
    let slices = slices(shop, line, day);
    let whole: f64 = slices.iter().map(Slice::weight).sum();
    let lines_per_day =
        float(line.expected_sales_per_day) * 1000.0 / line.basket.mean_thousandths() as f64;
    let per_weight = lines_per_day * level * float(line.elasticity).exp() / whole;

    // Arrivals at rate 1, mapped to the day by its cumulative rate (Çinlar 1975).
    let mut customers = Vec::new();
    let mut passed = 0.0;
    let mut next = draw.exponential();
    for slice in slices {
        let expected = slice.weight() * per_weight;
        while next < passed + expected {
            let at = slice.at((next - passed) / expected);
            customers.push(customer(&mut draw, line, at));
            next += draw.exponential();
        }
        passed += expected;
    }
    customers
}

/// Draws one customer. The number of draws is the same for all.
fn customer(draw: &mut Draw, line: &ItemModel, at: DateTime<Utc>) -> ShopCustomer {
    let price = line.item.price;
    let willingness = draw.exponential() * float(price.amount()) / float(line.elasticity);
    let digits = price.currency().minor_digits();
    let minor_units = (willingness * f64::from(10_u32.pow(digits))).floor();
    let wants = wants(draw, line.basket);
    let brings_back = draw.happens(BRINGS_BACK);
    let after = TimeDelta::milliseconds(300_000 + draw.below(3_300_000) as i64);
    let rung_up_wrong = draw.happens(RUNG_UP_WRONG);
    // Only items sold by the piece can be returned to the shelf or miscounted.
    let by_the_piece = matches!(line.basket, Basket::Pieces(_));
    ShopCustomer {
        at,
        wants,
        pays_at_most: Decimal::new(minor_units as i64, digits),
        brings_back_after: (brings_back && by_the_piece).then_some(after),
        rung_up_wrong: rung_up_wrong && by_the_piece,
        mark: draw.bits(),
    }
}

fn wants(draw: &mut Draw, basket: Basket) -> Decimal {
    match basket {
        Basket::Pieces([one, two, _]) => match draw.below(100) as u8 {
            share if share < one => Decimal::ONE,
            share if share < one + two => Decimal::TWO,
            _ => Decimal::from(3),
        },
        Basket::Measured { from, to, .. } => {
            let thousandths = u64::from(from) + draw.below(u64::from(to - from) + 1);
            Decimal::new(thousandths as i64, 3).normalize()
        }
    }
}

/// Part of a window in which customers are served.
struct Slice {
    from: DateTime<Utc>,
    milliseconds: i64,
    /// Relative demand of the hour.
    busy: u8,
}

impl Slice {
    fn weight(&self) -> f64 {
        self.milliseconds as f64 * f64::from(self.busy)
    }

    /// Instant after a share of the slice, never one of its ends.
    fn at(&self, share: f64) -> DateTime<Utc> {
        let inside = (share * (self.milliseconds - 1) as f64) as i64;
        self.from + TimeDelta::milliseconds(1 + inside.min(self.milliseconds - 2))
    }
}

fn slices(shop: &ShopModel, line: &ItemModel, day: &BusinessDay) -> Vec<Slice> {
    let last = day.closes_at - CLEARING;
    let first = Window::of(day.opens_at);
    let windows = std::iter::successors(Some(first), |window| Some(Window::of(window.end())));
    windows
        .take_while(|window| window.start() < last)
        .map(|window| {
            let from = window.start().max(day.opens_at);
            let hour = from.with_timezone(&shop.store.zone).hour();
            let milliseconds = (window.end().min(last) - from).num_milliseconds();
            Slice { from, milliseconds, busy: line.profile.weight(hour) }
        })
        .collect()
}

fn float(value: Decimal) -> f64 {
    value.to_f64().expect("every decimal has a nearest float")
}
