//! Figures over HTTP: the same rows as those of the commands, in every format.

use serde_json::Value;

use crate::analysts::{DATES, closed_chain};
use crate::support::{ApiClient, UpProcess};

/// Questions over HTTP, each with the command that answers the same.
fn questions() -> Vec<(String, Vec<&'static str>)> {
    let [from, to] = DATES;
    let span = ["--from", from, "--to", to];
    let of = |path: &str, command: &[&'static str]| {
        (format!("{path}from={from}&to={to}"), [command, &span].concat())
    };
    vec![
        of("/v1/days?", &["days"]),
        of("/v1/days?store=south&discounted=true&", &["days", "--store", "south", "--discounted"]),
        of("/v1/sales?", &["sales"]),
        of("/v1/offers?outcomes=true&", &["offers", "--outcomes"]),
        of("/v1/effect?", &["effect"]),
        of("/v1/effect?by=category&", &["effect", "--by", "category"]),
        of("/v1/effect?by=store&", &["effect", "--by", "store"]),
        of("/v1/effect?by=step&", &["effect", "--by", "step"]),
        (format!("/v1/prices/lowest?date={to}"), vec!["prices", "lowest", "--date", to]),
        (
            format!("/v1/stores/north/stock?date={to}"),
            vec!["stock", "--store", "north", "--date", to],
        ),
    ]
}

/// Returns the rows of an answer, sorted, so that both orders are compared as sets.
fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

#[test]
fn http_answers_the_rows_of_the_commands() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let api = ApiClient::new(&up);
    for (path, command) in questions() {
        let answer = api.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let rows = answer.json()["rows"].as_array().expect("rows").clone();
        assert!(!rows.is_empty(), "{path}");
        let printed = up.daymark(command.iter().copied().chain(["--format", "json"])).json();
        let printed: Vec<Value> = printed.into_iter().map(Value::Object).collect();
        assert_eq!(sorted(rows), sorted(printed), "{path} and {command:?}");
    }
    // The list of offers has the decision; the command has the label of today beside it.
    let [from, to] = DATES;
    let listed = up.daymark(["offers", "--from", from, "--to", to, "--format", "json"]).json();
    let answer = api.get(&format!("/v1/offers?from={from}&to={to}")).json();
    let rows = answer["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), listed.len());
    for (row, offer) in rows.iter().zip(&listed) {
        for name in ["offer_id", "price", "currency", "reason", "arm", "discount_percent"] {
            assert_eq!(row[name], offer[name], "{name} of {row}");
        }
    }
    let stores = api.get("/v1/stores").json();
    let names = stores["rows"].as_array().expect("rows").iter().map(|row| row["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["Shop north", "Shop south"]);
}
