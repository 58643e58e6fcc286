//! Effect of the offers: figures of each arm's item-days, the difference from the control group and
//! its confidence interval.
//!
//! An item-day counts for the arm that its category, store and date were drawn into, whether or
//! not an offer was made: nothing that happens later chooses who is compared. Clusters are
//! store-days.

mod outcome;
mod splits;
pub mod statistics;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::{Arm, StoreId};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

pub use outcome::{ItemDay, ItemDayOutcome, OfferOutcome, decides_from};
pub use splits::{EffectGroup, split};
use statistics::{GroupDifference, Interval, Observation, adjusted, difference, ratio};
pub use steps::{StepOutcome, steps};

/// Figures of each arm, counted from the first decision of the afternoon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectFigure {
    /// Sold, as a share of the stock to sell.
    SellThrough,
    /// Waste of an item-day, in units.
    WasteUnits,
    /// Cost of the waste minus its salvage value.
    WasteCost,
    /// Revenue of an item-day.
    Revenue,
    /// Revenue of an item-day minus the cost of the sold and wasted units.
    Margin,
    /// Average discount on the sold units, as a share.
    AverageDiscount,
    /// Share of the sold units that were sold below the regular price.
    SoldDiscounted,
    /// Share of item-days with a sale of the last unit before the close.
    SoldOut,
}

impl EffectFigure {
    /// All figures, in the order of the output.
    pub const ALL: [Self; 8] = [
        Self::SellThrough,
        Self::WasteUnits,
        Self::WasteCost,
        Self::Revenue,
        Self::Margin,
        Self::AverageDiscount,
        Self::SoldDiscounted,
        Self::SoldOut,
    ];

    /// Returns the name in the output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SellThrough => "sell_through",
            Self::WasteUnits => "waste_units",
            Self::WasteCost => "waste_cost",
            Self::Revenue => "revenue",
            Self::Margin => "margin",
            Self::AverageDiscount => "average_discount",
            Self::SoldDiscounted => "sold_discounted",
            Self::SoldOut => "sold_out",
        }
    }

    /// `true` for a share, `false` for a mean over item-days.
    #[must_use]
    pub fn is_share(self) -> bool {
        !matches!(self, Self::WasteUnits | Self::WasteCost | Self::Revenue | Self::Margin)
    }

    /// `true` for an amount of money.
    #[must_use]
    pub fn is_amount(self) -> bool {
        matches!(self, Self::WasteCost | Self::Revenue | Self::Margin)
    }

    /// Numerator and denominator of an item-day; `None` if they are unknown.
    fn of(self, outcome: &ItemDayOutcome) -> Option<(Decimal, Decimal)> {
        let mean = |amount| (amount, Decimal::ONE);
        match self {
            Self::SellThrough => Some((outcome.sold, outcome.to_sell)),
            Self::WasteUnits => Some(mean(outcome.wasted)),
            Self::WasteCost => outcome.waste_cost.map(mean),
            Self::Revenue => Some(mean(outcome.revenue)),
            Self::Margin => outcome.margin.map(mean),
            Self::AverageDiscount => Some((outcome.given_away, outcome.rung_up)),
            Self::SoldDiscounted => Some((outcome.discounted, outcome.rung_up)),
            Self::SoldOut => Some(mean(Decimal::from(u8::from(outcome.is_sold_out)))),
        }
    }
}

/// Figures of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmFigures {
    /// The arm.
    pub arm: Arm,
    /// Number of store-days, which are the clusters of the intervals.
    pub store_days: usize,
    /// Number of item-days.
    pub item_days: usize,
    /// On hand at the first decisions, in units.
    pub on_hand: Decimal,
    /// Figures, in the order of [`EffectFigure::ALL`].
    pub figures: Vec<ArmFigure>,
}

