//! Reader of request lines. An error names the field, the given value and the rule.

use chrono::{DateTime, FixedOffset};
use demand::{
    DAY_CV_DEFAULT, DemandProfile, Elasticity, OfferScope, PastOffer, ProfileBasis, ProfileSlot,
    ResponseForm,
};
use domain::catalog::{PORTION_MAX, PORTION_MIN};
use domain::event::Unit;
use domain::limits::DISCOUNT_PERCENT_MAX;
use domain::{Currency, Ladder};
use rust_decimal::Decimal;
use serde_json::Value;

use super::json_field::{JsonField, RequestObject, Sign, UNITS_MAX};
use super::{DecideError, DecideErrorCode, LINE_BYTES_MAX};
use crate::decision_request::{DecisionRequest, PriceRules, SalesWindow, ShelfPrice};
use crate::ladder::shelf_price;
use crate::measure::Measure;

/// Minutes between decisions if the policy names none.
const INTERVAL_MINUTES: u64 = 15;
/// Largest interval or gap in minutes: a week.
const MINUTES_MAX: u64 = 7 * 24 * 60;

/// Request line: the typed request, and the fields that the answer repeats as they were written.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestLine {
    /// Id given by the caller.
    pub request_id: Option<String>,
    /// Moment of the decision, as written.
    pub as_of: String,
    /// Typed request.
    pub request: DecisionRequest,
}

/// Reads one line.
///
/// # Errors
/// Returns the first broken rule, and the id of the request if it can be read.
pub fn read(line: &[u8]) -> Result<RequestLine, (Option<String>, DecideError)> {
    let bad_json = |message: String| {
        (None, DecideError { code: DecideErrorCode::BadJson, field: None, message })
    };
    if line.len() > LINE_BYTES_MAX {
        let message = format!("the line has {} bytes; at most 1 MiB is read", line.len());
        return Err(bad_json(message));
    }
    let value: Value = serde_json::from_slice(line)
        .map_err(|error| bad_json(format!("the line is not JSON: {error}")))?;
    let fields = value.as_object().ok_or_else(|| {
        bad_json("the line is JSON, but not an object like {\"store_id\": …}".to_owned())
    })?;
    let request_id = fields.get("request_id").and_then(Value::as_str).map(str::to_owned);
    request_line(&RequestObject::request(fields)).map_err(|error| (request_id, error))
}

fn request_line(fields: &RequestObject<'_>) -> Result<RequestLine, DecideError> {
    let request_id = fields.optional("request_id").map(|field| field.text()).transpose()?;
    let currency = match fields.optional("currency") {
        None => Currency::EUR,
        Some(code) => code
            .text()?
            .parse()
            .map_err(|_| code.bad_value("must be a currency of ISO 4217, like \"EUR\""))?,
    };
    let (store_id, sku) = (fields.required("store_id")?, fields.required("sku")?);
    let as_of = fields.required("as_of")?;
    let on_hand = fields.required("on_hand")?.integer(0, UNITS_MAX)?;
    let request = DecisionRequest {
        store_id: store_id.text()?.to_owned(),
        sku: sku.text()?.to_owned(),
        as_of: as_of.instant()?,
        closes_at: fields.required("closes_at")?.instant()?,
        currency,
        on_hand,
        measure: fields
            .optional("measure")
            .map(|field| measure(&field, on_hand))
            .transpose()?
            .filter(|measure| !measure.is_pieces()),
        regular_price: fields.required("regular_price")?.money(currency, Sign::Positive)?,
        unit_cost: fields.required("unit_cost")?.money(currency, Sign::NotNegative)?,
        salvage_value: fields
            .optional("salvage_value")
            .map_or(Ok(Decimal::ZERO), |value| value.money(currency, Sign::Any))?,
        shelf: ShelfPrice {
            price: Decimal::ZERO,
            discount_percent: 0,
            since: None,
            changes_today: 0,
        },
        sales_today: Vec::new(),
        profile: fields.optional("profile").map(|field| profile(&field)).transpose()?,
        elasticity: fields.optional("elasticity").map(|field| elasticity(&field)).transpose()?,
        offer_history: list(fields, "offer_history", past_offer)?,
        rules: rules(&fields.required("policy")?.object()?, currency)?,
    };
    let sales_today = list(fields, "sales_today", |window| sales(window, currency))?;
    in_order(fields, &sales_today, request.as_of)?;
    let shelf = shelf(fields.optional("current"), &request)?;
    let request = DecisionRequest { shelf, sales_today, ..request };
    if request.as_of >= request.closes_at {
        let message = format!(
            "as_of {} is not before closes_at {}",
            request.as_of.to_rfc3339(),
            request.closes_at.to_rfc3339()
        );
        return Err(DecideError {
            code: DecideErrorCode::Closed,
            field: Some("as_of".to_owned()),
            message,
        });
    }
    Ok(RequestLine {
        request_id: request_id.map(str::to_owned),
        as_of: as_of.text()?.to_owned(),
        request,
    })
}

