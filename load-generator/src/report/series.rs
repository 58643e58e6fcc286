//! Course of a figure over the seconds of a run, with fewer points for a long run.

use crate::timings::Second;

/// Points of a line on the page, at most.
pub(super) const POINTS_MAX: usize = 300;

/// Reduction of several seconds to one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reduction {
    /// Mean, for rates and shares.
    Mean,
    /// Highest value, so that a short peak of a latency is kept.
    Highest,
}

/// Point of a line: its x and its y, `None` where nothing was measured.
pub(super) type Point = (f64, Option<f64>);

/// Returns the course of a figure in at most `points_max` points. The x of a point is the middle of
/// its seconds.
pub(super) fn course(
    seconds: &[Second],
    points_max: usize,
    reduction: Reduction,
    figure: impl Fn(&Second) -> Option<f64>,
) -> Vec<Point> {
    let length = seconds.len().div_ceil(points_max.max(1)).max(1);
    let point = |(place, chunk): (usize, &[Second])| {
        let at = (place * length) as f64 + chunk.len() as f64 / 2.0;
        let values = chunk.iter().filter_map(&figure).filter(|value| value.is_finite());
        let values: Vec<f64> = values.collect();
        (at, reduction.apply(&values))
    };
    seconds.chunks(length).enumerate().map(point).collect()
}

/// Returns the response times of a second, `None` if no request was planned for it.
pub(super) fn response(second: &Second, place: usize) -> Option<f64> {
    (second.response_ms[3] > 0.0).then_some(second.response_ms[place])
}

/// Returns the highest value of points; `None` without values.
pub(super) fn highest(points: &[Point]) -> Option<f64> {
    points.iter().filter_map(|(_, value)| *value).reduce(f64::max)
}

impl Reduction {
    fn apply(self, values: &[f64]) -> Option<f64> {
        match self {
            Self::Highest => values.iter().copied().reduce(f64::max),
            Self::Mean if values.is_empty() => None,
            Self::Mean => Some(values.iter().sum::<f64>() / values.len() as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_highest_latency_and_its_mean_rate() {
        let mut seconds = vec![Second { stored: 100, ..Second::default() }; 10_000];
        seconds[7_777].response_ms = [1.0, 2.0, 3.0, 4_321.0];
        let latency = course(&seconds, POINTS_MAX, Reduction::Highest, |s| response(s, 3));
        assert!(latency.len() <= POINTS_MAX, "{}", latency.len());
        assert_eq!(highest(&latency), Some(4_321.0));
        let at = latency.iter().find(|(_, value)| value.is_some()).map(|(at, _)| *at);
        assert!((at.unwrap() - 7_777.0).abs() <= 34.0, "{at:?}");
        let rate = course(&seconds, POINTS_MAX, Reduction::Mean, |s| Some(s.stored as f64));
        assert!(rate.iter().all(|(_, value)| *value == Some(100.0)));
    }

    #[test]
    fn a_short_run_has_a_point_each_second() {
        let seconds = vec![Second::default(); 3];
        let points = course(&seconds, POINTS_MAX, Reduction::Mean, |second| response(second, 0));
        assert_eq!(points, [(0.5, None), (1.5, None), (2.5, None)]);
        let none: &[Second] = &[];
        assert!(course(none, POINTS_MAX, Reduction::Mean, |_| Some(1.0)).is_empty());
    }
}
