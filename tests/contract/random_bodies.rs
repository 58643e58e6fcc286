//! Property: a random body that is valid by the contract is accepted, or answered as the contract
//! says.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::api::{Api, Sent};
use crate::body_generator::{RandomBody, bodies};
use crate::coverage::Coverage;
use crate::document::Operation;
use crate::event_generator::broken_fields;
use crate::support::env_number;

/// Default number of bodies. The environment variable `DAYMARK_TEST_CASES` overrides it.
const CASES: u64 = 1_000;

/// Result that the contract says for one event.
#[derive(Debug, PartialEq)]
enum Expected {
    Kept,
    Duplicate,
    Invalid(BTreeSet<String>),
    Refused(&'static str),
}

impl Expected {
    fn is_kept(&self) -> bool {
        matches!(self, Self::Kept | Self::Duplicate)
    }

    fn of(result: &Value) -> Self {
        let fields = || result["errors"].as_array().into_iter().flatten();
        let field = |error: &Value| error["field"].as_str().unwrap_or_default().to_owned();
        match (result["status"].as_str(), result["code"].as_str()) {
            (Some("stored" | "valid"), None) => Self::Kept,
            (Some("duplicate"), None) => Self::Duplicate,
            (Some("rejected"), Some("invalid_event")) => {
                Self::Invalid(fields().map(field).collect())
            }
            (Some("rejected"), Some("conflicting_duplicate")) => {
                Self::Refused("conflicting_duplicate")
            }
            (Some("rejected"), Some("store_not_allowed")) => Self::Refused("store_not_allowed"),
            _ => panic!("no result: {result}"),
        }
    }
}

/// Returns the expected results of the events of a body. `allowed` is the only store of the
/// sender; `None` allows all.
fn expected(events: &[Value], allowed: Option<&str>) -> Vec<Expected> {
    let mut firsts: HashMap<(&str, &str), &Value> = HashMap::new();
    let mut all = Vec::new();
    for event in events {
        let broken = broken_fields(event);
        let (store, id) = (&event["store_id"], &event["event_id"]);
        let key = (store.as_str().expect("a store"), id.as_str().expect("an id"));
        all.push(if !broken.is_empty() {
            Expected::Invalid(broken.into_iter().map(str::to_owned).collect())
        } else if allowed.is_some_and(|allowed| allowed != key.0) {
            Expected::Refused("store_not_allowed")
        } else {
            match *firsts.entry(key).or_insert(event) {
                first if std::ptr::eq(first, event) => Expected::Kept,
                first if first == event => Expected::Duplicate,
                _ => Expected::Refused("conflicting_duplicate"),
            }
        });
    }
    all
}

fn status(expected: &[Expected], is_dry_run: bool) -> u16 {
    let kept = expected.iter().filter(|result| result.is_kept()).count();
    let is_foreign = |result: &Expected| *result == Expected::Refused("store_not_allowed");
    match (kept == expected.len(), kept, expected.iter().all(is_foreign)) {
        (true, ..) if is_dry_run => 200,
        (true, ..) => 202,
        (_, 1.., _) => 207,
        (_, 0, true) => 403,
        (_, 0, false) => 422,
    }
}

/// Case of the property.
#[derive(Debug, Clone)]
struct Case {
    path: &'static str,
    body: RandomBody,
    /// `true` if the sender may write only for the store of the first event.
    is_restricted: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let paths = select(vec!["/v1/events", "/v1/internal/events", "/v1/validate"]);
    let case = |(path, body, is_restricted)| Case { path, body, is_restricted };
    (paths, bodies(), prop::bool::weighted(0.1)).prop_map(case)
}

/// Sends the body of a case and checks its answer. Returns the status.
fn check(api: &Api, seen: &mut Coverage, case: &Case) -> u16 {
    let Case { path, body, is_restricted } = case;
    let first = body.events[0]["store_id"].as_str().expect("a store");
    let allowed = is_restricted.then_some(first);
    let headers: Vec<(&str, &str)> =
        body.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = Sent::new("POST", path, &headers, body.bytes.clone());
    let answer = api.answer(sent.by(Some(allowed.unwrap_or("*"))));
    seen.check(&Operation::of("POST", path), &answer);

    let expected = expected(&body.events, allowed);
    let json = answer.json();
    let results = json["results"].as_array().expect("results");
    let found: Vec<Expected> = results.iter().map(Expected::of).collect();
    assert_eq!(found, expected, "{json}");
    let is_dry_run = *path == "/v1/validate";
    assert_eq!(answer.status, status(&expected, is_dry_run), "{json}");
    for ((index, result), event) in results.iter().enumerate().zip(&body.events) {
        assert_eq!(result["index"], index);
        assert_eq!(result["event_id"], event["event_id"]);
        assert_eq!(result.get("line").is_some(), body.has_lines, "{result}");
    }
    let kept = body.events.iter().zip(&expected).filter(|(_, result)| **result == Expected::Kept);
    let mut kept: Vec<&Value> =
        kept.filter(|_| !is_dry_run).map(|(event, _)| &event["event_id"]).collect();
    let stored = api.take_stored();
    let mut stored: Vec<&Value> = stored.iter().map(|event| &event["event_id"]).collect();
    let text = |id: &&Value| id.as_str().map(str::to_owned);
    kept.sort_by_key(text);
    stored.sort_by_key(text);
    assert_eq!(stored, kept);
    answer.status
}

/// Prints the command that repeats a case, if it fails.
struct Replay(u64);

impl Drop for Replay {
    #[expect(clippy::print_stderr, reason = "the seed repeats a failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!(
                "DAYMARK_TEST_SEED={seed} DAYMARK_TEST_CASES=1 cargo test --test contract \
                 random_bodies"
            );
        }
    }
}

#[test]
fn each_valid_body_is_accepted_or_answered_as_the_contract_says() {
    let first = env_number("DAYMARK_TEST_SEED");
    let first = first.unwrap_or_else(|| RandomState::new().hash_one(0) >> 1);
    let count = env_number("DAYMARK_TEST_CASES").unwrap_or(CASES);
    let (api, mut seen, cases) = (Api::new(), Coverage::default(), cases());
    let mut statuses = BTreeSet::new();
    for seed in first..first + count {
        let _replay = Replay(seed);
        // XorShift, because ChaCha takes half of the time without optimization.
        let half = |name| domain::draw(&[&seed.to_string(), name]).to_le_bytes();
        let bytes = [half("first"), half("second")].concat();
        let random = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        let case = cases.new_tree(&mut runner).expect("a case").current();
        statuses.insert(check(&api, &mut seen, &case));
    }
    let all = BTreeSet::from([200, 202, 207, 422]);
    assert!(count < CASES || statuses.is_superset(&all), "only {statuses:?} are reached");
}
