//! How many are sold in one slot: Poisson, or negative binomial where demand varies more.
//!
//! Only sums, products and quotients in a fixed order, so that the figures are the same on every
//! machine.

/// Terms below this share of the largest one are left out.
const NEGLIGIBLE: f64 = 1e-9;
/// Room for the terms of a slot in which a few units are sold.
const USUAL_TERMS: usize = 32;

/// The distribution of one slot's demand, in lots, cut where nothing is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// The probability of each number of lots, from 0 on.
    pub probability: Vec<f64>,
    /// The expected sales in lots when so many are on hand, from 0 on; the last entry holds for
    /// any more.
    pub sold: Vec<f64>,
}

impl Demand {
    /// Demand with this mean. `size` is that of the negative binomial, whose variance is
    /// `mean + mean^2 / size`; `None` for Poisson. A lot is so many units; a demand between two
    /// lots counts for both in part, which keeps the mean. Only what matters with so many lots on
    /// hand is told apart.
    #[must_use]
    pub fn new(mean: f64, size: Option<f64>, lot: f64, on_hand: usize) -> Self {
        // Demand that empties the shelf in a slot as good as certainly might as well be larger.
        let most = match size {
            None => 2.0 * on_hand as f64 * lot + 100.0,
            Some(_) => 8.0 * on_hand as f64 * lot + 50.0,
        };
        let mean = mean.min(most);
        if let Some((mean, size)) = size.and_then(|size| in_lots(mean, size, lot)) {
            return Self::new(mean, Some(size), 1.0, on_hand);
        }
        let (first, masses) = masses(mean, size);
        let total: f64 = masses.iter().sum();
        let masses = masses.iter().enumerate().map(|(index, mass)| (first + index, mass / total));
        let probability: Vec<f64> = if lot == 1.0 {
            std::iter::repeat_n(0.0, first).chain(masses.map(|(_, mass)| mass)).collect()
        } else {
            spread(masses, lot)
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

    /// The expected sales with so many lots on hand.
    #[must_use]
    pub fn sold(&self, on_hand: usize) -> f64 {
        self.sold[on_hand.min(self.sold.len() - 1)]
    }
}

/// The masses of numbers of units as those of numbers of lots.
fn spread(masses: impl Iterator<Item = (usize, f64)>, lot: f64) -> Vec<f64> {
    let mut probability = Vec::new();
    for (units, mass) in masses {
        let lots = units as f64 / lot;
        let (whole, part) = (lots as usize, lots - lots.floor());
        if probability.len() < whole + 2 {
            probability.resize(whole + 2, 0.0);
        }
        probability[whole] += mass * (1.0 - part);
        probability[whole + 1] += mass * part;
    }
    probability
}

/// Mean and size of a negative binomial in lots with the mean and the variance of one in units,
/// where there is one: this spares counting thousands of units.
fn in_lots(mean: f64, size: f64, lot: f64) -> Option<(f64, f64)> {
    let lots = mean / lot;
    let beyond_poisson = mean / (lot * lot) + lots * lots / size - lots;
    (lot > 1.0 && beyond_poisson > 0.0).then(|| (lots, lots * lots / beyond_poisson))
}

/// Terms proportional to the probabilities, and the number of units of the first one: from the
/// most likely number outward, each from its neighbour.
fn masses(mean: f64, size: Option<f64>) -> (usize, Vec<f64>) {
    if mean <= 0.0 {
        return (0, vec![1.0]);
    }
    // The ratio of the probability of n + 1 to that of n.
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
        let poisson = Demand::new(2.0, None, 1.0, 100);
        let expected = [0.135_335_283, 0.270_670_566, 0.270_670_566, 0.180_447_044];
        for (probability, expected) in poisson.probability.iter().zip(expected) {
            assert!((probability - expected).abs() < 1e-8, "{probability} {expected}");
        }
        // Size 4 and mean 4: the failures of a fair coin before its fourth success.
        let coins = Demand::new(4.0, Some(4.0), 1.0, 100);
        let expected = [1.0 / 16.0, 4.0 / 32.0, 10.0 / 64.0, 20.0 / 128.0];
        for (probability, expected) in coins.probability.iter().zip(expected) {
            assert!((probability - expected).abs() < 1e-8, "{probability} {expected}");
        }
    }

    #[test]
    fn lots_keep_the_mean() {
        for (mean, size, lot) in
            [(7.3, None, 1.0), (900.0, None, 3.7), (55.0, Some(4.0), 2.5), (9.0, Some(4.0), 5.0)]
        {
            let demand = Demand::new(mean, size, lot, 1_000);
            let terms = demand.probability.iter().enumerate();
            let lots: f64 = terms.map(|(lots, probability)| lots as f64 * probability).sum();
            assert!((lots * lot / mean - 1.0).abs() < 1e-6, "{lots} lots of {lot} for {mean}");
            assert!((demand.sold(1_000_000) * lot / mean - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn nobody_buys_without_demand() {
        let none = Demand::new(0.0, Some(4.0), 1.0, 5);
        assert_eq!((none.probability.as_slice(), none.sold(5)), ([1.0].as_slice(), 0.0));
    }
}
