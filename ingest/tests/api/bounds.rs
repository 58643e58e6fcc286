//! Limits of a body: size, number of events and duration.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use domain::limits::{BODY_BYTES_MAX, INFLATED_BYTES_MAX, LAMBDA_PAYLOAD_BYTES_MAX};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep};

use crate::scripted_log::{ScriptedApi, event, event_with, request};

/// Body of unknown length that arrives byte by byte, one byte per second.
struct Drip {
    bytes: std::vec::IntoIter<u8>,
    next: Pin<Box<Sleep>>,
}

impl Drip {
    fn of(bytes: Vec<u8>) -> Body {
        let next = Box::pin(sleep(Duration::from_secs(1)));
        Body::new(Self { bytes: bytes.into_iter(), next })
    }
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        std::task::ready!(self.next.as_mut().poll(context));
        self.next = Box::pin(sleep(Duration::from_secs(1)));
        Poll::Ready(self.bytes.next().map(|byte| Ok(Frame::data(Bytes::from(vec![byte])))))
    }
}

/// Body of unknown length in chunks of a mebibyte.
struct Chunks {
    left: usize,
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let chunk = || Ok(Frame::data(Bytes::from_static(&[b' '; 1024 * 1024])));
        self.left = self.left.checked_sub(1).expect("the body is read without end");
        Poll::Ready((self.left > 0).then(chunk))
    }
}

/// Body of a connection that breaks.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("connection reset"))))
    }
}

#[tokio::test]
async fn a_body_of_20_mb_is_refused_with_limit_and_size() {
    let answer = ScriptedApi::new().post("application/json", vec![b' '; 20_000_000]).await;
    answer.is_problem(413, "body-too-large", "at most 4194304 are allowed");
    assert_eq!(answer.json["limit"], BODY_BYTES_MAX);
    assert_eq!(answer.json["seen"], 20_000_000);
}

#[tokio::test]
async fn a_body_of_unknown_size_is_counted_and_not_read_without_end() {
    for (chunks, seen) in [(21, 20), (1_000, 33)] {
        let body = Body::new(Chunks { left: chunks });
        let answer = ScriptedApi::new().post("application/json", body).await;
        answer.is_problem(413, "body-too-large", "at most 4194304 are allowed");
        assert_eq!(answer.json["seen"], seen * 1024 * 1024);
    }
}

#[tokio::test]
async fn a_body_that_announces_a_far_too_large_size_is_not_read() {
    let answer = ScriptedApi::new().post("application/json", vec![b' '; 9 * BODY_BYTES_MAX]).await;
    answer.is_problem(413, "body-too-large", "at most 4194304 are allowed");
    assert_eq!(answer.json["seen"], 9 * BODY_BYTES_MAX);
}

#[tokio::test]
async fn a_body_at_the_limit_is_accepted_and_one_byte_more_is_refused() {
    let mut body = event(1).to_string().into_bytes();
    body.resize(BODY_BYTES_MAX, b' ');
    assert_eq!(ScriptedApi::new().post("application/json", body.clone()).await.status, 202);
    body.push(b' ');
    let answer = ScriptedApi::new().post("application/json", body).await;
    assert_eq!((answer.status.as_u16(), &answer.json["seen"]), (413, &json!(BODY_BYTES_MAX + 1)));
}

#[tokio::test]
async fn a_decompression_bomb_is_inflated_one_byte_beyond_the_limit() {
    let zeros = vec![b' '; INFLATED_BYTES_MAX + 3];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..4 {
        gzip.write_all(&zeros).unwrap();
    }
    let bombs =
        [("gzip", gzip.finish().unwrap()), ("zstd", zstd::bulk::compress(&zeros, 3).unwrap())];
    for (encoding, bomb) in bombs {
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        let answer = ScriptedApi::new().send(request(&headers, bomb)).await;
        answer.is_problem(413, "inflated-too-large", "at most 16777216 are allowed");
        assert_eq!(answer.json["limit"], INFLATED_BYTES_MAX);
        assert_eq!(answer.json["seen"], INFLATED_BYTES_MAX + 1);
    }
}

