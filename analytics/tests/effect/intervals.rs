//! The intervals of `daymark effect`: equal to what a textbook says of small samples, and right as
//! often as they claim to be.

use analytics::effect::statistics::{
    GroupDifference, Interval, Observation, adjusted, clusters, difference, ratio,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn alone(amounts: &[f64], first: usize) -> Vec<Observation> {
    let observations = amounts.iter().zip(first..);
    observations.map(|(amount, cluster)| of(cluster, *amount, 1.0)).collect()
}

fn of(cluster: usize, amount: f64, size: f64) -> Observation {
    Observation { cluster, amount, size }
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found}, not {expected}");
}

#[test]
fn one_observation_a_cluster_is_welchs_comparison() {
    let (treated, control) = (alone(&[1.0, 2.0, 3.0, 4.0, 5.0], 0), alone(&[2.0, 4.0, 6.0], 9));
    let GroupDifference { absolute: Interval { estimate, low, high }, relative } =
        difference(&treated, &control).expect("enough clusters");
    // Means 3 and 4, variances 2.5 and 4, and t of two degrees of freedom at 0.975.
    let half = 4.302_652_7 * (2.5 / 5.0 + 4.0 / 3.0_f64).sqrt();
    near(estimate, -1.0);
    near(low, -1.0 - half);
    near(high, -1.0 + half);
    // Three observations from 2 to 6 do not say that the control's mean is above 0.
    assert_eq!(relative, None);
}

#[test]
fn items_of_one_cluster_count_as_one() {
    // Sold of what there was. Clusters 1 and 2 are treated, 3 and 4 are control.
    let treated = [of(1, 6.0, 10.0), of(1, 9.0, 10.0), of(2, 5.0, 10.0)];
    let control = [of(3, 4.0, 10.0), of(4, 8.0, 20.0), of(4, 3.0, 10.0)];
    near(ratio(&treated).unwrap(), 20.0 / 30.0);
    near(ratio(&control).unwrap(), 15.0 / 40.0);
    assert_eq!([clusters(&treated), clusters(&control)], [2, 2]);
    let found = difference(&treated, &control).unwrap();
    // By hand: (15 - 20 * 2/3) / 30 and its opposite; (4 - 10 * 3/8) / 40 and its opposite; each
    // times the root of 2 / 1; t of one degree of freedom.
    let (in_treated, in_control) = (5.0 / 3.0 / 30.0_f64, 0.25 / 40.0_f64);
    let error = (4.0 * (in_treated * in_treated + in_control * in_control)).sqrt();
    near(found.absolute.estimate, 20.0 / 30.0 - 15.0 / 40.0);
    near(found.absolute.high - found.absolute.estimate, 12.706_204_7 * error);
    // 3/8 is above 12.7 times its own error of 0.0125, so the share can be told.
    let relative = found.relative.expect("the control's figure is above 0");
    let share = 16.0 / 9.0;
    near(relative.estimate, share - 1.0);
    let error = (4.0 * (in_treated.powi(2) + (share * in_control).powi(2))).sqrt() / 0.375;
    near(relative.high - relative.estimate, 12.706_204_7 * error);
}

#[test]
fn a_cluster_in_both_groups_takes_its_own_level_out() {
    // Days of very different level, each with a treated and a control half: the level cancels.
    let treated = alone(&[11.0, 21.0, 31.5, 41.0], 0);
    let control = alone(&[10.0, 20.0, 30.0, 40.0], 0);
    let together = difference(&treated, &control).unwrap().absolute;
    let apart = difference(&treated, &alone(&[10.0, 20.0, 30.0, 40.0], 9)).unwrap().absolute;
    near(together.estimate, apart.estimate);
    assert!(together.high - together.low < (apart.high - apart.low) / 20.0);
}

#[test]
fn one_cluster_a_group_says_nothing() {
    let one_day = [of(1, 6.0, 1.0), of(1, 9.0, 1.0)];
    assert_eq!(difference(&one_day, &alone(&[1.0, 2.0], 5)), None);
    assert_eq!(difference(&alone(&[1.0, 2.0], 5), &one_day), None);
    assert_eq!(difference(&[], &[]), None);
    assert_eq!(ratio(&[of(1, 0.0, 0.0)]), None);
}

#[test]
fn a_covariate_that_explains_everything_leaves_the_effect() {
    // The amount is twice the covariate, and one more where treated.
    let pair = |cluster, covariate: f64, effect: f64| {
        (of(cluster, 2.0 * covariate + effect, 1.0), covariate)
    };
    let treated: Vec<_> = (0..6).map(|day| pair(day, day as f64 * 3.0, 1.0)).collect();
    let control: Vec<_> = (6..12).map(|day| pair(day, day as f64, 0.0)).collect();
    let [treated, control] = adjusted([&treated, &control]);
    let found = difference(&treated, &control).unwrap().absolute;
    near(found.estimate, 1.0);
    assert!(found.high - found.low < 1e-9, "{found:?}");
}

/// An experiment with store-days of their own level, categories of one store-day in both groups,
/// sizes that vary, and a true effect.
fn experiment(random: &mut ChaCha8Rng, adjusts: bool) -> GroupDifference {
    let normal =
        |random: &mut ChaCha8Rng| (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let mut groups = [Vec::new(), Vec::new()];
    for store_day in 0..40 {
        let level = 10.0 + 2.0 * normal(random);
        for _category in 0..3 {
            let is_control = random.random::<f64>() < 0.3;
            for _item in 0..4 {
                let stock = 5.0 + 5.0 * random.random::<f64>();
                let effect = if is_control { 0.0 } else { EFFECT };
                let amount = level + stock + effect + normal(random);
                let one = of(store_day, amount, 1.0);
                groups[usize::from(is_control)].push((one, stock));
            }
        }
    }
    let plain = |group: &Vec<(Observation, f64)>| group.iter().map(|(one, _)| *one).collect();
    let [treated, control] = if adjusts {
        adjusted([&groups[0], &groups[1]])
    } else {
        [&groups[0], &groups[1]].map(plain)
    };
    difference(&treated, &control).expect("enough clusters")
}

const EFFECT: f64 = 1.5;
const EXPERIMENTS: usize = 400;

#[test]
fn the_interval_holds_the_truth_about_as_often_as_it_says() {
    const SEED: u64 = 20_260_312;
    let mut widths = Vec::new();
    for adjusts in [false, true] {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let mut held = 0;
        let (mut sum, mut width) = (0.0, 0.0);
        for _ in 0..EXPERIMENTS {
            let Interval { estimate, low, high } = experiment(&mut random, adjusts).absolute;
            held += usize::from((low..=high).contains(&EFFECT));
            sum += estimate;
            width += high - low;
        }
        let held = held as f64 / EXPERIMENTS as f64;
        assert!((0.92..=0.98).contains(&held), "{held} of seed {SEED}, adjusted: {adjusts}");
        let mean = sum / EXPERIMENTS as f64;
        assert!((mean - EFFECT).abs() < 0.1, "{mean} of seed {SEED}, adjusted: {adjusts}");
        widths.push(width);
    }
    assert!(widths[1] < widths[0], "{widths:?}");
}
