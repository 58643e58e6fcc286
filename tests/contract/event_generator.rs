//! Random events, generated from the schema of the contract.

use domain::Currency;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::api::NOW;
use crate::document::{contract, members, resolved};
use crate::schema::{Others, validator, violations};

/// Probability of an optional field.
const PRESENT: f64 = 0.4;
/// Probability that an event keeps the rules beyond the schema.
const REPAIRED: f64 = 0.85;

fn schema(name: &str) -> &'static Value {
    &contract()["components"]["schemas"][name]
}

/// Returns the names in `required`.
fn required(schema: &'static Value) -> impl Iterator<Item = &'static str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Generates events of all kinds, each valid by the schema `Event`.
pub(crate) fn events() -> BoxedStrategy<Value> {
    let kinds = schema("EventFields")["anyOf"].as_array().expect("the kinds");
    let events = prop::strategy::Union::new(kinds.iter().map(events_of));
    let repaired = (events, prop::bool::weighted(REPAIRED));
    let repaired =
        repaired.prop_map(|(event, repair)| if repair { repaired_event(event) } else { event });
    let event = validator(schema("Event"), Others::Allowed);
    repaired
        .prop_map(move |generated| {
            assert_eq!(violations(&event, &generated), [""; 0], "{generated}");
            generated
        })
        .boxed()
}

/// Generates events of the kinds in one fragment of the schema.
fn events_of(fragment: &'static Value) -> BoxedStrategy<Value> {
    let fields = schema("EventFields");
    let names = required(&schema("Event")["allOf"][1]).chain(required(fields));
    let always: Vec<&str> = names.chain(required(fragment)).collect();
    let properties = members(fields.get("properties")).iter();
    let mut field_strategies: Vec<_> = properties
        .map(|(name, property)| {
            let narrowed = fragment["properties"].get(name);
            let property =
                narrowed.filter(|schema| schema.get("enum").is_some()).unwrap_or(property);
            let named = |value: Option<Value>| (name.clone(), value);
            if always.contains(&name.as_str()) {
                values(property, false).prop_map(Some).prop_map(named).boxed()
            } else {
                prop::option::weighted(PRESENT, values(property, true)).prop_map(named).boxed()
            }
        })
        .collect();
    // A field of which nothing is known.
    let unknown = prop::option::weighted(0.1, any::<u32>().prop_map(Value::from));
    field_strategies.push(unknown.prop_map(|value| ("shelf".to_owned(), value)).boxed());
    let present = |(name, value): (String, Option<Value>)| Some((name, value?));
    let object = move |fields: Vec<(String, Option<Value>)>| {
        Value::Object(fields.into_iter().filter_map(present).collect::<Map<_, _>>())
    };
    field_strategies.prop_map(object).boxed()
}

/// Generates values of a schema. `null` only if it is allowed here and by the schema.
fn values(schema: &'static Value, nulls: bool) -> BoxedStrategy<Value> {
    let schema = resolved(schema);
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let alternatives = alternatives.iter().map(|schema| values(schema, nulls));
        return prop::strategy::Union::new(alternatives).boxed();
    }
    let filled = filled_values(schema);
    if nulls && schema["nullable"] == true {
        prop_oneof![9 => filled, 1 => Just(Value::Null)].boxed()
    } else {
        filled
    }
}

fn filled_values(schema: &'static Value) -> BoxedStrategy<Value> {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<Value> = words.iter().filter(|word| !word.is_null()).cloned().collect();
        return select(words).boxed();
    }
    let number = |name: &str| schema[name].as_u64().expect("a bound");
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("date-time")) => instants(),
        (Some("string"), Some("date")) => dates(),
        (Some("string"), _) => {
            let pattern = schema["pattern"].as_str().expect("a pattern");
            let texts = string_regex(pattern.trim_start_matches('^').trim_end_matches('$'));
            texts.expect("a pattern of proptest").prop_map(Value::from).boxed()
        }
        (Some("integer"), _) => {
            let (min, max) = (number("minimum"), number("maximum"));
            prop_oneof![Just(min), Just(max), min..=max].prop_map(Value::from).boxed()
        }
        (Some("number"), _) => {
            let thousandths = number("minimum") * 1000..=number("maximum") * 1000;
            thousandths.prop_map(|count| json!(count as f64 / 1000.0)).boxed()
        }
        (Some("object"), _) => {
            let properties = members(schema.get("properties")).iter();
            let named = |(name, schema): (&'static String, &'static Value)| {
                values(schema, false).prop_map(move |value| (name.clone(), value)).boxed()
            };
            let properties: Vec<_> = properties.map(named).collect();
            let object = |members: Vec<_>| Value::Object(members.into_iter().collect());
            properties.prop_map(object).boxed()
        }
        _ => panic!("no values of {schema}"),
    }
}

