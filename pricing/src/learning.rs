//! What today's sales and past offers say: how strong the day is, and how demand answers to price.
//!
//! Today's level `theta` has a Gamma prior of mean 1; sales of window `w` are Poisson with mean
//! `theta * m[w] * g(p[w])`. So, with `S` and `M` the sums of sales and of `m g`,
//!
//! ```text
//! theta | sales ~ Gamma(a + S, b + M)
//! log-likelihood of the elasticity e: sum of s ln g_e - (a + S) ln(b + sum of m g_e)
//! ```
//!
//! The elasticity has a Student-t(4) prior on a grid. Sources: Berk, Gurler & Levine 2007, EJOR
//! 182, 256-281 (Gamma-Poisson learning from sales that end with the stock: windows with an empty
//! shelf are left out); Agrawal & Smith 1996, Naval Research Logistics 43 (negative binomial).
//! Exponentials and logarithms come from `libm`, which gives the same bits on every machine.

use domain::demand::{Basis, Elasticity, Form, PastOffer, Scope};
use libm::{exp, log};

use crate::decide::Method;

/// Points of the elasticity grid.
const GRID: usize = 21;
/// How far the grid reaches from the mean, in standard deviations.
const REACH: f64 = 4.0;
/// The least elasticity of the grid.
const LEAST: f64 = 0.05;
/// How much a past offer varies beyond Poisson: the size of its negative binomial.
const PAST_OFFER_SIZE: f64 = 8.0;
/// What an offer of the category counts for, against one of the item.
const CATEGORY_WEIGHT: f64 = 0.5;
/// How far an item's day is from its category's: the variance of their ratio.
const CATEGORY_VARIANCE: f64 = 0.35;
/// A posterior narrower than this share of its mean is as good as its mean: in simulated shops the
/// value is the same and less is left (`daymark simulate-pricing`), for a third of the work.
const NARROW: f64 = 0.18;
/// The logarithm of the largest effect: more than empties any shelf, and far from overflow.
const EFFECT_MAX: f64 = 100.0;
/// Windows' worth of ordinary variation taken for granted before the till is held to vary more.
const CALM_WINDOWS: f64 = 12.0;

/// How strong today may be against the usual day, before today's sales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    /// Exactly as usual.
    Known,
    /// Gamma with mean 1, and this for both of its parameters: 1 / variance.
    Unknown(f64),
}

/// What one window says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Units expected at the regular price on a usual day.
    pub expected: f64,
    /// Units sold.
    pub units: f64,
    /// What the elasticity is multiplied with to give the logarithm of the price's effect.
    pub exponent: f64,
}

/// One possible state of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// How likely it is.
    pub weight: f64,
    /// The elasticity.
    pub elasticity: f64,
    /// Today's level against the usual day, given that elasticity.
    pub level: f64,
    /// How sure the level is: the shape of its Gamma, whose mean `level` is; infinite where it is
    /// known.
    pub level_size: f64,
}

/// The logarithm of demand at this share of the regular price, against the regular price, for an
/// elasticity of 1.
#[must_use]
pub fn exponent(form: Form, share: f64) -> f64 {
    match form {
        Form::Constant => -log(share),
        Form::Exponential => 1.0 - share,
    }
}

/// How many times as much is sold as at the regular price.
#[must_use]
pub fn effect(elasticity: f64, exponent: f64) -> f64 {
    exp((elasticity * exponent).min(EFFECT_MAX))
}

/// How uncertain the level of a day is: how much days vary, and how well the profile is known.
#[must_use]
pub fn level(basis: Basis, day_cv: f64, days: f64, daily_units: f64) -> Level {
    if basis == Basis::Sku && day_cv == 0.0 {
        return Level::Known;
    }
    let days = days.max(1.0);
    let variance = day_cv * day_cv * (1.0 + 1.0 / days) + 1.0 / (days * daily_units.max(0.1));
    let variance =
        if basis == Basis::Category { variance.max(CATEGORY_VARIANCE) } else { variance };
    Level::Unknown(1.0 / variance.max(1e-6))
}

