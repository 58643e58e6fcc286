//! Writes of which DynamoDB leaves a part unprocessed or refuses one: each entry is reported for
//! itself, and none as stored that is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws::{ResourceNames, Tables};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use domain::limits::{BATCH_WRITE_MAX, ITEM_BYTES_MAX};
use domain::ports::{Failure, LogEntry, StockLog};
use local::service::ServiceThread;
use serde_json::{Value, json};

use crate::samples::segment;
use crate::world::{World, bind, clients, url};

const NOON: &str = "2026-03-12T12:00:00Z";
const TABLE: &str = "daymark-stock-log";

/// Answer of the endpoint to a write of one item.
enum Write {
    /// The item is stored.
    Stored,
    /// The item is not stored, and named in the answer.
    Left,
    /// The whole call is refused with this code, and nothing is stored.
    Refused(&'static str),
}

/// Decision on an item, by its key and the number of calls that held it.
type Decide = dyn Fn(&str, u32) -> Write + Send + Sync;

/// Endpoint that decides on each item of a `BatchWriteItem` call.
struct Endpoint {
    decide: Box<Decide>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Number of calls.
    calls: u32,
    /// Number of calls with an item, by its key.
    by_key: BTreeMap<String, u32>,
    /// Keys of the stored items.
    stored: Vec<String>,
}

impl Endpoint {
    fn start(
        decide: impl Fn(&str, u32) -> Write + Send + Sync + 'static,
    ) -> (Tables, Arc<Self>, ServiceThread) {
        let endpoint = Arc::new(Self { decide: Box::new(decide), seen: Mutex::default() });
        let server = bind();
        let tables = Tables::new(clients(&url(&server)).dynamodb, &ResourceNames::default());
        let answering = Arc::clone(&endpoint);
        let answer = async move |body: Bytes| {
            let (status, body) = answering.answer(&body);
            (status, [("content-type", "application/x-amz-json-1.0")], body.to_string())
        };
        let router = Router::new().route("/", post(answer));
        let thread = ServiceThread::start("dynamodb", move |stop| server.serve(router, stop));
        (tables, endpoint, thread.expect("a thread"))
    }

    fn answer(&self, body: &[u8]) -> (StatusCode, Value) {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let requests = body["RequestItems"][TABLE].as_array().expect("requests").clone();
        let refusal = |code: &str| (StatusCode::BAD_REQUEST, json!({ "__type": code }));
        let mut seen = self.seen.lock().unwrap();
        seen.calls += 1;
        let mut keys: Vec<String> = requests.iter().map(key).collect();
        let (mut left, mut stored) = (Vec::new(), Vec::new());
        for (request, key) in requests.iter().zip(&keys) {
            let count = seen.by_key.entry(key.clone()).or_default();
            *count += 1;
            match (self.decide)(key, *count) {
                Write::Stored => stored.push(key.clone()),
                Write::Left => left.push(request.clone()),
                Write::Refused(code) => return refusal(code),
            }
        }
        // As DynamoDB does.
        keys.sort();
        keys.dedup();
        if keys.len() < requests.len() || requests.len() > BATCH_WRITE_MAX {
            return refusal("ValidationException");
        }
        seen.stored.extend(stored);
        let left = if left.is_empty() { json!({}) } else { json!({ TABLE: left }) };
        (StatusCode::OK, json!({ "UnprocessedItems": left }))
    }

    fn is_stored(&self, entry: &LogEntry) -> bool {
        self.seen.lock().unwrap().stored.contains(&key_of(entry))
    }

