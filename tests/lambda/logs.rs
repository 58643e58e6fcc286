//! Logs of a function: each line names its invocation.

use chrono::{DateTime, Utc};
use domain::{Delivered, SequenceNumber};
use serde_json::{Value, json};

use crate::queue::batch;
use crate::world::{World, kinesis_event};

/// Returns the values of a field in the spans of a line, the outermost first.
fn said<'a>(line: &'a Value, field: &str) -> Vec<&'a str> {
    let spans = line["spans"].as_array().expect("spans");
    spans.iter().filter_map(|span| span[field].as_str()).collect()
}

/// Returns the lines without metrics.
fn logged(printed: &[Value]) -> Vec<&Value> {
    printed.iter().filter(|line| line.get("_aws").is_none()).collect()
}

#[tokio::test]
async fn every_log_line_of_a_batch_names_request_function_version_and_shard_at_any_level() {
    for level in ["INFO", "WARN"] {
        let world = World::start();
        world.create_tables("").await;
        let level = [("AWS_LAMBDA_LOG_LEVEL", level)];
        let mut function = world.function_with("processor-lambda", "", &level).await;
        let record = Delivered {
            shard_id: "shardId-000000000006".to_owned(),
            sequence_number: SequenceNumber::new("1"),
            partition_key: "s1".to_owned(),
            arrived_at: DateTime::<Utc>::UNIX_EPOCH,
            data: b"no event".to_vec(),
        };
        function.respond(kinesis_event(&[record])).await;
        let printed = function.end();
        let lines = logged(&printed);
        assert!(!lines.is_empty());
        for line in lines {
            assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
            assert!(line["fields"]["message"].is_string(), "{line}");
            assert_eq!(said(line, "function"), ["processor-lambda"]);
            assert_eq!(said(line, "version"), ["1"]);
            // The saved queries of `cdk/` read this field.
            assert_eq!(line["spans"][0]["function"], "processor-lambda");
            assert!(line["spans"][1]["requestId"].is_string(), "{line}");
            assert_eq!(said(line, "shard"), ["shardId-000000000006"]);
            let [request_id] = said(line, "requestId")[..] else { panic!("{line}") };
            let metrics = printed.iter().filter(|line| line.get("_aws").is_some());
            for metric in metrics {
                assert_eq!(metric["requestId"], request_id);
            }
        }
    }
}

#[tokio::test]
async fn an_unreadable_message_is_logged_with_its_id() {
    let world = World::start();
    let mut function = world.function("day-close-lambda", "").await;
    let answer = function.respond(batch([("s1", "hello")])).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] }));
    let printed = function.end();
    let lines = logged(&printed);
    let [line] = lines[..] else { panic!("{lines:#?}") };
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["fields"]["message.id"], "m0");
    let told = line["fields"]["message"].as_str().expect("a text");
    assert!(told.starts_with("not served: the message is not a due store like {"), "{told}");
    assert_eq!(said(line, "requestId").len(), 1);
}
