//! Measured work: what `benches/work` found, and what lies between its figures.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::prices::Exact;

/// The figures that come with the program.
const MEASURED: &str = include_str!("work.json");

/// What was measured, of what a station does.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Work {
    /// The command that measures again.
    pub(super) made_by: String,
    pub(super) measured_on: String,
    /// Whose milliseconds these are.
    pub(super) processor: String,
    /// A till's request, by its number of events.
    pub(super) requests: Vec<Request>,
    pub(super) batches: Batches,
    /// A store's afternoon and the close of its day, by its size.
    pub(super) evenings: Vec<Evening>,
    /// The real bakery, measured by itself.
    #[cfg(test)]
    pub(super) bakery: Bakery,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Request {
    pub(super) events: Exact,
    pub(super) cpu_ms: Exact,
    pub(super) records: Exact,
    pub(super) record_bytes: Exact,
    /// Each record rounded up to 1 KB.
    pub(super) record_kilobytes: Exact,
    /// Each record rounded up to 25 KB.
    pub(super) put_units: Exact,
    pub(super) body_bytes: Exact,
    pub(super) reply_bytes: Exact,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Batches {
    pub(super) stored_bytes_per_event: Exact,
    /// One store's part in a batch, by its number of events.
    pub(super) groups: Vec<Group>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    pub(super) events: Exact,
    pub(super) cpu_ms: Exact,
    pub(super) rows: Exact,
    pub(super) reads: Exact,
    pub(super) writes: Exact,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Evening {
    pub(super) items: Exact,
    pub(super) events: Exact,
    pub(super) offers: Exact,
    pub(super) offer_bytes: Exact,
    pub(super) day_row_bytes: Exact,
    pub(super) pass: Pass,
    pub(super) close: Pass,
    pub(super) close_again: Pass,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pass {
    pub(super) cpu_ms: Exact,
    pub(super) stock_reads: Exact,
    pub(super) other_reads: Exact,
    pub(super) writes: Exact,
    pub(super) calls: Exact,
}

#[cfg(test)]
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Bakery {
    pub(super) events: Exact,
    pub(super) reads: Exact,
    pub(super) writes: Exact,
}

impl Work {
    /// The figures that come with the program.
    pub(super) fn measured() -> Self {
        serde_json::from_str(MEASURED).expect("the file is part of the program and a test reads it")
    }

    /// Of a request with so many events.
    pub(super) fn request(&self, events: Decimal, of: fn(&Request) -> Exact) -> Decimal {
        between(&self.requests, events, |one| one.events, of)
    }

    /// Of one store's part in a batch, with so many events.
    pub(super) fn group(&self, events: Decimal, of: fn(&Group) -> Exact) -> Decimal {
        between(&self.batches.groups, events, |one| one.events, of)
    }

    /// Of an evening of a store with so many items.
    pub(super) fn by_items(&self, items: Decimal, of: impl Fn(&Evening) -> Exact) -> Decimal {
        between(&self.evenings, items, |one| one.items, of)
    }

    /// Of an evening of a store with so many events a day.
    pub(super) fn by_events(&self, events: Decimal, of: impl Fn(&Evening) -> Exact) -> Decimal {
        between(&self.evenings, events, |one| one.events, of)
    }
}

/// A straight line between the measured points on both sides of `x`. Below the first it goes on to
/// no less than nothing, and beyond the last with the slope of the last two.
fn between<T>(
    points: &[T],
    x: Decimal,
    at: impl Fn(&T) -> Exact,
    of: impl Fn(&T) -> Exact,
) -> Decimal {
    let (at, of) = (|point: &T| at(point).0, |point: &T| of(point).0);
    let after = points.iter().position(|point| at(point) >= x).unwrap_or(points.len() - 1).max(1);
    let (left, right) = (&points[after - 1], &points[after]);
    let slope = (of(right) - of(left)) / (at(right) - at(left));
    (of(left) + slope * (x - at(left))).max(Decimal::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_measured_points_and_straight_lines_between_them() {
        let points: Vec<(Exact, Exact)> =
            [(1, 2), (3, 6), (5, 6)].map(|(x, y)| (Exact(x.into()), Exact(y.into()))).into();
        let at = |x: &str| between(&points, x.parse().unwrap(), |point| point.0, |point| point.1);
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
        for pair in work.batches.groups.windows(2) {
            assert!(pair[0].events.0 < pair[1].events.0);
            assert!(pair[0].writes.0 < pair[1].writes.0 && pair[0].reads.0 < pair[1].reads.0);
        }
        for pair in work.requests.windows(2) {
            assert!(pair[0].record_kilobytes.0 <= pair[1].record_kilobytes.0);
        }
    }
}
