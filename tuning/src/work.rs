//! Measured work: the figures of `benches/work`, with linear interpolation between them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Figures that are compiled into the program.
const MEASURED: &str = include_str!("work.json");

/// Number of events of the store in each batch of the measured days.
const STORE_DAY_GROUP: Decimal = Decimal::TEN;

/// Work of the components, in the units that AWS charges.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Command that measures the figures again.
    pub made_by: String,
    /// Date of the measurement.
    pub measured_on: String,
    /// Processor that the milliseconds were measured on.
    pub processor: String,
    /// Work of a till's request, sorted by the number of events.
    pub requests: Vec<RequestWork>,
    /// Work of the stock processor for the events of one store in a batch, sorted by the number of
    /// events.
    pub batches: Vec<BatchGroupWork>,
    /// Work of a store's pricing and close of day, sorted by the size of the store.
    pub store_days: Vec<StoreDayWork>,
    /// Batches of a real bakery, measured apart. The tests compare the interpolation with it.
    pub bakery: BatchGroupWork,
}

/// Work of one request of a till.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestWork {
    /// Number of events in the request.
    pub events: Decimal,
    /// Processor time, in milliseconds.
    pub cpu_ms: Decimal,
    /// Number of records that the request becomes.
    pub records: Decimal,
    /// Bytes of the records, partition keys included.
    pub record_bytes: Decimal,
    /// Size of the records in KB, each record rounded up to 1 KB.
    pub record_kilobytes: Decimal,
    /// PUT payload units: size of the records, each rounded up to 25 KB.
    pub put_units: Decimal,
    /// Bytes of the request body.
    pub body_bytes: Decimal,
    /// Bytes of the response body.
    pub reply_bytes: Decimal,
}

/// Work for the events of one store in one batch.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BatchGroupWork {
    /// Number of events of the store in the batch.
    pub events: Decimal,
    /// Processor time, in milliseconds.
    pub cpu_ms: Decimal,
    /// Number of segments written.
    pub rows: Decimal,
    /// Write capacity units.
    pub writes: Decimal,
    /// Bytes of the segments in the stock log, with 100 bytes for the index of each.
    pub stored_bytes: Decimal,
}

/// Work for the pricing and the close of one store's day.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StoreDayWork {
    /// Number of items of the store.
    pub items: Decimal,
    /// Number of events in the day.
    pub events: Decimal,
    /// Number of offers published in the day.
    pub offers: Decimal,
    /// Bytes of a stored offer.
    pub offer_bytes: Decimal,
    /// Bytes of an item's row in the day table.
    pub day_row_bytes: Decimal,
    /// Bytes of the day's window rows, with 100 bytes for the index of each.
    pub window_bytes: Decimal,
    /// Work of one pricing pass.
    pub pass: PassWork,
    /// Work of a visit in opening hours: a rollup, and a look at the closed days.
    pub visit: PassWork,
    /// Work of the visit that closes the day.
    pub close: PassWork,
    /// Work of a later visit, which finds nothing new.
    pub close_again: PassWork,
}

/// Work of one pass over one store.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PassWork {
    /// Processor time, in milliseconds.
    pub cpu_ms: Decimal,
    /// Read capacity units of the stock log.
    pub stock_reads: Decimal,
    /// Read capacity units of the other tables.
    pub other_reads: Decimal,
    /// Write capacity units of window rows and of the state of the rollup.
    pub window_writes: Decimal,
    /// Other write capacity units.
    pub writes: Decimal,
    /// Number of calls of DynamoDB.
    pub calls: Decimal,
}

impl Work {
    /// Returns the figures that are compiled into the program.
    ///
    /// # Panics
    /// Never: a test reads the figures.
    #[must_use]
    pub fn measured() -> Self {
        serde_json::from_str(MEASURED).expect("a test reads the built-in figures")
    }

    /// Returns a figure of a request with `events` events.
    pub(crate) fn request(&self, events: Decimal, figure: fn(&RequestWork) -> Decimal) -> Decimal {
        interpolate(&self.requests, events, |work| work.events, figure)
    }

    /// Returns a figure of one store's part of a batch, with `events` events of the store.
    #[must_use]
    pub fn group(&self, events: Decimal, figure: fn(&BatchGroupWork) -> Decimal) -> Decimal {
        interpolate(&self.batches, events, |work| work.events, figure)
    }

    /// Returns the ratio of the bytes of an event in the stock log to those of the measured days,
    /// for batches with `events` events of a store. Reads of the log grow with it.
    pub(crate) fn log_density(&self, events: Decimal) -> Decimal {
        let of_event = |events: Decimal| self.group(events, |work| work.stored_bytes) / events;
        of_event(events) / of_event(STORE_DAY_GROUP)
    }

    /// Returns a figure of a store's day, for a store with `items` items.
    pub(crate) fn by_items(
        &self,
        items: Decimal,
        figure: impl Fn(&StoreDayWork) -> Decimal,
    ) -> Decimal {
        interpolate(&self.store_days, items, |work| work.items, figure)
    }

    /// Returns a figure of a store's day, for a store with `events` events in the day.
    pub(crate) fn by_events(
        &self,
        events: Decimal,
        figure: impl Fn(&StoreDayWork) -> Decimal,
    ) -> Decimal {
        interpolate(&self.store_days, events, |work| work.events, figure)
    }
}

/// Returns the value at `x` of the straight line between the neighbouring points. The outer lines
/// go on beyond the first and the last point; a negative value becomes 0.
fn interpolate<T>(
    points: &[T],
    x: Decimal,
    at: impl Fn(&T) -> Decimal,
    value: impl Fn(&T) -> Decimal,
) -> Decimal {
    let after = points.iter().position(|point| at(point) >= x).unwrap_or(points.len() - 1).max(1);
    let (left, right) = (&points[after - 1], &points[after]);
    let slope = (value(right) - value(left)) / (at(right) - at(left));
    (value(left) + slope * (x - at(left))).max(Decimal::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_figures_have_the_form_that_the_measurement_prints() {
        let printed = serde_json::to_string_pretty(&Work::measured()).unwrap();
        assert_eq!(printed, MEASURED.trim_end());
    }

    #[test]
    fn figures_are_measured_points_and_straight_lines_between_them() {
        let points = [(1, 2), (3, 6), (5, 6)].map(|(x, y)| (Decimal::from(x), Decimal::from(y)));
        let at =
            |x: &str| interpolate(&points, x.parse().unwrap(), |point| point.0, |point| point.1);
        assert_eq!(at("1"), Decimal::from(2));
        assert_eq!(at("2"), Decimal::from(4));
        assert_eq!(at("4"), Decimal::from(6));
        assert_eq!(at("0.5"), Decimal::from(1));
        assert_eq!(at("0"), Decimal::ZERO);
        assert_eq!(at("9"), Decimal::from(6));
    }

    #[test]
    fn more_events_are_never_less_work() {
        let work = Work::measured();
        for pair in work.batches.windows(2) {
            assert!(pair[0].events < pair[1].events);
            assert!(pair[0].writes <= pair[1].writes);
            assert!(pair[0].stored_bytes < pair[1].stored_bytes);
        }
        for pair in work.requests.windows(2) {
            assert!(pair[0].record_kilobytes <= pair[1].record_kilobytes);
        }
    }
}
