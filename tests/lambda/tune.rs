//! `daymark tune record`: the binaries under its runtime API, with batches that a load run kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::binaries;

fn daymark(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_daymark")).args(words).output().expect("it runs");
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {notes}");
    String::from_utf8(output.stdout).expect("text")
}

fn recording(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).expect("a file")).expect("JSON")
}

#[test]
fn every_function_is_recorded_with_its_work_its_calls_and_its_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = binaries::path("processor-lambda");
    let binaries = binary.parent().expect("a folder").display().to_string();
    let file = folder.path().join("traces.json");
    let shown = file.display().to_string();
    let words = ["tune", "record", &shown, "--binaries", &binaries, "--repetitions", "3"];
    let latencies = ["--dynamodb-ms", "1", "--kinesis-ms", "1"];
    let functions = ["--function", "ingest", "--function", "pricing"];
    daymark(&[&words[..], &latencies, &functions].concat());
    let recording = recording(&file);
    let recorded = recording["functions"].as_array().expect("functions");
    assert_eq!(recorded.len(), 2);
    for function in recorded {
        assert!(function["peak_kib"].as_u64().expect("memory") > 1_000, "{function}");
        assert!(function["first"].as_str().expect("a trace").contains(" c"), "{function}");
        for case in function["cases"].as_array().expect("cases") {
            let traces = case["traces"].as_array().expect("traces");
            assert_eq!(traces.len(), 3, "{case}");
            for trace in traces {
                // Work, a call and its answer.
                let trace = trace.as_str().expect("a text");
                assert!(trace.starts_with('w') && trace.contains(" c"), "{trace}");
                assert_eq!(trace.matches('c').count(), trace.matches('a').count(), "{trace}");
            }
            assert!(case["sent_bytes"].as_u64().expect("bytes") > 0, "{case}");
        }
    }
    let chosen = daymark(&["tune", "choose", &shown]);
    assert!(chosen.contains("pricing, 1000 stores"), "{chosen}");
}

#[test]
fn batches_that_a_load_run_kept_are_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (batches, report, traces) = (path("batches"), path("report"), path("traces.json"));
    let load = ["load", "--rate", "200", "--for", "2s", "--keep-batches", &batches];
    let output = Command::new(env!("CARGO_BIN_EXE_daymark"))
        .args(load)
        .args(["--report", &report, "--live", "off"])
        .output()
        .expect("it runs");
    // The exit code depends on the load of this machine.
    let kept = fs::read_dir(&batches).expect("a folder").count();
    assert!(kept > 0, "{}", String::from_utf8_lossy(&output.stderr));
    let binary = binaries::path("processor-lambda");
    let binaries = binary.parent().expect("a folder").display().to_string();
    let words = ["tune", "record", &traces, "--binaries", &binaries, "--repetitions", "3"];
    let batches = ["--batches", &batches, "--function", "stock-processor", "--dynamodb-ms", "1"];
    daymark(&[&words[..], &batches].concat());
    let recording = recording(Path::new(&traces));
    let cases = recording["functions"][0]["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 5, "{cases:?}");
    assert!(cases.iter().all(|case| case["case"] == "kept"), "{cases:?}");
}
