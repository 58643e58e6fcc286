//! Batch handler, invoked by the event source mapping.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use domain::ports::EventLog;
use domain::record::pack;
use domain::{Acceptance, Delivered, Event, SequenceNumber, StoreId};
use processors::{BatchOutcome, Processor};
use serde_json::{Value, json};

use crate::function::metrics;
use crate::runtime_api::Answer;
use crate::throttling::Throttling;
use crate::world::{World, event, kinesis_event, now};

/// Instant of all events and arrivals.
fn noon() -> DateTime<Utc> {
    "2026-03-12T12:00:00Z".parse().expect("an instant")
}

/// Record of shard 0.
fn delivered(number: &str, data: &[u8]) -> Delivered {
    Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: SequenceNumber::new(number),
        partition_key: "s1".to_owned(),
        arrived_at: noon(),
        data: data.to_vec(),
    }
}

fn packed(number: &str, events: &[Value]) -> Delivered {
    let parse = |event: &Value| Event::parse(&event.to_string(), &Acceptance::at(noon()));
    let events: Vec<Event> = events.iter().map(parse).collect::<Result<_, _>>().expect("valid");
    delivered(number, &pack("s1", &events).data)
}

/// Processes the records in this process.
async fn in_process(world: &World, prefix: &str, records: &[Delivered]) -> BatchOutcome {
    Processor::new(world.tables(prefix), Arc::new(now)).process(records).await
}

async fn same_tables(world: &World, one: &str, other: &str, rows: [usize; 2]) {
    for (table, rows) in ["stock-log", "quarantine"].into_iter().zip(rows) {
        let items = world.items(&format!("{one}{table}")).await;
        assert_eq!(items.len(), rows, "{table}: {items:#?}");
        assert_eq!(items, world.items(&format!("{other}{table}")).await);
    }
}

#[tokio::test]
async fn a_batch_leaves_the_rows_that_the_same_code_leaves_in_process() {
    let world = World::start();
    let stream = world.create_stream().await;
    world.create_tables("here-").await;
    world.create_tables("there-").await;
    let mut other = event("e1", "rye", noon());
    other["quantity"] = json!(7);
    let batch = [
        packed("1", &[event("e1", "rye", noon()), event("e2", "bun", noon())]),
        packed("2", &[event("e3", "rye", noon()), event("e1", "rye", noon())]),
        packed("3", &[other]),
        delivered("4", b"{\"event_id\":\"e9\"}\nno event"),
        delivered("5", &[]),
        delivered("6", &[0xFF, 0xFE]),
    ];
    let records = batch.iter().map(|record| domain::record::Record {
        partition_key: record.partition_key.clone(),
        data: record.data.clone(),
    });
    stream.put_records(&records.collect::<Vec<_>>()).await.expect("stored");
    let mut records = world.records().await;
    records.iter_mut().for_each(|record| record.arrived_at = noon());
    assert_eq!(records.len(), batch.len());

    let mut function = world.function("processor-lambda", "there-").await;
    let response = function.respond(kinesis_event(&records)).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    let outcome = in_process(&world, "here-", &records).await;
    assert_eq!(outcome.retry_from, None);
    same_tables(&world, "here-", "there-", [3, 4]).await;

    let metrics = metrics(&function.end(), "processor-lambda");
    for counted in [
        r#"daymark_processor_events_total["processor-lambda", "written"] 4 Count"#,
        r#"daymark_processor_events_total["processor-lambda", "duplicate"] 1 Count"#,
        r#"daymark_processor_segments_total["processor-lambda", "stored"] 1 Count"#,
    ] {
        assert!(metrics.iter().any(|metric| metric == counted), "{metrics:#?}");
    }
    let age = "daymark_processor_freshness_seconds[\"processor-lambda\"] [";
    let ages = metrics.iter().filter_map(|metric| metric.strip_prefix(age));
    let ages: Vec<usize> = ages.map(|ages| ages.split(',').count()).collect();
    assert_eq!(ages, [5], "one for each event, repeated ones included: {metrics:#?}");
}

#[tokio::test]
async fn poison_is_kept_with_the_millisecond_of_its_arrival() {
    let world = World::start();
    world.create_tables("here-").await;
    world.create_tables("there-").await;
    let records: Vec<Delivered> = [0, 1, 20, 120, 123, 500, 999]
        .into_iter()
        .map(|millis| Delivered {
            arrived_at: noon() + TimeDelta::milliseconds(millis),
            ..delivered(&format!("{}", 1000 + millis), b"no event")
        })
        .collect();
    let mut function = world.function("processor-lambda", "there-").await;
    function.respond(kinesis_event(&records)).await;
    in_process(&world, "here-", &records).await;
    same_tables(&world, "here-", "there-", [0, records.len()]).await;
}

#[tokio::test]
async fn a_redelivered_batch_changes_nothing() {
    let world = World::start();
    world.create_tables("").await;
    let batch = kinesis_event(&[
        packed("1", &[event("e1", "rye", noon()), event("e2", "bun", noon())]),
        delivered("2", b"no event"),
    ]);
    let mut function = world.function("processor-lambda", "").await;
    function.respond(batch.clone()).await;
    let before = [world.items("stock-log").await, world.items("quarantine").await];
    let again = function.respond(batch).await;
    assert_eq!(again, json!({ "batchItemFailures": [] }));
    assert_eq!([world.items("stock-log").await, world.items("quarantine").await], before);
}

