//! Writer of request lines in canonical form, as stored with an offer.

use chrono::{DateTime, FixedOffset, SecondsFormat};
use demand::{DemandProfile, OfferScope, PastOffer, ProfileBasis, ResponseForm};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::decision_request::{DecisionRequest, PriceRules, SalesWindow};

/// Returns the request as one line, without a line end. Equal requests give equal bytes.
#[must_use]
pub fn write(request: &DecisionRequest) -> String {
    let places = request.currency.minor_digits();
    let money = |amount| money(amount, places);
    let shelf = &request.shelf;
    let sales = request.sales_today.iter().map(|window| sales(window, places));
    let line = json!({
        "store_id": request.store_id,
        "sku": request.sku,
        "as_of": instant(request.as_of),
        "closes_at": instant(request.closes_at),
        "currency": request.currency.code(),
        "on_hand": request.on_hand,
        "measure": request.measure.map(|measure| json!({
            "unit": measure.unit.as_str(),
            "portion": measure.portion.normalize().to_string(),
            "on_hand": measure.on_hand.normalize().to_string(),
        })),
        "regular_price": money(request.regular_price),
        "unit_cost": money(request.unit_cost),
        "salvage_value": money(request.salvage_value),
        "current": {
            "price": money(shelf.price),
            "discount_percent": shelf.discount_percent,
            "since": shelf.since.map(instant),
            "changes_today": shelf.changes_today,
        },
        "sales_today": sales.collect::<Vec<_>>(),
        "profile": request.profile.as_ref().map(profile),
        "elasticity": request.elasticity.map(|elasticity| json!({
            "mean": elasticity.mean,
            "sd": elasticity.sd,
            "form": match elasticity.form {
                ResponseForm::Constant => "constant",
                ResponseForm::Exponential => "exponential",
            },
        })),
        "offer_history": request.offer_history.iter().map(past_offer).collect::<Vec<_>>(),
        "policy": policy(&request.rules, places),
    });
    without_nulls(line).to_string()
}

fn policy(rules: &PriceRules, places: u32) -> Value {
    json!({
        "ladder_percent": rules.ladder.steps(),
        "max_discount_percent": percent(rules.max_discount_percent),
        "min_price": rules.min_price.map(|price| money(price, places)),
        "min_margin_percent": rules.min_margin_percent.map(percent),
        "price_endings": rules.price_endings,
        "decision_interval_minutes": rules.decision_interval_minutes,
        "min_minutes_between_changes": rules.min_minutes_between_changes,
        "max_changes": rules.max_changes,
    })
}

fn sales(window: &SalesWindow, places: u32) -> Value {
    json!({
        "start": instant(window.start),
        "end": instant(window.end),
        "units": window.units,
        "price": money(window.price, places),
        "sold_out": window.sold_out.then_some(true),
    })
}

fn profile(profile: &DemandProfile) -> Value {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let slots: Vec<Value> = profile
        .slots
        .iter()
        .map(
            |slot| json!({"start": clock(slot.start), "end": clock(slot.end), "units": slot.units}),
        )
        .collect();
    json!({
        "basis": match profile.basis {
            ProfileBasis::Sku => "sku",
            ProfileBasis::Category => "category",
            ProfileBasis::None => "none",
        },
        "days": profile.days,
        "day_cv": profile.day_cv,
        "slots": slots,
    })
}

fn past_offer(offer: &PastOffer) -> Value {
    json!({
        "discount_percent": offer.discount_percent,
        "expected_units": offer.expected_units,
        "units": offer.units,
        "sold_out": offer.sold_out.then_some(true),
        "scope": match offer.scope {
            OfferScope::Sku => None,
            OfferScope::Category => Some("category"),
        },
    })
}

fn money(amount: Decimal, places: u32) -> String {
    let mut amount = amount;
    amount.rescale(places);
    amount.to_string()
}

/// Converts a percentage with few digits, which a float holds exactly as written.
fn percent(percent: Decimal) -> f64 {
    percent.to_f64().expect("a decimal has a nearest float")
}

fn instant(at: DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
