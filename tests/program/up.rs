//! `daymark up`: its endpoints, over HTTP and the AWS SDKs.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kinesis::primitives::Blob;
use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::support::{ApiClient, UpProcess, event, eventually, now, run, sale, stamp};

const STREAM: &str = "daymark-events";

pub(crate) fn clients(up: &UpProcess) -> aws::AwsClients {
    let endpoints = aws::Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() };
    aws::AwsClients::local(&endpoints)
}

/// Puts one record into the stream.
pub(crate) fn put(up: &UpProcess, data: impl Into<Vec<u8>>) {
    let put = clients(up).kinesis.put_record().stream_name(STREAM);
    run(put.partition_key("any").data(Blob::new(data.into())).send()).expect("taken");
}

pub(crate) type TableItem = BTreeMap<String, AttributeValue>;

/// Returns the items of a partition.
pub(crate) fn query(up: &UpProcess, table: &str, partition: &str) -> Vec<TableItem> {
    let query = clients(up).dynamodb.query().table_name(format!("daymark-{table}"));
    let query = query
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
    let items = run(query.send()).expect("an answer").items.unwrap_or_default();
    items.into_iter().map(|item| item.into_iter().collect()).collect()
}

fn text<'a>(item: &'a TableItem, name: &str) -> &'a str {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text,
        other => panic!("{name} is {other:?} in {item:?}"),
    }
}

#[test]
fn the_commands_of_the_guide_work() {
    let up = UpProcess::start(&["--memory"]);
    let event = up.printed_event();
    let at: chrono::DateTime<chrono::Utc> =
        event["occurred_at"].as_str().expect("a time").parse().expect("a time");
    assert_eq!(ApiClient::new(&up).post(&event).stored(), 1);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "12"));
    for name in ["stock", "offers"] {
        let command = format!("daymark {name} --store corner --dynamodb-url {}", up.dynamodb);
        assert!(up.guide.contains(&command), "{command} in {}", up.guide);
        crate::support::daymark(command.split(' ').skip(1)).success();
    }
}

#[test]
fn the_contract_is_at_the_printed_address() {
    let up = UpProcess::start(&["--memory"]);
    let printed = up.guide.lines().find_map(|line| line.trim().strip_prefix("contract"));
    assert_eq!(printed.map(str::trim), Some(format!("{}/docs", up.api).as_str()));
    let page = ApiClient::new(&up).get("/docs");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<code><span class=\"method\">POST</span> /v1/events</code>"));
    let contract = ApiClient::new(&up).get("/docs/openapi.yaml");
    assert_eq!(contract.text, include_str!("../../api/openapi.yaml"));
}

#[test]
fn an_event_put_into_kinesis_directly_is_processed() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    put(&up, event("corner", "direct-1", "rye", at).to_string());
    let several: Vec<String> =
        (2..5).map(|n| event("corner", &format!("direct-{n}"), "rye", at).to_string()).collect();
    put(&up, several.join("\n"));
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "4"));
    // The same event over HTTP counts once.
    assert_eq!(ApiClient::new(&up).post(&event("corner", "direct-1", "rye", at)).stored(), 1);
    assert_eq!(ApiClient::new(&up).post(&event("corner", "last", "seed", at)).stored(), 1);
    up.wait_for("corner", at.date_naive(), "seed", ("on_hand", "1"));
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "4"));
}

#[test]
fn the_rows_of_windows_are_readable_with_any_dynamodb_client() {
    let up = UpProcess::start(&["--memory"]);
    // A window that is over.
    let at = now() - TimeDelta::minutes(10);
    let events = [
        event("corner", "r-1", "rye", at),
        sale("corner", "s-1", "rye", "3.90", at),
        sale("corner", "s-2", "rye", "3.50", at),
    ];
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), 3);
    up.wait_for("corner", at.date_naive(), "rye", ("sold", "2"));
    // Without it, the next slot writes the row.
    let date = at.date_naive().to_string();
    up.daymark(["check", "--store", "corner", "--date", &date, "--repair"]).success();
    let items = query(&up, "windows", &format!("corner#{date}"));
    let [item] = items.as_slice() else { panic!("one window: {items:?}") };
    let window = at - TimeDelta::seconds(at.timestamp().rem_euclid(300));
    assert_eq!(text(item, "sk"), window.format("%H:%M").to_string());
    assert_eq!(text(item, "n"), "3");
    let of_items = item["items"].as_m().expect("a map");
    let rye: TableItem = of_items["rye"].as_m().expect("a map").clone().into_iter().collect();
    assert_eq!([text(&rye, "sold"), text(&rye, "received"), text(&rye, "moved")], ["2", "1", "-1"]);
    assert_eq!(text(&rye, "event_count"), "3");
    assert!(!rye.contains_key("wasted"), "zeros are left out");
    let expected = AttributeValue::M([("EUR".to_owned(), number("7.40"))].into());
    let revenue = match &rye["revenue"] {
        AttributeValue::M(revenue) => AttributeValue::M(
            revenue.iter().map(|(name, value)| (name.clone(), trimmed(value))).collect(),
        ),
        other => other.clone(),
    };
    assert_eq!(revenue, expected);
}

