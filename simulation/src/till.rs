//! Till of a store. A till sends its events, repeats those that were not acknowledged, and never
//! repeats a rejected one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use domain::Event;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use load_generator::draw::Draw;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::auditor::Auditor;
use crate::context::SimContext;
use crate::injected_fault::InjectedFault;
use crate::scenario::ScheduledEvent;
use crate::stream::SimulatedStream;

/// Maximum time without a connection.
const OFFLINE_MAX: Duration = Duration::from_secs(40 * 60);
/// Maximum time until a till closes its connection. Ingest answers within this time.
const HANG_UP_MAX: Duration = Duration::from_secs(15);
/// Maximum delay before a till sends an event again, in milliseconds.
const PAUSE_MAX: u64 = 20_000;

/// Till of a store, or a gateway of several tills.
pub(crate) struct SimulatedTill {
    name: String,
    sim: SimContext,
    auditor: Auditor,
    stream: SimulatedStream,
    router: Router,
    draw: Draw,
    outbox: BTreeMap<(DateTime<Utc>, usize), Event>,
    added: usize,
}

/// Result for one event in the response.
struct TillAnswer {
    status: String,
    place: Option<(String, String)>,
    message: String,
}

impl SimulatedTill {
    pub(crate) fn new(
        name: String,
        sim: SimContext,
        auditor: Auditor,
        stream: SimulatedStream,
        router: Router,
    ) -> Self {
        let draw = sim.draw(&name);
        Self { name, sim, auditor, stream, router, draw, outbox: BTreeMap::new(), added: 0 }
    }

    /// Adds an event to send.
    pub(crate) fn add(&mut self, scheduled: ScheduledEvent) {
        self.outbox.insert((scheduled.due, self.added), scheduled.event);
        self.added += 1;
    }

    /// Sends all events until each is acknowledged or rejected.
    pub(crate) async fn work(mut self) {
        while let Some(((due, _), _)) = self.outbox.first_key_value() {
            self.sim.sleep_until(*due).await;
            if self.sim.injects(InjectedFault::Offline) {
                tokio::time::sleep(self.sim.duration(InjectedFault::Offline, OFFLINE_MAX)).await;
            }
            let mut batch = self.due();
            if self.sim.injects(InjectedFault::Shuffle) {
                self.draw.shuffle(&mut batch);
            }
            self.send(batch).await;
        }
    }

    /// Takes a random number of due events.
    fn due(&mut self) -> Vec<Event> {
        let now = self.sim.now();
        let most = 1 + self.draw.below(25) as usize;
        let mut batch = Vec::new();
        while batch.len() < most
            && let Some(entry) = self.outbox.first_entry()
            && entry.key().0 <= now
        {
            batch.push(entry.remove());
        }
        // A request may hold an event twice.
        if let Some(twice) = batch.first().filter(|_| self.draw.below(8) == 0).cloned() {
            batch.push(twice);
        }
        batch
    }

    async fn send(&mut self, batch: Vec<Event>) {
        let sent_at = self.sim.now();
        self.sim.count("requests", 1);
        self.sim.log(|| format!("{}: sends {} events", self.name, batch.len()));
        let answers = self.post(&batch).await;
        for (index, event) in batch.into_iter().enumerate() {
            let Some(answer) = answers.as_ref().map(|answers| &answers[index]) else {
                self.again(event);
                continue;
            };
            self.sim.log(|| format!("{}: {} {}", self.name, event.event_id(), answer.status));
            match answer.status.as_str() {
                "stored" | "duplicate" => {
                    let place = answer.place.as_ref().map(|(shard, number)| (&**shard, &**number));
                    self.auditor.acknowledged(&event, place, sent_at, &self.stream);
                    if self.sim.injects(InjectedFault::Resend) {
                        self.again(event);
                    }
                }
                "rejected" => self.auditor.rejected(&event, sent_at, &answer.message),
                "retry" => self.again(event),
                other => self.auditor.report("answer", format!("unknown status {other:?}")),
            }
        }
    }

    fn again(&mut self, event: Event) {
        let pause = TimeDelta::milliseconds(1 + self.draw.below(PAUSE_MAX) as i64);
        self.add(ScheduledEvent { event, due: self.sim.now() + pause });
    }

    /// Posts a request. Returns `None` if no usable response arrives.
    async fn post(&mut self, batch: &[Event]) -> Option<Vec<TillAnswer>> {
        let request = self.request(batch);
        let router = self.router.clone();
        let exchange = async move {
            let response = router.oneshot(request).await.expect("a router never fails");
            let status = response.status();
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
            (status, body)
        };
        let (status, body) = if self.sim.injects(InjectedFault::HangUp) {
            timeout(self.sim.duration(InjectedFault::HangUp, HANG_UP_MAX), exchange).await.ok()?
        } else {
            exchange.await
        };
        if self.sim.injects(InjectedFault::AnswerLost) {
            return None;
        }
        let answers = read(&body).filter(|answers| answers.len() == batch.len());
        if answers.is_none() {
            let text = String::from_utf8_lossy(&body).into_owned();
            self.auditor.report("answer", format!("{status} {text}"));
        }
        answers
    }

    fn request(&mut self, batch: &[Event]) -> Request<Body> {
        let texts: Vec<String> = batch.iter().map(|event| self.spelled(event)).collect();
        let (content_type, text) = match (self.draw.below(4), &texts[..]) {
            (0, [one]) => ("application/json", one.clone()),
            (0 | 1, _) => ("application/json", format!("[{}]", texts.join(",\n"))),
            (2, _) => ("application/x-ndjson; charset=utf-8", texts.join("\n") + "\n"),
            _ => {
                let envelope = |text: &String| {
                    format!(r#"{{"specversion":"1.0","id":"any","type":"till","data":{text}}}"#)
                };
                let envelopes: Vec<String> = texts.iter().map(envelope).collect();
                ("application/cloudevents-batch+json", format!("[{}]", envelopes.join(",")))
            }
        };
        let plain = text.into_bytes();
        let (encoding, bytes) = match self.draw.below(6) {
            0 => ("gzip", gzip(&plain)),
            1 => ("zstd", zstd::bulk::compress(&plain, 1).expect("bytes in memory")),
            _ => ("identity", plain),
        };
        Request::post("/v1/events")
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_ENCODING, encoding)
            .body(Body::from(bytes))
            .expect("a valid request")
    }

    /// Writes the event in one of its valid spellings.
    fn spelled(&mut self, event: &Event) -> String {
        let canonical = event.canonical();
        if self.draw.below(3) > 0 {
            return canonical;
        }
        let mut json: Value = serde_json::from_str(&canonical).expect("canonical JSON");
        let offset = FixedOffset::east_opt(3600 * self.draw.below(5) as i32).expect("an offset");
        json["occurred_at"] = Value::from(event.occurred_at().with_timezone(&offset).to_rfc3339());
        json["gtin"] = json.get("gtin").cloned().unwrap_or_default();
        json["software"] = json!({ "name": "till", "version": 7 });
        json.to_string()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("bytes in memory")
}

fn read(body: &Bytes) -> Option<Vec<TillAnswer>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let answer = |result: &Value| {
        Some(TillAnswer {
            status: text(result, "status")?,
            place: text(result, "shard_id").zip(text(result, "sequence_number")),
            message: text(result, "message").unwrap_or_default(),
        })
    };
    body.get("results")?.as_array()?.iter().map(answer).collect()
}
