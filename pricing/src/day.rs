//! What the usual day expects from now on, and what was seen of today.

use chrono::{DateTime, FixedOffset};
use domain::demand::{Basis, Elasticity};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::calendar::{Grid, expected_between};
use crate::learning::{Level, Seen, exponent, level};
use crate::situation::Situation;

/// The size of an item's Gamma where nobody's days are known: next to nothing, so that the first
/// sales set the level.
const NO_PROFILE_SIZE: f64 = 0.3;

/// One item's day.
pub(crate) struct Day<'a> {
    situation: &'a Situation,
    pub(crate) level: Level,
    /// Units of each slot to come.
    pub(crate) expected: Vec<f64>,
    /// Units an hour, where there is no profile.
    flat: f64,
    /// Whether there is a usual day that today can be compared with.
    pub(crate) is_usual: bool,
}

impl<'a> Day<'a> {
    /// The day, with the slots of a grid to come.
    pub(crate) fn of(situation: &'a Situation, grid: &Grid) -> Self {
        let slots = grid.marks.windows(2).map(|marks| (marks[0], marks[1]));
        let profile = situation.profile.as_ref().filter(|profile| profile.basis != Basis::None);
        if let Some(profile) = profile {
            let daily: f64 = profile.slots.iter().map(|slot| slot.units).sum();
            return Self {
                situation,
                level: level(profile.basis, profile.day_cv, profile.days, daily),
                expected: slots
                    .map(|(start, end)| expected_between(&profile.slots, start, end))
                    .collect(),
                flat: 0.0,
                is_usual: true,
            };
        }
        // Who stocks a shelf means to sell it: as much an hour as would leave nothing.
        let sold: u64 = situation.sales_today.iter().map(|sales| sales.units).sum();
        let opened = situation.sales_today.first().map_or(situation.as_of, |sales| sales.start);
        let flat = (sold + situation.on_hand) as f64 / hours(opened, situation.closes_at);
        Self {
            situation,
            level: Level::Unknown(NO_PROFILE_SIZE),
            expected: slots.map(|(start, end)| flat * hours(start, end)).collect(),
            flat,
            is_usual: false,
        }
    }

    /// What today's windows say. Of one with an empty shelf nothing is known.
    pub(crate) fn seen(&self, elasticity: &Elasticity) -> Vec<Seen> {
        let regular = to_f64(self.situation.regular_price);
        let known = self.situation.sales_today.iter().filter(|sales| !sales.sold_out);
        let (mut price, mut same) = (Decimal::ZERO, 0.0);
        known
            .map(|sales| {
                if sales.price != price {
                    price = sales.price;
                    same = exponent(elasticity.form, to_f64(price) / regular);
                }
                let zone = self.situation.as_of.offset();
                let (start, end) = (sales.start.with_timezone(zone), sales.end.with_timezone(zone));
                let expected = match &self.situation.profile {
                    Some(profile) if self.is_usual => expected_between(&profile.slots, start, end),
                    _ => self.flat * hours(start, end),
                };
                Seen { expected, units: sales.units as f64, exponent: same }
            })
            .filter(|seen| seen.expected > 0.0)
            .collect()
    }
}

fn hours(start: DateTime<FixedOffset>, end: DateTime<FixedOffset>) -> f64 {
    (end - start).num_seconds() as f64 / 3600.0
}

/// The nearest float of an amount.
pub(crate) fn to_f64(amount: Decimal) -> f64 {
    amount.to_f64().expect("a decimal has a nearest float")
}
