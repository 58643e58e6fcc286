//! `daymark tune`: choice, comparison and errors, from a recording made here.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::screens::assert_screens;
use crate::support::{command, daymark};

/// Recording of a function of requests and of the stock processor. `work_us` is the work of an
/// invocation or of a record.
pub(crate) fn recording(work_us: u64) -> Value {
    let trace = |work: u64| {
        let part = work * 1_000 / 2;
        format!("w{part} c5000000 a0 w{part}")
    };
    let case = |name: &str, records: u64, work: u64| {
        json!({
            "case": name, "records": records, "events": (records * 10).to_string(),
            "payload_bytes": 900, "sent_bytes": 700, "received_bytes": 80,
            "traces": [trace(work), trace(work + 20), trace(work + 60)],
        })
    };
    let function = |name: &str, binary: &str, cases: Vec<Value>| {
        json!({
            "function": name, "binary": binary, "binary_sha256": "a".repeat(64),
            "init_cpu_ms": "12.5", "init_ms": "31", "first": trace(9_000), "peak_kib": 30_000,
            "cases": cases,
        })
    };
    let batches = |name: &'static str| {
        [1, 100, 500].map(|records| case(name, records, 900 + records * work_us))
    };
    let batches = ["peak", "catch-up"].map(batches).concat();
    json!({
        "version": 1, "recorded_on": "2026-11-30", "processor": "AMD EPYC, x86_64",
        "architecture": "x86_64", "corpus_sha256": "b".repeat(64),
        "functions": [
            function("ingest", "ingest-lambda", vec![case("peak", 1, 8 * work_us)]),
            function("stock-processor", "processor-lambda", batches),
        ],
    })
}

pub(crate) fn written(folder: &Path, name: &str, content: &Value) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, content.to_string()).expect("written");
    file
}

#[test]
fn a_recording_gives_the_same_choice_each_time_and_small_savings_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), "traces.json", &recording(100)).display().to_string();
    let choose = ["tune", "choose", &file];
    let printed = daymark(choose).success();
    assert_eq!(printed, daymark(choose).success());
    assert!(printed.contains("512 MB stays"), "{printed}");
    assert!(printed.contains("a month, less than a dollar"), "{printed}");
    assert_eq!(printed.matches("https://lambda-power-tuning.show/#").count(), 2, "{printed}");
    let rows = daymark(["tune", "choose", &file, "--format", "json"]).rows();
    // 12 sizes, and 12 x 5 x 5 x 4 settings of the stream.
    assert_eq!(rows.len(), 12 + 1_200);
    for row in &rows {
        assert!(!row["per_million_events"].is_empty(), "{row:?}");
    }
}

#[test]
fn chosen_settings_are_written_with_their_origin_and_compared_with_later_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), "traces.json", &recording(100)).display().to_string();
    let tuned = folder.path().join("tuned.json").display().to_string();
    let pictures = folder.path().join("pictures");
    let svg = pictures.display().to_string();
    daymark(["tune", "choose", &file, "--stores", "200000", "--write", &tuned, "--svg", &svg])
        .success();
    let text = fs::read_to_string(&tuned).expect("a file");
    let content: Value = serde_json::from_str(&text).expect("JSON");
    let settings = content["settings"].as_object().expect("settings");
    let names: Vec<&str> = settings.keys().map(String::as_str).collect();
    let expected = [
        "batchSize",
        "batchWindowSeconds",
        "ingestMemory",
        "parallelization",
        "stockProcessorMemory",
    ];
    assert_eq!(names, expected);
    assert_eq!(content["functions"]["ingest"]["binarySha256"], "a".repeat(64));
    assert_eq!(content["prices"]["region"], "us-east-1");
    assert!(pictures.join("stock-processor.svg").exists());

    // The written settings are those in force of the next choice.
    let again = daymark(["tune", "choose", &file, "--stores", "200000", "--tuned", &tuned]);
    let again = again.success();
    assert_eq!(again.matches(" stays: ").count(), 2, "{again}");

    let same = daymark(["tune", "compare", &file, "--tuned", &tuned]);
    assert_eq!(same.code, Some(0), "{}", same.err);
    for (work_us, code) in [(115, 0), (130, 3), (70, 3)] {
        let later = written(folder.path(), "later.json", &recording(work_us));
        let later = later.display().to_string();
        let compared = daymark(["tune", "compare", &later, "--tuned", &tuned]);
        assert_eq!(compared.code, Some(code), "{work_us}: {}{}", compared.out, compared.err);
        let says = compared.err.contains("moved by more than 20 % since");
        assert_eq!(says, code == 3, "{}", compared.err);
    }
}

#[test]
fn files_that_are_no_recordings_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = recording(100);
    other["version"] = json!(2);
    let mut empty = recording(100);
    empty["functions"][0]["cases"] = json!([]);
    let mut unknown_call = recording(100);
    unknown_call["functions"][0]["first"] = json!("w1 a0");
    for (name, content, message) in [
        ("other.json", other, "version 2 of a recording; this program reads version 1"),
        ("empty.json", empty, "functions: ingest has no case"),
        ("call.json", unknown_call, "step 1 waits for call 0, which no earlier step starts"),
        ("none.json", json!({}), "`daymark tune record FILE` writes a recording"),
    ] {
        let file = written(folder.path(), name, &content).display().to_string();
        let refused = daymark(["tune", "choose", &file]);
        assert_eq!(refused.code, Some(1), "{name}");
        assert!(refused.err.contains(message), "{name}: {}", refused.err);
        assert!(refused.err.contains(name), "{name}: {}", refused.err);
    }
    let missing = daymark(["tune", "choose", "nowhere.json"]);
    assert!(
        missing.err.contains("`daymark tune record nowhere.json` writes it"),
        "{}",
        missing.err
    );
    let none = folder.path().display().to_string();
    let record = ["tune", "record", "traces.json", "--binaries", &none];
    let record = daymark(record);
    assert!(record.err.contains("holds no ingest-lambda; `./lambdas --arch"), "{}", record.err);
}

#[test]
fn screens_of_a_choice() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), "traces.json", &recording(100)).display().to_string();
    assert_screens("tune-choose", || command(["tune", "choose", &file]));
}