/// A figure of an arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmFigure {
    /// Kind of the figure.
    pub figure: EffectFigure,
    /// Value; `None` if its denominator is 0.
    pub value: Option<f64>,
    /// Exact sum over the arm's item-days. `None` for a share.
    pub total: Option<Decimal>,
    /// Difference from the control group. Means are adjusted for the value of the stock at the
    /// first decision. `None` for the control, and where there are too few store-days.
    pub uplift: Option<GroupDifference>,
    /// Difference of a mean over all item-days of the arm: what the arm has more than the control
    /// would have had on them. `None` for a share, and without `uplift`.
    pub total_difference: Option<Interval>,
}

/// Returns the figures of each arm with item-days, in the order of the arms.
#[must_use]
pub fn effect(outcomes: &[ItemDayOutcome]) -> Vec<ArmFigures> {
    let clusters = clusters(outcomes);
    let measured: Vec<_> =
        EffectFigure::ALL.map(|figure| measured(figure, outcomes, &clusters)).into();
    let of_arm = |arm: Arm| {
        let its: Vec<&ItemDayOutcome> = outcomes.iter().filter(|one| one.arm == arm).collect();
        let store_days: BTreeSet<_> = its.iter().map(|one| (&one.store_id, one.date)).collect();
        ArmFigures {
            arm,
            store_days: store_days.len(),
            item_days: its.len(),
            on_hand: its.iter().map(|one| one.on_hand).sum(),
            figures: measured.iter().filter_map(|by_arm| by_arm.get(&arm).copied()).collect(),
        }
    };
    Arm::ALL.iter().copied().map(of_arm).filter(|arm| arm.item_days > 0).collect()
}

type Clusters<'a> = BTreeMap<(&'a StoreId, NaiveDate), usize>;

fn clusters(outcomes: &[ItemDayOutcome]) -> Clusters<'_> {
    let days: BTreeSet<_> = outcomes.iter().map(|one| (&one.store_id, one.date)).collect();
    days.into_iter().zip(0..).collect()
}

/// Returns one figure of each arm.
fn measured(
    figure: EffectFigure,
    outcomes: &[ItemDayOutcome],
    clusters: &Clusters<'_>,
) -> BTreeMap<Arm, ArmFigure> {
    let observed = |arm: Arm| -> Vec<(Observation, f64)> {
        let its = outcomes.iter().filter(|one| one.arm == arm);
        let observation = |one: &ItemDayOutcome| {
            let (amount, size) = figure.of(one)?;
            let cluster = clusters[&(&one.store_id, one.date)];
            let observation = Observation { cluster, amount: float(amount), size: float(size) };
            Some((observation, float(one.stock_value)))
        };
        its.filter_map(observation).collect()
    };
    let arms = [Arm::Policy, Arm::Control, Arm::Exploration];
    let observations = arms.map(observed);
    let plain = observations.each_ref().map(|arm| arm.iter().map(|(one, _)| *one).collect());
    let values = plain.each_ref().map(|arm: &Vec<Observation>| ratio(arm));
    let compared = if figure.is_share() { plain } else { adjusted(observations.each_ref()) };
    let [_, control, _] = &compared;
    let total = |arm: Arm| -> Decimal {
        let its = outcomes.iter().filter(|one| one.arm == arm);
        its.filter_map(|one| figure.of(one)).map(|(amount, _)| amount).sum()
    };
    let of_arm = |((arm, compared), value): ((Arm, &Vec<Observation>), Option<f64>)| {
        let uplift = (arm != Arm::Control).then(|| difference(compared, control)).flatten();
        let is_mean = !figure.is_share();
        let over_all = |uplift: GroupDifference| scaled(uplift.absolute, compared.len());
        let total_difference = uplift.filter(|_| is_mean).map(over_all);
        let total = is_mean.then(|| total(arm).normalize());
        (arm, ArmFigure { figure, value, total, uplift, total_difference })
    };
    arms.into_iter().zip(&compared).zip(values).map(of_arm).collect()
}

/// Returns the interval of a sum over `item_days`, from that of their mean.
fn scaled(mean: Interval, item_days: usize) -> Interval {
    let times = |value: f64| value * item_days as f64;
    let Interval { estimate, low, high } = mean;
    Interval { estimate: times(estimate), low: times(low), high: times(high) }
}

/// Converts to a floating-point number for the statistics.
fn float(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or_default()
}
