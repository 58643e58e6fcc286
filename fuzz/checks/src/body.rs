//! Check of the ingest API: a request body of any format, plain or compressed.
//!
//! An input is a line with the content type, the content encoding and `raw` or `packed`, followed
//! by the body. The check compresses a `packed` body itself, because random bytes are rarely a
//! frame.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, StatusCode, header};
use domain::Authority;
use domain::limits::{INFLATED_BYTES_MAX, LAMBDA_PAYLOAD_BYTES_MAX};
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::{self, Record, SequenceNumber};
use ingest::{IngestService, IngestSettings, router};
use serde_json::Value;
use tower::ServiceExt;

use crate::assertions::{now, run};
use crate::memory::within;

/// Memory for a full body, the vector it is inflated into (which doubles as it grows) and the
/// parsed events.
const BYTES_MAX: usize = 5 * INFLATED_BYTES_MAX;
/// Longest quoted input of an error: 80 characters, each possibly an escape.
const GIVEN_CHARS_MAX: usize = 80 * "\\u{10ffff}".len();

/// Checks `ingest::router` with one request.
///
/// # Panics
/// Panics if memory is unbounded, an answer is malformed or counts wrongly, an event is reported as
/// stored and is not in the log, or validation and compression change the result.
pub fn check_body(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let words: Vec<&[u8]> = first.splitn(3, |byte| *byte == b' ').collect();
    let [content_type, encoding, mode] = words[..] else { return };
    let packed = mode == b"packed";
    let body = if packed { compressed(body, encoding) } else { body.to_vec() };

    let answer = within(BYTES_MAX, || post("/v1/events", content_type, encoding, &body));
    let checked = post("/v1/validate", content_type, encoding, &body);
    assert_eq!(answer.outcomes(), checked.outcomes(), "storing and validating differ");
    if packed && matches!(encoding, b"gzip" | b"zstd") {
        let (_, plain) = data.split_at(end + 1);
        let plain = post("/v1/events", content_type, b"identity", plain);
        assert_eq!((answer.status, &answer.json), (plain.status, &plain.json), "compression");
    }
}

fn compressed(body: &[u8], encoding: &[u8]) -> Vec<u8> {
    match encoding {
        b"gzip" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(body).and_then(|()| encoder.finish()).expect("compression")
        }
        b"zstd" => zstd::bulk::compress(body, 1).expect("compression"),
        _ => body.to_vec(),
    }
}

/// Event log that stores everything in memory.
#[derive(Default)]
struct MemoryLog(Mutex<Vec<Record>>);

impl EventLog for MemoryLog {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        let mut held = self.0.lock().expect("one thread");
        let stored = |record: &Record| {
            held.push(record.clone());
            let sequence_number = SequenceNumber::new(held.len().to_string());
            PutOutcome::Stored { shard_id: "shardId-000000000000".to_owned(), sequence_number }
        };
        Ok(records.iter().map(stored).collect())
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        Ok(())
    }
}

struct Answer {
    status: StatusCode,
    json: Value,
}

fn post(path: &str, content_type: &[u8], encoding: &[u8], body: &[u8]) -> Answer {
    let mut request = Request::post(path);
    let headers = [(header::CONTENT_TYPE, content_type), (header::CONTENT_ENCODING, encoding)];
    for (name, value) in headers {
        // Bytes that are no header value cannot reach the router.
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        request = request.header(name, value);
    }
    let request = request.body(Body::from(body.to_vec())).expect("a request");
    let service = Arc::new(IngestService {
        log: MemoryLog::default(),
        settings: IngestSettings::default(),
        clock: Arc::new(now),
        monotonic: Arc::new(Duration::default),
        entropy: Arc::new(|| 0),
    });
    let router = router(service.clone()).layer(Extension(Authority::everything()));
    let (head, bytes) = run(async {
        let (head, body) = router.oneshot(request).await.expect("an answer").into_parts();
        (head, to_bytes(body, usize::MAX).await.expect("a whole answer"))
    });
    assert!(bytes.len() <= LAMBDA_PAYLOAD_BYTES_MAX, "an answer of {} bytes", bytes.len());
    let answer = Answer {
        status: head.status,
        json: serde_json::from_slice(&bytes).expect("an answer in JSON"),
    };
    answer.is_well_formed(&head.headers[header::CONTENT_TYPE]);
    let held = service.log.0.lock().expect("one thread");
    if path == "/v1/events" {
        answer.reports_stored_exactly(&held);
    } else {
        assert!(held.is_empty(), "validating stores nothing");
    }
    answer
}

impl Answer {
    fn results(&self) -> &[Value] {
        self.json["results"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Returns the status of each event and the problem type of the request. `stored` and `valid`
    /// count as equal.
    fn outcomes(&self) -> Vec<String> {
        let status = |result: &Value| result["status"].to_string().replace("stored", "valid");
        let results = self.results().iter().map(status);
        results.chain([self.json["type"].to_string()]).collect()
    }

    fn is_well_formed(&self, content_type: &HeaderValue) {
        let Self { status, json } = self;
        if status.is_success() {
            assert_eq!(content_type, "application/json");
            assert!(!self.results().is_empty(), "{json}");
        } else {
            assert!(status.is_client_error(), "{status} {json}");
            assert_eq!(content_type, "application/problem+json");
            assert_eq!(json["status"], status.as_u16());
            assert!(json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{json}");
        }
        let results = self.results();
        for (index, result) in results.iter().enumerate() {
            assert_eq!(result["index"], index);
            let explained = result["message"].is_string();
            assert!(explained || result["status"] != "rejected", "{result}");
            for error in result["errors"].as_array().into_iter().flatten() {
                let given = error["given"].as_str().unwrap_or_default();
                assert!(given.chars().count() <= GIVEN_CHARS_MAX, "{given}");
            }
        }
        if !results.is_empty() {
            assert_eq!(json["counts"]["received"], results.len());
        }
        for (word, count) in json["counts"].as_object().into_iter().flatten() {
            let reported = results.iter().filter(|result| result["status"] == *word).count();
            assert!(word == "received" || *count == reported, "{json}");
        }
    }

    /// Asserts that `stored` is reported exactly for the events in the log.
    fn reports_stored_exactly(&self, held: &[Record]) {
        let open = |record: &Record| record::open(&record.data).expect("a packed record");
        let held: Vec<Value> = held
            .iter()
            .flat_map(open)
            .map(|text| serde_json::from_str(&text).expect("canonical JSON"))
            .collect();
        let ids: BTreeSet<String> = held
            .iter()
            .map(|event| format!("{} {}", event["store_id"], event["event_id"]))
            .collect();
        let stored: Vec<&Value> =
            self.results().iter().filter(|result| result["status"] == "stored").collect();
        assert_eq!((stored.len(), ids.len()), (held.len(), held.len()), "{}", self.json);
        let ids: BTreeSet<String> =
            held.iter().map(|event| event["event_id"].to_string()).collect();
        let stored: BTreeSet<String> =
            stored.iter().map(|result| result["event_id"].to_string()).collect();
        assert_eq!(stored, ids);
    }
}
