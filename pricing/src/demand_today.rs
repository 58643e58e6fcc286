//! Demand of an item today: usual units of the slots to come, and sales so far.

use chrono::{DateTime, FixedOffset};
use demand::{DemandProfile, Elasticity, LevelPrior, ProfileBasis, WindowSales, exponent};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::decision_grid::DecisionGrid;
use crate::decision_request::DecisionRequest;

/// Share of the day's stock that is expected to sell at the regular price. Bakers call 15 %
/// returns healthy.
const SOLD_OF_STOCK: f64 = 0.85;
/// Size of the level's Gamma prior without a profile: the stock counts as much as two sales.
const NO_PROFILE_SIZE: f64 = 2.0;
/// Half-life of the weight of a sale if the shape of the day is unknown. With a profile, older
/// sales keep their weight, even if the weather turns (`daymark simulate-pricing`).
const NO_PROFILE_HALF_LIFE_HOURS: f64 = 1.0;

/// Demand of one item on one day.
pub(crate) struct DemandToday<'a> {
    request: &'a DecisionRequest,
    /// Prior of today's level.
    pub(crate) level: LevelPrior,
    /// Units of each slot to come on a usual day.
    pub(crate) expected: Vec<f64>,
    /// Usual day, if there is one.
    profile: Option<&'a DemandProfile>,
    /// Units per hour without a profile.
    flat: f64,
}

impl<'a> DemandToday<'a> {
    pub(crate) fn new(request: &'a DecisionRequest, grid: &DecisionGrid) -> Self {
        let slots = grid.marks.windows(2).map(|marks| (marks[0], marks[1]));
        let profile = request.profile.as_ref();
        if let Some(profile) = profile.filter(|profile| profile.basis != ProfileBasis::None) {
            let DemandProfile { basis, day_cv, days, .. } = *profile;
            return Self {
                request,
                level: LevelPrior::of_profile(basis, day_cv, days, profile.daily_units()),
                expected: slots.map(|(start, end)| profile.units_between(start, end)).collect(),
                profile: Some(profile),
                flat: 0.0,
            };
        }
        // A shop that stocks a shelf means to sell most of it. The time is unknown, so demand is
        // taken to be even.
        let sold: u64 = request.sales_today.iter().map(|window| window.units).sum();
        let opened = request.sales_today.first().map_or(request.as_of, |window| window.start);
        let stocked = (sold + request.on_hand) as f64;
        let flat = SOLD_OF_STOCK * stocked / hours(opened, request.closes_at);
        Self {
            request,
            level: LevelPrior::Gamma(NO_PROFILE_SIZE),
            expected: slots.map(|(start, end)| flat * hours(start, end)).collect(),
            profile: None,
            flat,
        }
    }

    /// `true` if there is a usual day that today can be compared with.
    pub(crate) fn has_profile(&self) -> bool {
        self.profile.is_some()
    }

    /// Returns today's sales by window. Windows with an empty shelf are left out.
    pub(crate) fn sales(&self, elasticity: &Elasticity) -> Vec<WindowSales> {
        let regular = to_f64(self.request.regular_price);
        let known = self.request.sales_today.iter().filter(|window| !window.sold_out);
        let (mut price, mut of_price) = (Decimal::ZERO, 0.0);
        known
            .map(|window| {
                if window.price != price {
                    price = window.price;
                    of_price = exponent(elasticity.form, to_f64(price) / regular);
                }
                let zone = self.request.as_of.offset();
                let start = window.start.with_timezone(zone);
                let end = window.end.with_timezone(zone);
                let (expected, weight) = match self.profile {
                    Some(profile) => (profile.units_between(start, end), 1.0),
                    None => (self.flat * hours(start, end), self.recency(end)),
                };
                WindowSales {
                    expected: weight * expected,
                    units: weight * window.units as f64,
                    exponent: of_price,
                }
            })
            .filter(|window| window.expected > 0.0)
            .collect()
    }

    /// Returns the weight of a window with this end, if the shape of the day is unknown.
    fn recency(&self, end: DateTime<FixedOffset>) -> f64 {
        libm::exp2(-hours(end, self.request.as_of) / NO_PROFILE_HALF_LIFE_HOURS)
    }
}

fn hours(start: DateTime<FixedOffset>, end: DateTime<FixedOffset>) -> f64 {
    (end - start).num_seconds() as f64 / 3600.0
}

/// Returns the float nearest to an amount.
pub(crate) fn to_f64(amount: Decimal) -> f64 {
    amount.to_f64().expect("a decimal has a nearest float")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::read;

    /// Returns the units expected until the close, for 20 units on hand without history.
    fn rest_of_the_day(windows: &str) -> f64 {
        let line = format!(
            r#"{{"store_id":"corner","sku":"rye","as_of":"2026-03-12T15:00:00+01:00",
            "closes_at":"2026-03-12T19:00:00+01:00","on_hand":20,"regular_price":"2.40",
            "unit_cost":"0.80","sales_today":[{windows}],"policy":{{"ladder_percent":[0,20]}}}}"#
        );
        let request = read(line.as_bytes()).expect("a request").request;
        let grid = DecisionGrid::new(&request, 400);
        let day = DemandToday::new(&request, &grid);
        let today = day.sales(&Elasticity::default());
        let (units, expected) = today.iter().fold((0.0, 0.0), |(units, expected), window| {
            (units + window.units, expected + window.expected)
        });
        day.level.posterior(units, expected).mean * day.expected.iter().sum::<f64>()
    }

    fn window(hour: u32, units: u64) -> String {
        format!(
            r#"{{"start":"2026-03-12T{hour}:00:00+01:00","end":"2026-03-12T{}:00:00+01:00",
            "units":{units},"price":"2.40"}}"#,
            hour + 1
        )
    }

    #[test]
    fn without_history_the_stock_gives_the_usual_day_and_the_last_hours_give_the_rest() {
        assert!((rest_of_the_day("") - 17.0).abs() < 1e-9, "85 % of the stock");
        let day = |sold: [u64; 3]| {
            let windows: Vec<String> =
                (12..).zip(sold).map(|(hour, units)| window(hour, units)).collect();
            rest_of_the_day(&windows.join(","))
        };
        // The same number in all, but more of them lately.
        assert!(day([1, 3, 8]) > 1.3 * day([8, 3, 1]));
        assert!(day([4, 4, 4]) > day([3, 3, 3]));
    }
}
