//! Words of answers: statuses, codes and kinds of problems are those of the code.

use std::collections::BTreeSet;
use std::fs;

use domain::event::{Kind, Reason, Unit};
use serde_json::Value;

use crate::document::{Operation, contract, members, resolved, root};
use crate::support::{sources, walk};

/// Prefix of the type of a problem.
const PROBLEM: &str = "urn:daymark:problem:";

/// Returns the words of `enum` at a place of the contract, without null.
fn words_at(pointer: &str) -> BTreeSet<String> {
    let found = contract().pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    let words = found["enum"].as_array().expect("words").iter().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}

fn property(schema: &str, name: &str) -> BTreeSet<String> {
    words_at(&format!("/components/schemas/{schema}/properties/{name}"))
}

/// Returns the words of several schemas for a property.
fn properties(schemas: &[&str], name: &str) -> BTreeSet<String> {
    schemas.iter().flat_map(|schema| property(schema, name)).collect()
}

/// Returns the variants of an enum of a source as `snake_case`, without their comments.
fn variants(file: &str, definition: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).expect("a source");
    let (_, body) = text.split_once(definition).expect("the definition");
    let (body, _) = body.split_once('}').expect("its end");
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.filter_map(|line| line.strip_suffix(',')).map(snake_case).collect()
}

fn snake_case(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

#[test]
fn statuses_and_codes_of_events_are_those_of_the_code() {
    const FILE: &str = "ingest/src/event_result.rs";
    let results =
        ["StoredResult", "DuplicateResult", "RejectedResult", "RetryResult", "ValidResult"];
    assert_eq!(properties(&results, "status"), variants(FILE, "enum EventStatus {"));
    let codes = properties(&["RejectedResult", "RetryResult"], "code");
    assert_eq!(codes, variants(FILE, "enum EventCode {"));
}

/// Returns the last parts of the types of all problems in the sources: the second member of each
/// `(status, type, title)`, and each complete URN.
fn problems_in(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let classes = text.split("(S::").skip(1).filter_map(|class| class.split('"').nth(1));
    let urns = text.split(PROBLEM).skip(1).filter_map(|rest| rest.split('"').next());
    let urns = urns.filter(|name| !name.starts_with('{'));
    classes.chain(urns).map(str::to_owned).collect()
}

#[test]
fn kinds_of_problems_are_those_of_the_code() {
    let folders = ["ingest/src", "pricing/src", "processors/src", "reader/src", "local/src", "src"];
    let texts = folders.iter().flat_map(|folder| sources(&root().join(folder)));
    let raised: BTreeSet<String> = texts.flat_map(|text| problems_in(&text)).collect();
    let described = properties(&["Problem", "EventsProblem", "ValidationProblem"], "type");
    let described: BTreeSet<String> =
        described.iter().map(|urn| urn.replace(PROBLEM, "")).collect();
    assert_eq!(raised, described);
}

#[test]
fn words_of_an_event_are_those_of_the_parser() {
    let all = |words: &[&'static str]| words.iter().map(|word| (*word).to_owned()).collect();
    let kinds: BTreeSet<String> = Kind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect();
    assert_eq!(property("EventFields", "kind"), kinds);
    let units: BTreeSet<String> = Unit::ALL.iter().map(|unit| unit.as_str().to_owned()).collect();
    assert_eq!(property("EventFields", "unit"), units);
    let reasons: Vec<&'static str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(property("EventFields", "reason"), all(&reasons));
    let fragments = contract()["components"]["schemas"]["EventFields"]["anyOf"].as_array();
    for (index, fragment) in fragments.expect("the kinds").iter().enumerate() {
        let pointer = format!("/components/schemas/EventFields/anyOf/{index}/properties");
        let kinds = words_at(&format!("{pointer}/kind"));
        let reasons: BTreeSet<String> = Kind::ALL
            .iter()
            .filter(|kind| kinds.contains(kind.as_str()))
            .flat_map(|kind| Reason::of(*kind))
            .map(|reason| reason.as_str().to_owned())
            .collect();
        if fragment["properties"].get("reason").is_some() {
            assert_eq!(words_at(&format!("{pointer}/reason")), reasons, "{kinds:?}");
        } else {
            assert!(reasons.is_empty(), "{kinds:?} have reasons");
        }
    }
}

#[test]
fn currencies_are_those_of_the_parser() {
    let letters = || b'A'..=b'Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    let codes = codes.map(|code| String::from_utf8(code.to_vec()).expect("letters"));
    let read: BTreeSet<String> =
        codes.filter(|code| code.parse::<domain::Currency>().is_ok()).collect();
    assert_eq!(property("EventFields", "currency"), read);
}

/// Returns the first cells of a table in a document, without their code marks.
fn first_cells(document: &str, header: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).expect("a document");
    let (_, table) = text.split_once(header).expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split(',')).map(|word| word.trim().replace('`', "")).collect()
}

#[test]
fn the_retry_contract_has_every_status_of_an_answer() {
    let document = "docs/send-events.md";
    let cells = first_cells(document, "| HTTP status | meaning | the till |");
    let number =
        |cell: &String| cell.get(..3).filter(|text| text.parse::<u16>().is_ok()).map(str::to_owned);
    let documented: BTreeSet<String> = cells.iter().filter_map(number).collect();
    // Those of a proxy, or of a wrong address.
    let elsewhere = ["404", "405", "502", "504"].map(str::to_owned);
    for path in ["/v1/events", "/v1/internal/events"] {
        let operation = Operation::of("POST", path);
        let described = operation.responses().map(|(status, _)| status.to_owned());
        let described: BTreeSet<String> = described.chain(elsewhere.clone()).collect();
        assert_eq!(documented, described);
    }
    let mut results: BTreeSet<String> =
        first_cells(document, "| `status` of an event | meaning | the till |")
            .into_iter()
            .collect();
    assert!(results.remove("any other"));
    let schemas = ["StoredResult", "DuplicateResult", "RejectedResult", "RetryResult"];
    assert_eq!(results, properties(&schemas, "status"));
}

#[test]
fn each_word_of_an_answer_has_an_example() {
    let mut found = BTreeSet::new();
    let mut add = |value: &Value| {
        let words = ["status", "code", "type", "outcome"].map(|name| value[name].as_str());
        found.extend(words.into_iter().flatten().map(str::to_owned));
    };
    for response in members(contract().pointer("/components/responses")).values() {
        for media_type in members(response.get("content")).values() {
            for example in members(media_type.get("examples")).values() {
                walk(&resolved(example)["value"], &mut add);
            }
        }
    }
    walk(&contract()["paths"], &mut add);
    walk(&contract()["components"]["examples"], &mut add);
    let results =
        ["StoredResult", "DuplicateResult", "RejectedResult", "RetryResult", "ValidResult"];
    let problems = ["Problem", "EventsProblem", "ValidationProblem"];
    let answers = ["EventsAnswer", "EventsProblem", "ValidationAnswer", "ValidationProblem"];
    let mut wanted = properties(&results, "status");
    wanted.extend(properties(&["RejectedResult", "RetryResult"], "code"));
    wanted.extend(properties(&problems, "type"));
    wanted.extend(properties(&answers, "outcome"));
    let missing: Vec<_> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "no example has {missing:?}");
}
