//! `daymark load`: runs against machines and proxies, their ledgers, parts and exit codes.

mod files;
mod image;
mod proxy;
mod throttled;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use aws::{AwsClients, Endpoints};
use aws_sdk_kinesis::types::ScalingType;
use chrono::{SecondsFormat, TimeDelta};
use serde_json::Value;

use crate::support::{self, ApiClient, UpProcess, command, daymark, free_ports, now};
use proxy::{Lie, LyingProxy};

/// Record of a run in its folder.
fn record(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("run.json")).expect("a record");
    serde_json::from_str(&text).expect("JSON")
}

/// Runs a load of two seconds with a report in `folder`. The exit code depends on the load of this
/// machine, on which the generator may be the limit. So only its record is returned.
fn run(folder: &Path, arguments: &[&str]) -> Value {
    let report = folder.display().to_string();
    let fixed = ["load", "--for", "2s", "--report", &report];
    let ran = daymark(fixed.iter().chain(arguments));
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    let record = record(folder);
    let code = record["exit_code"].as_i64().map(|code| code as i32);
    assert_eq!(ran.code, code, "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains(&format!("{report}/report.html")), "{}", ran.out);
    record
}

/// Starts a command whose output nobody reads.
fn start(mut command: Command) -> Child {
    let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
    silent.spawn().expect("the program starts")
}

/// Returns the command of a load of six seconds, in whose middle something happens.
fn load_of_six_seconds(up: &UpProcess, report: &str) -> Command {
    let (target, tables) = (["--target", &up.api], ["--dynamodb-url", &up.dynamodb]);
    let load = ["load", "--for", "6s", "--rate", "500", "--report", report];
    command(load.iter().chain(&target).chain(&tables))
}

#[track_caller]
fn assert_equal(record: &Value) {
    let ledger = &record["ledger"];
    assert_eq!((&ledger["result"], &ledger["count"]), (&"compared".into(), &0.into()), "{ledger}");
    assert!(ledger["expected"].as_u64().unwrap() > 0, "{ledger}");
    assert_eq!(record["totals"]["unknown"], 0, "{}", record["totals"]);
}

#[test]
fn a_run_has_its_own_machine_an_equal_ledger_and_a_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let shards = ["--shards", "4", "--rate", "300", "--compression", "gzip"];
    let record = run(folder.path(), &shards);
    assert_equal(&record);
    assert!(record["timings"]["response"].as_str().unwrap().len() > 20, "a histogram");
    let schema = include_str!("../../docs/load-run.schema.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(&record).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    assert!(record["totals"]["probes"][0].as_u64().unwrap() > 0);
    assert_eq!(record["totals"]["probes"][1], 0, "every probe was seen");
    assert!(record["command"].as_str().unwrap().ends_with("--seed=1"));
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("a report");
    assert!(page.contains("<svg") && page.contains("stock log"), "{page}");
}

#[test]
fn a_run_on_disk_and_one_through_the_stream_have_equal_ledgers() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_equal(&run(&folder.path().join("disk"), &["--storage", "disk"]));
    let up = UpProcess::start(&["--memory"]);
    let stream = format!("kinesis:daymark-events@{}", up.kinesis);
    let through = ["--target", &stream, "--dynamodb-url", &up.dynamodb];
    assert_equal(&run(&folder.path().join("stream"), &through));
}

#[test]
fn another_process_audits_a_run_and_names_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().display().to_string();
    let up = UpProcess::start(&["--memory"]);
    let record = run(folder.path(), &["--target", &up.api, "--dynamodb-url", &up.dynamodb]);
    assert_equal(&record);
    let audited = up.daymark(["load", "audit", &report]).success();
    assert!(audited.contains("equal: "), "{audited}");
    assert!(audited.contains(&format!("{} events", record["ledger"]["expected"])), "{audited}");

    // An event of a till of the run that the run never sent.
    let run_id = record["key"]["run_id"].as_str().unwrap();
    let mut stray = support::event("berlin-01", "stray", "rye", now());
    stray["terminal_id"] = format!("{run_id}-till-1").into();
    assert_eq!(ApiClient::new(&up).post(&stray).stored(), 1);
    support::eventually("the audit names the event", || {
        let audited = up.daymark(["load", "audit", &report]);
        let named = audited.out.contains("event stray is in the log and was never sent");
        if audited.code == Some(4) && named { Ok(()) } else { Err(audited.out) }
    });
}

