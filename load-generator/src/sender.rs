//! Sends the planned requests of a run in an open loop: each at its planned instant, whatever the
//! answers do.
//!
//! A thread writes the bodies ahead ([`Planner`]), so that the sender only waits, sends and reads
//! answers. Connections grow with the open requests unless they are capped. An event whose answer
//! says `retry`, or whose answer never came, is sent again as a till does.

mod answer;
mod collector;
mod http;
mod planner;
mod token;

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::outcomes::EventOutcome;

pub use answer::{Answer, LineStatus};
pub use collector::{Collected, Collector, SharedCollector};
pub use http::{HttpTarget, TargetError};
pub use planner::{Part, PlannedLegs, Planner, Prepared};
pub use token::{AccessToken, TokenError};

/// Longest wait before a request is sent again.
const RETRY_MAX: Duration = Duration::from_secs(10);
/// Longest wait that an answer may name.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// First wait before a request is sent again.
const RETRY_MIN: Duration = Duration::from_millis(200);

/// Receiver of requests: an ingest API, or a stream.
pub trait Target: 'static {
    /// Sends the lines of a request once.
    fn send(&self, lines: &Lines<'_>) -> impl Future<Output = Answer>;
}

/// Lines of a request that are sent together.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    /// Request.
    pub request: &'a Prepared,
    /// Lines to send, by their places. `None` for all.
    pub places: Option<Vec<usize>>,
}

impl Lines<'_> {
    /// Returns the lines.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        let lines: Vec<&str> = self.request.plain.lines().collect();
        match &self.places {
            None => lines,
            Some(places) => places.iter().filter_map(|place| lines.get(*place).copied()).collect(),
        }
    }
}

/// Settings of the sender.
#[derive(Debug, Clone, Copy)]
pub struct SendSettings {
    /// Start of the run.
    pub starts: Instant,
    /// Requests that may be open at once. `None` for any number.
    pub connections: Option<u32>,
    /// Time after its planned instant from which a request is not sent again.
    pub give_up: Duration,
}

/// Sends the requests of legs, until they end or `stop` is cancelled. Returns
/// after the last answer. After `stop`, open requests are awaited once and not sent again.
///
/// Runs on a `LocalSet` of a runtime with one thread.
pub async fn send_all(
    target: Rc<impl Target>,
    mut legs: PlannedLegs,
    settings: SendSettings,
    collector: SharedCollector,
    stop: CancellationToken,
) {
    let permits = settings.connections.map(|most| Rc::new(Semaphore::new(most as usize)));
    let mut open = JoinSet::new();
    loop {
        let request = tokio::select! {
            () = stop.cancelled() => break,
            request = legs.next() => request,
        };
        let Some(request) = request else { break };
        let planned = settings.starts + Duration::from_micros(request.at_us);
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep_until(planned) => {}
        }
        let exchange = Exchange {
            target: target.clone(),
            planned,
            taken_up: Instant::now(),
            give_up: planned + settings.give_up,
            collector: collector.clone(),
            stop: stop.clone(),
            permits: permits.clone(),
        };
        open.spawn_local(exchange.settle(request));
        while open.try_join_next().is_some() {}
    }
    while let Some(joined) = open.join_next().await {
        joined.expect("no request panics");
    }
}

/// A request with its attempts.
struct Exchange<T> {
    target: Rc<T>,
    planned: Instant,
    taken_up: Instant,
    give_up: Instant,
    collector: SharedCollector,
    stop: CancellationToken,
    permits: Option<Rc<Semaphore>>,
}

impl<T: Target> Exchange<T> {
    /// Sends a request until every event is settled, and collects its times and outcomes.
    async fn settle(self, request: Prepared) {
        self.collector.update(|collector| {
            collector.taken_up(&request, self.taken_up - self.planned);
        });
        let mut outcomes = vec![EventOutcome::Unknown; request.events as usize];
        let mut places: Option<Vec<usize>> = None;
        let mut backoff = RETRY_MIN;
        for attempt in 0_u32.. {
            let permit = tokio::select! {
                permit = self.permit() => permit,
                () = self.stop.cancelled() => {
                    if attempt == 0 {
                        outcomes.fill(EventOutcome::NotSent);
                    }
                    break;
                }
            };
            let sent = Instant::now();
            let lines = Lines { request: &request, places: places.clone() };
            self.collector.update(|collector| {
                collector.sent(&lines, sent - self.planned, attempt);
            });
            let answer = self.target.send(&lines).await;
            let answered = Instant::now();
            drop(permit);
            self.collector.update(|collector| {
                collector.answered(&request, answered - sent, &answer);
            });
            let again = answer.apply(places.as_deref(), &mut outcomes);
            let wait = answer.retry_after.map_or(backoff, |named| named.clamp(RETRY_MIN, WAIT_MAX));
            backoff = (backoff * 2).min(RETRY_MAX);
            let resumes = answered + jittered(wait);
            if again.is_empty() || self.stop.is_cancelled() || resumes > self.give_up {
                break;
            }
            // The whole request is sent as it was, compressed.
            places = (again.len() < outcomes.len()).then_some(again);
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = sleep_until(resumes) => {}
            }
        }
        let response = Instant::now() - self.planned;
        self.collector.update(|collector| collector.settled(&request, response, &outcomes));
    }
}

impl<T> Exchange<T> {
    /// Waits for a connection under a cap.
    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        match &self.permits {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        }
    }
}

/// Returns a random time from the wait to one and a half of it, so that requests do not return
/// together.
fn jittered(wait: Duration) -> Duration {
    wait + wait.mul_f64(0.5 * fastrand::f64())
}
