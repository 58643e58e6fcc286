//! Freshness: probe events, sent beside the load, that are looked for in the stock log.

use std::rc::Rc;
use std::time::Duration;

use aws::Tables;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::StoreId;
use domain::ports::StockLog;
use domain::stock::segment;
use load_generator::sender::{Lines, Prepared, SharedCollector, Target};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::connection::AnyTarget;

/// Stores of the probes: several, so that they are in several shards.
const STORES: u64 = 8;
/// Interval between two queries for a probe.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Interval for a deployed stage, where each query costs a read unit.
const DEPLOYED_POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Difference of clocks between this machine and the target that is expected at most.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(10);

/// Sender of probes.
#[derive(Clone)]
pub(super) struct Probes {
    pub(super) target: AnyTarget,
    pub(super) tables: Tables,
    pub(super) run_id: String,
    pub(super) per_second: u32,
    pub(super) is_deployed: bool,
    pub(super) starts: Instant,
    pub(super) starts_at: DateTime<Utc>,
    /// Time after which a probe is given up.
    pub(super) give_up: Duration,
    pub(super) collector: SharedCollector,
}

impl Probes {
    /// Sends probes from the start of the run until `stop` is cancelled, and looks for each.
    pub(super) async fn run(self, stop: CancellationToken) {
        let interval = Duration::from_secs(1) / self.per_second.max(1);
        let this = Rc::new(self);
        // Probes that are not yet seen end by themselves after `give_up`.
        for number in 0_u32.. {
            // Half an interval after the whole second, so that the first one meets a running load.
            let offset = interval * number + interval / 2;
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(this.starts + offset) => {}
            }
            tokio::task::spawn_local(this.clone().probe(number.into(), offset));
        }
        while this.collector.update(|collector| collector.open_probes()) > 0 {
            sleep(POLL_INTERVAL).await;
        }
    }

    async fn probe(self: Rc<Self>, number: u64, offset: Duration) {
        let at_us = offset.as_micros() as u64;
        let at = self.starts_at + TimeDelta::microseconds(at_us as i64);
        let (store_id, event_id) =
            (format!("load-probe-{}", number % STORES + 1), format!("{}-p{number}", self.run_id));
        let occurred_at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let plain = format!(
            "{{\"event_id\":\"{event_id}\",\"kind\":\"count\",\"store_id\":\"{store_id}\",\
             \"terminal_id\":\"{}-probe\",\"sku\":\"probe\",\"occurred_at\":\"{occurred_at}\",\
             \"quantity\":\"1\",\"unit\":\"EA\"}}\n",
            self.run_id
        );
        let request = Prepared { number, at_us, events: 1, poison: 0, plain, compressed: None };
        self.collector.update(|collector| collector.probe(at_us));
        let planned = self.starts + offset;
        let seen = tokio::time::timeout(self.give_up, async {
            self.put(&request).await;
            self.wait_until_seen(&store_id, at, &event_id).await;
            planned.elapsed()
        });
        let seen = seen.await.ok();
        self.collector.update(|collector| collector.probed(at_us, seen));
    }

    /// Sends a probe until it is acknowledged.
    async fn put(&self, request: &Prepared) {
        // A list of places makes the target send the plain line.
        let lines = Lines { request, places: Some(vec![0]) };
        while self.target.send(&lines).await.lines != [load_generator::sender::LineStatus::Stored] {
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn wait_until_seen(&self, store_id: &str, at: DateTime<Utc>, event_id: &str) {
        let Ok(store_id) = store_id.parse::<StoreId>() else { return };
        let since = (at - CLOCK_SKEW).to_rfc3339_opts(SecondsFormat::Millis, true);
        let interval = if self.is_deployed { DEPLOYED_POLL_INTERVAL } else { POLL_INTERVAL };
        loop {
            let date = at.date_naive();
            if let Ok(page) = self.tables.query_segments(&store_id, date, Some(&since)).await {
                let holds = |bytes: &[u8]| {
                    let events = segment::unpack(&store_id, date, bytes).unwrap_or_default();
                    events.iter().any(|event| event.event_id().as_str() == event_id)
                };
                if page.segments.iter().any(|segment| holds(&segment.bytes)) {
                    return;
                }
            }
            sleep(interval).await;
        }
    }
}
