//! Processor quota of a Lambda function, simulated over the trace of an invocation.
//!
//! Lambda gives a function a quota of processor time in each period. Work within the quota runs at
//! full speed; then the function stands still until the next period. A wait for another service
//! uses no quota. So short bursts between calls are not slowed by little memory, and long ones are.

use rust_decimal::Decimal;

use crate::{Step, Trace};

/// Period of the quota, in nanoseconds. Source: github.com/pwrdrvr/lambda-throttling, 2025-03-01,
/// measured on Lambda.
pub const PERIOD: u64 = 20_000_000;

/// Memory at which the quota is a whole processor, in MB. Source: Lambda developer guide,
/// "Configure Lambda function memory".
pub const WHOLE_PROCESSOR_MB: u32 = 1_769;

/// Nanoseconds of a millisecond.
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// Memory of a function in MB: its limits and its step. Source: Lambda developer guide, "Configure
/// Lambda function memory".
pub const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;

/// Processor time of one thread in each [`PERIOD`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota(u64);

/// Billed durations of the same work, one for each place in the period at which it can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledTimes {
    /// Milliseconds, ascending. There is at least one.
    sorted: Vec<u64>,
}

impl Quota {
    /// Returns the quota of a function with this memory, in MB. One thread uses at most one
    /// processor.
    #[must_use]
    pub fn of_memory(megabytes: u32) -> Self {
        let share = PERIOD * u64::from(megabytes) / u64::from(WHOLE_PROCESSOR_MB);
        Self(share.min(PERIOD))
    }

    /// Creates a quota of this many nanoseconds in each [`PERIOD`], from 1 ns to a whole processor.
    #[must_use]
    pub fn of_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds.clamp(1, PERIOD))
    }

    /// Returns the processor time in each period, in nanoseconds.
    #[must_use]
    pub fn nanoseconds(self) -> u64 {
        self.0
    }

    /// Returns the duration of an invocation in nanoseconds. It starts `phase` nanoseconds after
    /// the start of a period, with a whole quota.
    ///
    /// ```
    /// use tuning::{Quota, Trace};
    ///
    /// let quota = Quota::of_memory(128);
    /// // 128 MB are 1.447 ms of each 20 ms. A shorter burst is not slowed.
    /// assert_eq!(quota.duration(&Trace::alternating(1_400_000, 0, 0), 0), 1_400_000);
    /// // Of 2 ms, 0.553 ms wait for the next period.
    /// assert_eq!(quota.duration(&Trace::alternating(2_000_000, 0, 0), 0), 20_552_855);
    /// ```
    #[must_use]
    pub fn duration(self, trace: &Trace, phase: u64) -> u64 {
        let mut clock = Clock::start(self, phase);
        let mut answers = Vec::new();
        for step in trace.steps() {
            match *step {
                Step::Compute(work) => clock.compute(work),
                Step::Call(latency) => answers.push(clock.now + latency),
                Step::Await(call) => clock.now = clock.now.max(answers[call]),
            }
        }
        clock.now - phase
    }

    /// Returns the billed durations of invocations that start at `phases` equal distances in the
    /// period.
    ///
    /// # Panics
    /// If `phases` is 0.
    #[must_use]
    pub fn billed(self, trace: &Trace, phases: u32) -> BilledTimes {
        assert!(phases > 0, "an invocation starts somewhere in the period");
        let started = |phase: u32| u64::from(phase) * PERIOD / u64::from(phases);
        BilledTimes::from_durations((0..phases).map(|phase| self.duration(trace, started(phase))))
    }
}

/// Time of a simulated invocation, in nanoseconds since the start of its first period.
struct Clock {
    quota: u64,
    now: u64,
    period_end: u64,
    left: u64,
}

impl Clock {
    fn start(Quota(quota): Quota, phase: u64) -> Self {
        Self { quota, now: phase, period_end: (phase / PERIOD + 1) * PERIOD, left: quota }
    }

    fn compute(&mut self, mut work: u64) {
        loop {
            if self.now >= self.period_end {
                self.period_end = (self.now / PERIOD + 1) * PERIOD;
                self.left = self.quota;
            }
            let run = work.min(self.left).min(self.period_end - self.now);
            self.now += run;
            self.left -= run;
            work -= run;
            if work == 0 {
                return;
            }
            // Whole periods of nothing but this work, except the last.
            let whole = (work - 1) / self.quota;
            self.now = self.period_end + whole * PERIOD;
            work -= whole * self.quota;
        }
    }
}

impl BilledTimes {
    /// Creates the billed times of durations in nanoseconds. A started millisecond is billed.
    ///
    /// # Panics
    /// If there are no durations.
    pub fn from_durations(durations: impl Iterator<Item = u64>) -> Self {
        let mut sorted: Vec<u64> = durations.map(billed_milliseconds).collect();
        assert!(!sorted.is_empty(), "there is at least one duration");
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Merges the times of several traces, each with the same weight.
    ///
    /// # Panics
    /// If there are no times.
    pub fn merged(times: impl Iterator<Item = Self>) -> Self {
        let mut sorted: Vec<u64> = times.flat_map(|times| times.sorted).collect();
        assert!(!sorted.is_empty(), "there is at least one duration");
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Returns the mean in milliseconds: many invocations are billed so much each.
    #[must_use]
    pub fn mean(&self) -> Decimal {
        let sum: u64 = self.sorted.iter().sum();
        Decimal::from(sum) / Decimal::from(self.sorted.len())
    }

    /// Returns the mean in milliseconds without the lowest and the highest fifth, which single
    /// pauses of a network do not move.
    #[must_use]
    pub fn trimmed_mean(&self) -> f64 {
        let left_out = self.sorted.len() / 5;
        let kept = &self.sorted[left_out..self.sorted.len() - left_out];
        kept.iter().sum::<u64>() as f64 / kept.len() as f64
    }

    /// Returns the smallest time in milliseconds that `percent` percent of all times do not exceed.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> u64 {
        let rank = (self.sorted.len() * usize::from(percent)).div_ceil(100).max(1);
        self.sorted[rank.min(self.sorted.len()) - 1]
    }
}

fn billed_milliseconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(MILLISECOND).max(1)
}
