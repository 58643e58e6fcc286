//! `daymark redrive`: what the event source mapping gave up is processed after all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Delivered;
use event_source_mapping::{
    Checkpoints, Destination, EventSourceMapping, Handler, HandlerError, MappingSettings, Response,
};
use serde_json::{Value, json};

use crate::endpoints::{clients, put, query};
use crate::stand_in::refusing;
use crate::support::{Up, daymark, event, now, run};

/// A function that is broken.
struct Broken;

impl Handler for Broken {
    async fn handle(&self, _: &[Delivered]) -> Result<Response, HandlerError> {
        Err(HandlerError("on purpose".to_owned()))
    }
}

/// Gives up every batch of the stream into a folder, until so many files are in it.
fn give_up(up: &Up, folder: &Path, files: usize) {
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
            Broken,
            Checkpoints::Memory,
            destination,
            clock,
        );
        let mapping = mapping.expect("it starts");
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
    paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn what_was_given_up_counts_once_however_often_it_is_redriven() {
    let given_up = tempfile::tempdir().expect("a folder");
    let at = now();
    {
        let up = Up::start(&["--memory"]);
        let lines = ["e1", "e2"].map(|id| event("corner", id, "rye", at).to_string());
        put(&up, lines.join("\n"));
        put(&up, "no event");
        give_up(&up, given_up.path(), 2);
    }
    let folder = text(given_up.path());

    let up = Up::start(&["--memory"]);
    let looked = up.daymark(["redrive", folder, "--dry-run"]).well();
    assert!(looked.contains("1 records of shardId-00000000000"), "{looked}");
    assert!(looked.contains("with 2 events, arrived "), "{looked}");
    assert!(looked.contains("given up: RetryAttemptsExhausted"), "{looked}");
    assert!(looked.ends_with("2 batches to redrive, 0 files refused\n"), "{looked}");
    assert!(up.stock("corner", at.date_naive()).is_empty(), "a look changes nothing");

    for told in ["2 events stored, 0 stored before", "0 events stored, 2 stored before"] {
        let redriven = up.daymark(["redrive", folder]).well();
        let told = format!(
            "2 batches processed, 0 files refused; {told}, 1 refused and kept in quarantine\n"
        );
        assert!(redriven.ends_with(&told), "{redriven}");
        let stock = up.stock("corner", at.date_naive());
        assert_eq!(stock["rye"]["on_hand"], "2");
    }
    let kept = up.daymark(["quarantine", "list", "--format", "json"]).rows();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

/// An object as Lambda puts it into S3. Source: the Lambda developer guide, "Retaining discarded
/// batch records for a Kinesis data stream event source".
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

/// Writes a file where `aws s3 sync` would.
fn synced(folder: &Path, name: &str, content: &str) {
    let shard = folder.join("8a5f9c1e/shardId-000000000006/2026/03/12");
    fs::create_dir_all(&shard).expect("a folder");
    fs::write(shard.join(name), content).expect("room");
}

#[test]
fn a_file_that_is_no_batch_is_named_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now();
    let batch = object(&event("corner", "e1", "rye", at).to_string(), at);
    synced(folder.path(), "2026-03-12T15.17.00-5a7f", &batch.to_string());
    let mut metadata = batch.clone();
    metadata.as_object_mut().expect("an object").remove("payload");
    synced(folder.path(), "2026-03-12T15.16.00-for-sqs", &metadata.to_string());
    synced(folder.path(), "notes.txt", "looked at this on Tuesday");
    let ancient = object("{}", at - TimeDelta::days(500));
    synced(folder.path(), "2024-10-12T15.16.00-6b80", &ancient.to_string());

    let up = Up::start(&["--memory"]);
    let ran = up.daymark(["redrive", text(folder.path())]);
    assert!(
        ran.out.ends_with(
            "1 batches processed, 3 files refused; 1 events stored, \
        0 stored before, 0 refused and kept in quarantine\n"
        ),
        "{}",
        ran.out
    );
    let told = ran.refused();
    for named in [
        "notes.txt: is no batch of an on-failure destination",
        "for-sqs: says only where the records are, 49590338271490256608559692538361571095921575",
        "6b80: it came more than 393 days ago",
    ] {
        assert!(told.contains(named), "{told}");
    }
    assert_eq!(up.stock("corner", at.date_naive())["rye"]["on_hand"], "1");
}

