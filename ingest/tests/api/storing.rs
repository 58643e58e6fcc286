//! Storing: an answer reports `stored` only for acknowledged events.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::scripted_log::{
    LogStep, ScriptedApi, event, event_with, refused, throttled, unavailable,
};

/// Returns one event for each of `count` stores, which makes one record each.
fn stores(count: usize) -> Value {
    (0..count).map(|number| event_with(number, "store_id", format!("s{number}"))).collect()
}

#[tokio::test]
async fn a_stored_event_has_its_receipt() {
    let answer = ScriptedApi::new().post_json(&event("e-1")).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-batch-summary"), "stored=1;duplicate=0;rejected=0;retry=0");
    assert_eq!(
        answer.json,
        json!({
            "outcome": "stored",
            "counts": { "received": 1, "stored": 1, "duplicate": 0, "rejected": 0, "retry": 0 },
            "results": [{
                "index": 0, "event_id": "e-1", "status": "stored",
                "shard_id": "shardId-000000000000",
                "sequence_number": format!("4965{:052}", 0),
            }],
        })
    );
}

#[tokio::test(start_paused = true)]
async fn only_failed_records_are_sent_again() {
    let some = LogStep::FailSome(vec![(1, throttled()), (3, unavailable())]);
    let api = ScriptedApi::scripted(
        vec![some, LogStep::FailSome(vec![(1, throttled())])],
        LogStep::Store,
    );
    let answer = api.post_json(&stores(5)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let calls: [&[&str]; 3] = [&["s0", "s1", "s2", "s3", "s4"], &["s1", "s3"], &["s3"]];
    assert_eq!(api.calls(), calls);
    assert_eq!(api.held_ids(), ["0", "2", "4", "1", "3"], "each once");
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_repeated() {
    for failure in [throttled(), unavailable()] {
        let api = ScriptedApi::scripted(vec![LogStep::Fail(failure); 3], LogStep::Store);
        let answer = api.post_json(&stores(2)).await;
        assert_eq!(answer.status, 202);
        assert_eq!(api.calls().len(), 4);
        assert_eq!(api.held_ids(), ["0", "1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_busy_is_429_with_retry_after() {
    let api = ScriptedApi::scripted(vec![], LogStep::Fail(throttled()));
    let started = Instant::now();
    let answer = api.post_json(&json!([event(1), event_with(2, "quantity", -1), event(1)])).await;
    assert!(started.elapsed().as_secs() <= 15, "the answer comes after the deadline");
    answer.is_problem(429, "throttled", "send the events marked retry again");
    assert_eq!(answer.json["outcome"], "not_stored");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("x-batch-summary"), "stored=0;duplicate=0;rejected=1;retry=2");
    // A duplicate is stored only if its first event is stored.
    assert_eq!(answer.each("status"), ["retry", "rejected", "retry"]);
    assert_eq!(answer.each("code"), ["throttled", "invalid_event", "throttled"]);
    assert!(api.calls().len() > 3);
}

#[tokio::test(start_paused = true)]
async fn a_stream_out_of_reach_is_503_with_retry_after() {
    let api = ScriptedApi::scripted(vec![], LogStep::Fail(unavailable()));
    let answer = api.post_json(&json!([event(1)])).await;
    answer.is_problem(503, "stream-unavailable", "out of reach");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.each("code"), ["unavailable"]);
}

#[tokio::test(start_paused = true)]
async fn a_partly_stored_request_is_207_with_retry_after() {
    let busy = LogStep::FailSome(vec![(0, throttled())]);
    let first = LogStep::FailSome(vec![(1, throttled())]);
    let api = ScriptedApi::scripted(vec![first], busy);
    let answer = api.post_json(&stores(3)).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.json["outcome"], "partly_stored");
    assert_eq!(answer.each("status"), ["stored", "retry", "stored"]);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(api.held_ids(), ["0", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_is_answered_retry_and_the_resend_is_the_same_record() {
    let api = ScriptedApi::scripted(vec![LogStep::LoseAnswer], LogStep::Store);
    let started = Instant::now();
    let answer = api.post_json(&json!([event(1)])).await;
    assert_eq!(started.elapsed().as_secs(), 15);
    answer.is_problem(503, "stream-unavailable", "safe even if they were stored");
    assert_eq!(answer.each("status"), ["retry"]);
    assert!(api.acknowledged_ids().is_empty());

    let answer = api.post_json(&json!([event(1)])).await;
    assert_eq!(answer.status, 202);
    let held = api.service.log.held.lock().unwrap();
    assert_eq!(held[0], held[1], "both records have the same bytes");
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_no_further_call_is_made() {
    let api = ScriptedApi::scripted(vec![LogStep::LoseAnswer], LogStep::Store);
    let answer = api.post_json(&stores(1_200)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json["counts"]["retry"], 1_200);
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_not_repeated_and_its_message_is_not_published() {
    let api = ScriptedApi::scripted(vec![], LogStep::Fail(refused()));
    let answer = api.post_json(&json!([event(1)])).await;
    assert_eq!(answer.status, 503);
    assert_eq!(api.calls().len(), 1);
    assert!(!answer.json.to_string().contains("arn:"), "{answer:?}");

    let api = ScriptedApi::scripted(vec![LogStep::FailSome(vec![(0, refused())])], LogStep::Store);
    let answer = api.post_json(&stores(2)).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.each("status"), ["retry", "stored"]);
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn records_without_an_answer_are_sent_again() {
    let api = ScriptedApi::scripted(vec![LogStep::AnswerHalf], LogStep::Store);
    let answer = api.post_json(&stores(4)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(api.calls(), [vec!["s0", "s1", "s2", "s3"], vec!["s2", "s3"]]);
}

#[tokio::test]
async fn a_call_carries_at_most_500_records() {
    let api = ScriptedApi::new();
    let answer = api.post_json(&stores(1_001)).await;
    assert_eq!(answer.status, 202);
    let sizes: Vec<usize> = api.calls().iter().map(Vec::len).collect();
    assert_eq!(sizes, [500, 500, 1]);
}
