//! Times, outcomes and totals of a run while it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{Answer, Lines, Prepared};
use crate::interval_log::IntervalLog;
use crate::outcomes::{EventOutcome, Outcomes};
use crate::run_record::Totals;
use crate::timings::{Second, Timings};

/// Differences between answers and requests that are kept in words.
const MISMATCHED_MAX: usize = 20;
/// Kinds of errors that are kept apart.
const ERRORS_MAX: usize = 50;
/// Kind of all other errors.
const OTHER_ERRORS: &str = "other errors";

/// Times, outcomes and totals so far.
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
    /// Times, outcomes and totals so far.
    pub collected: Collected,
    /// Figures by second of the run.
    seconds: Vec<CollectedSecond>,
    open: u64,
    /// Requests that wait for an answer.
    in_flight: u64,
    leg: Option<LegCount>,
    /// Planned instants of the probes that were not yet seen, in microseconds.
    open_probes: BTreeSet<u64>,
    /// Offset of the last answer, in microseconds.
    now_us: u64,
    started: Option<Instant>,
}

/// Acknowledged events of one leg.
#[derive(Debug)]
struct LegCount {
    starts_us: u64,
    until_us: u64,
    stored: u64,
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
        totals.planned += u64::from(request.events);
        totals.poison += u64::from(request.poison);
        self.second(request.at_us).figures.planned += u64::from(request.events);
    }

    pub(super) fn sent(&mut self, lines: &Lines<'_>, lag: Duration, attempt: u32) {
        let now = self.offset_us();
        let request = lines.request;
        let (events, bytes) = match &lines.places {
            Some(places) => {
                (places.len() as u64, lines.texts().iter().map(|text| text.len()).sum())
            }
            None => (u64::from(request.events), request.body_len()),
        };
        self.second(now).figures.sent += events;
        self.in_flight += 1;
        let totals = &mut self.collected.totals;
        totals.connections = totals.connections.max(self.in_flight);
        totals.bytes += bytes as u64;
        if attempt > 0 {
            totals.retried += 1;
            return;
        }
        totals.sent += events;
        self.collected.timings.send_lag.record(lag);
        self.second(request.at_us).send_lag.push(micros(lag));
    }

    pub(super) fn answered(&mut self, request: &Prepared, service: Duration, answer: &Answer) {
        let now = self.offset_us();
        self.in_flight -= 1;
        // An attempt without an answer has no service time.
        if answer.status.is_some() {
            self.collected.timings.service.record(service);
            self.second(request.at_us).service.push(micros(service));
        }
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
        totals.requests_settled += 1;
        let (mut stored, mut refused) = (0, 0);
        for outcome in outcomes {
            match outcome {
                EventOutcome::Stored => stored += 1,
                EventOutcome::Refused => refused += 1,
                EventOutcome::Unknown => totals.unknown += 1,
                EventOutcome::NotSent => {}
            }
        }
        totals.stored += stored;
        totals.refused += refused;
        totals.refused_unplanned += refused.saturating_sub(request.poison.into());
        totals.seconds = self.now_us as f64 / 1e6;
        self.second(now).figures.stored += stored;
        if let Some(leg) = &mut self.leg
            && request.at_us >= leg.starts_us
            && now <= leg.until_us
        {
            leg.stored += stored;
        }
        self.collected.outcomes.set(request.number, outcomes);
    }

    /// Begins to count the events of a leg that are acknowledged until an instant. Offsets are from
    /// the start of the run, in microseconds.
    pub fn begin_leg(&mut self, starts_us: u64, until_us: u64) {
        self.leg = Some(LegCount { starts_us, until_us, stored: 0 });
    }

    /// Number of events of the leg that were acknowledged in time.
    #[must_use]
    pub fn leg_stored(&self) -> u64 {
        self.leg.as_ref().map_or(0, |leg| leg.stored)
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

    /// Returns the interval logs of send lag, service time and response time. `starts_at` is the
    /// start of the run.
    #[must_use]
    pub fn interval_logs(&self, starts_at: DateTime<Utc>) -> [IntervalLog; 3] {
        type Times = fn(&CollectedSecond) -> &[u32];
        let times: [(_, Times); 3] = [
            ("send-lag", |second| &second.send_lag),
            ("service-time", |second| &second.service),
            ("response-time", |second| &second.response),
        ];
        times.map(|(name, of)| IntervalLog::new(name, starts_at, self.seconds.iter().map(of)))
    }

    /// Returns the figures of all seconds so far.
    pub fn seconds(&mut self) -> Vec<Second> {
        self.seconds.iter_mut().map(CollectedSecond::figures).collect()
    }
}

impl Collected {
    /// Returns a copy without the outcomes, which grow with the run.
    #[must_use]
    pub fn figures(&self) -> Self {
        Self {
            timings: self.timings.clone(),
            totals: self.totals.clone(),
            outcomes: Outcomes::default(),
            mismatched: self.mismatched.clone(),
            mismatches: self.mismatches,
            errors: self.errors.clone(),
        }
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
