//! Clients of `docs/clients/` behind a faulty proxy, killed while they send.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    ApiClient, EventLedger, FaultyProxy, Random, UpProcess, assert_sent_stored_once, event, key_of,
    now, numbered, skipped, stamp,
};

const STORE: &str = "corner";
/// Number of valid events. The schedule of the proxy has fewer requests than these need.
const EVENTS: usize = 1_000;
/// Number of kills.
const KILLS: u64 = 3;
/// Upper bound of the requests between two kills.
const REQUESTS_MAX: u64 = 4;
/// Upper bound of a client's first pause, in seconds. The faults would last minutes with a till's.
const PAUSE: &str = "0.001";
/// Length of a text that makes an event larger than the largest request.
const TOO_LONG: usize = 17 * 1024 * 1024;

/// Command line of a client, without its arguments.
struct Client {
    program: &'static str,
    script: PathBuf,
    folder: tempfile::TempDir,
}

impl Client {
    fn spawn(&self, proxy: &FaultyProxy) -> Child {
        let outbox = self.folder.path().join("outbox");
        let mut command = Command::new(self.program);
        command.arg(&self.script).arg(&proxy.url).arg(outbox).arg(PAUSE);
        command.env_remove("DAYMARK_TOKEN").stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().expect("the client starts")
    }

    /// Starts the client with new events, and returns when it keeps them.
    fn start(&self, proxy: &FaultyProxy, events: &[String]) -> Child {
        proxy.forget_retry_after();
        let mut child = self.spawn(proxy);
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(events.join("\n").as_bytes()).expect("taken");
        drop(stdin);
        let mut stdout = BufReader::new(child.stdout.as_mut().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("text");
        assert_eq!(line, "kept\n");
        child
    }

    /// Runs the client to its end without new events. Returns the rejected ones, a line each.
    fn finish(&self, proxy: &FaultyProxy) -> Vec<String> {
        let output = self.spawn(proxy).wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8(output.stdout).expect("text");
        let rejected = out.strip_prefix("kept\n").expect("the first line");
        rejected.lines().map(str::to_owned).collect()
    }
}

/// Returns events that break a rule, each with a part of the message that says so.
fn invalid() -> Vec<(String, &'static str)> {
    let at = now();
    let with = |id: &str, field: &str, value: Value| {
        let mut event = event(STORE, id, "rye", at);
        event[field] = value;
        event.to_string()
    };
    let old = stamp(at - TimeDelta::days(8));
    vec![
        (with("many-places", "quantity", json!("1.2345")), "has 4 decimal places"),
        (with("no-kind", "kind", json!("theft")), "kind"),
        (with("no-store", "store_id", Value::Null), "store_id"),
        (with("late", "occurred_at", json!(old)), "occurred_at"),
        (with("large", "note", json!("x".repeat(TOO_LONG))), "inflates to at least"),
        (r#"{"event_id":"torn","kind":"rec"#.to_owned(), "event_id"),
    ]
}

/// Sends valid and invalid events through the proxy with a client that is killed again and again.
#[track_caller]
fn check(client: &Client, test: &str) {
    let mut random = Random::by_seed(test);
    let up = UpProcess::start(&["--memory"]);
    let proxy = FaultyProxy::start(&up, &mut random);
    let valid = numbered(STORE, EVENTS, 20, now());
    let invalid = invalid();
    let mut events: Vec<String> = valid.iter().map(Value::to_string).collect();
    for (event, _) in &invalid {
        events.insert(random.below(events.len() as u64) as usize, event.clone());
    }

    let mut running = client.start(&proxy, &events);
    for _ in 0..KILLS {
        proxy.wait_for_requests(1 + random.below(REQUESTS_MAX) as usize);
        running.kill().expect("a running client");
        running.wait().expect("a status");
        // A till does not know which events it kept if it crashed meanwhile, and keeps them again.
        running = client.start(&proxy, &events[..events.len() / 10]);
    }
    let rest = running.wait_with_output().expect("an end");
    assert!(rest.status.success(), "{}", String::from_utf8_lossy(&rest.stderr));
    proxy.assert_all_faults_were_met();

    let requests = proxy.requests();
    let rejected = client.finish(&proxy);
    assert_eq!(proxy.requests(), requests, "the outbox is empty");
    assert_eq!(rejected.len(), invalid.len(), "{rejected:#?}");
    for (event, rule) in &invalid {
        let id = event.split('"').nth(3).expect("an id");
        let told = rejected.iter().find(|line| line.contains(&format!(r#""{id}""#)));
        assert!(told.is_some_and(|line| line.contains(rule)), "{id}: {rejected:#?}");
    }
    let sent = valid.into_iter().map(|event| (key_of(&event), event));
    let sent: BTreeMap<_, _> = sent.collect();
    let acknowledged = sent.keys().cloned().collect();
    let found = assert_sent_stored_once(&up, &EventLedger { sent, acknowledged });
    assert_eq!(found.len(), EVENTS);
}

#[test]
fn the_python_client_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = clients().join("send_events.py");
    check(&Client { program: "python3", script, folder }, "the_python_client");
}

#[test]
fn the_typescript_client_loses_and_doubles_nothing() {
    let tsc = root().join("cdk/node_modules/.bin/tsc");
    if !tsc.exists() {
        return skipped("`npm ci` in cdk/ installs the compiler of TypeScript");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut compile = Command::new(tsc);
    compile.args(["--noEmit", "false", "--project"]).arg(clients()).arg("--outDir");
    let compiled = compile.arg(folder.path()).output().expect("the compiler runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
    let script = folder.path().join("send-events.mjs");
    check(&Client { program: "node", script, folder }, "the_typescript_client");
}

/// Compares the figures of the contract and of the clients with those that the program publishes.
#[test]
fn the_contract_of_tills_names_the_limits_in_force() {
    let up = UpProcess::start(&["--memory"]);
    let limits = ApiClient::new(&up).get("/v1/limits").json();
    let limit = |part: &str, name: &str| limits[part][name].as_u64().expect("a number");
    let request = |name: &str| limit("request", name);
    let events_max = request("events_max");
    let contract = read("docs/send-events.md");
    for figure in [
        format!("{},{:03} events", events_max / 1000, events_max % 1000),
        format!("{} MiB as sent", request("body_bytes_max") >> 20),
        format!("{} MiB inflated", request("inflated_bytes_max") >> 20),
        format!("{} s for the body", request("read_seconds_max")),
        format!("{} s for the stream", request("store_seconds_max")),
    ] {
        assert!(contract.contains(&figure), "{figure}");
    }
    let days = limit("event", "age_seconds_max") / 86_400;
    assert_eq!((days, limit("event", "ahead_seconds_max") / 60), (7, 5));
    assert!(contract.contains("at most seven days before and five minutes after"));
    for client in ["send_events.py", "send-events.mts"] {
        let text = read(&format!("docs/clients/{client}"));
        let batch = text.lines().find_map(|line| {
            line.trim_start_matches("const ").strip_prefix("BATCH = ")?.split([' ', ';']).next()
        });
        let batch: u64 = batch.expect("a batch").parse().expect("a number");
        assert!(batch <= events_max, "{client}");
        assert!(contract.contains(&format!("up to {batch} events in a request")), "{client}");
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("a file of the repository")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn clients() -> PathBuf {
    root().join("docs/clients")
}
