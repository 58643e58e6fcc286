//! Files that a load run reads and writes: a replayed file, and interval logs.

use std::path::Path;

use chrono::TimeDelta;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

use super::{assert_equal, record, run};
use crate::support::{self, daymark, now};

/// Decodes a histogram in base64.
fn histogram(text: &str) -> Histogram<u64> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    Deserializer::new().deserialize(&mut bytes.as_slice()).expect("a histogram")
}

/// Returns the starts and the histograms of an interval log.
fn intervals(path: &Path) -> Vec<(u64, Histogram<u64>)> {
    let bytes = std::fs::read(path).expect("a log");
    let entries = IntervalLogIterator::new(&bytes).map(|entry| entry.expect("an entry"));
    let interval = |entry: LogEntry<'_>| match entry {
        LogEntry::Interval(interval) => {
            let start = interval.start_timestamp().as_secs();
            Some((start, histogram(interval.encoded_histogram())))
        }
        _ => None,
    };
    entries.filter_map(interval).collect()
}

#[test]
fn interval_logs_hold_the_times_of_the_record_second_by_second() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = run(folder.path(), &["--hlog"]);
    for (file, time) in
        [("send-lag", "send_lag"), ("service-time", "service"), ("response-time", "response")]
    {
        let of_run = histogram(record["timings"][time].as_str().expect("base64"));
        let intervals = intervals(&folder.path().join(format!("{file}.hlog")));
        let starts: Vec<u64> = intervals.iter().map(|(start, _)| *start).collect();
        assert_eq!(starts, (0..starts.len() as u64).collect::<Vec<_>>());
        let mut sum = Histogram::new_from(&of_run);
        for (_, interval) in &intervals {
            sum.add(interval).expect("the same bounds");
        }
        assert!(of_run.len() > 10, "{file}");
        assert_eq!(sum, of_run, "{file}");
    }
    assert!(record["totals"]["requests_settled"].as_u64() > Some(10));
}

#[test]
fn a_file_is_replayed_and_audited_as_long_as_it_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.ndjson");
    let at = now() - TimeDelta::hours(3);
    let lines: Vec<String> = (0..60)
        .map(|number: i32| {
            let at = at + TimeDelta::seconds((number * 20).into());
            let id = format!("e{number}");
            support::sale(&format!("s{}", number % 3), &id, "rye", "2.40", at).to_string()
        })
        .collect();
    let text = lines.join("\n");
    std::fs::write(&file, &text).unwrap();
    let report = folder.path().join("report");
    let (file, report_text) = (file.display().to_string(), report.display().to_string());
    let replay = ["load", "--file", &file, "--speed", "600", "--report", &report_text];
    daymark(replay);
    let record = record(&report);
    assert_equal(&record);
    assert_eq!(
        (&record["totals"]["stored"], &record["ledger"]["expected"]),
        (&60.into(), &60.into())
    );
    let sent = domain::sha256(text.as_bytes());
    assert_eq!(record["key"]["file_sha256"], sent.as_str());

    let changed = text.replacen("2.40", "2.50", 1);
    std::fs::write(&file, &changed).unwrap();
    let audited = daymark(["load", "audit", &report_text]);
    assert_eq!(audited.code, Some(1));
    for word in [&file, &sent, &domain::sha256(changed.as_bytes()), "put the file of the run back"]
    {
        assert!(audited.err.contains(word), "{}", audited.err);
    }
}
