//! Goods that a request counts in portions: answers and reasons are in the unit of the item, and
//! their figures add up as they are shown.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::refusals::refuses;
use crate::{decision, example, smallest, with};

/// Item of any unit and currency in its afternoon: unit and portion, thousandths on hand, currency
/// with regular price and salvage value in minor units, current step, and units of a usual hour.
fn items() -> impl Strategy<Value = Value> {
    let measures = [
        ("EA", "1"),
        ("EA", "6"),
        ("KGM", "0.25"),
        ("KGM", "0.256"),
        ("KGM", "1"),
        ("LTR", "0.2"),
        ("LTR", "0.05"),
    ];
    (
        prop::sample::select(measures.to_vec()),
        1_u64..20_000,
        prop::sample::select(vec![("EUR", 2_u32), ("JPY", 0), ("KWD", 3)]),
        20_i64..5_000,
        prop_oneof![Just(0_i64), -40_i64..20],
        prop::sample::select(vec![0, 20]),
        0_u32..40,
    )
        .prop_map(
            |((unit, portion), grams, (currency, digits), price, salvage, step, hour)| {
                let on_hand = if unit == "EA" { grams / 100 } else { grams };
                let on_hand = Decimal::new(on_hand as i64, if unit == "EA" { 0 } else { 3 });
                let portions = (on_hand / number(portion)).floor();
                json!({
                    "store_id": "0042", "sku": "CHZ-7", "as_of": "2026-03-12T16:00:00+01:00",
                    "closes_at": "2026-03-12T18:30:00+01:00", "currency": currency,
                    "on_hand": portions.to_string().parse::<u64>().expect("a count"),
                    "measure": { "unit": unit, "portion": portion, "on_hand": on_hand.to_string() },
                    "regular_price": Decimal::new(price, digits).to_string(),
                    "unit_cost": Decimal::new(0, digits).to_string(),
                    "salvage_value": Decimal::new(salvage, digits).to_string(),
                    "current": { "discount_percent": step },
                    "profile": { "basis": "sku", "days": 28, "slots": [
                        { "start": "16:00", "end": "18:30", "units": f64::from(hour) * 2.5 },
                    ] },
                    "policy": { "ladder_percent": [0, 20, 30, 40, 60] },
                })
            },
        )
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn float(value: &Value) -> Decimal {
    number(&value.to_string())
}

/// Returns the number after `before` in a text.
fn after(text: &str, before: &str) -> Option<Decimal> {
    let rest = text.split_once(before)?.1;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
    Some(number(rest[..end.unwrap_or(rest.len())].trim_end_matches('.')))
}

/// Returns the number before `after` in a text.
fn before(text: &str, after: &str) -> Option<Decimal> {
    let words = text.rsplit_once(after)?.0;
    words.rsplit(' ').find_map(|word| word.parse().ok())
}

/// Checks a clause about the units sold at a price, which ends with the units left.
fn adds_up(sentence: &str, on_hand: Decimal, outlook: &Value) {
    let sold = after(sentence, " about ").expect("units sold");
    let left = before(sentence, "").expect("units left");
    assert_eq!(sold + left, on_hand, "{sentence}");
    assert!((sold - float(&outlook["expected_units"])).abs() <= Decimal::new(5, 2), "{sentence}");
    let revenue = after(sentence, " for ").expect("revenue");
    assert_eq!(revenue, number(outlook["expected_revenue"].as_str().unwrap()), "{sentence}");
}

proptest! {
    #[test]
    fn shown_parts_add_up_to_the_shown_sum_and_quantities_to_the_stock(request in items()) {
        let answer = decision(&request);
        let reason = answer["reason"].as_str().expect("text");
        let on_hand = number(request["measure"]["on_hand"].as_str().unwrap());
        let steps = answer["alternatives"].as_array().expect("steps");
        let allowed = || steps.iter().filter(|step| step["allowed"] == true);
        for outlook in allowed().chain([&answer, &answer["if_unchanged"]]) {
            let names = ["expected_units", "expected_waste"];
            let [sold, left] = names.map(|name| float(&outlook[name]));
            prop_assert!((sold + left - on_hand).abs() < Decimal::new(1, 9), "{}", outlook);
            prop_assert!(sold >= Decimal::ZERO && left >= Decimal::ZERO, "{}", outlook);
        }
        if request["on_hand"] == 0 {
            prop_assert_eq!(reason.split(". ").next(), Some("None left to sell."));
            return Ok(());
        }
        let unit = match request["measure"]["unit"].as_str().unwrap() {
            "KGM" => " kg",
            "LTR" => " l",
            _ => "",
        };
        let on_hand_text = format!("{}{unit} left; at ", on_hand.normalize());
        prop_assert!(reason.starts_with(&on_hand_text), "{}", reason);
        let (unchanged, rest) = reason.split_once(" would be left.").expect("a sentence");
        adds_up(unchanged, on_hand, &answer["if_unchanged"]);
        let portion = number(request["measure"]["portion"].as_str().unwrap());
        prop_assert_eq!(portion != Decimal::ONE || !unit.is_empty(), rest.contains("portions of"));
        let value = |step: &Value| number(step["expected_value"].as_str().unwrap());
        let chosen = allowed().find(|step| step["price"] == answer["price"]).expect("the step");
        if answer["action"] == "change" {
            let change = rest.split(" left").next().expect("a sentence");
            adds_up(change, on_hand, &answer);
            let Some(total) = rest.split_once(": ").and_then(|(_, gain)| after(gain, "")) else {
                return Ok(());
            };
            if let Some(now) = before(rest, &format!(" {} by changing now", currency(&request))) {
                let later = before(rest, &format!(" {} by later steps", currency(&request)));
                prop_assert_eq!(now + later.expect("the other part"), total, "{}", reason);
                let shelf = allowed().next().expect("the shelf price");
                prop_assert_eq!(now, value(chosen) - value(shelf), "{}", reason);
            }
            if number(request["salvage_value"].as_str().unwrap()).is_zero() {
                let [with, without] = [&answer, &answer["if_unchanged"]]
                    .map(|outlook| number(outlook["expected_revenue"].as_str().unwrap()));
                prop_assert_eq!(total, with - without, "{}", reason);
            }
        } else if let Some(loss) = before(rest, &format!(" {} less", currency(&request))) {
            let losses = allowed().map(|step| value(chosen) - value(step));
            prop_assert!(losses.clone().any(|of_step| of_step == loss), "{}", reason);
        }
    }
}

fn currency(request: &Value) -> &str {
    request["currency"].as_str().expect("a code")
}

/// Cheese that is counted in portions of 250 g.
fn cheese() -> Value {
    let measure = json!({ "unit": "KGM", "portion": "0.25", "on_hand": "5.939" });
    let mut cheese = with(example(), "measure", measure);
    cheese["salvage_value"] = json!("0.00");
    cheese
}

#[test]
fn a_reason_of_weighed_goods_names_unit_portion_and_rest() {
    let [pieces, weighed] = [with(example(), "salvage_value", json!("0.00")), cheese()]
        .map(|request| decision(&request));
    let reason = weighed["reason"].as_str().expect("text");
    assert!(reason.starts_with("5.939 kg left; at 2.15 EUR/kg about "), "{reason}");
    let rest = "Counted in portions of 0.25 kg; the rest of 0.189 kg counts as left.";
    assert!(reason.contains(rest), "{reason}");
    // The decision itself is that of 23 portions.
    assert_eq!(pieces["price"], weighed["price"]);
    let quarter = float(&pieces["expected_units"]) / Decimal::from(4);
    assert_eq!(float(&weighed["expected_units"]), quarter);
    // A litre is named as a kilogram is, and a kept price too.
    let poured = with(cheese(), "measure.unit", json!("LTR"));
    let kept = with(poured, "profile.slots.2.units", json!(90));
    let kept = decision(&kept);
    let reason = kept["reason"].as_str().expect("text");
    assert_eq!(kept["action"], "keep", "{reason}");
    assert!(reason.contains("5.939 l left; at 2.15 EUR/l about 5.7"), "{reason}");
    assert!(reason.contains(" EUR/l now would bring "), "{reason}");
}

#[test]
fn a_measure_that_is_not_the_stock_is_refused() {
    for (place, value) in [
        ("measure.unit", json!("kg")),
        ("measure.portion", json!("0")),
        ("measure.portion", json!(0.25)),
        ("measure.portion", json!("1000.1")),
        ("measure.on_hand", json!("6.001")),
        ("measure.on_hand", json!("5.7")),
        ("measure.on_hand", json!("-1")),
        ("measure", json!("0.25 kg")),
    ] {
        refuses(cheese(), place, value, "bad_value");
    }
    refuses(cheese(), "measure.portion", Value::Null, "missing_field");
    let pieces = json!({ "unit": "EA", "portion": "1", "on_hand": "23" });
    let [without, with] = [smallest(), with(smallest(), "measure", pieces)];
    assert_eq!(decision(&without), decision(&with), "whole pieces are the default");
}
