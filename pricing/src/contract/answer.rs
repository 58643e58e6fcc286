//! A decision as one line of JSON.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::Request;
use crate::decision::{Alternative, Decision, Expected};

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    store_id: &'a str,
    sku: &'a str,
    as_of: &'a str,
    action: &'static str,
    price: String,
    discount_percent: u8,
    #[serde(flatten)]
    expected: Expectation,
    if_unchanged: Expectation,
    reason: &'a str,
    alternatives: Vec<Entry>,
}

#[derive(Serialize)]
struct Expectation {
    expected_units: f64,
    expected_revenue: String,
    expected_waste: f64,
}

#[derive(Serialize)]
struct Entry {
    discount_percent: u8,
    price: String,
    allowed: bool,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Allowed {
        #[serde(flatten)]
        expected: Expectation,
        expected_value: String,
    },
    Barred {
        why_not: &'static str,
    },
}

/// The answer to a request, without a line's end.
#[must_use]
pub fn answer(request: &Request, decision: &Decision) -> String {
    let situation = &request.situation;
    let places = situation.currency.minor_digits();
    let answer = Answer {
        request_id: request.request_id.as_deref(),
        store_id: &situation.store_id,
        sku: &situation.sku,
        as_of: &request.as_of,
        action: if decision.changes { "change" } else { "keep" },
        price: money(decision.price, places),
        discount_percent: decision.discount_percent,
        expected: expectation(&decision.expected, places),
        if_unchanged: expectation(&decision.if_unchanged, places),
        reason: &decision.reason,
        alternatives: decision.alternatives.iter().map(|it| entry(it, places)).collect(),
    };
    serde_json::to_string(&answer).expect("an answer is plain JSON")
}

fn entry(alternative: &Alternative, places: u32) -> Entry {
    Entry {
        discount_percent: alternative.discount_percent,
        price: money(alternative.price, places),
        allowed: alternative.outcome.is_ok(),
        outcome: match &alternative.outcome {
            Ok(expected) => Outcome::Allowed {
                expected: expectation(expected, places),
                expected_value: money(expected.value, places),
            },
            Err(why) => Outcome::Barred { why_not: why.code() },
        },
    }
}

fn expectation(expected: &Expected, places: u32) -> Expectation {
    Expectation {
        expected_units: number(expected.units),
        expected_revenue: money(expected.revenue, places),
        expected_waste: number(expected.waste),
    }
}

fn money(amount: Decimal, places: u32) -> String {
    let mut amount = amount;
    amount.rescale(places);
    amount.to_string()
}

fn number(units: Decimal) -> f64 {
    units.to_f64().expect("a decimal has a nearest float")
}