fn list<T>(
    fields: &RequestObject<'_>,
    name: &str,
    read: impl Fn(&JsonField<'_>) -> Result<T, DecideError>,
) -> Result<Vec<T>, DecideError> {
    let places = fields.optional(name).map(|field| field.array()).transpose()?.unwrap_or_default();
    places.iter().map(read).collect()
}

/// Reads the measure of goods that the request counts in portions.
fn measure(place: &JsonField<'_>, portions: u64) -> Result<Measure, DecideError> {
    let fields = place.object()?;
    let units = Unit::ALL.iter().map(|unit| (unit.as_str(), *unit)).collect::<Vec<_>>();
    let (portion, on_hand) = (fields.required("portion")?, fields.required("on_hand")?);
    let measure = Measure {
        unit: fields.required("unit")?.word(&units)?,
        portion: portion.quantity(PORTION_MIN, PORTION_MAX)?,
        on_hand: on_hand.quantity(Decimal::ZERO, UNITS_MAX.into())?,
    };
    if measure.portions() != Some(portions) {
        let rule = format!("must be the on_hand {portions} of the request, in portions of ");
        return Err(on_hand.bad_value(&format!("{rule}{}, and a rest below", measure.portion)));
    }
    Ok(measure)
}

fn sales(window: &JsonField<'_>, currency: Currency) -> Result<SalesWindow, DecideError> {
    let fields = window.object()?;
    let (start, end) = (fields.required("start")?, fields.required("end")?);
    let sales = SalesWindow {
        start: start.instant()?,
        end: end.instant()?,
        units: fields.required("units")?.integer(0, UNITS_MAX)?,
        price: fields.required("price")?.money(currency, Sign::Positive)?,
        sold_out: fields.optional("sold_out").map_or(Ok(false), |field| field.boolean())?,
    };
    if sales.end <= sales.start {
        return Err(end.bad_value("must be after start"));
    }
    Ok(sales)
}

fn in_order(
    fields: &RequestObject<'_>,
    sales: &[SalesWindow],
    as_of: DateTime<FixedOffset>,
) -> Result<(), DecideError> {
    let places = fields.optional("sales_today").map(|field| field.array()).transpose()?;
    for (index, place) in places.iter().flatten().enumerate() {
        if index > 0 && sales[index].start < sales[index - 1].end {
            return Err(place
                .field("start")
                .bad_value("must not be before the end of the window before"));
        }
        if sales[index].end > as_of {
            return Err(place.field("end").bad_value("must not be after as_of"));
        }
    }
    Ok(())
}

fn profile(place: &JsonField<'_>) -> Result<DemandProfile, DecideError> {
    let fields = place.object()?;
    let words = [
        ("sku", ProfileBasis::Sku),
        ("category", ProfileBasis::Category),
        ("none", ProfileBasis::None),
    ];
    let basis = fields.required("basis")?.word(&words)?;
    let mut slots: Vec<ProfileSlot> = Vec::new();
    let places = if basis == ProfileBasis::None {
        fields.optional("slots").map(|field| field.array()).transpose()?.unwrap_or_default()
    } else {
        fields.required("slots")?.array()?
    };
    for place in places {
        let fields = place.object()?;
        let (start, end) = (fields.required("start")?, fields.required("end")?);
        let units = fields.required("units")?.number(0.0, UNITS_MAX as f64)?;
        let slot = ProfileSlot { start: start.clock()?, end: end.clock()?, units };
        if slot.end <= slot.start {
            return Err(end.bad_value("must be after start"));
        }
        if slots.last().is_some_and(|last| slot.start < last.end) {
            return Err(start.bad_value("must not be before the end of the slot before"));
        }
        slots.push(slot);
    }
    let number = |name: &str, default: f64, most: f64| {
        fields.optional(name).map_or(Ok(default), |field| field.number(0.0, most))
    };
    Ok(DemandProfile {
        basis,
        days: number("days", 0.0, UNITS_MAX as f64)?,
        day_cv: number("day_cv", DAY_CV_DEFAULT, UNITS_MAX as f64)?,
        slots,
    })
}

fn elasticity(place: &JsonField<'_>) -> Result<Elasticity, DecideError> {
    let fields = place.object()?;
    let mean = fields.required("mean")?;
    let value = mean.number(0.0, ELASTICITY_MAX)?;
    if value == 0.0 {
        return Err(mean.bad_value("must be above 0"));
    }
    let words = [("constant", ResponseForm::Constant), ("exponential", ResponseForm::Exponential)];
    Ok(Elasticity {
        mean: value,
        sd: fields.required("sd")?.number(0.0, ELASTICITY_MAX)?,
        form: fields.required("form")?.word(&words)?,
    })
}

/// Largest elasticity: more than any item has, and with a finite exponential.
const ELASTICITY_MAX: f64 = 100.0;

fn past_offer(place: &JsonField<'_>) -> Result<PastOffer, DecideError> {
    let fields = place.object()?;
    let percent = fields.required("discount_percent")?;
    let scopes = [("sku", OfferScope::Sku), ("category", OfferScope::Category)];
    Ok(PastOffer {
        discount_percent: percent.number(0.0, DISCOUNT_PERCENT_MAX.into())?,
        expected_units: fields.required("expected_units")?.number(0.0, UNITS_MAX as f64)?,
        units: fields.required("units")?.integer(0, UNITS_MAX)?,
        sold_out: fields.optional("sold_out").map_or(Ok(false), |field| field.boolean())?,
        scope: fields.optional("scope").map_or(Ok(OfferScope::Sku), |field| field.word(&scopes))?,
    })
}

fn rules(policy: &RequestObject<'_>, currency: Currency) -> Result<PriceRules, DecideError> {
    let ladder_place = policy.required("ladder_percent")?;
    let steps: Result<Vec<u8>, DecideError> = ladder_place
        .array()?
        .iter()
        .map(|step| {
            let percent = step.integer(0, DISCOUNT_PERCENT_MAX.into());
            percent.map(|percent| u8::try_from(percent).expect("at most 95"))
        })
        .collect();
    let ladder = steps.ok().and_then(|steps| Ladder::new(steps).ok()).ok_or_else(|| {
        ladder_place
            .bad_value("must be 1 to 100 integers from 0 to 95, ascending, unique, starting with 0")
    })?;
    let minutes = |name: &str, least: u64, default: u64| {
        let minutes =
            policy.optional(name).map_or(Ok(default), |field| field.integer(least, MINUTES_MAX));
        minutes.map(|minutes| u32::try_from(minutes).expect("at most a week"))
    };
    let margin = policy.optional("min_margin_percent");
    let min_margin_percent = margin.as_ref().map(|field| field.percent(100)).transpose()?;
    if let Some(margin) = margin.filter(|_| min_margin_percent == Some(Decimal::ONE_HUNDRED)) {
        return Err(margin.bad_value("must be below 100"));
    }
    Ok(PriceRules {
        ladder,
        max_discount_percent: policy
            .optional("max_discount_percent")
            .map_or(Ok(DISCOUNT_PERCENT_MAX.into()), |field| field.percent(100))?,
        min_price: policy
            .optional("min_price")
            .map(|field| field.money(currency, Sign::NotNegative))
            .transpose()?,
        min_margin_percent,
        price_endings: list(policy, "price_endings", ending)?,
        decision_interval_minutes: minutes("decision_interval_minutes", 1, INTERVAL_MINUTES)?,
        min_minutes_between_changes: minutes("min_minutes_between_changes", 0, 0)?,
        max_changes: policy
            .optional("max_changes")
            .map(|field| field.integer(0, UNITS_MAX))
            .transpose()?
            .map(|changes| u32::try_from(changes).expect("at most a milliard")),
    })
}

fn ending(place: &JsonField<'_>) -> Result<String, DecideError> {
    let text = place.text()?;
    let is_plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain {
        Ok(text.to_owned())
    } else {
        Err(place.bad_value("must be 1 to 4 digits, like \"50\""))
    }
}

fn shelf(
    current: Option<JsonField<'_>>,
    request: &DecisionRequest,
) -> Result<ShelfPrice, DecideError> {
    let DecisionRequest { rules, regular_price, currency, as_of, .. } = request;
    let price_of = |percent| shelf_price(*regular_price, percent, &rules.price_endings, *currency);
    let Some(current) = current else {
        return Ok(ShelfPrice {
            price: *regular_price,
            discount_percent: 0,
            since: None,
            changes_today: 0,
        });
    };
    let fields = current.object()?;
    let percent = fields.optional("discount_percent");
    let discount_percent = percent.as_ref().map_or(Ok(0), |field| field.integer(0, 100))?;
    let on_ladder = rules.ladder.steps().iter().find(|step| u64::from(**step) == discount_percent);
    let discount_percent = match (on_ladder, percent) {
        (Some(step), _) => *step,
        (None, Some(percent)) => {
            return Err(percent.bad_value("must be a step of policy.ladder_percent"));
        }
        (None, None) => 0,
    };
    let price = price_of(discount_percent);
    if let Some(given) = fields.optional("price")
        && given.money(*currency, Sign::Positive)? != price
    {
        let rule = format!("must be {price}, the shelf price of {discount_percent} % off");
        return Err(given.bad_value(&rule));
    }
    let since = fields.optional("since");
    let changed_at = since.as_ref().map(|field| field.instant()).transpose()?;
    if let (Some(at), Some(since)) = (changed_at, since)
        && at > *as_of
    {
        return Err(since.bad_value("must not be after as_of"));
    }
    let changes =
        fields.optional("changes_today").map_or(Ok(0), |field| field.integer(0, UNITS_MAX))?;
    Ok(ShelfPrice {
        price,
        discount_percent,
        since: changed_at,
        changes_today: u32::try_from(changes).expect("at most a milliard"),
    })
}