    fn calls(&self) -> u32 {
        self.seen.lock().unwrap().calls
    }
}

fn key(request: &Value) -> String {
    let text = |name: &str| request["PutRequest"]["Item"][name]["S"].as_str().expect("a text");
    format!("{}/{}", text("pk"), text("sk"))
}

fn key_of(entry: &LogEntry) -> String {
    let LogEntry::Segment(segment) = entry else { panic!("{entry:?}") };
    let key = &segment.key;
    format!("{}#{}/{}", key.store_id, key.date, key.sort_key())
}

/// One segment of each of so many stores, from s10 on.
fn of_stores(count: u32) -> Vec<LogEntry> {
    let of_store = |n: u32| segment(&format!("s{}", 10 + n), NOON, &n.to_be_bytes());
    (0..count).map(of_store).map(LogEntry::Segment).collect()
}

/// Checks each result against what the endpoint stored.
fn assert_true(entries: &[LogEntry], results: &[Result<(), Failure>], endpoint: &Endpoint) {
    assert_eq!(results.len(), entries.len());
    for (entry, result) in entries.iter().zip(results) {
        assert_eq!(result.is_ok(), endpoint.is_stored(entry), "{entry:?}: {result:?}");
    }
}

#[tokio::test]
async fn what_was_left_is_written_again_and_nothing_else() {
    let decide = |key: &str, count| match key.starts_with("s12#") && count <= 2 {
        true => Write::Left,
        false => Write::Stored,
    };
    let (tables, endpoint, _thread) = Endpoint::start(decide);
    let entries = of_stores(5);
    assert_eq!(tables.append(&entries).await, vec![Ok(()); 5]);
    let seen = endpoint.seen.lock().unwrap();
    let counts: Vec<u32> = entries.iter().map(|entry| seen.by_key[&key_of(entry)]).collect();
    assert_eq!((counts, seen.calls), (vec![1, 1, 3, 1, 1], 3));
}

#[tokio::test]
async fn what_is_left_for_good_is_throttled_and_every_other_entry_stored() {
    let decide = |key: &str, _| match key.starts_with("s12#") || key.starts_with("s60#") {
        true => Write::Left,
        false => Write::Stored,
    };
    let (tables, endpoint, _thread) = Endpoint::start(decide);
    let mut entries = of_stores(60);
    // The same entry again has the same result.
    entries.push(entries[2].clone());
    let results = tables.append(&entries).await;
    assert_true(&entries, &results, &endpoint);
    let failed = |result: &Result<(), Failure>| match result {
        Ok(()) => false,
        Err(Failure::Throttled(why)) => why == "1 items of daymark-stock-log left unprocessed",
        Err(other) => panic!("{other}"),
    };
    let throttled: Vec<usize> = (0..61).filter(|place| failed(&results[*place])).collect();
    assert_eq!(throttled, [2, 50, 60]);
}

#[tokio::test]
async fn an_entry_is_stored_if_and_only_if_it_is_reported() {
    // Half of the items of a call are left, others each time.
    let decide = |key: &str, count: u32| match domain::draw(&[key, &count.to_string()]) % 2 {
        0 => Write::Left,
        _ => Write::Stored,
    };
    let (tables, endpoint, _thread) = Endpoint::start(decide);
    let entries = of_stores(400);
    let results = tables.append(&entries).await;
    assert_true(&entries, &results, &endpoint);
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert!((1..30).contains(&failed), "one of 64 is left six times: {failed}");
}

#[tokio::test]
async fn an_answer_that_names_an_unknown_item_stores_nothing() {
    let server = bind();
    let tables = Tables::new(clients(&url(&server)).dynamodb, &ResourceNames::default());
    let answer = || {
        let item = json!({ "pk": { "S": "s9#2026-03-12" }, "sk": { "S": "x" } });
        json!({ "UnprocessedItems": { TABLE: [{ "PutRequest": { "Item": item } }] } })
    };
    let router = Router::new().fallback(async move || answer().to_string());
    let _thread = ServiceThread::start("dynamodb", move |stop| server.serve(router, stop));
    for result in tables.append(&of_stores(2)).await {
        assert!(matches!(result, Err(Failure::Throttled(_))), "{result:?}");
    }
}

#[tokio::test]
async fn a_call_that_fails_reports_its_entries_and_no_others() {
    let decide = |key: &str, _| match key.starts_with("s40#") {
        true => Write::Refused("AccessDeniedException"),
        false => Write::Stored,
    };
    let (tables, endpoint, _thread) = Endpoint::start(decide);
    let entries = of_stores(60);
    let results = tables.append(&entries).await;
    assert_true(&entries, &results, &endpoint);
    let refused = |result: &Result<(), Failure>| matches!(result, Err(Failure::Refused(_)));
    assert!(results[25..50].iter().all(refused), "the second call of three");
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 35);
    assert_eq!(endpoint.calls(), 3);
}

#[tokio::test]
async fn an_invalid_entry_fails_alone() {
    let world = World::start().await;
    let large = segment("s2", NOON, &vec![7; ITEM_BYTES_MAX]);
    let entries =
        [segment("s1", NOON, b"1"), large, segment("s3", NOON, b"3")].map(LogEntry::Segment);
    let results = world.tables().append(&entries).await;
    let [Ok(()), Err(Failure::Refused(why)), Ok(())] = &results[..] else { panic!("{results:?}") };
    assert!(why.starts_with("ValidationException: "), "{why}");
    let stored = world.items("stock-log").await;
    let partitions: Vec<&str> =
        stored.iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    assert_eq!(partitions, ["s1#2026-03-12", "s3#2026-03-12"]);
}
