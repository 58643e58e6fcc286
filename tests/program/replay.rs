//! `daymark replay`: windows of a file, without a server.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use crate::support::{daymark, daymark_reading};

fn sale(id: u32, at: &str) -> Value {
    json!({
        "event_id": format!("e-{id}"), "kind": "sale", "store_id": "0042", "terminal_id": "t1",
        "sku": "rye", "quantity": "1.5", "unit_price": "2.50", "currency": "EUR",
        "occurred_at": at,
    })
}

/// A sale, its repetition, a sale of a later window and its correction, latest first.
fn events() -> String {
    let first = sale(1, "2026-03-12T15:17:00Z");
    let voided = sale(2, "2026-03-12T16:20:00+01:00");
    let correction = json!({
        "event_id": "e-3", "kind": "correction", "store_id": "0042", "terminal_id": "t1",
        "sku": "rye", "corrects": "e-2", "occurred_at": "2026-03-12T15:20:00Z",
    });
    [correction, voided, first.clone(), first].map(|event| event.to_string() + "\n").concat()
}

const WINDOWS: &str = concat!(
    r#"{"window_start":"2026-03-12T15:15:00Z","store_id":"0042","sku":"rye","events":1,"#,
    r#""units_sold":"1.5","units_received":"0","units_wasted":"0","net_change":"-1.5","#,
    r#""revenue":"3.75"}"#,
    "\n",
    r#"{"window_start":"2026-03-12T15:20:00Z","store_id":"0042","sku":"rye","events":1,"#,
    r#""units_sold":"0","units_received":"0","units_wasted":"0","net_change":"0","#,
    r#""revenue":"0"}"#,
    "\n"
);

#[test]
fn standard_streams_carry_events_and_windows() {
    let output = daymark_reading(["replay", "-", "-"], &events());
    assert!(output.err.contains("2 windows of 4 events, 1 event left out"), "{}", output.err);
    assert_eq!(output.success(), WINDOWS);
}

#[test]
fn a_compressed_file_becomes_a_csv_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("events.zst"), folder.path().join("windows.csv"));
    fs::write(&input, zstd::bulk::compress(events().as_bytes(), 1).unwrap()).unwrap();
    let paths = [input.as_os_str(), output.as_os_str()];
    let arguments = ["replay".as_ref(), "--format".as_ref(), "csv".as_ref(), paths[0], paths[1]];
    daymark(arguments).success();
    assert_eq!(
        fs::read_to_string(&output).unwrap(),
        "window_start,store_id,sku,events,units_sold,units_received,units_wasted,net_change,\
         revenue\n2026-03-12T15:15:00Z,0042,rye,1,1.5,0,0,-1.5,3.75\n\
         2026-03-12T15:20:00Z,0042,rye,1,0,0,0,0,0\n"
    );

    // A failure leaves the earlier output as it was.
    let mut cut = fs::read(&input).unwrap();
    cut.truncate(cut.len() - 3);
    fs::write(&input, cut).unwrap();
    let error = daymark(["replay".as_ref(), paths[0], paths[1]]).failure();
    assert!(error.contains("events.zst"), "{error}");
    assert!(fs::read_to_string(&output).unwrap().starts_with("window_start"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn an_output_keeps_its_link_and_its_permissions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, link) = (folder.path().join("windows"), folder.path().join("link"));
    fs::write(&file, "earlier").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    daymark_reading(["replay".as_ref(), "-".as_ref(), link.as_os_str()], &events()).success();
    assert_eq!(fs::read_to_string(&file).unwrap(), WINDOWS);
    assert!(link.is_symlink());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn invalid_lines_are_named_and_nothing_else_is_lost() {
    let mut input = events().into_bytes();
    write!(input, "{}", sale(9, "yesterday")).unwrap();
    let input = String::from_utf8(input).unwrap();
    let output = daymark_reading(["replay", "-", "-"], &input);
    assert_eq!(output.out, WINDOWS);
    assert_eq!(output.code, Some(1));
    let report = output.err;
    assert!(report.contains("1 line left out"), "{report}");
    assert!(report.contains("line 5: event e-9: occurred_at"), "{report}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = daymark(["replay", "no-such-file.ndjson", "-"]).failure();
    assert!(error.contains("no-such-file.ndjson"), "{error}");
    let output = daymark_reading(["replay", "-", "no-such-folder/windows"], &events());
    assert!(output.failure().contains("no-such-folder/windows"));
}