/// Generates instants from 7 days before to 5 minutes after [`NOW`], with any offset.
fn instants() -> BoxedStrategy<Value> {
    let milliseconds = -7 * 86_400_000_i64..=300_000;
    (milliseconds, -14 * 4..=14 * 4_i32, any::<bool>())
        .prop_map(|(milliseconds, quarters, utc)| {
            let now: chrono::DateTime<chrono::Utc> = NOW.parse().expect("an instant");
            let at = now + chrono::TimeDelta::milliseconds(milliseconds);
            let offset = chrono::FixedOffset::east_opt(quarters * 900).expect("an offset");
            let offset = at.with_timezone(&offset);
            let format = chrono::SecondsFormat::AutoSi;
            Value::from(offset.to_rfc3339_opts(format, utc && quarters == 0))
        })
        .boxed()
}

/// Generates dates of the years 1 to 9999.
fn dates() -> BoxedStrategy<Value> {
    let first = chrono::NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");
    let date = move |days| Value::from((first + chrono::Days::new(days)).to_string());
    (0..=3_652_058_u64).prop_map(date).boxed()
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_default()
}

/// Returns a decimal field; `None` without the field.
fn decimal(event: &Value, field: &str) -> Option<Decimal> {
    let text = match &event[field] {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let number = if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
    } else {
        Decimal::from_str_exact(&text)
    };
    Some(number.expect("a decimal").normalize())
}

/// Money of a sale or return: its currency's minor digits, and the largest amount by the price.
struct Till {
    digits: u32,
    amount_max: Option<Decimal>,
}

fn till(event: &Value) -> Option<Till> {
    let is_sold = matches!(text(event, "kind"), "sale" | "return");
    let currency: Currency = is_sold.then(|| text(event, "currency").parse().expect("a code"))?;
    let digits = currency.minor_digits();
    let product = decimal(event, "unit_price").zip(decimal(event, "quantity"));
    let amount_max = product.map(|(price, quantity)| price * quantity + Decimal::new(5, digits));
    Some(Till { digits, amount_max })
}

/// Check digit of a GTIN. Source: GS1 General Specifications, section 7.9.
fn check_digit(gtin: &str) -> u32 {
    let digits = gtin.chars().rev().skip(1).filter_map(|digit| digit.to_digit(10));
    let sum: u32 = digits.enumerate().map(|(place, digit)| digit * [3, 1][place % 2]).sum();
    (10 - sum % 10) % 10
}

/// Returns the fields that break a rule beyond the schema, as its description states them.
pub(crate) fn broken_fields(event: &Value) -> Vec<&'static str> {
    let mut broken = Vec::new();
    if let Some(till) = till(event) {
        let is_fine = |field: &&'static str| {
            decimal(event, field).is_some_and(|value| value.scale() > till.digits)
        };
        broken.extend(["unit_price", "amount"].into_iter().filter(is_fine));
        let amount = decimal(event, "amount").filter(|_| broken.is_empty());
        if amount.zip(till.amount_max).is_some_and(|(amount, max)| amount > max) {
            broken.push("amount");
        }
    }
    let gtin = text(event, "gtin");
    if !gtin.is_empty() && !gtin.ends_with(&check_digit(gtin).to_string()) {
        broken.push("gtin");
    }
    let offer_id = text(event, "offer_id");
    if !offer_id.is_empty() && offer_id[..10].parse::<chrono::NaiveDate>().is_err() {
        broken.push("offer_id");
    }
    if !event["line"].is_null() && event["receipt"].is_null() {
        broken.push("line");
    }
    broken
}

/// Returns the event with values that keep the rules beyond the schema.
fn repaired_event(mut event: Value) -> Value {
    let is_broken = |event: &Value, field| broken_fields(event).contains(&field);
    for field in ["unit_price", "amount"] {
        if is_broken(&event, field)
            && let (Some(till), Some(value)) = (till(&event), decimal(&event, field))
        {
            let max = till.amount_max.filter(|_| field == "amount").unwrap_or(Decimal::MAX);
            event[field] = json!(value.min(max).trunc_with_scale(till.digits).to_string());
        }
    }
    if is_broken(&event, "gtin") {
        let gtin = text(&event, "gtin");
        event["gtin"] = json!(format!("{}{}", &gtin[..gtin.len() - 1], check_digit(gtin)));
    }
    if is_broken(&event, "offer_id") {
        event["offer_id"] = json!(format!("2026-03-12{}", &text(&event, "offer_id")[10..]));
    }
    if is_broken(&event, "line") {
        event["receipt"] = json!("r-1");
    }
    event
}
