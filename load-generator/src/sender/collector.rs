//! Times, outcomes and totals of a run while it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Answer, Prepared};
use crate::outcomes::{EventOutcome, Outcomes};
use crate::run_record::Totals;
use crate::timings::{Second, Timings};

/// Differences between answers and requests that are kept in words.
const MISMATCHED_MAX: usize = 20;
/// Kinds of errors that are kept apart.
const ERRORS_MAX: usize = 50;
/// Kind of all other errors.
const OTHER_ERRORS: &str = "other errors";

/// What was seen of a run so far.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// Times of all requests.
    pub timings: Timings,
    /// Totals.
    pub totals: Totals,
    /// Outcomes of the requests.
    pub outcomes: Outcomes,
    /// Differences between answers and requests.
    pub mismatched: Vec<String>,
    /// Number of all these differences.
    pub mismatches: u64,
    /// Errors with their numbers.
    pub errors: BTreeMap<String, u64>,
}

/// Collector of one run.
#[derive(Debug, Default)]
pub struct Collector {
    /// What was seen so far.
    pub collected: Collected,
    /// Figures by second of the run.
    seconds: Vec<CollectedSecond>,
    open: u64,
    /// Planned instants of the probes that were not yet seen, in microseconds.
    open_probes: BTreeSet<u64>,
    /// Offset of the last answer, in microseconds.
    now_us: u64,
    started: Option<Instant>,
}

/// Times of the requests that were planned for one second, in microseconds.
#[derive(Debug, Default)]
struct CollectedSecond {
    figures: Second,
    response: Vec<u32>,
    service: Vec<u32>,
    send_lag: Vec<u32>,
    is_changed: bool,
}

/// Collector that the sender and the screen share.
#[derive(Debug, Clone, Default)]
pub struct SharedCollector(Arc<Mutex<Collector>>);

