//! Marks of an axis: their positions and labels.

/// Returns about `count` round numbers from 0 to the first one not below `highest`.
pub(crate) fn marks(highest: f64, count: usize) -> Vec<f64> {
    let rough = highest / count.max(1) as f64;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * magnitude);
    let step = steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let last = (highest / step).ceil() as usize;
    (0..=last).map(|index| index as f64 * step).collect()
}

/// Returns the full hours from `start` to `end`, in minutes. At most `max` hours, evenly spaced.
pub(crate) fn hours(start: f64, end: f64, max: usize) -> Vec<f64> {
    let (first, last) = ((start / 60.0).ceil() as i64, (end / 60.0).floor() as i64);
    let all = usize::try_from(last - first + 1).unwrap_or(0);
    let step = all.div_ceil(max.max(1)).max(1);
    (first..=last).step_by(step).map(|hour| hour as f64 * 60.0).collect()
}

/// Formats a time as on a clock, like `15:05`, also past midnight.
pub(crate) fn clock(minute: f64) -> String {
    let minute = (minute.round() as i64).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Moves positions until neighbours are at least `gap` apart and all are inside `bounds`, as far as
/// there is room. The order stays the same.
pub(crate) fn spread(positions: &[f64], gap: f64, bounds: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by(|a, b| positions[*a].total_cmp(&positions[*b]));
    let mut moved = positions.to_vec();
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
    fn hours_are_left_out_where_there_is_no_room() {
        assert_eq!(hours(13.5 * 60.0, 16.0 * 60.0, 10), [840.0, 900.0, 960.0]);
        assert_eq!(hours(0.0, 600.0, 6).len(), 6);
        assert_eq!([clock(915.0), clock(25.0 * 60.0)], ["15:15", "01:00"]);
    }

    #[test]
    fn labels_move_apart_and_stay_inside() {
        assert_eq!(spread(&[10.0, 11.0, 12.0], 4.0, (0.0, 20.0)), [10.0, 14.0, 18.0]);
        assert_eq!(spread(&[19.0, 18.0], 4.0, (0.0, 20.0)), [20.0, 16.0]);
    }
}
