//! Exact dynamic program of one afternoon as a plain recursion over the units sold in each slot.
//!
//! The recursion truncates and merges nothing and is slow. It memoizes only the outcomes.

use std::collections::HashMap;

use chrono::Timelike;
use demand::{DemandProfile, Elasticity, ResponseForm};
use pricing::decision_request::DecisionRequest;

use crate::rule::{Step, minor, steps};

/// Expectation until the close; revenue and value in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) units: f64,
    pub(crate) revenue: f64,
    pub(crate) value: f64,
}

/// Afternoon with known demand rates.
pub(crate) struct Afternoon {
    /// Allowed prices, the current one first: percent, price, demand relative to the regular
    /// price.
    prices: Vec<(u8, f64, f64)>,
    /// Instants of the decisions and the close, in seconds from now.
    moments: Vec<i64>,
    /// Expected units between two consecutive instants, at the regular price.
    means: Vec<f64>,
    gap: i64,
    /// First instant at which the price may change.
    free_from: i64,
    /// Remaining number of changes.
    changes: usize,
    salvage: f64,
    on_hand: u64,
    known: HashMap<(usize, u64, usize, i64, usize), Outcome>,
    probabilities: HashMap<(usize, usize), Vec<f64>>,
}

impl Afternoon {
    pub(crate) fn new(request: &DecisionRequest) -> Self {
        let rules = &request.rules;
        let close = (request.closes_at - request.as_of).num_seconds();
        let interval = i64::from(rules.decision_interval_minutes) * 60;
        let mut moments: Vec<i64> =
            (0..).map(|k| k * interval).take_while(|at| *at < close).collect();
        moments.push(close);
        let profile = request.profile.as_ref().expect("a profile");
        let clock = i64::from(request.as_of.num_seconds_from_midnight());
        let between = |pair: &[i64]| usual_demand(profile, clock + pair[0], clock + pair[1]);
        let response = request.elasticity.expect("an elasticity");
        let regular = minor(request.regular_price, request) as f64;
        let shelf = request.shelf.discount_percent;
        let shown = |step: &Step| step.percent >= shelf && step.unusable.is_none();
        let prices = steps(request).into_iter().filter(shown).map(|step| {
            let price = step.price.expect("a usable step has a price") as f64;
            (step.percent, price, answer(response, price / regular))
        });
        let prices: Vec<_> = prices.collect();
        let gap = i64::from(rules.min_minutes_between_changes) * 60;
        let since = request.shelf.since.map(|since| (since - request.as_of).num_seconds());
        let left = |most: u32| most.saturating_sub(request.shelf.changes_today) as usize;
        Self {
            means: moments.windows(2).map(between).collect(),
            gap,
            free_from: since.map_or(0, |since| since + gap),
            changes: rules.max_changes.map_or(usize::MAX, left).min(prices.len() - 1),
            salvage: minor(request.salvage_value, request) as f64,
            on_hand: request.on_hand,
            prices,
            moments,
            known: HashMap::new(),
            probabilities: HashMap::new(),
        }
    }

    /// Returns each allowed step with the expectation if it is shown now and all later decisions
    /// are optimal.
    pub(crate) fn alternatives(&mut self) -> Vec<(u8, Outcome)> {
        let mut found = Vec::new();
        for (now, free_from, changes) in self.allowed(0, 0, self.free_from, self.changes) {
            let outcome = self.shown(0, self.on_hand, now, free_from, changes);
            found.push((self.prices[now].0, outcome));
        }
        found
    }

    /// Returns the expectation if the price never changes.
    pub(crate) fn unchanged(&mut self) -> Outcome {
        self.shown(0, self.on_hand, 0, self.free_from, 0)
    }

    /// Returns the value with unlimited stock, in minor units. Only expected demand matters then.
    pub(crate) fn of_plenty(&self) -> f64 {
        let known = &mut HashMap::new();
        let sold = self.best_of_plenty(known, (0, 0, self.free_from, self.changes));
        sold + self.salvage * self.on_hand as f64
    }

    fn best_of_plenty(
        &self,
        known: &mut HashMap<(usize, usize, i64, usize), f64>,
        state: (usize, usize, i64, usize),
    ) -> f64 {
        let (slot, shelf, free_from, changes) = state;
        if slot == self.means.len() {
            return 0.0;
        }
        let key = (slot, shelf, free_from.max(self.moments[slot]), changes);
        if let Some(value) = known.get(&key) {
            return *value;
        }
        let mut best = f64::MIN;
        for (now, free_from, changes) in self.allowed(slot, shelf, free_from, changes) {
            let (_, price, answer) = self.prices[now];
            let sold = (price - self.salvage) * self.means[slot] * answer;
            let after = self.best_of_plenty(known, (slot + 1, now, free_from, changes));
            best = best.max(sold + after);
        }
        known.insert(key, best);
        best
    }

