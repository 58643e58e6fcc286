//! What the usual day expects from now on, and what was seen of today.

use chrono::{DateTime, FixedOffset};
use demand::{Elasticity, LevelPrior, ProfileBasis, WindowSales, exponent};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::calendar::Grid;
use crate::situation::Situation;

/// What is stocked for a day and sold on it at the regular price. Bakers call 15 % returns healthy.
const SOLD_OF_STOCK: f64 = 0.85;
/// The size of an item's Gamma where nobody's days are known: the stock says as much as two sales.
const NO_PROFILE_SIZE: f64 = 2.0;
/// Where the day's shape is unknown, sales tell less the longer ago they are: half after an hour.
/// Where it is known they do not, even when the weather turns (`daymark simulate-pricing`).
const NO_PROFILE_HALF_LIFE_HOURS: f64 = 1.0;

/// One item's day.
pub(crate) struct Day<'a> {
    situation: &'a Situation,
    pub(crate) level: LevelPrior,
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
        let profile =
            situation.profile.as_ref().filter(|profile| profile.basis != ProfileBasis::None);
        if let Some(profile) = profile {
            return Self {
                situation,
                level: LevelPrior::of_profile(
                    profile.basis,
                    profile.day_cv,
                    profile.days,
                    profile.daily_units(),
                ),
                expected: slots.map(|(start, end)| profile.units_between(start, end)).collect(),
                flat: 0.0,
                is_usual: true,
            };
        }
        // Who stocks a shelf means to sell most of it; nobody says when, so evenly.
        let sold: u64 = situation.sales_today.iter().map(|sales| sales.units).sum();
        let opened = situation.sales_today.first().map_or(situation.as_of, |sales| sales.start);
        let stocked = (sold + situation.on_hand) as f64;
        let flat = SOLD_OF_STOCK * stocked / hours(opened, situation.closes_at);
        Self {
            situation,
            level: LevelPrior::Gamma(NO_PROFILE_SIZE),
            expected: slots.map(|(start, end)| flat * hours(start, end)).collect(),
            flat,
            is_usual: false,
        }
    }

    /// What today's windows say. Of one with an empty shelf nothing is known.
    pub(crate) fn seen(&self, elasticity: &Elasticity) -> Vec<WindowSales> {
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
                let (expected, weight) = match &self.situation.profile {
                    Some(profile) if self.is_usual => (profile.units_between(start, end), 1.0),
                    _ => (self.flat * hours(start, end), self.recency(end)),
                };
                WindowSales {
                    expected: weight * expected,
                    units: weight * sales.units as f64,
                    exponent: same,
                }
            })
            .filter(|seen| seen.expected > 0.0)
            .collect()
    }

    /// What a window that ended then counts for, where nobody knows the day's shape.
    fn recency(&self, end: DateTime<FixedOffset>) -> f64 {
        libm::exp2(-hours(end, self.situation.as_of) / NO_PROFILE_HALF_LIFE_HOURS)
    }
}

fn hours(start: DateTime<FixedOffset>, end: DateTime<FixedOffset>) -> f64 {
    (end - start).num_seconds() as f64 / 3600.0
}

/// The nearest float of an amount.
pub(crate) fn to_f64(amount: Decimal) -> f64 {
    amount.to_f64().expect("a decimal has a nearest float")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::read;

    /// What is expected until the close of twenty pieces without history.
    fn rest_of_the_day(windows: &str) -> f64 {
        let line = format!(
            r#"{{"store_id":"corner","sku":"rye","as_of":"2026-03-12T15:00:00+01:00",
            "closes_at":"2026-03-12T19:00:00+01:00","on_hand":20,"regular_price":"2.40",
            "unit_cost":"0.80","sales_today":[{windows}],"policy":{{"ladder_percent":[0,20]}}}}"#
        );
        let situation = read(line.as_bytes()).expect("a request").situation;
        let grid = Grid::of(&situation, 400);
        let day = Day::of(&situation, &grid);
        let today = day.seen(&Elasticity::default());
        let (units, expected) = today.iter().fold((0.0, 0.0), |(units, expected), seen| {
            (units + seen.units, expected + seen.expected)
        });
        let level = (NO_PROFILE_SIZE + units) / (NO_PROFILE_SIZE + expected);
        level * day.expected.iter().sum::<f64>()
    }

    fn window(hour: u32, units: u64) -> String {
        format!(
            r#"{{"start":"2026-03-12T{hour}:00:00+01:00","end":"2026-03-12T{}:00:00+01:00",
            "units":{units},"price":"2.40"}}"#,
            hour + 1
        )
    }

    #[test]
    fn without_history_the_stock_says_what_is_usual_and_the_last_hours_say_what_comes() {
        assert!((rest_of_the_day("") - 17.0).abs() < 1e-9, "85 % of the stock");
        let day = |sold: [u64; 3]| {
            let windows: Vec<String> =
                (12..).zip(sold).map(|(hour, units)| window(hour, units)).collect();
            rest_of_the_day(&windows.join(","))
        };
        // As many in all, but more of them lately.
        assert!(day([1, 3, 8]) > 1.3 * day([8, 3, 1]));
        assert!(day([4, 4, 4]) > day([3, 3, 3]));
    }
}
