//! Answers compared with the contract, and the answers that were never seen.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::api::Answer;
use crate::document::{Operation, contract, members, operations, resolved};
use crate::schema::{Others, validator, violations};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Answers seen: method and path, status, and the kind of the problem (empty without one).
#[derive(Default)]
pub(crate) struct Coverage(BTreeSet<(String, String, String)>);

impl Coverage {
    /// Checks an answer against the contract. Panics if it differs.
    #[track_caller]
    pub(crate) fn check(&mut self, operation: &Operation, answer: &Answer) {
        let place = format!("{} {}", operation.method, operation.path);
        let response = operation.response(answer.status);
        let response = response
            .unwrap_or_else(|| panic!("{place} has no status {}: {answer:?}", answer.status));
        let kind = check_response(&format!("{place}, {}", answer.status), response, answer);
        self.0.insert((place, answer.status.to_string(), kind));
    }

    /// Returns the answers of the contract that were not seen. Answers of API Gateway alone are
    /// left out.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for operation in operations() {
            for (status, response) in operation.responses() {
                let problem = response["content"].get(PROBLEM);
                let kinds =
                    problem.map_or(members(None), |problem| members(problem.get("examples")));
                let mut kinds: Vec<&str> = kinds.keys().map(String::as_str).collect();
                if status.starts_with('2') {
                    kinds.push("");
                }
                for kind in kinds {
                    let place = format!("{} {}", operation.method, operation.path);
                    let seen = (place.clone(), status.to_owned(), kind.to_owned());
                    if !self.0.contains(&seen) {
                        unseen.push(format!("{place}, {status} {kind}"));
                    }
                }
            }
        }
        unseen
    }
}

/// Checks an answer that every path can have against a response of the components.
#[track_caller]
pub(crate) fn check_any_path(name: &str, status: u16, answer: &Answer) {
    assert_eq!(answer.status, status, "{answer:?}");
    check_response(name, &contract()["components"]["responses"][name], answer);
}

/// Checks headers and body of an answer. Returns the kind of its problem; empty without one.
#[track_caller]
fn check_response(place: &str, response: &'static Value, answer: &Answer) -> String {
    if response.get("content").is_none() {
        assert_eq!(answer.body, b"", "{place} has no body: {answer:?}");
        check_headers(place, response, answer);
        return String::new();
    }
    let content_type = answer.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    let described = &response["content"][media_type];
    assert!(described.is_object(), "{place} has no {content_type:?}: {answer:?}");
    check_headers(place, response, answer);
    if media_type != JSON && media_type != PROBLEM {
        return String::new();
    }
    let body = answer.json();
    let found = violations(&cached(&described["schema"]), &body);
    assert_eq!(found, [""; 0], "{place}: {body}");
    let retries = body["counts"]["retry"].as_u64().is_some_and(|count| count > 0)
        || body["type"] == "urn:daymark:problem:overloaded";
    assert_eq!(answer.header("retry-after").is_some(), retries, "{place}: {answer:?}");
    let has_results = body.get("results").is_some();
    assert_eq!(answer.header("x-batch-summary").is_some(), has_results, "{place}: {answer:?}");
    if media_type == JSON {
        return String::new();
    }
    assert_eq!(body["status"], answer.status, "{place}: {body}");
    let urn = body["type"].as_str().expect("a type");
    let kind = urn.strip_prefix("urn:daymark:problem:").expect("a type of Daymark");
    let example = members(described.get("examples")).get(kind);
    let example = &resolved(example.unwrap_or_else(|| panic!("{place} has no {kind}")))["value"];
    for member in ["type", "title", "status"] {
        assert_eq!(body[member], example[member], "{place}, {kind}");
    }
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect();
    let (found, expected): (BTreeSet<String>, BTreeSet<String>) = (names(&body), names(example));
    assert_eq!(found, expected, "members of {kind} at {place}");
    kind.to_owned()
}

/// Checks that documented headers are there and valid, and that no other answer has them.
#[track_caller]
fn check_headers(place: &str, response: &'static Value, answer: &Answer) {
    let described = members(response.get("headers"));
    for name in header_names() {
        let header = described.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let header = header.map(|(_, header)| resolved(header));
        match (answer.header(name), header) {
            (None, None) => {}
            (None, Some(header)) => assert_ne!(header["required"], true, "{place} lacks {name}"),
            (Some(_), None) => panic!("{place} has an undocumented {name}: {answer:?}"),
            (Some(given), Some(header)) => {
                let value = match header["schema"]["type"].as_str() {
                    Some("integer") => serde_json::from_str(given).expect("a number"),
                    _ => Value::from(given),
                };
                let found = violations(&cached(&header["schema"]), &value);
                assert_eq!(found, [""; 0], "{place}, {name}: {given}");
            }
        }
    }
}

/// Returns the names of all headers that the contract describes somewhere.
fn header_names() -> &'static BTreeSet<String> {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    NAMES.get_or_init(find_header_names)
}

fn find_header_names() -> BTreeSet<String> {
    let responses =
        operations().into_iter().flat_map(|operation| operation.responses().collect::<Vec<_>>());
    let headers = responses.flat_map(|(_, response)| members(response.get("headers")).keys());
    headers.map(|name| name.to_ascii_lowercase()).collect()
}

/// Returns the strict validator of a schema, which is compiled once.
fn cached(schema: &'static Value) -> Rc<Validator> {
    thread_local! {
        static COMPILED: RefCell<HashMap<usize, Rc<Validator>>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        let place = std::ptr::from_ref(schema).addr();
        let compile = || Rc::new(validator(schema, Others::Refused));
        compiled.entry(place).or_insert_with(compile).clone()
    })
}
