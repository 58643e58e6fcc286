//! Axes: the place of a value between two ends, and ticks at round values.

use super::numbers::number;

/// Steps of ticks of a time axis, in seconds.
const TIME_STEPS: [f64; 16] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0,
    21_600.0, 43_200.0, 86_400.0,
];
/// Lowest and highest value of a logarithmic axis.
const LOG_BOUNDS: (f64, f64) = (1e-3, 1e12);

/// Axis of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// Unit of the labels.
    pub(super) unit: &'static str,
    /// Ticks in ascending order.
    pub(super) ticks: Vec<Tick>,
    low: f64,
    high: f64,
    is_log: bool,
}

/// Tick of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Value.
    pub(super) at: f64,
    /// Label without a unit.
    pub(super) label: String,
}

impl Axis {
    /// Creates an axis from 0 to the first tick that is not below `highest`.
    pub(super) fn linear(unit: &'static str, highest: f64, ticks: usize) -> Self {
        let highest = if highest.is_finite() && highest > 0.0 { highest } else { 1.0 };
        let step = round_up(highest / ticks.max(1) as f64);
        let last = (highest / step - 1e-9).ceil().max(1.0);
        let ticks = (0..=last as u32).map(|place| Tick::number(f64::from(place) * step));
        Self { unit, ticks: ticks.collect(), low: 0.0, high: last * step, is_log: false }
    }

    /// Creates a logarithmic axis around the positive values. Its ends are 1, 2 or 5 times a power
    /// of ten.
    pub(super) fn log(unit: &'static str, values: impl Iterator<Item = f64>, ticks: usize) -> Self {
        let is_shown = |value: &f64| value.is_finite() && *value > 0.0;
        let values = values.filter(is_shown).map(|value| value.clamp(LOG_BOUNDS.0, LOG_BOUNDS.1));
        let ends = values.fold(None, |ends: Option<(f64, f64)>, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        let (low, high) = ends.unwrap_or((1.0, 10.0));
        let (low, high) = (round_down(low), round_up(high));
        let high = if high < low * 5.0 { low * 10.0 } else { high };
        let ticks = log_ticks(low, high, ticks.max(2)).into_iter().map(Tick::number).collect();
        Self { unit, ticks, low, high, is_log: true }
    }

    /// Creates an axis of the time after the start of a run, in seconds, minutes or hours.
    pub(super) fn time(end_s: f64, ticks: usize) -> Self {
        let end_s = if end_s.is_finite() && end_s > 0.0 { end_s } else { 1.0 };
        let rough = end_s / ticks.max(1) as f64;
        let step = TIME_STEPS.into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or_else(|| round_up(rough));
        let (unit, unit_s) = match end_s {
            0.0..=600.0 => ("seconds after the start", 1.0),
            ..=14_400.0 => ("minutes after the start", 60.0),
            _ => ("hours after the start", 3_600.0),
        };
        let ticks = (0..=(end_s / step) as u32).map(|place| {
            let at = f64::from(place) * step;
            Tick { at, label: number(at / unit_s) }
        });
        Self { unit, ticks: ticks.collect(), low: 0.0, high: end_s, is_log: false }
    }

    /// Creates an axis of the number of nines of a percentile, from p50 to `most`.
    pub(super) fn nines(most: f64) -> Self {
        let low = 2_f64.log10();
        let high = if most.is_finite() { most.max(2.0) } else { 2.0 };
        let labels = ["p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "p99.9999", "p99.99999"];
        let ticks = labels.iter().zip(0..).map(|(label, place)| Tick {
            at: if place == 0 { low } else { f64::from(place) },
            label: (*label).to_owned(),
        });
        let ticks = ticks.filter(|tick| tick.at <= high + 1e-9).collect();
        Self { unit: "percentile", ticks, low, high, is_log: false }
    }

    /// Returns the place of a value, from 0 at the low end to 1 at the high end. A value outside
    /// is at the nearer end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }
}

impl Tick {
    fn number(at: f64) -> Self {
        Self { at, label: number(at) }
    }
}

/// Returns all values of 1, 2 and 5 times a power of ten, or every n-th power of ten if those are
/// more than `most`.
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let is_inside = |value: &f64| *value >= low * 0.999 && *value <= high * 1.001;
    let powers: Vec<f64> =
        (first..=last).map(|power| 10_f64.powi(power)).filter(is_inside).collect();
    let all = (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|n| n * 10_f64.powi(power)));
    let all: Vec<f64> = all.filter(is_inside).collect();
    if all.len() <= most || powers.len() < 2 {
        return all;
    }
    let step = powers.len().div_ceil(most);
    powers.into_iter().step_by(step).collect()
}

/// Returns the lowest of 1, 2 and 5 times a power of ten that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value * 0.999_999).unwrap_or(value)
}

/// Returns the highest of 1, 2 and 5 times a power of ten that is not above `value`.
fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [5.0, 2.0, 1.0].map(|step| step * power);
    steps.into_iter().find(|step| *step <= value * 1.000_001).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| &*tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::linear("", 512.0, 4)), ["0", "200", "400", "600"]);
        assert_eq!(labels(&Axis::linear("", 0.0, 4)), ["0", "0.5", "1"]);
        assert_eq!(labels(&Axis::time(60.0, 6)), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(labels(&Axis::time(10_000.0, 6)), ["0", "30", "60", "90", "120", "150"]);
        assert_eq!(
            labels(&Axis::log("", [3.0, 40.0].into_iter(), 6)),
            ["2", "5", "10", "20", "50"]
        );
        let decades = Axis::log("", [0.3, 40_000.0].into_iter(), 6);
        assert_eq!(labels(&decades), ["1", "10", "100", "1,000", "10,000"]);
        assert_eq!(labels(&Axis::nines(3.5)), ["p50", "p90", "p99", "p99.9"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn every_value_and_tick_has_a_place(value in any::<f64>(), other in any::<f64>()) {
            for axis in [
                Axis::linear("", value, 5),
                Axis::log("", [value, other].into_iter(), 6),
                Axis::time(value.min(1e9), 6),
                Axis::nines(value),
            ] {
                prop_assert!((1..=40).contains(&axis.ticks.len()), "{axis:?}");
                let ticks = axis.ticks.iter().map(|tick| tick.at);
                for at in ticks.chain([value, other, 0.0]) {
                    prop_assert!((0.0..=1.0).contains(&axis.share(at)), "{at} on {axis:?}");
                }
            }
        }
    }
}
