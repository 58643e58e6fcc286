//! The `decide` format as its description has it: what is read, what is refused and how, what is
//! answered.

mod example;
mod measures;
mod readings;
mod refusals;
mod relations;

use serde_json::{Value, json};

/// The request of the description's example.
const EXAMPLE: &str = r#"{"request_id":"r-000123","store_id":"0042","sku":"BRT-1180",
 "as_of":"2026-03-12T16:00:00+01:00","closes_at":"2026-03-12T18:30:00+01:00","currency":"EUR",
 "on_hand":23,"regular_price":"2.40","unit_cost":"0.85","salvage_value":"-0.05",
 "current":{"price":"2.15","discount_percent":10,"since":"2026-03-12T15:15:00+01:00",
   "changes_today":1},
 "sales_today":[
   {"start":"2026-03-12T15:50:00+01:00","end":"2026-03-12T15:55:00+01:00","units":0,
    "price":"2.15"},
   {"start":"2026-03-12T15:55:00+01:00","end":"2026-03-12T16:00:00+01:00","units":1,
    "price":"2.15"}],
 "profile":{"basis":"sku","days":28,"day_cv":0.25,"slots":[
   {"start":"15:45","end":"16:00","units":0.9},{"start":"16:00","end":"17:00","units":4.2},
   {"start":"17:00","end":"18:30","units":5.1}]},
 "elasticity":{"mean":1.8,"sd":0.4,"form":"constant"},
 "offer_history":[{"discount_percent":30,"expected_units":6.1,"units":11,"sold_out":false}],
 "policy":{"ladder_percent":[0,10,20,30,40,50,60,70],"price_endings":["0","5"],"min_price":"0.80",
   "decision_interval_minutes":15,"min_minutes_between_changes":30,"max_changes":3}}"#;

fn example() -> Value {
    serde_json::from_str(EXAMPLE).expect("JSON")
}

/// The answer to a line, which is line 7 of its stream.
#[track_caller]
fn answer_to(line: &[u8]) -> Value {
    let answer = pricing::contract::answer_line(line, 7).expect("no blank line");
    assert!(!answer.contains('\n'), "one line: {answer}");
    serde_json::from_str(&answer).expect("JSON")
}

#[track_caller]
fn answer(request: &Value) -> Value {
    answer_to(request.to_string().as_bytes())
}

/// The answer to a request that is decided.
#[track_caller]
fn decision(request: &Value) -> Value {
    let answer = answer(request);
    assert!(answer.get("error").is_none(), "{answer}\n{request}");
    answer
}

/// A request with something at a place, written `current.price` or `sales_today.0.units`.
#[track_caller]
fn with(mut request: Value, place: &str, value: Value) -> Value {
    *slot(&mut request, place) = value;
    request
}

/// A request without something.
#[track_caller]
fn without(mut request: Value, place: &str) -> Value {
    let (parent, name) = match place.rsplit_once('.') {
        Some((parent, name)) => (slot(&mut request, parent), name),
        None => (&mut request, place),
    };
    let removed = parent.as_object_mut().and_then(|parent| parent.remove(name));
    assert!(removed.is_some(), "{place} is not there");
    request
}

fn slot<'a>(request: &'a mut Value, place: &str) -> &'a mut Value {
    place.split('.').fold(request, |value, name| match name.parse::<usize>() {
        Ok(index) => &mut value[index],
        Err(_) => &mut value[name],
    })
}

/// The smallest request: nothing but what is required.
fn smallest() -> Value {
    json!({
        "store_id": "0042", "sku": "BRT-1180", "as_of": "2026-03-12T16:00:00+01:00",
        "closes_at": "2026-03-12T18:30:00+01:00", "on_hand": 23, "regular_price": "2.40",
        "unit_cost": "0.85", "policy": { "ladder_percent": [0, 10, 20] },
    })
}