#[test]
fn where_nobody_answers_the_files_that_follow_are_not_tried() {
    let folder = tempfile::tempdir().expect("a folder");
    let batch = object(&event("corner", "e1", "rye", now()).to_string(), now());
    synced(folder.path(), "2026-03-12T15.17.00-5a7f", &batch.to_string());
    let nowhere = ["--dynamodb-url", "http://127.0.0.1:1"];
    let arguments = ["redrive", text(folder.path())].into_iter().chain(nowhere);
    let told = daymark(arguments).refused();
    for told_of in ["5a7f: DynamoDB does not answer at http://127.0.0.1:1", "were not tried"] {
        assert!(told.contains(told_of), "{told}");
    }
    let told = daymark(["redrive", "/nowhere"]).refused();
    assert!(told.contains("/nowhere: No such file"), "{told}");
}

#[test]
fn a_batch_that_is_refused_for_good_does_not_stop_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, store) in [("1-bad", "bad"), ("2-good", "corner"), ("3-good", "market")] {
        let batch = object(&event(store, "e1", "rye", now()).to_string(), now());
        synced(folder.path(), name, &batch.to_string());
    }
    let url = refusing("bad#", "ValidationException");
    let ran = daymark(["redrive", text(folder.path()), "--dynamodb-url", &url]);
    let totals = "2 batches processed, 1 files refused; 2 events stored, 0 stored before, \
                  0 refused and kept in quarantine\n";
    assert!(ran.out.ends_with(totals), "{}", ran.out);
    let told = ran.refused();
    assert!(told.contains("1-bad: not all of it is stored (refused: ValidationExc"), "{told}");
}

#[test]
fn a_redrive_that_stops_says_why_and_what_it_has_done() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, store) in [("1", "corner"), ("2", "bad"), ("3", "market")] {
        let batch = object(&event(store, "e1", "rye", now()).to_string(), now());
        synced(folder.path(), name, &batch.to_string());
    }
    for code in ["ResourceNotFoundException", "AccessDeniedException", "ExpiredTokenException"] {
        let url = refusing("bad#", code);
        let ran = daymark(["redrive", text(folder.path()), "--dynamodb-url", &url]);
        assert!(ran.out.contains("1 batches processed, 0 files refused; 1 events"), "{}", ran.out);
        let told = ran.refused();
        assert!(told.contains(code) && told.contains("were not tried"), "{told}");
    }
}

#[test]
fn events_are_as_old_as_the_functions_of_the_stage_take_them_and_expire_as_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now() - TimeDelta::days(20);
    let batch = object(&event("corner", "e1", "rye", at).to_string(), now());
    synced(folder.path(), "1", &batch.to_string());
    let redriven = |up: &Up, flags: &[&str]| {
        up.daymark(["redrive", text(folder.path())].iter().chain(flags)).well()
    };
    let expires = |up: &Up| {
        let items = query(up, "stock", &format!("corner#{}", at.date_naive()));
        items[0].contains_key("expires_at")
    };
    let up = Up::start(&["--memory"]);
    let told = redriven(&up, &[]);
    assert!(told.contains("0 events stored, 0 stored before, 1 refused and kept"), "{told}");
    assert!(redriven(&up, &["--event-age-max", "30"]).contains("1 events stored"));
    assert!(expires(&up));
    for flags in [&["--event-age-max", "any"][..], &["--any-age"]] {
        let up = Up::start(&["--memory"]);
        assert!(redriven(&up, flags).contains("1 events stored"), "{flags:?}");
        assert!(!expires(&up), "{flags:?}");
    }

    for (flags, told) in [
        (&["--event-age-max", "400"][..], "expected a whole number of days from 1 to 399"),
        (&["--event-age-max", "30", "--any-age"], "cannot be used with"),
    ] {
        let ran = up.daymark(["redrive", text(folder.path())].iter().chain(flags));
        assert_eq!(ran.code, Some(2), "{flags:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}