#[test]
fn a_proxy_that_drops_doubles_or_alters_one_event_is_found_by_the_name_of_the_event() {
    for lie in [Lie::Drop, Lie::Double, Lie::Alter] {
        let folder = tempfile::tempdir().expect("a folder");
        let up = UpProcess::start(&["--memory"]);
        let proxy = LyingProxy::start(&up, lie);
        // A repetition would bring the dropped event.
        let scenario = folder.path().join("s.toml");
        std::fs::write(&scenario, "[mix]\nrepeat = 0\ncorrection = 0\n").unwrap();
        let scenario = scenario.display().to_string();
        let target =
            [&scenario, "--target", &proxy.url, "--dynamodb-url", &up.dynamodb, "--drain", "1s"];
        let record = run(folder.path(), &[&target[..], &["--probes", "0"]].concat());
        let event_id = proxy.victim();
        let differences = record["ledger"]["differences"].to_string();
        assert!(differences.contains(&event_id), "{lie:?} of {event_id}: {differences}");
        assert_ne!(record["exit_code"], 0);
    }
}

#[test]
fn the_ledger_is_equal_after_the_machine_was_killed_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, report] = ["data", "report"].map(|name| folder.path().join(name));
    let (data, report_text) = (data.display().to_string(), report.display().to_string());
    let port = free_ports().to_string();
    let up = UpProcess::start_on(&port, &["--data", &data]);
    let mut load = start(load_of_six_seconds(&up, &report_text));
    sleep(Duration::from_secs(4));
    up.kill();
    sleep(Duration::from_millis(500));
    let _again = UpProcess::start_on(&port, &["--data", &data]);
    load.wait().expect("a status");
    let record = record(&report);
    assert_equal(&record);
    assert!(record["totals"]["retried"].as_u64().unwrap() > 0, "{}", record["totals"]);
}

#[test]
fn the_ledger_is_equal_after_the_stream_was_resharded_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().display().to_string();
    let up = UpProcess::start(&["--memory", "--shards", "1"]);
    let mut load = start(load_of_six_seconds(&up, &report));
    sleep(Duration::from_secs(4));
    let endpoints = Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() };
    support::run(async {
        let split = AwsClients::local(&endpoints).kinesis.update_shard_count();
        let split = split.stream_name("daymark-events").target_shard_count(2);
        split.scaling_type(ScalingType::UniformScaling).send().await.expect("two shards");
    });
    load.wait().expect("a status");
    assert_equal(&record(folder.path()));
}

/// The page loads no other file, so that it can be read where there is no network.
#[test]
fn a_running_run_shows_its_report_and_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().display().to_string();
    let mut load = command(["load", "--for", "6s", "--report", &report]);
    let mut load = load.stdout(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(load.stderr.take().expect("a pipe")).lines();
    let live = lines.find_map(|line| Some(line.ok()?.strip_prefix("live ")?.trim().to_owned()));
    let live = live.expect("the address of the page");
    let rest = std::thread::spawn(move || lines.count());
    sleep(Duration::from_secs(4));
    let get = |url: String| {
        support::run(async { reqwest::get(url).await.unwrap().text().await.unwrap() })
    };
    assert!(get(live.clone()).contains("<svg"));
    assert!(!get(format!("{live}/body")).contains("<html"));
    let metrics = get(live.replace("/load", "/metrics"));
    let stored = metrics.lines().find_map(|line| {
        line.strip_prefix("daymark_load_events_total{outcome=\"stored\"} ")?.parse::<u64>().ok()
    });
    assert!(stored.is_some_and(|stored| stored > 0), "{metrics}");
    load.wait().expect("a status");
    rest.join().expect("a reader");
    assert_equal(&record(folder.path()));
}

#[test]
fn parts_of_a_run_are_merged_and_audited_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let up = UpProcess::start(&["--memory"]);
    let starts_at = (now() + TimeDelta::seconds(4)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let part = |number: u32| {
        let report = folder.path().join(number.to_string()).display().to_string();
        let part = format!("{number}/2");
        let arguments = [
            "load",
            "--for",
            "2s",
            "--part",
            &part,
            "--starts-at",
            &starts_at,
            "--report",
            &report,
            "--target",
            &up.api,
            "--dynamodb-url",
            &up.dynamodb,
        ];
        let child = start(command(arguments));
        (report, child)
    };
    let parts = [1, 2].map(part);
    let reports = parts.map(|(report, mut child)| {
        child.wait().expect("a status");
        report
    });
    let merged = folder.path().join("merged");
    let report = merged.display().to_string();
    let [first, second] = &reports;
    up.daymark(["load", "merge", first, second, "--report", &report]);
    let whole = record(&merged);
    assert_equal(&whole);
    let stored = |record: &Value| record["totals"]["stored"].as_u64().unwrap();
    let of_parts: Vec<u64> = reports.iter().map(|path| stored(&record(path.as_ref()))).collect();
    assert!(of_parts.iter().all(|stored| *stored > 0));
    assert_eq!(stored(&whole), of_parts.iter().sum::<u64>());

    let missing = up.daymark(["load", "merge", first, "--report", &report]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("of 2 parts, these are missing: 2"), "{}", missing.err);
}

