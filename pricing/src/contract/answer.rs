//! Writer of answers: a decision as one line of JSON.

use domain::Outlook;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::RequestLine;
use crate::decision::{Alternative, Decision, ExpectedOutcome};

#[derive(Serialize)]
struct AnswerLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    store_id: &'a str,
    sku: &'a str,
    as_of: &'a str,
    action: &'static str,
    price: String,
    discount_percent: u8,
    #[serde(flatten)]
    expected: ExpectationFields,
    if_unchanged: ExpectationFields,
    reason: &'a str,
    alternatives: Vec<AlternativeFields>,
}

#[derive(Serialize)]
struct ExpectationFields {
    expected_units: f64,
    expected_revenue: String,
    expected_waste: f64,
}

#[derive(Serialize)]
struct AlternativeFields {
    discount_percent: u8,
    price: String,
    allowed: bool,
    #[serde(flatten)]
    outcome: DecideOutcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum DecideOutcome {
    Allowed {
        #[serde(flatten)]
        expected: ExpectationFields,
        expected_value: String,
    },
    Barred {
        why_not: &'static str,
    },
}

/// Returns the answer to a request, without a line end.
#[must_use]
pub fn answer(line: &RequestLine, decision: &Decision) -> String {
    let request = &line.request;
    let (measure, places) = (request.counted(), request.currency.minor_digits());
    let expectation =
        |expected: &ExpectedOutcome| expectation(&measure.outlook(expected, places), places);
    let alternative = |step: &Alternative| AlternativeFields {
        discount_percent: step.discount_percent,
        price: money(step.price, places),
        allowed: step.outcome.is_ok(),
        outcome: match &step.outcome {
            Ok(expected) => DecideOutcome::Allowed {
                expected: expectation(expected),
                expected_value: money(
                    measure.value(expected.value, request.salvage_value, places),
                    places,
                ),
            },
            Err(why) => DecideOutcome::Barred { why_not: why.code() },
        },
    };
    let answer = AnswerLine {
        request_id: line.request_id.as_deref(),
        store_id: &request.store_id,
        sku: &request.sku,
        as_of: &line.as_of,
        action: if decision.changes { "change" } else { "keep" },
        price: money(decision.price, places),
        discount_percent: decision.discount_percent,
        expected: expectation(&decision.expected),
        if_unchanged: expectation(&decision.if_unchanged),
        reason: &decision.reason,
        alternatives: decision.alternatives.iter().map(alternative).collect(),
    };
    serde_json::to_string(&answer).expect("an answer is plain JSON")
}

fn expectation(expected: &Outlook, places: u32) -> ExpectationFields {
    ExpectationFields {
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
