//! Ingest API over a log that follows a script, and readers of its answers.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, OnceLock};

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::Authority;
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::{Record, SequenceNumber, open};
use http::{HeaderMap, Request, StatusCode};
use ingest::{IngestService, IngestSettings, router};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

/// Instant of every test.
pub(crate) const NOW: &str = "2026-03-12T15:20:00Z";

/// Behaviour of the log in one call.
#[derive(Debug, Clone)]
pub(crate) enum LogStep {
    /// Stores all records.
    Store,
    /// Fails the whole call.
    Fail(Failure),
    /// Fails the records at these places of the call and stores the others.
    FailSome(Vec<(usize, Failure)>),
    /// Stores all records and never answers.
    LoseAnswer,
    /// Stores half of the records and answers for them only.
    AnswerHalf,
}

/// Log that follows a script, and does `otherwise` after its end.
pub(crate) struct ScriptedLog {
    script: Mutex<VecDeque<LogStep>>,
    otherwise: LogStep,
    readiness: Result<(), Failure>,
    /// Partition keys of every call.
    pub(crate) calls: Mutex<Vec<Vec<String>>>,
    /// Stored records, acknowledged or not.
    pub(crate) held: Mutex<Vec<Record>>,
    /// Acknowledged records with their sequence numbers.
    pub(crate) acknowledged: Mutex<Vec<(String, Record)>>,
}

impl ScriptedLog {
    fn store(&self, record: &Record) -> PutOutcome {
        self.held.lock().unwrap().push(record.clone());
        let mut acknowledged = self.acknowledged.lock().unwrap();
        let number = format!("4965{:052}", acknowledged.len());
        acknowledged.push((number.clone(), record.clone()));
        PutOutcome::Stored {
            shard_id: "shardId-000000000000".into(),
            sequence_number: SequenceNumber::new(number),
        }
    }
}

impl EventLog for ScriptedLog {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        self.calls
            .lock()
            .unwrap()
            .push(records.iter().map(|record| record.partition_key.clone()).collect());
        let step = self.script.lock().unwrap().pop_front();
        match step.unwrap_or_else(|| self.otherwise.clone()) {
            LogStep::Store => Ok(records.iter().map(|record| self.store(record)).collect()),
            LogStep::Fail(failure) => Err(failure),
            LogStep::FailSome(failures) => Ok(records
                .iter()
                .enumerate()
                .map(|(place, record)| {
                    let failure = failures.iter().find(|(failing, _)| *failing == place);
                    failure.map_or_else(
                        || self.store(record),
                        |(_, failure)| PutOutcome::Failed(failure.clone()),
                    )
                })
                .collect()),
            LogStep::LoseAnswer => {
                self.held.lock().unwrap().extend_from_slice(records);
                pending().await
            }
            LogStep::AnswerHalf => {
                Ok(records[..records.len() / 2].iter().map(|record| self.store(record)).collect())
            }
        }
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        self.readiness.clone()
    }
}

/// Ingest API over a scripted log.
#[derive(Clone)]
pub(crate) struct ScriptedApi {
    pub(crate) service: Arc<IngestService<ScriptedLog>>,
}

impl ScriptedApi {
    /// Creates an API whose log stores everything.
    pub(crate) fn new() -> Self {
        Self::scripted(vec![], LogStep::Store)
    }

    /// Creates an API whose log follows `script`, and then always does `otherwise`.
    pub(crate) fn scripted(script: Vec<LogStep>, otherwise: LogStep) -> Self {
        Self::with(script, otherwise, IngestSettings::default(), Ok(()))
    }

    pub(crate) fn with(
        script: Vec<LogStep>,
        otherwise: LogStep,
        settings: IngestSettings,
        readiness: Result<(), Failure>,
    ) -> Self {
        let log = ScriptedLog {
            script: Mutex::new(script.into()),
            otherwise,
            readiness,
            calls: Mutex::default(),
            held: Mutex::default(),
            acknowledged: Mutex::default(),
        };
        let now: DateTime<Utc> = NOW.parse().unwrap();
        let start = OnceLock::new();
        let service = IngestService {
            log,
            settings,
            clock: Arc::new(move || now),
            // The paused clock of the runtime in which the first request is made.
            monotonic: Arc::new(move || start.get_or_init(Instant::now).elapsed()),
            entropy: Arc::new(|| 0),
        };
        Self { service: Arc::new(service) }
    }

