//! `daymark redrive`: failed batches are processed again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Delivered;
use event_source_mapping::{
    Checkpoints, Destination, EventSourceMapping, Handler, HandlerError, HandlerResponse,
    MappingSettings,
};
use serde_json::{Value, json};

use crate::dynamodb_stub::start_stub;
use crate::support::{UpProcess, daymark, event, now, run};
use crate::up::{clients, put, query};

/// Handler that fails for every batch.
struct FailingHandler;

impl Handler for FailingHandler {
    async fn handle(&self, _: &[Delivered]) -> Result<HandlerResponse, HandlerError> {
        Err(HandlerError("on purpose".to_owned()))
    }
}

/// Sends every batch of the stream to an on-failure destination, until it has a number of files.
fn fail_batches(up: &UpProcess, folder: &Path, files: usize) {
    let settings = MappingSettings {
        batch_size: 1,
        retry_attempts: Some(0),
        poll_interval: Duration::from_millis(50),
        ..MappingSettings::new("daymark-events")
    };
    let destination = Destination::Folder(folder.to_owned());
    run(async {
        let (client, clock) = (clients(up).kinesis, Arc::new(now));
        let mapping = EventSourceMapping::start(
            client,
            settings,
            FailingHandler,
            Checkpoints::Memory,
            destination,
            clock,
        );
        let mapping = mapping.expect("started");
        while files_below(folder).len() < files {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        mapping.stop().await;
    });
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    let paths = entries.map(|entry| entry.expect("an entry").path()).flat_map(below);
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn a_failed_batch_counts_once_however_often_it_is_redriven() {
    let failed = tempfile::tempdir().expect("a folder");
    let at = now();
    {
        let up = UpProcess::start(&["--memory"]);
        let lines = ["e1", "e2"].map(|id| event("corner", id, "rye", at).to_string());
        put(&up, lines.join("\n"));
        put(&up, "no event");
        fail_batches(&up, failed.path(), 2);
    }
    let folder = text(failed.path());

    let up = UpProcess::start(&["--memory"]);
    let dry_run = up.daymark(["redrive", folder, "--dry-run"]).success();
    assert!(dry_run.contains("1 records of shardId-00000000000"), "{dry_run}");
    assert!(dry_run.contains("with 2 events, arrived "), "{dry_run}");
    assert!(dry_run.contains("given up: RetryAttemptsExhausted"), "{dry_run}");
    assert!(dry_run.ends_with("2 batches to redrive, 0 files refused\n"), "{dry_run}");
    assert!(up.stock("corner", at.date_naive()).is_empty(), "a dry run changes nothing");

    for _ in 0..2 {
        let redriven = up.daymark(["redrive", folder]).success();
        let expected = "2 batches processed, 0 files refused; 2 events written to the log, \
                        1 refused and kept in quarantine\n";
        assert!(redriven.ends_with(expected), "{redriven}");
        let stock = up.stock("corner", at.date_naive());
        assert_eq!(stock["rye"]["on_hand"], "2");
    }
    let kept = up.daymark(["quarantine", "list", "--format", "json"]).rows();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

/// Returns an object as Lambda puts it into S3. Source: the Lambda developer guide, "Retaining
/// discarded batch records for a Kinesis data stream event source".
fn object(data: &str, arrived_at: DateTime<Utc>) -> Value {
    let arn = "arn:aws:kinesis:eu-west-1:000000000000:stream/daymark-prod-events";
    let number = "49590338271490256608559692538361571095921575989136588898";
    let payload = json!({ "Records": [{
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": "corner", "sequenceNumber": number,
            "data": STANDARD.encode(data),
            "approximateArrivalTimestamp": arrived_at.timestamp_millis() as f64 / 1e3,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0",
        "eventID": format!("shardId-000000000006:{number}"),
        "eventName": "aws:kinesis:record", "awsRegion": "eu-west-1",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/daymark", "eventSourceARN": arn,
    }]});
    json!({
        "requestContext": {
            "requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5",
            "functionArn": "arn:aws:lambda:eu-west-1:000000000000:function:daymark-prod-x:live",
            "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1,
        },
        "responseContext": {
            "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000006",
            "startSequenceNumber": number, "endSequenceNumber": number,
            "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:38:04.835Z",
            "batchSize": 1, "streamArn": arn,
        },
        "payload": payload.to_string(),
    })
}

/// Writes a file to the path of `aws s3 sync`.
fn write_synced(folder: &Path, name: &str, content: &str) {
    let shard = folder.join("8a5f9c1e/shardId-000000000006/2026/03/12");
    fs::create_dir_all(&shard).expect("a folder");
    fs::write(shard.join(name), content).expect("room");
}

#[test]
fn a_file_that_is_no_batch_is_reported_and_the_others_are_processed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now();
    let batch = object(&event("corner", "e1", "rye", at).to_string(), at);
    write_synced(folder.path(), "2026-03-12T15.17.00-5a7f", &batch.to_string());
    let mut metadata = batch.clone();
    metadata.as_object_mut().expect("an object").remove("payload");
    write_synced(folder.path(), "2026-03-12T15.16.00-for-sqs", &metadata.to_string());
    write_synced(folder.path(), "notes.txt", "looked at this on Tuesday");
    let ancient = object("{}", at - TimeDelta::days(500));
    write_synced(folder.path(), "2024-10-12T15.16.00-6b80", &ancient.to_string());

    let up = UpProcess::start(&["--memory"]);
    let ran = up.daymark(["redrive", text(folder.path())]);
    assert!(
        ran.out.ends_with(
            "1 batches processed, 3 files refused; 1 events written to the log, \
             0 refused and kept in quarantine\n"
        ),
        "{}",
        ran.out
    );
    let output = ran.failure();
    for named in [
        "notes.txt: is no batch of an on-failure destination",
        "for-sqs: says only where the records are, 49590338271490256608559692538361571095921575",
        "6b80: it came more than 90 days ago",
    ] {
        assert!(output.contains(named), "{output}");
    }
    assert_eq!(up.stock("corner", at.date_naive())["rye"]["on_hand"], "1");
}

#[test]
fn without_an_endpoint_the_files_that_follow_are_not_tried() {
    let folder = tempfile::tempdir().expect("a folder");
    let batch = object(&event("corner", "e1", "rye", now()).to_string(), now());
    write_synced(folder.path(), "2026-03-12T15.17.00-5a7f", &batch.to_string());
    let nowhere = ["--dynamodb-url", "http://127.0.0.1:1"];
    let arguments = ["redrive", text(folder.path())].into_iter().chain(nowhere);
    let output = daymark(arguments).failure();
    for told_of in ["5a7f: DynamoDB does not answer at http://127.0.0.1:1", "were not tried"] {
        assert!(output.contains(told_of), "{output}");
    }
    let output = daymark(["redrive", "/nowhere"]).failure();
    assert!(output.contains("/nowhere: No such file"), "{output}");
}

#[test]
fn a_batch_that_dynamodb_rejects_does_not_stop_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, store) in [("1-bad", "bad"), ("2-good", "corner"), ("3-good", "market")] {
        let batch = object(&event(store, "e1", "rye", now()).to_string(), now());
        write_synced(folder.path(), name, &batch.to_string());
    }
    let url = start_stub("bad#", "ValidationException");
    let ran = daymark(["redrive", text(folder.path()), "--dynamodb-url", &url]);
    let totals = "2 batches processed, 1 files refused; 2 events written to the log, \
                  0 refused and kept in quarantine\n";
    assert!(ran.out.ends_with(totals), "{}", ran.out);
    let output = ran.failure();
    assert!(output.contains("1-bad: not all of it is stored (refused: ValidationExc"), "{output}");
}

