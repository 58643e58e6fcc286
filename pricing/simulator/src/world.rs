//! Worlds of the simulation: kinds of days that differ from the assumptions of the pricing.
//!
//! Every figure was fixed before a policy was played in its world.

use demand::{ProfileBasis, ResponseForm};
use domain::Ladder;
use pricing::decision_request::PriceRules;
use rust_decimal::Decimal;

use crate::item::INTERVAL;

/// World: true demand, belief of the shop, and rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShopWorld {
    /// Name on the command line.
    pub name: &'static str,
    /// Difference from the plain world.
    pub about: &'static str,
    /// Demand as a multiple of the counter's.
    pub size: f64,
    /// Stock at opening as a multiple of mean demand.
    pub baked: f64,
    /// Today's demand as a multiple of past demand: one of these, equally likely.
    pub level: &'static [f64],
    /// Demand after 13:00 as a multiple of the usual demand: one of these.
    pub turn: &'static [f64],
    /// Minutes by which today's customers come later than in the past: one of these.
    pub shift: &'static [i32],
    /// Elasticity of every item; `None` for the items' own.
    pub elasticity: Option<f64>,
    /// Form of demand over price.
    pub form: ResponseForm,
    /// Share of customers after noon who come back later if there is no discount.
    pub waiting: f64,
    /// `true` if demand varies more than Poisson: several units at once, busy and idle half hours.
    pub bursts: bool,
    /// Origin of the past days.
    pub basis: ProfileBasis,
    /// `true` if the shop has made offers before.
    pub past_offers: bool,
    /// Rules.
    pub rules: RuleSet,
}

/// Rules of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSet {
    /// Defaults of the policy: ten-point steps to 70 %, half an hour apart, at most six changes.
    Default,
    /// 0, 25 or 50 % off, at most 50; one change a day, prices ending with 9, margin of 20 % kept.
    Hard,
}

impl RuleSet {
    /// Returns the rules as typed for a decision request.
    #[must_use]
    pub fn rules(self) -> PriceRules {
        let hard = self == Self::Hard;
        let steps = if hard { vec![0, 25, 50] } else { (0..=70).step_by(10).collect() };
        PriceRules {
            ladder: Ladder::new(steps).expect("ascending from 0"),
            max_discount_percent: Decimal::from(if hard { 50 } else { 95 }),
            min_price: None,
            min_margin_percent: hard.then(|| Decimal::from(20)),
            price_endings: if hard { vec!["9".to_owned()] } else { Vec::new() },
            decision_interval_minutes: u32::from(INTERVAL),
            min_minutes_between_changes: 30,
            max_changes: Some(if hard { 1 } else { 6 }),
        }
    }
}

/// Coefficient of variation of a day's total, without the chance of single customers.
pub(crate) const DAY_CV: f64 = 0.25;
/// Coefficient of variation of the stock around its plan.
pub(crate) const BAKED_CV: f64 = 0.10;
/// Number of past days of a shop: four weeks.
pub(crate) const PAST_DAYS: u64 = 28;

/// World as modelled: Poisson customers, an exponential price response, four weeks of history with
/// an offer on every third day. A quarter more is baked than is sold on average. With `DAY_CV`,
/// about a quarter of it would be left and one day in four sells out. Bakers call 15 % returns
/// healthy, with discounts.
const PLAIN: ShopWorld = ShopWorld {
    name: "plain",
    about: "as modelled: Poisson customers, exponential response, four weeks of history",
    size: 1.0,
    baked: 1.25,
    level: &[1.0],
    turn: &[1.0],
    shift: &[0],
    elasticity: None,
    form: ResponseForm::Exponential,
    waiting: 0.0,
    bursts: false,
    basis: ProfileBasis::Sku,
    past_offers: true,
    rules: RuleSet::Default,
};

/// All worlds.
pub const WORLDS: [ShopWorld; 14] = [
    PLAIN,
    ShopWorld {
        name: "bursts",
        about: "1 to 4 pieces a customer, and half hours that are busy or idle (cv 0.6)",
        bursts: true,
        ..PLAIN
    },
    ShopWorld {
        name: "wrong-level",
        about: "today brings half of what history says, or 1.6 times it; the baker did not know",
        level: &[0.5, 1.6],
        ..PLAIN
    },
    ShopWorld {
        name: "inelastic",
        about: "elasticity 1.2 where 2.2 (sd 0.7) is believed; no offer was ever made",
        elasticity: Some(1.2),
        past_offers: false,
        ..PLAIN
    },
    ShopWorld {
        name: "elastic",
        about: "elasticity 3.5 where 2.2 (sd 0.7) is believed; no offer was ever made",
        elasticity: Some(3.5),
        past_offers: false,
        ..PLAIN
    },
    ShopWorld {
        name: "constant",
        about: "constant elasticity (1.6 instead of 2.2: again 3 times at half the price), \
                exponential believed",
        form: ResponseForm::Constant,
        ..PLAIN
    },
    ShopWorld {
        name: "waiting",
        about: "from noon every fourth customer comes back later unless 20 % off or more is shown",
        waiting: 0.25,
        ..PLAIN
    },
    ShopWorld {
        name: "no-history",
        about: "no profile, no belief about the price response",
        basis: ProfileBasis::None,
        past_offers: false,
        ..PLAIN
    },
    ShopWorld {
        name: "new-item",
        about: "the profile and offers of a sister item, whose level differs by some 45 %",
        basis: ProfileBasis::Category,
        ..PLAIN
    },
    ShopWorld {
        name: "weather",
        about: "it turns at 13:00: half of the demand that was to come, or 1.4 times it",
        turn: &[0.5, 1.4],
        ..PLAIN
    },
    ShopWorld {
        name: "hard-rules",
        about: "0, 25 or 50 % off, one change a day, prices ending with 9, a margin of 20 %",
        rules: RuleSet::Hard,
        ..PLAIN
    },
    ShopWorld {
        name: "shifted",
        about: "today's customers come an hour earlier or later than history says",
        shift: &[-60, 60],
        ..PLAIN
    },
    ShopWorld { name: "slow", about: "4 to 10 pieces a day", size: 0.25, ..PLAIN },
    ShopWorld {
        name: "big-stock",
        about: "twice as much baked as is sold on average",
        baked: 2.0,
        ..PLAIN
    },
];

/// Returns the world with this name.
#[must_use]
pub fn world(name: &str) -> Option<&'static ShopWorld> {
    WORLDS.iter().find(|world| world.name == name)
}
