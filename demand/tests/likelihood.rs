//! The likelihood of an elasticity against an integral over the level that is done by numbers.

use demand::{LevelPrior, PricedSales, effect};

/// Windows as units, expected units and exponent.
const WINDOWS: [(f64, f64, f64); 4] =
    [(3.0, 2.5, 0.0), (4.0, 3.0, 0.0), (6.0, 2.0, 0.3), (5.0, 1.5, 0.5)];

fn sales() -> PricedSales {
    let mut sales = PricedSales::default();
    WINDOWS.iter().for_each(|(units, expected, exponent)| sales.add(*units, *expected, *exponent));
    sales
}

/// Logarithm of the probability of the sales, without factorials, for a level with this prior.
fn by_numbers(size: f64, elasticity: f64) -> f64 {
    let steps = 200_000;
    let width = 20.0 / f64::from(steps);
    let density = |level: f64| {
        let log = WINDOWS.iter().map(|(units, expected, exponent)| {
            let mean = level * expected * effect(elasticity, *exponent);
            units * mean.ln() - mean
        });
        (log.sum::<f64>() + (size - 1.0) * level.ln() - size * level).exp()
    };
    let middles = (0..steps).map(|step| (f64::from(step) + 0.5) * width);
    (middles.map(density).sum::<f64>() * width).ln()
}

#[test]
fn the_level_is_integrated_out() {
    for size in [2.0, 11.0] {
        let prior = LevelPrior::Gamma(size);
        for (one, other) in [(0.5, 2.2), (2.2, 4.0)] {
            let found = sales().log_likelihood(prior, one) - sales().log_likelihood(prior, other);
            let expected = by_numbers(size, one) - by_numbers(size, other);
            assert!((found - expected).abs() < 1e-6, "{size} {one} {other}: {found} {expected}");
        }
    }
}

#[test]
fn a_known_level_leaves_poisson_sales() {
    let log = |elasticity: f64| -> f64 {
        let log = WINDOWS.iter().map(|(units, expected, exponent)| {
            let mean = expected * effect(elasticity, *exponent);
            units * mean.ln() - mean
        });
        log.sum()
    };
    let of = |elasticity| sales().log_likelihood(LevelPrior::Known, elasticity);
    assert!((of(3.0) - of(1.0) - (log(3.0) - log(1.0))).abs() < 1e-12);
}

#[test]
fn tempered_sales_have_the_same_level_with_less_certainty() {
    let prior = LevelPrior::Gamma(4.0);
    let (plain, half) = (sales().level(prior, 2.0), sales().tempered(2.0).level(prior, 2.0));
    assert_eq!((plain.size, half.size), (4.0 + 18.0, 4.0 + 9.0));
    assert!((half.mean - 1.0).abs() < (plain.mean - 1.0).abs());
}
