//! Distribution of one slot's demand: Poisson, or negative binomial where demand varies more.
//!
//! All figures are sums, products and quotients in a fixed order, so that they are the same on
//! every machine.

/// Terms below this share of the largest term are left out.
const NEGLIGIBLE: f64 = 1e-9;
/// Capacity for the terms of a slot with few sales.
const USUAL_TERMS: usize = 32;

/// Distribution of one slot's demand in solver units, cut at the stock.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotDemand {
    /// Probability of each number of units, from 0.
    pub probability: Vec<f64>,
    /// Expected sales for each number of units on hand, from 0. The last entry holds for any more.
    pub sold: Vec<f64>,
}

impl SlotDemand {
    /// Creates the distribution of a demand with this mean, in sellable units.
    ///
    /// `size` is that of the negative binomial, with variance `mean + mean^2 / size`; `None` for
    /// Poisson. `unit_size` is the number of sellable units in a solver unit. A demand between two
    /// solver units counts partly for both, which keeps the mean. Demands beyond `on_hand` solver
    /// units need not be exact.
    #[must_use]
    pub fn new(mean: f64, size: Option<f64>, unit_size: f64, on_hand: usize) -> Self {
        // A demand that almost surely empties the shelf in a slot might as well be larger.
        let most = match size {
            None => 2.0 * on_hand as f64 * unit_size + 100.0,
            Some(_) => 8.0 * on_hand as f64 * unit_size + 50.0,
        };
        let mean = mean.min(most);
        if let Some((mean, size)) = size.and_then(|size| in_solver_units(mean, size, unit_size)) {
            return Self::new(mean, Some(size), 1.0, on_hand);
        }
        let (first, masses) = masses(mean, size);
        let total: f64 = masses.iter().sum();
        let masses = masses.iter().enumerate().map(|(index, mass)| (first + index, mass / total));
        let probability: Vec<f64> = if unit_size == 1.0 {
            std::iter::repeat_n(0.0, first).chain(masses.map(|(_, mass)| mass)).collect()
        } else {
            spread(masses, unit_size)
        };
        let mut sold = Vec::with_capacity(probability.len() + 1);
        let (mut more, mut expected) = (1.0, 0.0);
        sold.push(expected);
        for mass in &probability {
            more = f64::max(more - mass, 0.0);
            expected += more;
            sold.push(expected);
        }
        Self { probability, sold }
    }

    /// Returns the expected sales with this number of units on hand.
    #[must_use]
    pub fn sold(&self, on_hand: usize) -> f64 {
        self.sold[on_hand.min(self.sold.len() - 1)]
    }
}

/// Converts the probabilities of sellable units to those of solver units.
fn spread(masses: impl Iterator<Item = (usize, f64)>, unit_size: f64) -> Vec<f64> {
    let mut probability = Vec::new();
    for (sellable, mass) in masses {
        let units = sellable as f64 / unit_size;
        let (whole, part) = (units as usize, units - units.floor());
        if probability.len() < whole + 2 {
            probability.resize(whole + 2, 0.0);
        }
        probability[whole] += mass * (1.0 - part);
        probability[whole + 1] += mass * part;
    }
    probability
}

/// Returns mean and size of the negative binomial in solver units with the mean and variance of the
/// given one, if there is one. This avoids a sum over thousands of units.
fn in_solver_units(mean: f64, size: f64, unit_size: f64) -> Option<(f64, f64)> {
    let units = mean / unit_size;
    let beyond_poisson = mean / (unit_size * unit_size) + units * units / size - units;
    (unit_size > 1.0 && beyond_poisson > 0.0).then(|| (units, units * units / beyond_poisson))
}

/// Returns terms proportional to the probabilities, and the number of units of the first term. Each
/// term is computed from its neighbour, from the most likely number outward.
fn masses(mean: f64, size: Option<f64>) -> (usize, Vec<f64>) {
    if mean <= 0.0 {
        return (0, vec![1.0]);
    }
    // Ratio of the probability of n + 1 to that of n.
    let share = size.map_or(mean, |size| mean / (mean + size));
    let ratio = |n: f64| match size {
        None => share / (n + 1.0),
        Some(size) => (n + size) * share / (n + 1.0),
    };
    let mode = match size {
        None => mean.floor(),
        Some(size) => ((size - 1.0) * mean / size).floor().max(0.0),
    };
    let mut terms = Vec::with_capacity(USUAL_TERMS);
    let (mut n, mut mass) = (mode, 1.0);
    while n > 0.0 && mass > NEGLIGIBLE {
        n -= 1.0;
        mass /= ratio(n);
        terms.push(mass);
    }
    terms.reverse();
    let first = n as usize;
    let (mut n, mut mass) = (mode, 1.0);
    while mass > NEGLIGIBLE {
        terms.push(mass);
        mass *= ratio(n);
        n += 1.0;
    }
    (first, terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_are_those_of_the_textbook() {
        let poisson = SlotDemand::new(2.0, None, 1.0, 100);
        let expected = [0.135_335_283, 0.270_670_566, 0.270_670_566, 0.180_447_044];
        for (probability, expected) in poisson.probability.iter().zip(expected) {
            assert!((probability - expected).abs() < 1e-8, "{probability} {expected}");
        }
        // Size 4 and mean 4: the failures of a fair coin before its fourth success.
        let coins = SlotDemand::new(4.0, Some(4.0), 1.0, 100);
        let expected = [1.0 / 16.0, 4.0 / 32.0, 10.0 / 64.0, 20.0 / 128.0];
        for (probability, expected) in coins.probability.iter().zip(expected) {
            assert!((probability - expected).abs() < 1e-8, "{probability} {expected}");
        }
    }

    #[test]
    fn larger_solver_units_keep_the_mean() {
        for (mean, size, unit_size) in
            [(7.3, None, 1.0), (900.0, None, 3.7), (55.0, Some(4.0), 2.5), (9.0, Some(4.0), 5.0)]
        {
            let demand = SlotDemand::new(mean, size, unit_size, 1_000);
            let terms = demand.probability.iter().enumerate();
            let units: f64 = terms.map(|(units, probability)| units as f64 * probability).sum();
            let share = units * unit_size / mean;
            assert!((share - 1.0).abs() < 1e-6, "{units} units of {unit_size} for {mean}");
            assert!((demand.sold(1_000_000) * unit_size / mean - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn without_demand_nothing_is_sold() {
        let none = SlotDemand::new(0.0, Some(4.0), 1.0, 5);
        assert_eq!((none.probability.as_slice(), none.sold(5)), ([1.0].as_slice(), 0.0));
    }
}