#[tokio::test]
async fn a_frame_that_requests_a_huge_window_is_refused() {
    // Magic number, no content size, window descriptor for 2^31 bytes; RFC 8878, section 3.1.1.
    let body = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 0x01, 0x00, 0x00];
    let headers = [("content-type", "application/json"), ("content-encoding", "zstd")];
    let answer = ScriptedApi::new().send(request(&headers, body)).await;
    answer.is_problem(400, "broken-compression", "too much memory");
}

#[tokio::test]
async fn ten_thousand_events_are_accepted_and_one_more_is_refused() {
    let text = |count: usize| -> (String, String) {
        let events: Vec<Value> = (0..count).map(event).collect();
        let lines = events.iter().map(|event| format!("{event}\n")).collect();
        (json!(events).to_string(), lines)
    };
    let (array, lines) = text(10_000);
    for (content_type, body) in [("application/json", array), ("application/x-ndjson", lines)] {
        let api = ScriptedApi::new();
        let answer = api.post(content_type, body).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.json["counts"]["stored"], 10_000);
        assert_eq!(api.calls(), [vec!["s1"; 25]], "400 events in a record, all in one call");
        assert!(answer.bytes < LAMBDA_PAYLOAD_BYTES_MAX, "{} bytes", answer.bytes);
    }
    let (array, lines) = text(10_001);
    for (content_type, body) in [("application/json", array), ("application/x-ndjson", lines)] {
        let api = ScriptedApi::new();
        let answer = api.post(content_type, body).await;
        answer.is_problem(413, "too-many-events", "10001 events; at most 10000 are allowed");
        assert_eq!((&answer.json["limit"], &answer.json["seen"]), (&json!(10_000), &json!(10_001)));
        assert!(api.held_ids().is_empty());
    }
}

#[tokio::test]
async fn the_answer_to_ten_thousand_invalid_events_fits_a_lambda_payload() {
    let wrong = |number: usize| {
        let mut wrong = event_with(number, "kind", "x".repeat(70));
        wrong["event_id"] = json!("\u{1}".repeat(20));
        wrong["quantity"] = json!("many");
        wrong
    };
    let events: Vec<Value> = (0..10_000).map(wrong).collect();
    let api = ScriptedApi::new();
    let answer = api.post("application/json", json!(events).to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json["counts"]["rejected"], 10_000);
    assert!(answer.bytes < LAMBDA_PAYLOAD_BYTES_MAX, "{} bytes", answer.bytes);
    let last = &answer.json["results"][9_999];
    assert_eq!(last["code"], "invalid_event");
    assert_eq!(last["message"], "not explained, this answer is full; send fewer events");
}

#[tokio::test]
async fn a_very_long_id_does_not_suppress_the_explanations_of_other_events() {
    let long = event_with(1, "event_id", "\u{1}".repeat(100_000));
    let body = json!([long, event_with(2, "quantity", -1)]);
    let answer = ScriptedApi::new().post_json(&body).await;
    assert_eq!(answer.each("event_id")[0].len(), 80);
    assert!(answer.each("message")[0].contains("has the character"), "{answer:?}");
    assert!(answer.each("message")[1].contains("outside 0 to 1000000"), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sender_of_a_byte_per_second_is_cut_off() {
    let started = Instant::now();
    let api = ScriptedApi::new();
    let answer = api.post("application/json", Drip::of(event(1).to_string().into_bytes())).await;
    answer.is_problem(408, "read-timeout", "longer than 10 s");
    assert_eq!(started.elapsed().as_secs(), 10);
    assert!(api.held_ids().is_empty());
}

#[tokio::test]
async fn a_connection_that_breaks_stores_nothing() {
    let answer = ScriptedApi::new().post("application/json", Body::new(Broken)).await;
    answer.is_problem(400, "body-unreadable", "connection reset");
}