impl SharedCollector {
    /// Changes or reads the collector.
    pub fn update<R>(&self, change: impl FnOnce(&mut Collector) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Collector {
    /// Begins to count seconds at the start of the run.
    pub fn start(&mut self, starts: Instant) {
        self.started = Some(starts);
    }

    /// Offset of the present instant from the start of the run, in microseconds.
    fn offset_us(&self) -> u64 {
        self.started.map_or(0, |started| started.elapsed().as_micros() as u64)
    }

    fn second(&mut self, at_us: u64) -> &mut CollectedSecond {
        let place = (at_us / 1_000_000) as usize;
        if self.seconds.len() <= place {
            self.seconds.resize_with(place + 1, CollectedSecond::default);
        }
        let second = &mut self.seconds[place];
        second.is_changed = true;
        second
    }

    pub(super) fn taken_up(&mut self, request: &Prepared, lag: Duration) {
        self.open += 1;
        self.collected.timings.dispatch_lag.record(lag);
        let totals = &mut self.collected.totals;
        totals.connections = totals.connections.max(self.open);
        totals.planned += u64::from(request.events);
        totals.poison += u64::from(request.poison);
        self.second(request.at_us).figures.planned += u64::from(request.events);
    }

    pub(super) fn sent(&mut self, request: &Prepared, lag: Duration, attempt: u32) {
        let now = self.offset_us();
        self.second(now).figures.sent += u64::from(request.events);
        let totals = &mut self.collected.totals;
        totals.bytes +=
            request.compressed.as_ref().map_or(request.plain.len(), bytes::Bytes::len) as u64;
        if attempt > 0 {
            totals.retried += 1;
            return;
        }
        totals.sent += u64::from(request.events);
        self.collected.timings.send_lag.record(lag);
        self.second(request.at_us).send_lag.push(micros(lag));
    }

    pub(super) fn answered(&mut self, request: &Prepared, service: Duration, answer: &Answer) {
        let now = self.offset_us();
        self.collected.timings.service.record(service);
        self.second(request.at_us).service.push(micros(service));
        if answer.is_throttled() {
            self.collected.totals.throttled += 1;
            self.second(now).figures.throttled += 1;
        }
        for mismatch in &answer.mismatched {
            self.collected.mismatches += 1;
            if self.collected.mismatched.len() < MISMATCHED_MAX {
                self.collected.mismatched.push(mismatch.clone());
            }
        }
        if let Some(error) = &answer.error {
            let errors = &mut self.collected.errors;
            let is_kept = errors.len() < ERRORS_MAX || errors.contains_key(error);
            let kind = if is_kept { error.as_str() } else { OTHER_ERRORS };
            *errors.entry(kind.to_owned()).or_default() += 1;
        }
    }

    pub(super) fn settled(
        &mut self,
        request: &Prepared,
        response: Duration,
        outcomes: &[EventOutcome],
    ) {
        let now = self.offset_us();
        self.open -= 1;
        self.now_us = self.now_us.max(now);
        self.collected.timings.response.record(response);
        self.second(request.at_us).response.push(micros(response));
        let totals = &mut self.collected.totals;
        totals.requests_answered += 1;
        let mut stored = 0;
        for outcome in outcomes {
            match outcome {
                EventOutcome::Stored => stored += 1,
                EventOutcome::Refused => totals.refused += 1,
                EventOutcome::Unknown => totals.unknown += 1,
                EventOutcome::NotSent => {}
            }
        }
        totals.stored += stored;
        totals.seconds = self.now_us as f64 / 1e6;
        self.second(now).figures.stored += stored;
        self.collected.outcomes.set(request.number, outcomes);
    }

    /// Adds a probe that is sent at its planned instant.
    pub fn probe(&mut self, planned_us: u64) {
        self.open_probes.insert(planned_us);
    }

    /// Number of probes that were not yet seen.
    #[must_use]
    pub fn open_probes(&self) -> usize {
        self.open_probes.len()
    }

    /// Ends a probe that was seen in the log, or was given up.
    pub fn probed(&mut self, planned_us: u64, freshness: Option<Duration>) {
        self.open_probes.remove(&planned_us);
        self.collected.totals.probes.0 += 1;
        let Some(freshness) = freshness else {
            self.collected.totals.probes.1 += 1;
            return;
        };
        self.collected.timings.freshness.record(freshness);
        let millis = freshness.as_secs_f64() * 1e3;
        let figures = &mut self.second(planned_us).figures;
        figures.freshness_ms = Some(figures.freshness_ms.unwrap_or_default().max(millis));
    }

    /// Adds figures that are observed at the end of a second.
    pub fn observe(&mut self, at_us: u64, observe: impl FnOnce(&mut Second)) {
        let (open, backlog_ms) = (self.open, self.backlog_ms());
        let figures = &mut self.second(at_us).figures;
        figures.open = open;
        figures.backlog_ms = backlog_ms;
        observe(figures);
    }

    /// Age of the oldest probe that was not yet seen, in milliseconds; 0 without one.
    #[must_use]
    pub fn backlog_ms(&self) -> f64 {
        let now = self.offset_us();
        let oldest = self.open_probes.first().map_or(0, |planned| now.saturating_sub(*planned));
        oldest as f64 / 1e3
    }

    /// Number of requests that are not settled.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open
    }

    /// Returns the figures of all seconds so far.
    pub fn seconds(&mut self) -> Vec<Second> {
        self.seconds.iter_mut().map(CollectedSecond::figures).collect()
    }
}

impl CollectedSecond {
    fn figures(&mut self) -> Second {
        if std::mem::take(&mut self.is_changed) {
            self.response.sort_unstable();
            self.service.sort_unstable();
            self.send_lag.sort_unstable();
            self.figures.response_ms = [0.5, 0.9, 0.99, 1.0].map(|share| at(&self.response, share));
            self.figures.service_p99_ms = at(&self.service, 0.99);
            self.figures.send_lag_p99_ms = at(&self.send_lag, 0.99);
        }
        self.figures.clone()
    }
}

/// Returns a quantile of sorted microseconds in milliseconds; 0 without values.
fn at(sorted: &[u32], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |micros| f64::from(*micros) / 1e3)
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