/// The possible states after everything that was seen, likeliest elasticities in the middle.
#[must_use]
pub fn beliefs(
    level: Level,
    elasticity: &Elasticity,
    past: &[PastOffer],
    seen: &[Seen],
    method: &Method,
) -> Vec<Belief> {
    let temper = if method.temper { temper(level, elasticity, seen) } else { 1.0 };
    let today = Today::new(level, seen, temper);
    let at = |weight, elasticity| {
        let (level, level_size) =
            if method.learn_level { today.level(elasticity) } else { (1.0, f64::INFINITY) };
        Belief { weight, elasticity, level, level_size }
    };
    if elasticity.sd == 0.0 || !method.learn_response {
        return vec![at(1.0, elasticity.mean)];
    }
    let grid =
        posterior(elasticity, |e| past_offers(elasticity.form, past, e) + today.likelihood(e));
    let mean: f64 = grid.iter().map(|(e, weight)| e * weight).sum();
    let variance: f64 = grid.iter().map(|(e, weight)| (e - mean) * (e - mean) * weight).sum();
    if !method.average_response || variance <= (NARROW * mean) * (NARROW * mean) {
        return vec![at(1.0, mean)];
    }
    [(0.0, 0.25), (0.25, 0.75), (0.75, 1.0)]
        .map(|(from, to)| at(to - from, mean_between(&grid, from, to)))
        .to_vec()
}

/// The grid of elasticities with their posterior probabilities.
fn posterior(prior: &Elasticity, likelihood: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let least = (prior.mean - REACH * prior.sd).max(LEAST.min(prior.mean));
    let width = (prior.mean + REACH * prior.sd - least) / (GRID - 1) as f64;
    let point = |index| {
        let e = least + width * index as f64;
        let z = (e - prior.mean) / prior.sd;
        (e, -2.5 * log(1.0 + z * z / 4.0) + likelihood(e))
    };
    let grid: Vec<(f64, f64)> = (0..GRID).map(point).collect();
    let highest = grid.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
    let grid: Vec<(f64, f64)> = grid.into_iter().map(|(e, log)| (e, exp(log - highest))).collect();
    let total: f64 = grid.iter().map(|(_, weight)| weight).sum();
    grid.into_iter().map(|(e, weight)| (e, weight / total)).collect()
}

/// The mean elasticity between two quantiles.
fn mean_between(grid: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let (mut below, mut sum) = (0.0, 0.0);
    for (e, weight) in grid {
        let inside = (below + weight).min(to) - below.max(from);
        sum += e * inside.max(0.0);
        below += weight;
    }
    sum / (to - from)
}

/// The log-likelihood of what past offers sold: negative binomial, and "at least so many" where the
/// shelf ran empty.
fn past_offers(form: Form, past: &[PastOffer], e: f64) -> f64 {
    let of_one = |offer: &PastOffer| {
        let share = 1.0 - offer.discount_percent / 100.0;
        let mean = offer.expected_units * effect(e, exponent(form, share));
        if mean <= 0.0 {
            return 0.0;
        }
        let likelihood =
            if offer.sold_out { at_least(offer.units, mean) } else { exactly(offer.units, mean) };
        likelihood * if offer.scope == Scope::Category { CATEGORY_WEIGHT } else { 1.0 }
    };
    past.iter().map(of_one).sum()
}

/// The logarithm of the negative binomial's probability of `n`, but for what the mean does not
/// change.
fn exactly(n: u64, mean: f64) -> f64 {
    let size = PAST_OFFER_SIZE;
    size * log(size / (size + mean)) + n as f64 * log(mean / (size + mean))
}

/// The logarithm of the probability of `n` or more; beyond a thousand the answer is that of the
/// thousandth, which tells all that an elasticity can be told by.
fn at_least(n: u64, mean: f64) -> f64 {
    let mut mass = exp(exactly(0, mean));
    let mut below = 0.0;
    for n in 0..n.min(1000) {
        below += mass;
        let n = n as f64;
        mass *= (n + PAST_OFFER_SIZE) / (n + 1.0) * (mean / (mean + PAST_OFFER_SIZE));
    }
    log((1.0 - below).max(1e-12))
}

/// Today's sales, as sums. All are divided by the same number where the till varies more than
/// Poisson.
struct Today {
    level: Level,
    units: f64,
    /// Units, each multiplied with its window's exponent.
    effect: f64,
    /// Units expected on a usual day, and the exponent, of each run of windows with one price.
    expected: Vec<(f64, f64)>,
}

impl Today {
    fn new(level: Level, seen: &[Seen], temper: f64) -> Self {
        let runs = seen.chunk_by(|a, b| a.exponent == b.exponent);
        let expected = runs.map(|run| {
            (run.iter().map(|seen| seen.expected).sum::<f64>() / temper, run[0].exponent)
        });
        Self {
            level,
            units: seen.iter().map(|seen| seen.units).sum::<f64>() / temper,
            effect: seen.iter().map(|seen| seen.units * seen.exponent).sum::<f64>() / temper,
            expected: expected.collect(),
        }
    }

