//! Figures of a contest: means with their standard errors.

use crate::contest::{Contest, DayOutcome, WorldResults};
use crate::policy::PricePolicy;

/// Mean with its standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MeanWithError {
    /// Mean.
    pub mean: f64,
    /// Standard error.
    pub error: f64,
}

/// Figures of one policy in one world, or averaged over all worlds.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyFigures {
    /// Name of the world; `average` for the mean of the relative figures of all worlds.
    pub world: &'static str,
    /// Name of the policy.
    pub policy: &'static str,
    /// Revenue plus salvage of an item's afternoon, in the currency; `None` for the average.
    pub value: Option<MeanWithError>,
    /// Value relative to the best fixed rule, minus 1, in percent.
    pub over_best_fixed: MeanWithError,
    /// Value relative to full information, in percent.
    pub of_full_information: MeanWithError,
    /// Units left relative to a day without discounts, minus 1, in percent.
    pub waste_change: MeanWithError,
    /// Units left, as a share of the units at the first decision, in percent.
    pub left: f64,
    /// Mean discount of the units sold in the afternoon, in percent.
    pub discount: f64,
    /// Share of days that end with an empty shelf, of the days with units at the first decision, in
    /// percent.
    pub sold_out: f64,
    /// Price changes per day.
    pub changes: f64,
    /// Number of broken rules.
    pub broken: u64,
}

impl PolicyFigures {
    /// Returns the figures as text with their names, each with its significant digits. A mean is
    /// followed by its standard error, whose name ends with `_error`. Figures that the average
    /// lacks are empty.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, String); 15] {
        let [over, over_error] = self.over_best_fixed.texts(1);
        let [of, of_error] = self.of_full_information.texts(1);
        let [waste, waste_error] = self.waste_change.texts(1);
        let [value, value_error] = self.value.map_or_else(Default::default, |value| value.texts(2));
        [
            ("world", self.world.to_owned()),
            ("policy", self.policy.to_owned()),
            ("value", value),
            ("value_error", value_error),
            ("over_best_fixed_%", over),
            ("over_best_fixed_%_error", over_error),
            ("of_full_information_%", of),
            ("of_full_information_%_error", of_error),
            ("waste_change_%", waste),
            ("waste_change_%_error", waste_error),
            ("left_%", format!("{:.1}", self.left)),
            ("discount_%", format!("{:.1}", self.discount)),
            ("sold_out_%", format!("{:.0}", self.sold_out)),
            ("changes", format!("{:.2}", self.changes)),
            ("broken", self.broken.to_string()),
        ]
    }
}

/// Policies that others are compared with. Every contest needs them.
pub const MEASURES: [PricePolicy; 3] =
    [PricePolicy::None, PricePolicy::BestFixed, PricePolicy::FullInformation];

/// Returns a line for each world and policy, and a line for each policy's average over the worlds.
///
/// # Panics
/// Panics if the contest lacks one of [`MEASURES`].
#[must_use]
pub fn figures(contest: &Contest, results: &[WorldResults]) -> Vec<PolicyFigures> {
    let place = |policy: PricePolicy| {
        let place = contest.policies.iter().position(|other| *other == policy);
        place.expect("a contest has the policies that others are measured by")
    };
    let [none, best_fixed, full_information] = MEASURES.map(place);
    let of_world = |result: &WorldResults| -> Vec<PolicyFigures> {
        let policies = contest.policies.iter().zip(&result.outcomes);
        let line = policies.map(|(policy, outcomes)| {
            let against = |other: usize| ratio(outcomes, &result.outcomes[other], value);
            let sold = total(outcomes, |outcome| (outcome.on_hand_first - outcome.left) as f64);
            let stocked = outcomes.iter().filter(|outcome| outcome.on_hand_first > 0);
            let empty = stocked.clone().filter(|outcome| outcome.left == 0).count();
            let over_best_fixed = against(best_fixed);
            let waste = ratio(outcomes, &result.outcomes[none], left);
            PolicyFigures {
                world: result.world,
                policy: policy.name(),
                value: Some(mean(outcomes)),
                over_best_fixed: less_one(over_best_fixed).percent(),
                of_full_information: against(full_information).percent(),
                waste_change: less_one(waste).percent(),
                left: 100.0 * total(outcomes, left) / total(outcomes, first),
                discount: total(outcomes, |outcome| outcome.discounts as f64) / sold.max(1.0),
                sold_out: 100.0 * empty as f64 / (stocked.count() as f64).max(1.0),
                changes: total(outcomes, |outcome| outcome.changes as f64) / outcomes.len() as f64,
                broken: outcomes.iter().map(|outcome| outcome.broken.len() as u64).sum(),
            }
        });
        line.collect()
    };
    let worlds: Vec<Vec<PolicyFigures>> = results.iter().map(of_world).collect();
    let averages: Vec<PolicyFigures> =
        (0..contest.policies.len()).map(|policy| average(&worlds, policy)).collect();
    worlds.into_iter().flatten().chain(averages).collect()
}

