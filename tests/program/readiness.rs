//! `/readyz`: 200 if every part works, otherwise 503 with the parts that fail.

use std::fs;

use aws::{AwsClients, Endpoints};

use crate::support::{ApiClient, Disk, UpProcess, event, eventually, now, run, skipped};

/// Returns the detail of the refusal.
#[track_caller]
fn not_ready(up: &UpProcess) -> String {
    let answer = ApiClient::new(up).get("/readyz");
    assert_eq!(answer.status, 503, "{}", answer.text);
    answer.json()["detail"].as_str().expect("a detail").to_owned()
}

#[test]
fn a_table_that_is_gone_is_named() {
    let up = UpProcess::start(&["--memory"]);
    assert_eq!(ApiClient::new(&up).get("/readyz").status, 200);
    let endpoints = Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() };
    let client = AwsClients::local(&endpoints).dynamodb;
    run(client.delete_table().table_name("daymark-days").send()).expect("deleted");
    assert!(not_ready(&up).contains("table daymark-days cannot be read"), "{}", not_ready(&up));
}

#[test]
fn a_log_that_is_gone_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let up = UpProcess::start(&["--data", &data.display().to_string()]);
    assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", now())).stored(), 1);
    let logs = fs::read_dir(data.join("kinesis/stream-daymark-events")).expect("a folder");
    let mut logs = logs.map(|entry| entry.expect("an entry").path());
    let log = logs.find(|path| path.extension().is_some_and(|found| found == "log"));
    let log = log.expect("a log");
    fs::remove_file(&log).expect("removed");
    let detail = not_ready(&up);
    assert!(detail.contains(&log.display().to_string()), "{detail}");
}

#[test]
fn a_disk_that_is_nearly_full_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = Disk::mount_small(folder.path(), 16 * 1024) else {
        skipped("a small disk cannot be mounted here");
        return;
    };
    let data = folder.path().join("data").display().to_string();
    let enter = disk.enter();
    let enter: Vec<&str> = enter.iter().map(String::as_str).collect();
    let up = UpProcess::start_under(&enter, &["--data", &data]);
    let detail = not_ready(&up);
    assert!(detail.contains(&data) && detail.contains("MiB free"), "{detail}");
    disk.grow(64 * 1024);
    eventually("the machine is ready", || match ApiClient::new(&up).get("/readyz").status {
        200 => Ok(()),
        other => Err(other.to_string()),
    });
    let ended = up.interrupt();
    assert!(ended.err.contains("warning: the disk of"), "{}", ended.err);
}