#[test]
fn a_redrive_that_stops_reports_the_cause_and_its_totals() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, store) in [("1", "corner"), ("2", "bad"), ("3", "market")] {
        let batch = object(&event(store, "e1", "rye", now()).to_string(), now());
        write_synced(folder.path(), name, &batch.to_string());
    }
    for code in ["ResourceNotFoundException", "AccessDeniedException", "ExpiredTokenException"] {
        let url = start_stub("bad#", code);
        let ran = daymark(["redrive", text(folder.path()), "--dynamodb-url", &url]);
        assert!(ran.out.contains("1 batches processed, 0 files refused; 1 events"), "{}", ran.out);
        let output = ran.failure();
        assert!(output.contains(code) && output.contains("were not tried"), "{output}");
    }
}

#[test]
fn the_age_limit_and_the_expiry_are_those_of_the_given_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now() - TimeDelta::days(20);
    let batch = object(&event("corner", "e1", "rye", at).to_string(), now());
    write_synced(folder.path(), "1", &batch.to_string());
    let redriven = |up: &UpProcess, flags: &[&str]| {
        up.daymark(["redrive", text(folder.path())].iter().chain(flags)).success()
    };
    let expires = |up: &UpProcess| {
        let items = query(up, "stock-log", &format!("corner#{}", at.date_naive()));
        items[0].contains_key("expires_at")
    };
    let up = UpProcess::start(&["--memory"]);
    let output = redriven(&up, &[]);
    assert!(output.contains("0 events written to the log, 1 refused and kept"), "{output}");
    assert!(redriven(&up, &["--event-age-max", "30"]).contains("1 events written"));
    assert!(expires(&up));
    for flags in [&["--event-age-max", "any"][..], &["--any-age"]] {
        let up = UpProcess::start(&["--memory"]);
        assert!(redriven(&up, flags).contains("1 events written"), "{flags:?}");
        assert!(!expires(&up), "{flags:?}");
    }

    for (flags, output) in [
        (&["--event-age-max", "400"][..], "expected a whole number of days from 1 to 399"),
        (&["--event-age-max", "30", "--any-age"], "cannot be used with"),
    ] {
        let ran = up.daymark(["redrive", text(folder.path())].iter().chain(flags));
        assert_eq!(ran.code, Some(2), "{flags:?}");
        assert!(ran.err.contains(output), "{}", ran.err);
    }
}