#[test]
fn a_broken_limit_has_its_exit_code_and_ends_the_run_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = ["--limit", "response max < 0ms", "--limit", "refused = 0"];
    let record = run(folder.path(), &limits);
    let lines = &record["check"]["limits"];
    assert_eq!((&lines[0]["metric"], &lines[0]["kept"]), (&"response max".into(), &false.into()));
    assert_eq!((&lines[1]["metric"], &lines[1]["kept"]), (&"refused".into(), &true.into()));
    assert!([3, 5].contains(&record["exit_code"].as_i64().unwrap()), "{record}");
    assert_eq!(record["passed"], false);

    let report = folder.path().join("aborted").display().to_string();
    let abort = ["load", "--for", "60s", "--abort-after", "1s", "--report", &report];
    daymark(abort.iter().chain(&limits));
    let aborted = self::record(report.as_ref());
    assert_eq!(aborted["is_partial"], true);
    assert!(aborted["notes"][0].as_str().unwrap().contains("response max"), "{}", aborted["notes"]);
    assert_equal(&aborted);
}

#[test]
fn an_interrupted_run_leaves_a_partial_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().display().to_string();
    let child = command(["load", "--for", "60s", "--report", &report]).spawn();
    let child = child.expect("the program starts");
    sleep(Duration::from_secs(5));
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.is_ok_and(|sent| sent.success()), "the signal is sent");
    let output = child.wait_with_output().expect("the program ends");
    let record = record(folder.path());
    assert_eq!((&record["is_partial"], &record["passed"]), (&true.into(), &false.into()));
    assert_equal(&record);
    assert!(String::from_utf8_lossy(&output.stdout).to_lowercase().contains("partial"));
}

#[test]
fn wrong_usage_and_targets_are_refused_with_what_would_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("s.toml");
    std::fs::write(&scenario, "[mix]\nrepaet = 0.1\n").unwrap();
    let scenario = scenario.display().to_string();
    let report = folder.path().join("report").display().to_string();
    let closed = format!("http://127.0.0.1:{}", free_ports());
    for (code, arguments, words) in [
        (2, &["load", &scenario][..], "did you mean repeat?"),
        (2, &["load", "--rate", "-1"], "rate is -1"),
        (2, &["load", "--rate", "0"], "rate is 0"),
        (2, &["load", "--rate", "1e300"], "rate is"),
        (2, &["load", "--limit", "respons p99 < 1s"], "did you mean \"response p99\"?"),
        (2, &["load", "--target", "ftp://x", "--report", &report], "expected a URL such as"),
        (2, &["load", "--target", "kinesis:x", "--report", &report], "kinesis:STREAM@URL"),
        (2, &["load", "missing.toml"], "missing.toml"),
        (2, &["load", "--part", "3/2"], "such as 2/4"),
        (2, &["load", "plan", "--find-knee"], "has no plan"),
        (2, &["load", "--budget", "1"], "--stage"),
        (1, &["load", "--target", &closed, "--report", &report], "does not answer"),
        (1, &["load", "--report", "/proc/nothing"], "--report names another folder"),
        (1, &["load", "audit", "/nothing"], "/nothing"),
    ] {
        let ran = daymark(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
    let starts_at = "2026-01-01T00:00:00Z";
    let late = daymark(["load", "--starts-at", starts_at, "--report", &report]);
    assert_eq!(late.code, Some(2), "{}", late.err);
    assert!(late.err.contains("has passed"), "{}", late.err);
}

#[test]
fn a_target_that_answers_nonsense_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let nonsense = LyingProxy::nonsense();
    let record = run(folder.path(), &["--target", &nonsense.url, "--rate", "50"]);
    assert_eq!(record["exit_code"], 1);
    assert_eq!(record["totals"]["stored"], 0);
    let errors = record["errors"].to_string();
    assert!(errors.contains("200 without results: hello"), "{errors}");
    assert_eq!(record["ledger"]["result"], "not_checked");
}

#[test]
fn a_plan_says_what_would_be_sent_and_cost_and_two_runs_are_compared() {
    let plan = daymark(["load", "plan", "--rate", "5000", "--for", "10s", "--json"]).success();
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let events = plan["events"].as_u64().unwrap();
    assert!((45_000..55_000).contains(&events), "{plan}");
    assert!(plan["shards"].as_u64().unwrap() >= 1 && plan["dollars"].as_f64().unwrap() > 0.0);
    let text = daymark(["load", "plan", "--rate", "90000", "--for", "1s"]).success();
    assert!(text.contains("shards (bound by"), "{text}");

    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), &[]);
    let report = folder.path().display().to_string();
    let compared = daymark(["load", "compare", &report, &report]).success();
    assert!(compared.contains("response p99"), "{compared}");
}
