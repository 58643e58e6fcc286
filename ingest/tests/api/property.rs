//! Property: `stored` is reported exactly for acknowledged events, for any behaviour of the log.

use std::collections::HashMap;

use domain::ports::Failure;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::scripted_log::{LogStep, ScriptedApi, event_with, refused, throttled, unavailable};

const STORES: usize = 6;

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![4 => Just(throttled()), 3 => Just(unavailable()), 1 => Just(refused())]
}

fn log_step() -> impl Strategy<Value = LogStep> {
    prop_oneof![
        2 => Just(LogStep::Store),
        2 => failure().prop_map(LogStep::Fail),
        6 => vec((0..STORES, failure()), 1..STORES).prop_map(LogStep::FailSome),
        1 => Just(LogStep::LoseAnswer),
        1 => Just(LogStep::AnswerHalf),
    ]
}

/// Generates events of several stores, some with repeated ids, other content or invalid quantities.
fn events() -> impl Strategy<Value = Vec<Value>> {
    let event = (0..20_u32, 0..STORES, -1..3_i64).prop_map(|(id, store, quantity)| {
        let mut event = event_with(format!("{store}-{id}"), "store_id", format!("s{store}"));
        event["quantity"] = quantity.into();
        event
    });
    vec(event, 1..60)
}

proptest! {
    #[test]
    fn stored_is_reported_exactly_for_acknowledged_events(
        events in events(),
        script in vec(log_step(), 0..8),
        otherwise in log_step(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let api = ScriptedApi::scripted(script, otherwise);
        let answer = runtime.block_on(api.post_json(&Value::from(events.clone())));

        // An id is acknowledged at most once, because a stored event is never sent again.
        let acknowledged = api.acknowledged_ids();
        let receipts: HashMap<&str, &str> =
            acknowledged.iter().map(|(id, number)| (id.as_str(), number.as_str())).collect();
        prop_assert_eq!(receipts.len(), acknowledged.len());

        let results = answer.json["results"].as_array().unwrap();
        prop_assert_eq!(results.len(), events.len());
        let mut stored = 0;
        for (index, (result, event)) in results.iter().zip(&events).enumerate() {
            prop_assert_eq!(&result["index"], index);
            prop_assert_eq!(&result["event_id"], &event["event_id"]);
            let receipt = receipts.get(event["event_id"].as_str().unwrap());
            match result["status"].as_str().unwrap() {
                "stored" => {
                    stored += 1;
                    prop_assert_eq!(result["sequence_number"].as_str(), receipt.copied());
                }
                "duplicate" => {
                    prop_assert_eq!(result["sequence_number"].as_str(), receipt.copied());
                }
                "retry" => prop_assert_eq!(receipt, None),
                status => {
                    prop_assert_eq!(status, "rejected");
                    prop_assert!(result.get("sequence_number").is_none());
                }
            }
        }
        prop_assert_eq!(stored, acknowledged.len());
        prop_assert_eq!(answer.json["counts"]["stored"].as_u64(), Some(stored as u64));
        let success = answer.status.is_success();
        prop_assert_eq!(success, stored > 0, "2xx only if something is stored");
    }
}