    /// Returns the allowed prices at an instant, the current one first, with the state after each.
    fn allowed(
        &self,
        slot: usize,
        shelf: usize,
        free_from: i64,
        changes: usize,
    ) -> Vec<(usize, i64, usize)> {
        let at = self.moments[slot];
        let mut allowed = vec![(shelf, free_from, changes)];
        if at >= free_from && changes > 0 {
            let deeper = shelf + 1..self.prices.len();
            allowed.extend(deeper.map(|other| (other, at + self.gap, changes - 1)));
        }
        allowed
    }

    fn best(
        &mut self,
        slot: usize,
        units: u64,
        shelf: usize,
        free_from: i64,
        changes: usize,
    ) -> Outcome {
        if slot == self.means.len() {
            return Outcome { units: 0.0, revenue: 0.0, value: self.salvage * units as f64 };
        }
        let outcomes = self.allowed(slot, shelf, free_from, changes).into_iter();
        let outcomes = outcomes.map(|(now, free, left)| self.shown(slot, units, now, free, left));
        let better = |best: Outcome, other: Outcome| match other.value > best.value {
            true => other,
            false => best,
        };
        outcomes.reduce(better).expect("the current price is allowed")
    }

    /// Returns the expectation if a price is shown until the next instant.
    fn shown(
        &mut self,
        slot: usize,
        units: u64,
        now: usize,
        free_from: i64,
        changes: usize,
    ) -> Outcome {
        let free_from = free_from.max(self.moments[slot]);
        let key = (slot, units, now, free_from, changes);
        if let Some(outcome) = self.known.get(&key) {
            return *outcome;
        }
        let mut expected = Outcome { units: 0.0, revenue: 0.0, value: 0.0 };
        let (_, price, answer) = self.prices[now];
        let probabilities = self.probabilities_of(slot, now, answer);
        let mut more = 1.0;
        for sold in 0..=units {
            // Demand above the stock is lost.
            let probability = if sold < units { probabilities[sold as usize] } else { more };
            more -= probability;
            let after = self.best(slot + 1, units - sold, now, free_from, changes);
            expected.units += probability * (sold as f64 + after.units);
            expected.revenue += probability * (price * sold as f64 + after.revenue);
            expected.value += probability * (price * sold as f64 + after.value);
        }
        self.known.insert(key, expected);
        expected
    }

    /// Returns the probabilities of 0, 1, 2 … units demanded at a price.
    fn probabilities_of(&mut self, slot: usize, now: usize, answer: f64) -> Vec<f64> {
        let mean = self.means[slot] * answer;
        let count = self.on_hand;
        let probabilities = || {
            (0..count).scan(0.0, |log_factorial, sold| {
                *log_factorial += (sold.max(1) as f64).ln();
                Some(poisson(mean, sold, *log_factorial))
            })
        };
        self.probabilities.entry((slot, now)).or_insert_with(|| probabilities().collect()).clone()
    }
}

/// Returns the Poisson probability of `sold` with this mean.
fn poisson(mean: f64, sold: u64, log_factorial: f64) -> f64 {
    match (mean > 0.0, sold) {
        (true, _) => (sold as f64 * mean.ln() - mean - log_factorial).exp(),
        (false, 0) => 1.0,
        (false, _) => 0.0,
    }
}

/// Demand at a price, against that at the regular price.
pub(crate) fn answer(response: Elasticity, of_regular: f64) -> f64 {
    match response.form {
        ResponseForm::Constant => of_regular.powf(-response.mean),
        ResponseForm::Exponential => (response.mean * (1.0 - of_regular)).exp(),
    }
}

/// Units expected at the regular price between two readings of the store's clock, in seconds,
/// which goes on counting after midnight.
pub(crate) fn usual_demand(profile: &DemandProfile, from: i64, to: i64) -> f64 {
    let mut units = 0.0;
    for midnight in (0..=to).step_by(86_400) {
        for slot in &profile.slots {
            let start = midnight + i64::from(slot.start) * 60;
            let end = midnight + i64::from(slot.end) * 60;
            let common = to.min(end) - from.max(start);
            if common > 0 {
                units += slot.units * common as f64 / (end - start) as f64;
            }
        }
    }
    units
}
