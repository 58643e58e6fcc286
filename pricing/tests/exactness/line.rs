//! A request as a request of the `decide` format, written from its description alone.

use demand::{OfferScope, ProfileBasis, ResponseForm};
use pricing::decision_request::DecisionRequest;
use serde_json::{Value, json};

/// The request; what is absent is left out or, every other time, `null`.
pub(crate) fn request(request: &DecisionRequest) -> Value {
    let money = |amount: &rust_decimal::Decimal| {
        let mut amount = *amount;
        amount.rescale(request.currency.minor_digits());
        json!(amount.to_string())
    };
    let number = |number: &rust_decimal::Decimal| -> Value {
        serde_json::from_str(&number.normalize().to_string()).expect("a number")
    };
    let (shelf, rules) = (&request.shelf, &request.rules);
    let sales = request.sales_today.iter().map(|sales| {
        json!({
            "start": sales.start.to_rfc3339(), "end": sales.end.to_rfc3339(), "units": sales.units,
            "price": money(&sales.price), "sold_out": sales.sold_out,
        })
    });
    let offers = request.offer_history.iter().map(|offer| {
        json!({
            "discount_percent": offer.discount_percent, "expected_units": offer.expected_units,
            "units": offer.units, "sold_out": offer.sold_out,
            "scope": match offer.scope {
                OfferScope::Sku => "sku",
                OfferScope::Category => "category",
            },
        })
    });
    let profile = request.profile.as_ref().map(|profile| {
        let slots = profile.slots.iter().map(|slot| {
            json!({ "start": clock(slot.start), "end": clock(slot.end), "units": slot.units })
        });
        json!({
            "basis": match profile.basis {
                ProfileBasis::Sku => "sku",
                ProfileBasis::Category => "category",
                ProfileBasis::None => "none",
            },
            "days": profile.days, "day_cv": profile.day_cv, "slots": slots.collect::<Vec<_>>(),
        })
    });
    let elasticity = request.elasticity.map(|elasticity| {
        json!({
            "mean": elasticity.mean, "sd": elasticity.sd,
            "form": match elasticity.form {
                ResponseForm::Constant => "constant", ResponseForm::Exponential => "exponential",
            },
        })
    });
    json!({
        "store_id": request.store_id, "sku": request.sku, "request_id": null,
        "as_of": request.as_of.to_rfc3339(), "closes_at": request.closes_at.to_rfc3339(),
        "currency": request.currency.code(), "on_hand": request.on_hand,
        "regular_price": money(&request.regular_price),
        "unit_cost": money(&request.unit_cost),
        "salvage_value": money(&request.salvage_value),
        "current": {
            "price": money(&shelf.price), "discount_percent": shelf.discount_percent,
            "since": shelf.since.map(|at| at.to_rfc3339()), "changes_today": shelf.changes_today,
        },
        "sales_today": sales.collect::<Vec<_>>(), "profile": profile, "elasticity": elasticity,
        "offer_history": offers.collect::<Vec<_>>(),
        "policy": {
            "ladder_percent": rules.ladder.steps(),
            "max_discount_percent": number(&rules.max_discount_percent),
            "min_price": rules.min_price.as_ref().map(money),
            "min_margin_percent": rules.min_margin_percent.as_ref().map(number),
            "price_endings": match rules.price_endings.is_empty() {
                true => Value::Null,
                false => json!(rules.price_endings),
            },
            "decision_interval_minutes": rules.decision_interval_minutes,
            "min_minutes_between_changes": rules.min_minutes_between_changes,
            "max_changes": rules.max_changes,
        },
    })
}

/// `HH:MM`, also of the minute after the last.
fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
