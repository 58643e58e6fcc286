//! Beliefs about today: today's level and the elasticity after offers and sales.

use demand::{
    Belief, DayLevel, Elasticity, Learning, LevelPrior, OfferScope, PastOffer, ResponseForm,
    WindowSales, beliefs, exponent,
};

const PRIOR: Elasticity = Elasticity { mean: 2.2, sd: 0.7, form: ResponseForm::Exponential };

fn window(expected: f64, units: f64, share: f64) -> WindowSales {
    WindowSales { expected, units, exponent: exponent(ResponseForm::Exponential, share) }
}

fn mean(beliefs: &[Belief], of: impl Fn(&Belief) -> f64) -> f64 {
    beliefs.iter().map(|belief| belief.weight * of(belief)).sum()
}

#[test]
fn the_level_lies_between_the_usual_day_and_todays_sales() {
    let calm = Learning { temper: false, ..Learning::default() };
    let sales = [window(6.0, 9.0, 1.0), window(4.0, 6.0, 1.0)];
    let beliefs = beliefs(LevelPrior::Gamma(5.0), &PRIOR, &[], &sales, &calm);
    // Gamma(5 + 15, 5 + 10).
    assert!((mean(&beliefs, |belief| belief.level.mean) - 20.0 / 15.0).abs() < 1e-12);
}

#[test]
fn a_known_level_and_elasticity_do_not_change() {
    let known = Elasticity { sd: 0.0, ..PRIOR };
    let sales = [window(6.0, 30.0, 1.0)];
    let beliefs = beliefs(LevelPrior::Known, &known, &[], &sales, &Learning::default());
    assert_eq!(beliefs, [Belief { weight: 1.0, elasticity: 2.2, level: DayLevel::USUAL }]);
}

#[test]
fn offers_that_sold_more_than_believed_raise_the_elasticity() {
    let elasticity = |units, sold_out| {
        let offer = PastOffer {
            discount_percent: 50.0,
            expected_units: 10.0,
            units,
            sold_out,
            scope: OfferScope::Sku,
        };
        let beliefs = beliefs(LevelPrior::Known, &PRIOR, &[offer; 4], &[], &Learning::default());
        mean(&beliefs, |belief| belief.elasticity)
    };
    // At 50 % off an elasticity of 2.2 sells three times as much.
    assert!((elasticity(30, false) - 2.2).abs() < 0.15, "{}", elasticity(30, false));
    assert!(elasticity(60, false) > 2.8 && elasticity(14, false) < 1.5);
    // "At least 14" says less than "14", and only in one direction.
    assert!(elasticity(14, true) > elasticity(14, false));
    assert!(elasticity(14, true) > 2.2);
}

#[test]
fn sales_in_bursts_count_for_less() {
    let burst: Vec<WindowSales> =
        (0..24).map(|number| window(1.0, if number % 12 == 0 { 18.0 } else { 0.0 }, 1.0)).collect();
    let level = |temper| {
        let learning = Learning { temper, ..Learning::default() };
        let beliefs = beliefs(LevelPrior::Gamma(4.0), &PRIOR, &[], &burst, &learning);
        mean(&beliefs, |belief| belief.level.mean)
    };
    let (tempered, plain) = (level(true), level(false));
    assert!(1.0 < tempered && tempered < plain, "{tempered} {plain}");
}

#[test]
fn an_uncertain_elasticity_gives_three_beliefs_and_a_part_that_is_off_gives_one() {
    let sales = [window(5.0, 5.0, 1.0), window(5.0, 14.0, 0.6)];
    let of = |learning: &Learning| beliefs(LevelPrior::Gamma(9.0), &PRIOR, &[], &sales, learning);
    let all = Learning::default();
    let three = of(&all);
    assert_eq!(three.iter().map(|belief| belief.weight).collect::<Vec<_>>(), [0.25, 0.5, 0.25]);
    assert!(three.is_sorted_by(|one, next| one.elasticity < next.elasticity));
    // The deeper response explains the second window, so the day itself counts as weaker.
    assert!(three.is_sorted_by(|one, next| one.level.mean > next.level.mean));
    let one = of(&Learning { average_response: false, ..all });
    assert!((one[0].elasticity - mean(&three, |belief| belief.elasticity)).abs() < 1e-9);
    assert_eq!(of(&Learning { response: false, ..all })[0].elasticity, PRIOR.mean);
    assert!(
        of(&Learning { level: false, ..all }).iter().all(|belief| belief.level == DayLevel::USUAL)
    );
}
