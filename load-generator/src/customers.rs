//! Who comes, when, what they want and what they would pay.
//!
//! Customers of an item arrive as an inhomogeneous Poisson process. Each has a willingness to pay,
//! exponential with mean `p0 / e` (regular price over elasticity), and is drawn at the rate there
//! would be if the item were free, `base * exp(e)`. Those who buy at price p are then a Poisson
//! process of rate `base * exp(e * (1 - p / p0))`, and everyone who buys at a price also buys at
//! any lower one. No draw depends on a price or on a policy, so the same seed brings the same
//! customers whatever the shelves say, and two policies are compared customer by customer.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::{BusinessDay, Money, Window};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::draw::Draw;
use crate::shops::{Basket, Shop, ShopItem};

/// The last minute before the close is for clearing the shelves: nobody is served any more.
pub(crate) const CLEARING: TimeDelta = TimeDelta::minutes(1);

/// Spread of a day's level around an ordinary day, common to a store (weather, events near by).
const STORE_SIGMA: f64 = 0.18;
/// Spread of a day's level of one item beside that of its store.
const ITEM_SIGMA: f64 = 0.10;
/// How many customers bring a piece back.
const BRINGS_BACK: f64 = 0.004;
/// How many lines are rung up wrong first and corrected.
const RUNG_UP_WRONG: f64 = 0.004;

/// Someone who would like an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// When they stand before the shelf.
    pub at: DateTime<Utc>,
    /// How much they want, in the item's unit.
    pub wants: Decimal,
    /// The most they would pay for one unit, in the currency of the item's price, cut to its minor
    /// unit. Prices are whole minor units, so the cut changes no decision.
    pub pays_at_most: Decimal,
    /// They bring it back after this time.
    pub brings_back_after: Option<TimeDelta>,
    /// The cashier rings up the wrong quantity first and corrects it.
    pub rung_up_wrong: bool,
    /// Their own random bits, for event ids and the choice of a till.
    pub(crate) mark: u64,
}

impl Customer {
    /// Whether they buy at this price.
    #[must_use]
    pub fn buys_at(&self, price: Money) -> bool {
        price.amount() <= self.pays_at_most
    }
}

/// Everyone who would take the item if it were free, by arrival, on one day of a shop.
#[must_use]
pub fn arrivals(shop: &Shop, line: &ShopItem, day: &BusinessDay, seed: u64) -> Vec<Customer> {
    let place = format!("{}/{}", shop.store.store_id, day.date);
    let mut draw = Draw::of(seed, &format!("{place}/{}/customers", line.item.sku));
    let level =
        Draw::of(seed, &format!("{place}/weather")).level(STORE_SIGMA) * draw.level(ITEM_SIGMA);
    let slices = slices(shop, line, day);
    let whole: f64 = slices.iter().map(Slice::weight).sum();
    let lines_per_day =
        float(line.expected_sales_per_day) * 1000.0 / line.basket.mean_thousandths() as f64;
    let per_weight = lines_per_day * level * float(line.elasticity).exp() / whole;

    // Arrivals at rate 1, laid over the day so that a busy hour is a long one (Çinlar 1975).
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

/// Every customer takes the same number of draws.
fn customer(draw: &mut Draw, line: &ShopItem, at: DateTime<Utc>) -> Customer {
    let price = line.item.price;
    let willingness = draw.exponential() * float(price.amount()) / float(line.elasticity);
    let digits = price.currency().minor_digits();
    let minor_units = (willingness * f64::from(10_u32.pow(digits))).floor();
    let wants = wants(draw, line.basket);
    let brings_back = draw.happens(BRINGS_BACK);
    let after = TimeDelta::milliseconds(300_000 + draw.below(3_300_000) as i64);
    let rung_up_wrong = draw.happens(RUNG_UP_WRONG);
    // Only what is sold by the piece can be put back on the shelf, or miscounted.
    let by_the_piece = matches!(line.basket, Basket::Pieces(_));
    Customer {
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

/// The part of a window in which customers are served, and how busy it is.
struct Slice {
    from: DateTime<Utc>,
    milliseconds: i64,
    busy: u8,
}

impl Slice {
    fn weight(&self) -> f64 {
        self.milliseconds as f64 * f64::from(self.busy)
    }

    /// The instant after a share of the slice, never on its ends.
    fn at(&self, share: f64) -> DateTime<Utc> {
        let inside = (share * (self.milliseconds - 1) as f64) as i64;
        self.from + TimeDelta::milliseconds(1 + inside.min(self.milliseconds - 2))
    }
}

fn slices(shop: &Shop, line: &ShopItem, day: &BusinessDay) -> Vec<Slice> {
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
