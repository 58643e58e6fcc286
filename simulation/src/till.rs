//! A till: sends what happened, repeats what was not acknowledged, never what was refused.

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
use crate::fault::Fault;
use crate::stream::Stream;
use crate::traffic::Errand;
use crate::weather::Weather;

/// Longest that a till is not connected.
const OFFLINE_MAX: Duration = Duration::from_secs(40 * 60);
/// A till that hangs up does so within the time that ingest takes at most.
const HANG_UP_MAX: Duration = Duration::from_secs(15);
/// Longest that a till waits before it sends something again.
const PAUSE_MAX: u64 = 20_000;

/// One till of a store.
pub(crate) struct Till {
    pub(crate) name: String,
    pub(crate) weather: Weather,
    pub(crate) auditor: Auditor,
    pub(crate) stream: Stream,
    pub(crate) router: Router,
    pub(crate) draw: Draw,
    outbox: BTreeMap<(DateTime<Utc>, usize), Event>,
    added: usize,
}

/// The answer for one event.
struct Answer {
    status: String,
    place: Option<(String, String)>,
    message: String,
}

impl Till {
    pub(crate) fn new(
        name: String,
        weather: Weather,
        auditor: Auditor,
        stream: Stream,
        router: Router,
    ) -> Self {
        let draw = weather.draw(&name);
        Self { name, weather, auditor, stream, router, draw, outbox: BTreeMap::new(), added: 0 }
    }

    /// Takes something to send.
    pub(crate) fn add(&mut self, errand: Errand) {
        self.outbox.insert((errand.due, self.added), errand.event);
        self.added += 1;
    }

    /// Sends everything until it is acknowledged or refused.
    pub(crate) async fn work(mut self) {
        while let Some(((due, _), _)) = self.outbox.first_key_value() {
            self.weather.sleep_until(*due).await;
            if self.weather.strikes(Fault::Offline) {
                tokio::time::sleep(self.weather.time(Fault::Offline, OFFLINE_MAX)).await;
            }
            let mut batch = self.due();
            if self.weather.strikes(Fault::Shuffle) {
                self.draw.shuffle(&mut batch);
            }
            self.send(batch).await;
        }
    }

    /// Some of what is to be sent by now.
    fn due(&mut self) -> Vec<Event> {
        let now = self.weather.now();
        let most = 1 + self.draw.below(25) as usize;
        let mut batch = Vec::new();
        while batch.len() < most
            && let Some(entry) = self.outbox.first_entry()
            && entry.key().0 <= now
        {
            batch.push(entry.remove());
        }
        // A till may say the same thing twice at once.
        if let Some(twice) = batch.first().filter(|_| self.draw.below(8) == 0).cloned() {
            batch.push(twice);
        }
        batch
    }

    async fn send(&mut self, batch: Vec<Event>) {
        let sent_at = self.weather.now();
        self.weather.count("requests", 1);
        self.weather.tell(|| format!("{}: sends {} events", self.name, batch.len()));
        let answers = self.post(&batch).await;
        for (index, event) in batch.into_iter().enumerate() {
            let Some(answer) = answers.as_ref().map(|answers| &answers[index]) else {
                self.again(event);
                continue;
            };
            self.weather.tell(|| format!("{}: {} {}", self.name, event.event_id(), answer.status));
            match answer.status.as_str() {
                "stored" | "duplicate" => {
                    let place = answer.place.as_ref().map(|(shard, number)| (&**shard, &**number));
                    self.auditor.acknowledged(&event, place, sent_at, &self.stream);
                    if self.weather.strikes(Fault::Resend) {
                        self.again(event);
                    }
                }
                "rejected" => self.auditor.refused(&event, sent_at, &answer.message),
                "retry" => self.again(event),
                other => self.auditor.object("answer", format!("the status {other:?}")),
            }
        }
    }

    fn again(&mut self, event: Event) {
        let pause = TimeDelta::milliseconds(1 + self.draw.below(PAUSE_MAX) as i64);
        self.add(Errand { event, due: self.weather.now() + pause });
    }

    /// Posts a request; `None` when the till hears nothing that it can use.
    async fn post(&mut self, batch: &[Event]) -> Option<Vec<Answer>> {
        let request = self.request(batch);
        let router = self.router.clone();
        let exchange = async move {
            let response = router.oneshot(request).await.expect("a router never fails");
            let status = response.status();
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
            (status, body)
        };
        let (status, body) = if self.weather.strikes(Fault::HangUp) {
            timeout(self.weather.time(Fault::HangUp, HANG_UP_MAX), exchange).await.ok()?
        } else {
            exchange.await
        };
        if self.weather.strikes(Fault::AnswerLost) {
            return None;
        }
        let answers = read(&body).filter(|answers| answers.len() == batch.len());
        if answers.is_none() {
            let text = String::from_utf8_lossy(&body).into_owned();
            self.auditor.object("answer", format!("{status} {text}"));
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

    /// One of the ways to write the same event.
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

fn read(body: &Bytes) -> Option<Vec<Answer>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let answer = |result: &Value| {
        Some(Answer {
            status: text(result, "status")?,
            place: text(result, "shard_id").zip(text(result, "sequence_number")),
            message: text(result, "message").unwrap_or_default(),
        })
    };
    body.get("results")?.as_array()?.iter().map(answer).collect()
}