    fn expected(&self, e: f64) -> f64 {
        self.expected.iter().map(|(expected, exponent)| expected * effect(e, *exponent)).sum()
    }

    /// Today's level and the shape of its Gamma.
    fn level(&self, e: f64) -> (f64, f64) {
        match self.level {
            Level::Known => (1.0, f64::INFINITY),
            Level::Unknown(size) => {
                ((size + self.units) / (size + self.expected(e)), size + self.units)
            }
        }
    }

    fn likelihood(&self, e: f64) -> f64 {
        match self.level {
            Level::Known => e * self.effect - self.expected(e),
            Level::Unknown(size) => {
                e * self.effect - (size + self.units) * log(size + self.expected(e))
            }
        }
    }
}

/// How much more the windows vary around today's level than Poisson sales would: Pearson's
/// chi-squared over its degrees of freedom, held near 1 while there are few.
fn temper(level: Level, elasticity: &Elasticity, seen: &[Seen]) -> f64 {
    let (today, _) = Today::new(level, seen, 1.0).level(elasticity.mean);
    let (mut squares, mut windows) = (0.0, 0.0);
    for seen in seen {
        let mean = today * seen.expected * effect(elasticity.mean, seen.exponent);
        if mean > 0.0 {
            squares += (seen.units - mean) * (seen.units - mean) / mean;
            windows += 1.0;
        }
    }
    ((squares + CALM_WINDOWS) / (windows + CALM_WINDOWS)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BELIEVED: Elasticity = Elasticity { mean: 2.2, sd: 0.7, form: Form::Exponential };

    fn seen(expected: f64, units: f64, share: f64) -> Seen {
        Seen { expected, units, exponent: exponent(Form::Exponential, share) }
    }

    fn mean(beliefs: &[Belief], of: impl Fn(&Belief) -> f64) -> f64 {
        beliefs.iter().map(|belief| belief.weight * of(belief)).sum()
    }

    #[test]
    fn the_level_lies_between_the_usual_day_and_todays_sales() {
        let calm = Method { temper: false, ..Method::default() };
        let sales = [seen(6.0, 9.0, 1.0), seen(4.0, 6.0, 1.0)];
        let beliefs = beliefs(Level::Unknown(5.0), &BELIEVED, &[], &sales, &calm);
        // Gamma(5 + 15, 5 + 10).
        assert!((mean(&beliefs, |belief| belief.level) - 20.0 / 15.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_known_is_not_learnt() {
        let known = Elasticity { sd: 0.0, ..BELIEVED };
        let sales = [seen(6.0, 30.0, 1.0)];
        let beliefs = beliefs(Level::Known, &known, &[], &sales, &Method::default());
        assert_eq!(
            beliefs,
            [Belief { weight: 1.0, elasticity: 2.2, level: 1.0, level_size: f64::INFINITY }]
        );
    }

    #[test]
    fn offers_that_sold_more_than_believed_raise_the_elasticity() {
        let elasticity = |units, sold_out| {
            let offer = PastOffer {
                discount_percent: 50.0,
                expected_units: 10.0,
                units,
                sold_out,
                scope: Scope::Sku,
            };
            let beliefs = beliefs(Level::Known, &BELIEVED, &[offer; 4], &[], &Method::default());
            mean(&beliefs, |belief| belief.elasticity)
        };
        // At 50 % off an elasticity of 2.2 sells three times as much.
        assert!((elasticity(30, false) - 2.2).abs() < 0.15, "{}", elasticity(30, false));
        assert!(elasticity(60, false) > 2.8 && elasticity(14, false) < 1.5);
        // "At least so many" says less than "so many", and only in one direction.
        assert!(elasticity(14, true) > elasticity(14, false));
        assert!(elasticity(14, true) > 2.2);
    }

    #[test]
    fn sales_that_jump_about_count_for_less() {
        let burst: Vec<Seen> = (0..24)
            .map(|window| seen(1.0, if window % 12 == 0 { 18.0 } else { 0.0 }, 1.0))
            .collect();
        let level = |temper| {
            let method = Method { temper, ..Method::default() };
            mean(&beliefs(Level::Unknown(4.0), &BELIEVED, &[], &burst, &method), |it| it.level)
        };
        assert!(
            level(true) < level(false) && level(true) > 1.0,
            "{} {}",
            level(true),
            level(false)
        );
    }
}
