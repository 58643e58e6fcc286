//! One decision: keep the price or change it, and why.
//!
//! The rule: what would be left at the close if sales go on at their pace? If that is a unit or
//! more, go one step down the ladder when that earns more on what is on hand, `price * min(on hand,
//! units it would sell)`. Of one price held to the close that comparison finds the fluid optimum of
//! Gallego & van Ryzin (1994, Management Science 40(8)). One step at a time, because a step cannot
//! be taken back and its effect shows in the pace before the next one is decided.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Item, Money, Policy};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::fluid_ladder::{Step, usable};
use crate::pace::{Sales, hours, pace_per_hour, uplift};

/// Everything a decision depends on.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// The item.
    pub item: &'a Item,
    /// The store's rules.
    pub policy: &'a Policy,
    /// The moment of the decision.
    pub now: DateTime<Utc>,
    /// The store's close.
    pub closes_at: DateTime<Utc>,
    /// Units for sale.
    pub on_hand: Decimal,
    /// What is on the shelf.
    pub shelf: Shelf,
    /// Today's sales, in order.
    pub sales: Vec<Sales>,
}

/// The price on the shelf and how it came there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shelf {
    /// The discount.
    pub percent: u8,
    /// The price, once it was changed today. It never rises, also when the catalogue's does.
    pub price: Option<Money>,
    /// The slot in which it was last changed today.
    pub changed_at: Option<DateTime<Utc>>,
    /// How often it was changed today.
    pub changes: u32,
}

/// Why a price stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The store is closed.
    Closed,
    /// Fewer on hand than the policy acts on.
    TooFew,
    /// Nothing is known of today's sales yet.
    NoPace,
    /// Less than one unit would be left.
    SellsOut,
    /// The last change is too recent.
    Gap,
    /// No change is left today.
    MaxChanges,
    /// No deeper step is allowed.
    Floor,
    /// The next step earns no more.
    Best,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The price stays.
    Keep(Keep),
    /// The price goes down.
    Change(Change),
}

/// A lower price with what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The step.
    pub step: Step,
    /// Units left at the close if the price stayed, to one place.
    pub expected_left_unchanged: Decimal,
    /// Units left at the close with the step, to one place.
    pub expected_left: Decimal,
    /// Why, made of the figures above.
    pub reason: String,
}

/// Decides. The same situation always gets the same decision.
#[must_use]
pub fn decide(situation: &Situation<'_>) -> Decision {
    let Situation { item, policy, now, closes_at, on_hand, shelf, sales } = situation;
    if now >= closes_at {
        return Decision::Keep(Keep::Closed);
    }
    if *on_hand <= Decimal::ZERO || *on_hand < policy.min_on_hand {
        return Decision::Keep(Keep::TooFew);
    }
    let Some(pace) = pace_per_hour(sales, *now, policy.elasticity) else {
        return Decision::Keep(Keep::NoPace);
    };
    let units_at_regular = pace * hours(*closes_at - *now);
    let sold = |percent| (units_at_regular * uplift(policy.elasticity, percent)).min(*on_hand);
    let sold_unchanged = sold(shelf.percent);
    if on_hand - sold_unchanged < Decimal::ONE {
        return Decision::Keep(Keep::SellsOut);
    }
    if policy.max_changes.is_some_and(|max| shelf.changes >= max) {
        return Decision::Keep(Keep::MaxChanges);
    }
    let gap = TimeDelta::minutes(policy.min_minutes_between_changes.into());
    if shelf.changed_at.is_some_and(|changed_at| *now < changed_at + gap) {
        return Decision::Keep(Keep::Gap);
    }
    let steps = usable(item, policy);
    let goes_down = |step: &&Step| {
        step.percent > shelf.percent
            && shelf.price.is_none_or(|price| step.price.amount() < price.amount())
    };
    let Some(next) = steps.iter().find(goes_down) else {
        return Decision::Keep(Keep::Floor);
    };
    // Not looked up in the ladder: the catalogue may have changed since the price was set.
    let current = shelf.price.unwrap_or(item.price);
    let left_unchanged = on_hand - sold_unchanged;
    let left = on_hand - sold(next.percent);
    change(*on_hand, current, *next, left_unchanged, left)
        .map_or(Decision::Keep(Keep::Best), Decision::Change)
}

/// The change, if it earns more. That is judged by the rounded figures, so that the reason adds up
/// and never tells of a gain that is none.
fn change(
    on_hand: Decimal,
    current: Money,
    step: Step,
    left_unchanged: Decimal,
    left: Decimal,
) -> Option<Change> {
    let one_place = |value: Decimal| {
        value.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero).normalize()
    };
    let (on_hand, left_unchanged, left) =
        (one_place(on_hand), one_place(left_unchanged), one_place(left));
    let earned = |price: Decimal, left: Decimal| price * (on_hand - left);
    let gain = earned(step.price.amount(), left) - earned(current.amount(), left_unchanged);
    let gain = gain.round_dp(step.price.currency().minor_digits());
    if gain <= Decimal::ZERO {
        return None;
    }
    let reason = format!(
        "{on_hand} left; at {current} and today's pace {left_unchanged} would be left at the \
         close. At {} % off, for {}, {left} should be left, which earns {gain} {} more.",
        step.percent,
        step.price,
        step.price.currency(),
    );
    Some(Change { step, expected_left_unchanged: left_unchanged, expected_left: left, reason })
}
