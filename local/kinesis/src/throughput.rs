//! Throughput budgets of a shard per second, as token buckets. The caller passes the time.
//!
//! Levels are in unit-nanoseconds, so a refill is exact integer arithmetic. Written by hand:
//! limiter crates such as `governor` read a clock themselves and allow no debt.

use domain::limits::{
    SHARD_READ_BYTES_PER_SECOND, SHARD_READ_CALLS_PER_SECOND, SHARD_WRITE_BYTES_PER_SECOND,
    SHARD_WRITE_RECORDS_PER_SECOND,
};
use tokio::time::Instant;

const SECOND_NS: i128 = 1_000_000_000;

/// Token bucket with the capacity of one second. The level may be negative: a debt that a refill
/// pays first.
#[derive(Debug)]
struct Bucket {
    per_second: i128,
    level: i128,
    filled_at: Instant,
}

impl Bucket {
    fn full(per_second: usize, now: Instant) -> Self {
        let per_second = per_second as i128;
        Self { per_second, level: per_second * SECOND_NS, filled_at: now }
    }

    fn refill(&mut self, now: Instant) {
        let elapsed_ns = now.saturating_duration_since(self.filled_at).as_nanos() as i128;
        self.level = (self.level + elapsed_ns * self.per_second).min(self.per_second * SECOND_NS);
        self.filled_at = self.filled_at.max(now);
    }

    fn holds(&self, units: usize) -> bool {
        self.level >= units as i128 * SECOND_NS
    }

    fn spend(&mut self, units: usize) {
        self.level -= units as i128 * SECOND_NS;
    }
}

/// Budget for writes to a shard: records and bytes per second.
#[derive(Debug)]
pub(crate) struct WriteBudget {
    records: Bucket,
    bytes: Bucket,
}

impl WriteBudget {
    /// Creates a full budget.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            records: Bucket::full(SHARD_WRITE_RECORDS_PER_SECOND as usize, now),
            bytes: Bucket::full(SHARD_WRITE_BYTES_PER_SECOND, now),
        }
    }

    /// Takes one record of `bytes` (data and key) from the budget. Returns `false`, and takes
    /// nothing, if the budget does not suffice.
    pub(crate) fn take(&mut self, bytes: usize, now: Instant) -> bool {
        self.records.refill(now);
        self.bytes.refill(now);
        let room = self.records.holds(1) && self.bytes.holds(bytes);
        if room {
            self.records.spend(1);
            self.bytes.spend(bytes);
        }
        room
    }
}

/// Budget for reads of a shard: calls and bytes per second. One call may return more bytes than one
/// second allows (up to 10 MiB). Later calls fail until the debt is refilled, as at AWS.
#[derive(Debug)]
pub(crate) struct ReadBudget {
    calls: Bucket,
    bytes: Bucket,
}

impl ReadBudget {
    /// Creates a full budget.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            calls: Bucket::full(SHARD_READ_CALLS_PER_SECOND as usize, now),
            bytes: Bucket::full(SHARD_READ_BYTES_PER_SECOND, now),
        }
    }

    /// Takes one call from the budget. Returns `false`, and takes nothing, if it does not suffice.
    pub(crate) fn take_call(&mut self, now: Instant) -> bool {
        self.calls.refill(now);
        self.bytes.refill(now);
        let room = self.calls.holds(1) && self.bytes.holds(1);
        if room {
            self.calls.spend(1);
        }
        room
    }

    /// Takes the bytes of a response from the budget, which may leave a debt.
    pub(crate) fn spend_bytes(&mut self, bytes: usize) {
        self.bytes.spend(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_shard_accepts_a_thousand_records_and_then_one_each_millisecond() {
        let start = Instant::now();
        let mut budget = WriteBudget::new(start);
        assert_eq!((0..2_000).filter(|_| budget.take(1, start)).count(), 1_000);
        let later = start + Duration::from_millis(7);
        assert_eq!((0..2_000).filter(|_| budget.take(1, later)).count(), 7);
    }

    #[test]
    fn the_largest_record_fits_a_full_budget_once() {
        let start = Instant::now();
        let mut budget = WriteBudget::new(start);
        assert!(budget.take(domain::limits::RECORD_BYTES_MAX, start));
        assert!(!budget.take(1, start));
        assert!(budget.take(1, start + Duration::from_millis(1)));
    }

    #[test]
    fn a_refused_record_costs_nothing() {
        let start = Instant::now();
        let mut budget = WriteBudget::new(start);
        assert!(budget.take(SHARD_WRITE_BYTES_PER_SECOND - 10, start));
        assert!(!budget.take(11, start));
        assert!(budget.take(10, start));
    }

    #[test]
    fn five_calls_a_second_are_answered() {
        let start = Instant::now();
        let mut budget = ReadBudget::new(start);
        assert_eq!((0..12).filter(|_| budget.take_call(start)).count(), 5);
        assert!(budget.take_call(start + Duration::from_millis(200)));
    }

    #[test]
    fn a_large_read_is_refilled_before_the_next() {
        let start = Instant::now();
        let mut budget = ReadBudget::new(start);
        assert!(budget.take_call(start));
        budget.spend_bytes(5 * SHARD_READ_BYTES_PER_SECOND);
        assert!(!budget.take_call(start + Duration::from_secs(4)));
        assert!(budget.take_call(start + Duration::from_secs(5)));
    }

    #[test]
    fn a_clock_that_goes_back_refills_nothing() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut budget = ReadBudget::new(start);
        while budget.take_call(start) {}
        assert!(!budget.take_call(start - Duration::from_secs(30)));
        assert!(!budget.take_call(start));
    }
}