    /// Sends a request of a sender who may write for every store.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_as(Some(Authority::everything()), request).await
    }

    /// Sends a request of a sender with this authority. `None`: the sender is not authenticated.
    pub(crate) async fn send_as(
        &self,
        authority: Option<Authority>,
        request: Request<Body>,
    ) -> Answer {
        let mut router = router(self.service.clone());
        if let Some(authority) = authority {
            router = router.layer(Extension(authority));
        }
        Answer::of(router.oneshot(request).await.unwrap()).await
    }

    /// Posts a body of a content type.
    pub(crate) async fn post(&self, content_type: &str, body: impl Into<Body>) -> Answer {
        self.send(request(&[("content-type", content_type)], body)).await
    }

    /// Posts JSON.
    pub(crate) async fn post_json(&self, body: &Value) -> Answer {
        self.post("application/json", body.to_string()).await
    }

    /// Returns the ids of the stored events, in order.
    pub(crate) fn held_ids(&self) -> Vec<String> {
        self.service.log.held.lock().unwrap().iter().flat_map(ids).collect()
    }

    /// Returns the ids of the acknowledged events with their sequence numbers.
    pub(crate) fn acknowledged_ids(&self) -> Vec<(String, String)> {
        let acknowledged = self.service.log.acknowledged.lock().unwrap();
        acknowledged
            .iter()
            .flat_map(|(number, record)| ids(record).into_iter().map(|id| (id, number.clone())))
            .collect()
    }

    /// Returns the partition keys of every call.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        self.service.log.calls.lock().unwrap().clone()
    }
}

/// Returns the ids of the events of a record.
fn ids(record: &Record) -> Vec<String> {
    let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
    open(&record.data)
        .unwrap()
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap())
        .map(|event| {
            assert_eq!(text(&event, "store_id"), record.partition_key);
            text(&event, "event_id")
        })
        .collect()
}

/// Creates a request to `POST /v1/events`.
pub(crate) fn request(headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/v1/events");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// Creates a request without a body.
pub(crate) fn bare(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// Answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) bytes: usize,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { status: head.status, headers: head.headers, json, bytes: bytes.len() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns a member of every result.
    pub(crate) fn each(&self, member: &str) -> Vec<&str> {
        let results = self.json["results"].as_array().unwrap();
        results.iter().map(|result| result[member].as_str().unwrap_or("-")).collect()
    }

    /// Asserts that the answer is a problem of this status, type and detail.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, name: &str, detail: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["type"], format!("urn:daymark:problem:{name}"));
        assert_eq!(self.json["status"], status);
        assert!(self.json["title"].is_string());
        let found = self.json["detail"].as_str().unwrap();
        assert!(found.contains(detail), "{found:?} does not contain {detail:?}");
    }
}

/// Returns a valid event.
pub(crate) fn event(event_id: impl ToString) -> Value {
    json!({
        "event_id": event_id.to_string(), "kind": "sale", "store_id": "s1", "terminal_id": "t1",
        "sku": "rye", "quantity": 1, "unit_price": "3.90", "currency": "EUR",
        "occurred_at": "2026-03-12T16:15:00+01:00",
    })
}

/// Returns a valid event with another value of one field.
pub(crate) fn event_with(event_id: impl ToString, field: &str, value: impl Into<Value>) -> Value {
    let mut event = event(event_id);
    event[field] = value.into();
    event
}

pub(crate) fn throttled() -> Failure {
    Failure::Throttled("Rate exceeded for shard".into())
}

pub(crate) fn unavailable() -> Failure {
    Failure::Unavailable("connection refused".into())
}

pub(crate) fn refused() -> Failure {
    Failure::Refused("ResourceNotFoundException: arn:aws:kinesis:secret".into())
}
