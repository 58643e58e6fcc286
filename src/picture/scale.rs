//! Where the marks of an axis stand, and what they say.

use super::Minute;

/// Round numbers from 0 to `highest` or just above it, some `count` of them.
pub(super) fn marks(highest: f64, count: usize) -> Vec<f64> {
    let rough = highest / count.max(1) as f64;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * magnitude);
    let step = steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let last = (highest / step).ceil() as usize;
    (0..=last).map(|index| index as f64 * step).collect()
}

/// The full hours from `from` to `until`, or every other one where there are more than `max`.
pub(super) fn hours(from: Minute, until: Minute, max: usize) -> Vec<Minute> {
    let (first, last) = ((from / 60.0).ceil() as i64, (until / 60.0).floor() as i64);
    let all = usize::try_from(last - first + 1).unwrap_or(0);
    let step = all.div_ceil(max.max(1)).max(1);
    (first..=last).step_by(step).map(|hour| hour as f64 * 60.0).collect()
}

/// A minute on the wall: `15:05`, also past midnight.
pub(super) fn clock(minute: Minute) -> String {
    let minute = (minute.round() as i64).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Moves places apart until each is at least `gap` from the next and none is outside `bounds`, as
/// far as there is room; their order stays.
pub(super) fn apart(places: &[f64], gap: f64, bounds: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    let mut moved = places.to_vec();
    let mut least = bounds.0;
    for index in &order {
        moved[*index] = moved[*index].max(least);
        least = moved[*index] + gap;
    }
    let mut most = bounds.1;
    for index in order.iter().rev() {
        moved[*index] = moved[*index].min(most);
        most = moved[*index] - gap;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_reach_the_highest() {
        assert_eq!(marks(22.0, 4), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(marks(20.0, 4), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(marks(1.0, 4), [0.0, 0.5, 1.0]);
        assert_eq!(marks(2500.0, 5).last(), Some(&2500.0));
    }

    #[test]
    fn hours_thin_out_where_there_is_no_room() {
        assert_eq!(hours(13.5 * 60.0, 16.0 * 60.0, 10), [840.0, 900.0, 960.0]);
        assert_eq!(hours(0.0, 600.0, 6).len(), 6);
        assert_eq!([clock(915.0), clock(25.0 * 60.0)], ["15:15", "01:00"]);
    }

    #[test]
    fn labels_move_apart_and_stay_inside() {
        assert_eq!(apart(&[10.0, 11.0, 12.0], 4.0, (0.0, 20.0)), [10.0, 14.0, 18.0]);
        assert_eq!(apart(&[19.0, 18.0], 4.0, (0.0, 20.0)), [20.0, 16.0]);
    }
}
