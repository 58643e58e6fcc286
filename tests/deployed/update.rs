//! A new version under traffic.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::{
    ApiClient, Stage, UpProcess, WRITE, deployed, event, eventually, has_processed, now,
    stock_alike,
};

const STORE: &str = "busy";
/// Events of one request.
const EVENTS: usize = 5;

#[test]
fn an_update_under_traffic_loses_nothing() {
    let stage = &deployed().stage;
    let functions = ["ingest", "stock-processor"];
    let before = functions.map(|function| version(stage, function));
    let folder = tempfile::tempdir().expect("a folder");
    changed(stage.binaries(), folder.path(), &["ingest-lambda", "processor-lambda"]);

    let over = AtomicBool::new(false);
    let requests = AtomicUsize::new(0);
    let acknowledged = std::thread::scope(|scope| {
        let till = scope.spawn(|| traffic(stage, &over, &requests));
        let so_far = |least: usize| {
            eventually("traffic flows", || match requests.load(Ordering::SeqCst) {
                count if count >= least => Ok(count),
                count => Err(format!("{count} requests")),
            })
        };
        let old = so_far(3);
        stage.update(folder.path());
        let during = requests.load(Ordering::SeqCst);
        assert!(during > old, "the till went on meanwhile");
        so_far(during + 3);
        over.store(true, Ordering::SeqCst);
        till.join().expect("the till")
    });
    for (function, before) in functions.iter().zip(before) {
        assert!(version(stage, function) > before, "{function} has a new version");
    }

    let up = UpProcess::start(&["--any-age", "--memory"]);
    let wire = ApiClient::new(&up);
    for request in &acknowledged {
        assert_eq!(wire.post_lines(request).stored(), EVENTS as u64);
    }
    has_processed(&up, acknowledged.len() * EVENTS);
    let stock = stock_alike(stage, &up, STORE);
    assert!(!stock.is_empty(), "the till sold");
}

/// A till that sends until it is told to stop, and sends again what was not acknowledged.
fn traffic(stage: &Stage, over: &AtomicBool, requests: &AtomicUsize) -> Vec<Vec<Value>> {
    let token = stage.token(&stage.till("busy", &[STORE]), WRITE);
    let mut acknowledged = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let number = acknowledged.len();
        let event = |place| event(STORE, &format!("e-{number}-{place}"), "rye", now());
        let request: Vec<Value> = (0..EVENTS).map(event).collect();
        while stage.post(Some(&token), &request).status != 202 {}
        acknowledged.push(request);
        requests.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}

/// The binaries, these with other bytes behind them: other code as far as AWS can tell.
fn changed(from: &Path, to: &Path, others: &[&str]) {
    for binary in std::fs::read_dir(from).expect("a folder").flatten() {
        let folder = to.join(binary.file_name());
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("bootstrap");
        std::fs::copy(binary.path().join("bootstrap"), &path).expect("a binary");
        if others.iter().any(|other| binary.file_name() == *other) {
            let file = OpenOptions::new().append(true).open(&path);
            file.and_then(|mut file| file.write_all(b"the next version")).expect("written");
        }
    }
}

/// Returns the version that the alias of a function points to.
fn version(stage: &Stage, function: &str) -> u64 {
    let path = format!("/2015-03-31/functions/{}/aliases/live", stage.of(function));
    let alias = stage.aws.rest("lambda", "GET", &path, &Value::Null).json();
    alias["FunctionVersion"].as_str().and_then(|number| number.parse().ok()).expect("a version")
}
