//! A situation as one request line, in one spelling: what an offer keeps of its inputs.

use chrono::{DateTime, FixedOffset, SecondsFormat};
use demand::{OfferScope, PastOffer, Profile, ProfileBasis, ResponseForm};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::situation::{Rules, Sales, Situation};

/// The request that reads as this situation, without a line's end. The same situation always gives
/// the same bytes.
#[must_use]
pub fn write(situation: &Situation) -> String {
    let places = situation.currency.minor_digits();
    let money = |amount| money(amount, places);
    let shelf = &situation.shelf;
    let request = json!({
        "store_id": situation.store_id,
        "sku": situation.sku,
        "as_of": instant(situation.as_of),
        "closes_at": instant(situation.closes_at),
        "currency": situation.currency.code(),
        "on_hand": situation.on_hand,
        "regular_price": money(situation.regular_price),
        "unit_cost": money(situation.unit_cost),
        "salvage_value": money(situation.salvage_value),
        "current": {
            "price": money(shelf.price),
            "discount_percent": shelf.discount_percent,
            "since": shelf.since.map(instant),
            "changes_today": shelf.changes_today,
        },
        "sales_today": situation.sales_today.iter().map(|it| sales(it, places)).collect::<Vec<_>>(),
        "profile": situation.profile.as_ref().map(profile),
        "elasticity": situation.elasticity.map(|it| json!({
            "mean": it.mean,
            "sd": it.sd,
            "form": match it.form {
                ResponseForm::Constant => "constant",
                ResponseForm::Exponential => "exponential",
            },
        })),
        "offer_history": situation.offer_history.iter().map(past_offer).collect::<Vec<_>>(),
        "policy": policy(&situation.rules, places),
    });
    without_nulls(request).to_string()
}

fn policy(rules: &Rules, places: u32) -> Value {
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

fn sales(sales: &Sales, places: u32) -> Value {
    json!({
        "start": instant(sales.start),
        "end": instant(sales.end),
        "units": sales.units,
        "price": money(sales.price, places),
        "sold_out": sales.sold_out.then_some(true),
    })
}

fn profile(profile: &Profile) -> Value {
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

/// A percentage of few digits, which a float holds as it is written.
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