fn store_id() -> StoreId {
    "s1".parse().expect("an id")
}

/// Number of distinct events in the log of each of two dates.
async fn counts(world: &World, dates: [DateTime<Utc>; 2]) -> [u64; 2] {
    let tables = world.tables("");
    let mut counts = [0; 2];
    for (count, date) in counts.iter_mut().zip(dates) {
        let read = stock_log::read_date(&tables, &store_id(), date.date_naive()).await;
        *count = read.expect("the log").day.count();
    }
    counts
}

#[tokio::test]
async fn a_write_that_is_left_unprocessed_requests_redelivery_from_its_first_record() {
    let world = World::start();
    world.create_tables("").await;
    let days = [noon() - TimeDelta::days(1), noon()];
    let partition = format!("s1#{}", days[0].date_naive());
    let throttling = Throttling::start(world.dynamodb(), &partition).await;
    let variables = [("AWS_ENDPOINT_URL_DYNAMODB", throttling.url.as_str())];
    let mut function = world.function_with("processor-lambda", "", &variables).await;
    let records = [
        packed("998", &[event("e1", "rye", days[1])]),
        packed("999", &[event("e2", "bun", days[0]), event("e3", "bun", days[1])]),
        packed("1000", &[event("e4", "rye", days[1])]),
    ];
    let response = function.respond(kinesis_event(&records)).await;
    assert_eq!(response, json!({ "batchItemFailures": [{ "itemIdentifier": "999" }] }));
    assert_eq!(counts(&world, days).await, [0, 3], "all that could be written is");

    throttling.end();
    let response = function.respond(kinesis_event(&records[1..])).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    assert_eq!(counts(&world, days).await, [1, 3]);
    let metrics = metrics(&function.end(), "processor-lambda");
    let failed = r#"daymark_processor_segments_total["processor-lambda", "failed"] 1 Count"#;
    assert_eq!(metrics.iter().filter(|metric| *metric == failed).count(), 1, "{metrics:#?}");
}

#[tokio::test]
async fn the_log_expires_after_the_configured_number_of_days() {
    let world = World::start();
    let date = noon().date_naive();
    let batch = kinesis_event(&[packed("1", &[event("e1", "rye", noon())])]);
    for (prefix, variables, kept) in [
        ("default-", &[][..], Some(90)),
        ("short-", &[("DAYMARK_STOCK_LOG_DAYS", "60")], Some(60)),
        ("ever-", &[("DAYMARK_STOCK_LOG_DAYS", "forever")], None),
    ] {
        world.create_tables(prefix).await;
        let mut function = world.function_with("processor-lambda", prefix, variables).await;
        let response = function.respond(batch.clone()).await;
        assert_eq!(response, json!({ "batchItemFailures": [] }));
        let items = world.items(&format!("{prefix}stock-log")).await;
        let partition = AttributeValue::S(format!("s1#{date}"));
        let segment = items.iter().find(|item| item["pk"] == partition).expect("a segment");
        let expiry = segment.get("expires_at").map(|expiry| expiry.as_n().expect("a number"));
        let expected = kept.map(|days| {
            let end = date + Days::new(1 + days);
            end.and_time(NaiveTime::MIN).and_utc().timestamp().to_string()
        });
        assert_eq!(expiry, expected.as_ref(), "{prefix}");
    }
}

/// Records in the order of delivery. The order of their numbers as texts is another.
fn three_records() -> Value {
    kinesis_event(&[
        packed("998", &[event("e1", "rye", noon())]),
        packed("999", &[event("e2", "bun", noon())]),
        packed("1000", &[event("e3", "rye", noon())]),
    ])
}

#[tokio::test]
async fn a_missing_table_requests_redelivery_of_the_whole_batch() {
    let world = World::start();
    let mut function = world.function("processor-lambda", "").await;
    let response = function.respond(three_records()).await;
    assert_eq!(response, json!({ "batchItemFailures": [{ "itemIdentifier": "998" }] }));

    world.create_tables("").await;
    let response = function.respond(three_records()).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }), "when the table is there");
    let read = stock_log::read_date(&world.tables(""), &store_id(), noon().date_naive()).await;
    assert_eq!(read.expect("the log").day.count(), 3);
}

#[tokio::test]
async fn a_table_that_does_not_answer_requests_redelivery_of_the_whole_batch() {
    let world = World::start();
    let mut function = world.function_without_dynamodb("processor-lambda").await;
    let response = function.respond(three_records()).await;
    assert_eq!(response, json!({ "batchItemFailures": [{ "itemIdentifier": "998" }] }));
    let metrics = metrics(&function.end(), "processor-lambda");
    let counted = r#"daymark_processor_segments_total["processor-lambda", "failed"] 1 Count"#;
    assert!(metrics.iter().any(|metric| metric == counted), "{metrics:#?}");
}

#[tokio::test]
async fn an_invalid_request_is_an_error_and_the_function_continues() {
    let world = World::start();
    world.create_tables("").await;
    let mut function = world.function("processor-lambda", "").await;
    let Answer::Error(error) = function.invoke(json!({ "records": [] })).await else {
        panic!("it was taken")
    };
    assert!(error["errorMessage"].as_str().is_some_and(|why| why.contains("Records")), "{error}");
    let response = function.respond(kinesis_event(&[])).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
}