fn number(digits: &str) -> AttributeValue {
    trimmed(&AttributeValue::N(digits.to_owned()))
}

/// Removes trailing zeros, which DynamoDB does not keep.
fn trimmed(value: &AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::N(digits) if digits.contains('.') => {
            AttributeValue::N(digits.trim_end_matches('0').trim_end_matches('.').to_owned())
        }
        other => other.clone(),
    }
}

#[test]
fn an_invalid_record_goes_to_quarantine_and_the_next_is_processed() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    put(&up, b"\xff\xfe no event \x00".to_vec());
    let mut unknown = event("corner", "odd-1", "rye", at);
    unknown["kind"] = json!("gift");
    put(&up, format!("{unknown}\n{}", event("corner", "good-1", "rye", at)));
    let mut old = event("corner", "old-1", "rye", at);
    old["occurred_at"] = json!(stamp(at - TimeDelta::days(30)));
    put(&up, old.to_string());
    put(&up, event("corner", "good-2", "rye", at).to_string());
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "2"));

    let kept = quarantine(&up, at.date_naive());
    let reasons: Vec<&str> = kept.iter().map(|item| text(item, "reason")).collect();
    assert_eq!(reasons, ["unopenable", "invalid_event", "invalid_event"], "{kept:?}");
    let bytes = |item: &TableItem| match &item["bytes"] {
        AttributeValue::B(bytes) => bytes.clone().into_inner(),
        other => panic!("{other:?}"),
    };
    assert_eq!(bytes(&kept[0]), b"\xff\xfe no event \x00");
    let again: Value = serde_json::from_slice(&bytes(&kept[1])).expect("the event as it came");
    assert_eq!(again, unknown);
    for (item, rule) in kept[1..].iter().zip(["kind", "before it was received"]) {
        assert!(text(item, "message").contains(rule), "{rule} in {item:?}");
    }
    assert_eq!(up.counter("daymark_processor_events_total{outcome=\"written\"}"), 2);
}

/// Returns the entries in quarantine since `date`, sorted by arrival.
fn quarantine(up: &UpProcess, date: NaiveDate) -> Vec<TableItem> {
    let dates = date.iter_days().take_while(|date| *date <= now().date_naive());
    dates.flat_map(|date| query(up, "quarantine", &date.to_string())).collect()
}

#[test]
fn health_readiness_and_metrics_are_served() {
    let up = UpProcess::start(&["--memory"]);
    let wire = ApiClient::new(&up);
    assert_eq!((wire.get("/healthz").status, wire.get("/readyz").status), (200, 200));
    assert_eq!(wire.get("/nothing").status, 404);
    let at = now();
    assert_eq!(wire.post(&event("corner", "one", "rye", at)).stored(), 1);
    assert_eq!(wire.post(&event("corner", "one", "rye", at)).stored(), 1);
    assert_eq!(wire.post(&json!({})).status, 422);
    eventually("the processors count", || {
        let count = |outcome: &str| {
            up.counter(&format!("daymark_processor_events_total{{outcome=\"{outcome}\"}}"))
        };
        // Two requests may come in one batch or in two.
        match count("written") + count("duplicate") {
            2 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert_eq!(up.counter("daymark_ingest_events_total{outcome=\"stored\"}"), 2);
    assert_eq!(up.counter("daymark_ingest_events_total{outcome=\"rejected\"}"), 1);
    assert_eq!(up.counter("daymark_ingest_requests_total{status=\"422\"}"), 1);
}
