//! Check of the embedded Kinesis endpoint. Each line of an input is an action, a blank and a body.
//!
//! `$ITERATOR`, `$SEQUENCE` and `$TOKEN` in a body are replaced by values of earlier answers. Text
//! between `<<` and `>>` is encoded as base64, so that inputs can forge tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::assertions::{now, run};

/// Number of requests of one input; more of them only repeat.
const REQUESTS_MAX: usize = 40;
/// Length of the stamp of a stream, with which its sequence numbers begin.
const STAMP_CHARS: usize = 17;

/// Records by sequence number: partition key and data.
type Records = BTreeMap<String, (String, String)>;

/// Record of a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord {
    partition_key: String,
    data: String,
}

/// Body of `PutRecords`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecords {
    records: Vec<PutRecord>,
}

/// Checks the endpoint with a series of requests.
///
/// # Panics
/// Panics if an answer is malformed or an acknowledged record cannot be read back exactly once.
pub fn check_kinesis(data: &[u8]) {
    let settings = KinesisSettings {
        storage: KinesisStorage::Memory,
        limits: ShardLimits::Off,
        clock: Arc::new(now),
        region: "eu-west-1".to_owned(),
    };
    let kinesis = Kinesis::open(settings).expect("a storage in memory");
    let mut caller = Caller { router: kinesis.router(), known: Vec::new(), put: Records::new() };
    run(async {
        for line in data.split(|byte| *byte == b'\n').take(REQUESTS_MAX) {
            caller.request(line).await;
        }
        caller.reads_back_what_was_acknowledged().await;
        kinesis.close().await;
    });
}

struct Caller {
    router: Router,
    /// Placeholders and their values, from earlier answers.
    known: Vec<(&'static str, String)>,
    /// Acknowledged records.
    put: Records,
}

impl Caller {
    async fn request(&mut self, line: &[u8]) {
        let place = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (action, body) = line.split_at(place);
        let body = self.filled_in(body.trim_ascii());
        let Some(answer) = self.ask(action, &body).await else { return };
        let learned = [
            ("$ITERATOR", &answer["ShardIterator"]),
            ("$ITERATOR", &answer["NextShardIterator"]),
            ("$SEQUENCE", &answer["SequenceNumber"]),
            ("$TOKEN", &answer["NextToken"]),
        ];
        for (name, value) in learned {
            if let Some(text) = value.as_str() {
                self.known.retain(|(known, _)| *known != name);
                self.known.push((name, text.to_owned()));
            }
        }
        match action {
            b"PutRecord" => self.acknowledged(vec![read(&body)], &[answer]),
            b"PutRecords" => {
                let PutRecords { records } = read(&body);
                assert_eq!(answer["FailedRecordCount"], 0, "nothing is limited here");
                self.acknowledged(records, answer["Records"].as_array().expect("records"));
            }
            _ => {}
        }
    }

    fn filled_in(&self, body: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
        let mut text = text.to_owned();
        for (name, value) in &self.known {
            text = text.replace(name, value);
        }
        while let Some((before, rest)) = text.split_once("<<")
            && let Some((inner, after)) = rest.split_once(">>")
        {
            text = format!("{before}{}{after}", BASE64_URL_SAFE_NO_PAD.encode(inner));
        }
        text.into_bytes()
    }

    /// Sends a request and checks the form of the answer. Returns the body of a success.
    async fn ask(&self, action: &[u8], body: &[u8]) -> Option<Value> {
        let target = HeaderValue::from_bytes(&[b"Kinesis_20131202.", action].concat()).ok()?;
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header(header::AUTHORIZATION, "AWS4-HMAC-SHA256 anyone")
            .header("x-amz-target", target)
            .body(Body::from(body.to_vec()))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (head, bytes) = response.into_parts();
        let bytes = to_bytes(bytes, usize::MAX).await.expect("a whole answer");
        let answer: Value = serde_json::from_slice(&bytes).expect("an answer in JSON");
        assert_eq!(head.headers[header::CONTENT_TYPE], "application/x-amz-json-1.1");
        assert!(head.headers.contains_key("x-amzn-requestid"));
        let error =
            head.headers.get("x-amzn-errortype").map(|error| error.to_str().expect("a word"));
        assert_eq!(answer["__type"].as_str(), error);
        if head.status == StatusCode::OK {
            assert!(answer.is_object() && error.is_none(), "{answer}");
            let asked = serde_json::from_slice::<&RawValue>(body);
            assert!(asked.is_ok_and(|asked| asked.get().starts_with('{')), "no object: {body:?}");
            return Some(answer);
        }
        assert!(head.status.is_client_error(), "{}: {answer}", head.status);
        let (error, message) = (error.unwrap_or_default(), &answer["message"]);
        assert!(error.ends_with("Exception"), "{answer}");
        assert!(message.as_str().is_some_and(|message| !message.is_empty()), "{answer}");
        None
    }

    fn acknowledged(&mut self, asked: Vec<PutRecord>, given: &[Value]) {
        assert_eq!(asked.len(), given.len(), "an answer for each record");
        for (PutRecord { partition_key, data }, given) in asked.into_iter().zip(given) {
            let sequence = text(&given["SequenceNumber"]);
            let before = self.put.insert(sequence, (partition_key, data));
            assert_eq!(before, None, "a sequence number is assigned once");
        }
    }

    async fn must(&self, action: &str, body: Value) -> Value {
        let answer = self.ask(action.as_bytes(), body.to_string().as_bytes()).await;
        answer.unwrap_or_else(|| panic!("{action} {body} was refused"))
    }

    /// Asserts that the remaining streams hold exactly the acknowledged records.
    async fn reads_back_what_was_acknowledged(&self) {
        let streams = self.must("ListStreams", json!({ "Limit": 10_000 })).await;
        assert_eq!(streams["HasMoreStreams"], false);
        let mut found = Records::new();
        let mut stamps = Vec::new();
        for stream in streams["StreamNames"].as_array().expect("names") {
            let shards = self.must("ListShards", json!({ "StreamName": stream })).await;
            for shard in shards["Shards"].as_array().expect("shards") {
                let range = &shard["SequenceNumberRange"]["StartingSequenceNumber"];
                stamps.push(range.as_str().expect("a number")[..STAMP_CHARS].to_owned());
                self.read_shard(stream, &shard["ShardId"], &mut found).await;
            }
        }
        let mut put = self.put.clone();
        put.retain(|sequence, _| stamps.iter().any(|stamp| sequence.starts_with(stamp)));
        assert_eq!(found, put);
    }

    async fn read_shard(&self, stream: &Value, shard: &Value, found: &mut Records) {
        let from_start = json!({
            "StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON",
        });
        let mut iterator = self.must("GetShardIterator", from_start).await["ShardIterator"].take();
        while iterator.is_string() {
            let mut page = self.must("GetRecords", json!({ "ShardIterator": iterator })).await;
            for record in page["Records"].as_array().expect("records") {
                let of_record = (text(&record["PartitionKey"]), text(&record["Data"]));
                let before = found.insert(text(&record["SequenceNumber"]), of_record);
                assert_eq!(before, None, "a record is returned once");
            }
            if page["MillisBehindLatest"] == 0 && page["NextShardIterator"].is_string() {
                break;
            }
            iterator = page["NextShardIterator"].take();
        }
    }
}

/// Parses a body that the endpoint has accepted.
fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> T {
    serde_json::from_slice(body).expect("a body that the endpoint accepted")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
