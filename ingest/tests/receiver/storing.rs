//! An answer says stored only for what the log has acknowledged.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Receiver, Step, event, event_with, refused, throttled, unavailable};

/// One event in each of `count` stores, so one record each.
fn stores(count: usize) -> Value {
    (0..count).map(|number| event_with(number, "store_id", format!("s{number}"))).collect()
}

#[tokio::test]
async fn a_stored_event_has_its_receipt() {
    let answer = Receiver::new().post_json(&event("e-1")).await;
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
async fn only_the_records_that_failed_are_sent_again() {
    let some = Step::FailSome(vec![(1, throttled()), (3, unavailable())]);
    let receiver =
        Receiver::scripted(vec![some, Step::FailSome(vec![(1, throttled())])], Step::Take);
    let answer = receiver.post_json(&stores(5)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let calls: [&[&str]; 3] = [&["s0", "s1", "s2", "s3", "s4"], &["s1", "s3"], &["s3"]];
    assert_eq!(receiver.calls(), calls);
    assert_eq!(receiver.held_ids(), ["0", "2", "4", "1", "3"], "each once");
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_made_again() {
    for failure in [throttled(), unavailable()] {
        let receiver = Receiver::scripted(vec![Step::Fail(failure); 3], Step::Take);
        let answer = receiver.post_json(&stores(2)).await;
        assert_eq!(answer.status, 202);
        assert_eq!(receiver.calls().len(), 4);
        assert_eq!(receiver.held_ids(), ["0", "1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_busy_is_429_with_retry_after() {
    let receiver = Receiver::scripted(vec![], Step::Fail(throttled()));
    let started = Instant::now();
    let answer =
        receiver.post_json(&json!([event(1), event_with(2, "quantity", -1), event(1)])).await;
    assert!(started.elapsed().as_secs() <= 15, "it answers within the deadline");
    answer.is_problem(429, "throttled", "send the events marked retry again");
    assert_eq!(answer.json["outcome"], "not_stored");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("x-batch-summary"), "stored=0;duplicate=0;rejected=1;retry=2");
    // A duplicate is no safer than its first.
    assert_eq!(answer.each("status"), ["retry", "rejected", "retry"]);
    assert_eq!(answer.each("code"), ["throttled", "invalid_event", "throttled"]);
    assert!(receiver.calls().len() > 3);
}

#[tokio::test(start_paused = true)]
async fn a_stream_out_of_reach_is_503_with_retry_after() {
    let receiver = Receiver::scripted(vec![], Step::Fail(unavailable()));
    let answer = receiver.post_json(&json!([event(1)])).await;
    answer.is_problem(503, "stream-unavailable", "out of reach");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.each("code"), ["unavailable"]);
}

#[tokio::test(start_paused = true)]
async fn what_stays_unstored_is_207_with_retry_after_beside_what_is_stored() {
    let busy = Step::FailSome(vec![(0, throttled())]);
    let first = Step::FailSome(vec![(1, throttled())]);
    let receiver = Receiver::scripted(vec![first], busy);
    let answer = receiver.post_json(&stores(3)).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.json["outcome"], "partly_stored");
    assert_eq!(answer.each("status"), ["stored", "retry", "stored"]);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(receiver.held_ids(), ["0", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_is_answered_retry_and_the_resend_is_the_same_event() {
    let receiver = Receiver::scripted(vec![Step::LoseTheAnswer], Step::Take);
    let started = Instant::now();
    let answer = receiver.post_json(&json!([event(1)])).await;
    assert_eq!(started.elapsed().as_secs(), 15);
    answer.is_problem(503, "stream-unavailable", "safe even if they were stored");
    assert_eq!(answer.each("status"), ["retry"]);
    assert!(receiver.acknowledged_ids().is_empty());

    let answer = receiver.post_json(&json!([event(1)])).await;
    assert_eq!(answer.status, 202);
    let held = receiver.service.log.held.lock().unwrap();
    assert_eq!(held[0], held[1], "the same bytes twice, which the sets make one");
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_no_further_call_is_made() {
    let receiver = Receiver::scripted(vec![Step::LoseTheAnswer], Step::Take);
    let answer = receiver.post_json(&stores(1_200)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json["counts"]["retry"], 1_200);
    assert_eq!(receiver.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_repeated_and_its_words_stay_inside() {
    let receiver = Receiver::scripted(vec![], Step::Fail(refused()));
    let answer = receiver.post_json(&json!([event(1)])).await;
    assert_eq!(answer.status, 503);
    assert_eq!(receiver.calls().len(), 1);
    assert!(!answer.json.to_string().contains("arn:"), "{answer:?}");

    let receiver = Receiver::scripted(vec![Step::FailSome(vec![(0, refused())])], Step::Take);
    let answer = receiver.post_json(&stores(2)).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.each("status"), ["retry", "stored"]);
    assert_eq!(receiver.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_answers_for_too_few_records_is_asked_again() {
    let receiver = Receiver::scripted(vec![Step::AnswerShort], Step::Take);
    let answer = receiver.post_json(&stores(4)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(receiver.calls(), [vec!["s0", "s1", "s2", "s3"], vec!["s2", "s3"]]);
}

#[tokio::test]
async fn a_call_carries_at_most_500_records() {
    let receiver = Receiver::new();
    let answer = receiver.post_json(&stores(1_001)).await;
    assert_eq!(answer.status, 202);
    let sizes: Vec<usize> = receiver.calls().iter().map(Vec::len).collect();
    assert_eq!(sizes, [500, 500, 1]);
}
