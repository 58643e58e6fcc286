//! Figures of groups, and how they differ, with intervals for what is not independent.
//!
//! A figure is a ratio of sums, such as what was sold over what there was to sell; a mean is a
//! ratio over a count. Items of one store on one day meet the same weather and customers: they are
//! one *cluster*, and only clusters are taken for independent. The variance of a ratio is that of
//! its linear part (Cochran 1977, Sampling Techniques, section 6.4), summed within clusters first
//! and scaled by G / (G - 1) for G clusters, as in cluster-robust regression (Cameron & Miller
//! 2015, Journal of Human Resources 50(2)). Intervals are of Student's t with the degrees of
//! freedom of the smaller group, which errs on the wide side where clusters are few. With one
//! observation a cluster this is Welch's comparison of two means.

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Coverage of the intervals.
const CONFIDENCE: f64 = 0.95;

/// Smallest number of clusters from which a variance can be estimated.
pub const CLUSTERS_MIN: usize = 2;

/// One observation of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Cluster within which observations may depend on one another.
    pub cluster: usize,
    /// Contribution to the numerator.
    pub amount: f64,
    /// Contribution to the denominator; 1 for a mean.
    pub size: f64,
}

/// An estimate with the interval that holds the truth in 95 of 100 such experiments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Point estimate.
    pub estimate: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Difference between two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupDifference {
    /// Treated minus control.
    pub absolute: Interval,
    /// The same as a share of the control's figure; `None` unless that is clearly above 0.
    pub relative: Option<Interval>,
}

/// Returns the ratio of a group; `None` if its denominator is 0.
#[must_use]
pub fn ratio(group: &[Observation]) -> Option<f64> {
    let size: f64 = group.iter().map(|one| one.size).sum();
    let amount: f64 = group.iter().map(|one| one.amount).sum();
    (size > 0.0).then(|| amount / size)
}

/// Returns the number of clusters of a group.
#[must_use]
pub fn clusters(group: &[Observation]) -> usize {
    group.iter().map(|one| one.cluster).collect::<BTreeSet<_>>().len()
}

/// Returns the difference between `treated` and `control`. A cluster may have observations in both.
/// `None` if a group has fewer than [`CLUSTERS_MIN`] clusters or a denominator of 0.
#[must_use]
pub fn difference(treated: &[Observation], control: &[Observation]) -> Option<GroupDifference> {
    let (treated, control) = (Linear::of(treated)?, Linear::of(control)?);
    let freedom = treated.parts.len().min(control.parts.len()) - 1;
    let quantile = quantile(freedom as f64);
    let interval = |estimate: f64, scale: f64, weight: f64| {
        let error = scale * deviation(&treated, &control, weight);
        Interval { estimate, low: estimate - quantile * error, high: estimate + quantile * error }
    };
    let absolute = interval(treated.ratio - control.ratio, 1.0, 1.0);
    // The ratio of two figures is only about as even as this when the lower one is away from 0.
    let is_above_zero = control.ratio > quantile * control.deviation();
    let relative = is_above_zero.then(|| {
        let share = treated.ratio / control.ratio;
        interval(share - 1.0, 1.0 / control.ratio, share)
    });
    Some(GroupDifference { absolute, relative })
}

/// Takes out of the amounts what a covariate explains that was there before the treatment: with
/// the slope within groups, around the mean of all. The groups' expected difference stays, and
/// becomes easier to see. Of means only: all sizes are 1.
#[must_use]
pub fn adjusted<const N: usize>(groups: [&Vec<(Observation, f64)>; N]) -> [Vec<Observation>; N] {
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, count) =
            values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        sum / f64::max(count, 1.0)
    };
    let (mut together, mut spread) = (0.0, 0.0);
    for group in groups {
        let amount = mean(&mut group.iter().map(|(one, _)| one.amount));
        let covariate = mean(&mut group.iter().map(|(_, covariate)| *covariate));
        for (one, of_one) in group {
            together += (one.amount - amount) * (of_one - covariate);
            spread += (of_one - covariate).powi(2);
        }
    }
    let slope = if spread > 0.0 { together / spread } else { 0.0 };
    let usual = mean(&mut groups.iter().flat_map(|group| group.iter().map(|(_, of_one)| *of_one)));
    groups.map(|group| {
        let less = |(one, of_one): &(Observation, f64)| Observation {
            amount: one.amount - slope * (of_one - usual),
            ..*one
        };
        group.iter().map(less).collect()
    })
}

/// A ratio with its linear part by cluster: how far each moves it.
struct Linear {
    ratio: f64,
    parts: BTreeMap<usize, f64>,
}

impl Linear {
    fn of(group: &[Observation]) -> Option<Self> {
        let ratio = ratio(group)?;
        let size: f64 = group.iter().map(|one| one.size).sum();
        let mut parts: BTreeMap<usize, f64> = BTreeMap::new();
        for one in group {
            *parts.entry(one.cluster).or_default() += (one.amount - ratio * one.size) / size;
        }
        let count = parts.len();
        if count < CLUSTERS_MIN {
            return None;
        }
        let few = (count as f64 / (count - 1) as f64).sqrt();
        parts.values_mut().for_each(|part| *part *= few);
        Some(Self { ratio, parts })
    }

    fn deviation(&self) -> f64 {
        self.parts.values().map(|part| part.powi(2)).sum::<f64>().sqrt()
    }
}

/// Of the first ratio less `weight` times the second one.
fn deviation(treated: &Linear, control: &Linear, weight: f64) -> f64 {
    let mut parts = treated.parts.clone();
    for (cluster, part) in &control.parts {
        *parts.entry(*cluster).or_default() -= weight * part;
    }
    Linear { ratio: 0.0, parts }.deviation()
}

fn quantile(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + CONFIDENCE / 2.0))
}
