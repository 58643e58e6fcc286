//! Restarts: acknowledged events stay, exactly once.

use aws::{AwsClients, Endpoints};

use crate::support::{ApiClient, UpProcess, daymark, event, now, run};

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    (folder, data)
}

#[test]
fn a_restart_after_ctrl_c_keeps_every_event() {
    let (_folder, data) = folder();
    let at = now();
    for round in 1..=3 {
        let up = UpProcess::start(&["--data", &data]);
        let id = format!("round-{round}");
        assert_eq!(ApiClient::new(&up).post(&event("corner", &id, "rye", at)).stored(), 1);
        // Immediately: the event may not be in the table yet.
        let ended = up.interrupt();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains("stopped"), "{}", ended.err);
    }
    let up = UpProcess::start(&["--data", &data]);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "3"));
}

#[test]
fn the_stream_keeps_processed_events_as_long_as_told() {
    let (_folder, data) = folder();
    let retention = |up: &UpProcess| {
        let endpoints = Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() };
        let client = AwsClients::local(&endpoints).kinesis;
        let described = run(client.describe_stream_summary().stream_name("daymark-events").send());
        let summary = described.expect("an answer").stream_description_summary;
        summary.expect("a description").retention_period_hours
    };
    let up = UpProcess::start(&["--data", &data]);
    assert_eq!(retention(&up), 168);
    assert_eq!(up.interrupt().code, Some(0));
    let up = UpProcess::start(&["--data", &data, "--retention-hours", "24"]);
    assert_eq!(retention(&up), 24);
    let err = up.interrupt().err;
    assert!(err.contains("for 24 hours, and no longer 168 (--retention-hours)"), "{err}");
    let refused = daymark(["up", "--memory", "--retention-hours", "23"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("24..=8760"), "{}", refused.err);
}

#[test]
fn a_service_manager_can_stop_the_program() {
    let ended = UpProcess::start(&["--memory"]).terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn with_memory_no_data_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now();
    let up = UpProcess::start_in(folder.path(), &["--memory"]);
    assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", at)).stored(), 1);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
    assert_eq!(up.interrupt().code, Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    let up = UpProcess::start_in(folder.path(), &["--memory"]);
    assert!(up.stock("corner", at.date_naive()).is_empty());
}

#[test]
fn the_default_data_folder_is_in_the_current_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let up = UpProcess::start_in(folder.path(), &[]);
    assert_eq!(up.interrupt().code, Some(0));
    assert!(folder.path().join("daymark-data").is_dir());
}
