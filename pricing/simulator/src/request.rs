//! Decision requests for a moment of a simulated day.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use demand::{DemandProfile, Elasticity, ProfileBasis, ProfileSlot, ResponseForm};
use domain::Currency;
use pricing::decision_request::{DecisionRequest, SalesWindow, ShelfPrice};

use crate::belief::ShopBelief;
use crate::day::{SimulatedDay, minute_of};
use crate::item::{CLOSES, INTERVAL, OPENS};
use crate::play::{Moment, WINDOW};
use crate::prices::amount;

/// Variance of the level if only the category is known.
const CATEGORY_LEVEL_VARIANCE: f64 = 0.35;

/// Returns the request with the shop's knowledge: all windows of today, and its belief.
#[must_use]
pub fn honest(day: &SimulatedDay, belief: &ShopBelief, moment: &Moment<'_>) -> DecisionRequest {
    let step = moment.steps[moment.shelf.step];
    let sales = moment.windows.iter().zip(0..).map(|(window, number)| SalesWindow {
        start: instant(OPENS + number * WINDOW),
        end: instant(OPENS + (number + 1) * WINDOW),
        units: window.units,
        price: amount(moment.steps[window.step].price),
        sold_out: window.sold_out,
    });
    DecisionRequest {
        store_id: day.world.name.to_owned(),
        sku: day.item.name.to_owned(),
        as_of: instant(moment.minute),
        closes_at: instant(CLOSES),
        currency: Currency::EUR,
        on_hand: moment.on_hand,
        measure: None,
        regular_price: amount(day.item.price),
        unit_cost: amount(day.item.cost),
        salvage_value: amount(day.item.salvage),
        shelf: ShelfPrice {
            price: amount(step.price),
            discount_percent: step.percent,
            since: moment.shelf.since.map(instant),
            changes_today: moment.shelf.changes,
        },
        sales_today: sales.collect(),
        profile: belief.profile.clone(),
        elasticity: belief.elasticity,
        offer_history: belief.offers.clone(),
        rules: day.world.rules.rules(),
    }
}

/// Returns the request with today's true means, but without knowledge of the customers. Nothing is
/// left to learn.
#[must_use]
pub fn informed(day: &SimulatedDay, moment: &Moment<'_>) -> DecisionRequest {
    let slots = day.truth.mean.iter().enumerate().map(|(slot, units)| ProfileSlot {
        start: minute_of(slot),
        end: minute_of(slot) + INTERVAL,
        units: *units,
    });
    known(
        honest(day, &ShopBelief { profile: None, elasticity: None, offers: Vec::new() }, moment),
        slots.collect(),
        Elasticity { mean: day.truth.elasticity, sd: 0.0, form: day.truth.form },
    )
}

/// Returns the request that takes means for certain: the mean level after today's sales, and the
/// mean elasticity before any offer.
#[must_use]
pub fn certain(day: &SimulatedDay, belief: &ShopBelief, moment: &Moment<'_>) -> DecisionRequest {
    let elasticity = belief.elasticity.unwrap_or_default();
    let response = |window: &crate::play::SoldWindow| {
        let share = moment.steps[window.step].price as f64 / day.item.price as f64;
        match elasticity.form {
            ResponseForm::Constant => share.powf(-elasticity.mean),
            ResponseForm::Exponential => (elasticity.mean * (1.0 - share)).exp(),
        }
    };
    let sold: u64 = moment.windows.iter().map(|window| window.units).sum();
    let flat = vec![ProfileSlot { start: OPENS, end: CLOSES, units: 1.0 }];
    let usual = belief.profile.as_ref().map_or(&flat, |profile| &profile.slots);
    let exposure: f64 = moment
        .windows
        .iter()
        .zip(0..)
        .map(|(window, number)| expected(usual, OPENS + number * WINDOW) * response(window))
        .sum();
    let weight = belief.profile.as_ref().map_or(0.0, |profile| 1.0 / level_variance(profile));
    // Without history, half a unit is added to the sales, so that the level is above 0.
    let seen = if belief.profile.is_some() { sold as f64 } else { sold as f64 + 0.5 };
    let level = (weight + seen) / (weight + exposure);
    let slots = usual.iter().map(|slot| ProfileSlot { units: slot.units * level, ..*slot });
    known(honest(day, belief, moment), slots.collect(), Elasticity { sd: 0.0, ..elasticity })
}

fn known(
    situation: DecisionRequest,
    slots: Vec<ProfileSlot>,
    elasticity: Elasticity,
) -> DecisionRequest {
    let profile = DemandProfile { basis: ProfileBasis::Sku, days: 1.0, day_cv: 0.0, slots };
    DecisionRequest {
        profile: Some(profile),
        elasticity: Some(elasticity),
        sales_today: Vec::new(),
        offer_history: Vec::new(),
        ..situation
    }
}

/// Returns the variance of the level before the day: variation between days, and chance in the
/// averaged days.
fn level_variance(profile: &DemandProfile) -> f64 {
    if profile.basis == ProfileBasis::Category {
        return CATEGORY_LEVEL_VARIANCE;
    }
    let units: f64 = profile.slots.iter().map(|slot| slot.units).sum();
    let chance = 1.0 / (profile.days * units.max(1.0));
    profile.day_cv.powi(2) * (1.0 + 1.0 / profile.days) + chance
}

/// Returns the units of the usual day in the window that starts at this minute.
fn expected(slots: &[ProfileSlot], minute: u16) -> f64 {
    let slot = slots.iter().find(|slot| (slot.start..slot.end).contains(&minute));
    slot.map_or(0.0, |slot| slot.units * f64::from(WINDOW) / f64::from(slot.end - slot.start))
}

/// Converts a minute of the simulated day to an instant.
fn instant(minute: u16) -> DateTime<FixedOffset> {
    let date = NaiveDate::from_ymd_opt(2026, 3, 12).expect("a date");
    let clock = date.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute));
    let zone = FixedOffset::east_opt(3_600).expect("an offset");
    clock.and_local_timezone(zone).single().expect("a fixed offset has every clock time once")
}