fn average(worlds: &[Vec<PolicyFigures>], policy: usize) -> PolicyFigures {
    let lines = || worlds.iter().map(|world| &world[policy]);
    let count = worlds.len() as f64;
    let mean = |figure: fn(&PolicyFigures) -> f64| lines().map(figure).sum::<f64>() / count;
    // The days of different worlds are independent, so the variances add up.
    let estimate = |figure: fn(&PolicyFigures) -> MeanWithError| MeanWithError {
        mean: lines().map(|line| figure(line).mean).sum::<f64>() / count,
        error: lines().map(|line| figure(line).error.powi(2)).sum::<f64>().sqrt() / count,
    };
    PolicyFigures {
        world: "average",
        policy: worlds[0][policy].policy,
        value: None,
        over_best_fixed: estimate(|line| line.over_best_fixed),
        of_full_information: estimate(|line| line.of_full_information),
        waste_change: estimate(|line| line.waste_change),
        left: mean(|line| line.left),
        discount: mean(|line| line.discount),
        sold_out: mean(|line| line.sold_out),
        changes: mean(|line| line.changes),
        broken: lines().map(|line| line.broken).sum(),
    }
}

impl MeanWithError {
    fn texts(self, places: usize) -> [String; 2] {
        [self.mean, self.error].map(|number| {
            let text = format!("{number:.places$}");
            // Minus zero is printed as zero.
            if text.trim_start_matches(['-', '0', '.']).is_empty() {
                text.trim_start_matches('-').to_owned()
            } else {
                text
            }
        })
    }

    fn percent(self) -> Self {
        Self { mean: self.mean * 100.0, error: self.error * 100.0 }
    }
}

fn less_one(ratio: MeanWithError) -> MeanWithError {
    MeanWithError { mean: ratio.mean - 1.0, ..ratio }
}

fn value(outcome: &DayOutcome) -> f64 {
    outcome.value as f64
}

fn left(outcome: &DayOutcome) -> f64 {
    outcome.left as f64
}

fn first(outcome: &DayOutcome) -> f64 {
    outcome.on_hand_first as f64
}

fn total(outcomes: &[DayOutcome], figure: impl Fn(&DayOutcome) -> f64) -> f64 {
    outcomes.iter().map(figure).sum()
}

/// Returns the mean value in the currency.
fn mean(outcomes: &[DayOutcome]) -> MeanWithError {
    let count = outcomes.len() as f64;
    let mean = total(outcomes, value) / count;
    let square = total(outcomes, |outcome| (value(outcome) - mean).powi(2));
    let error = (square / (count - 1.0).max(1.0) / count).sqrt();
    MeanWithError { mean: mean / 100.0, error: error / 100.0 }
}

/// Returns the ratio of two means over the same days, with its first-order error (the delta
/// method). Most of the chance cancels because the customers are the same.
fn ratio(
    over: &[DayOutcome],
    under: &[DayOutcome],
    figure: fn(&DayOutcome) -> f64,
) -> MeanWithError {
    let count = over.len() as f64;
    let base = total(under, figure);
    let ratio = total(over, figure) / base;
    let rest = |(over, under): (&DayOutcome, &DayOutcome)| figure(over) - ratio * figure(under);
    let square: f64 = over.iter().zip(under).map(rest).map(|rest| rest * rest).sum();
    let error = (square * count / (count - 1.0).max(1.0)).sqrt() / base;
    MeanWithError { mean: ratio, error }
}
