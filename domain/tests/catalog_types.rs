//! Catalogue entries with a JSON type that a field does not have, and stores that break a rule.

use domain::catalog::CatalogError;
use domain::{Item, Policy, Store};

fn violations<T: std::fmt::Debug>(parsed: Result<T, CatalogError>) -> String {
    parsed.expect_err("a violation").to_string()
}

#[test]
fn a_wrong_type_is_named_with_a_value_that_would_pass() {
    let of_item =
        |field: &str| violations(Item::parse(&format!(r#"{{"sku":"A","price":"2.40",{field}}}"#)));
    for (field, expected) in [
        (r#""name":7"#, "name 7 is a number; expected a text in quotes"),
        (r#""category":["a"]"#, "category [\"a\"] is a list; expected a text in quotes"),
        (r#""currency":{}"#, "currency {} is an object; expected a text in quotes"),
        (r#""price":true"#, "price true is a boolean; expected a price in EUR, like 2"),
        (r#""salvage_value":[]"#, "salvage_value [] is a list; expected an amount in EUR, like -1"),
        (
            r#""shelf_life_days":true"#,
            "shelf_life_days true is a boolean; expected a whole number from 1 to 60 days",
        ),
        (r#""portion":{}"#, "portion {} is an object; expected a number from 0.001 to 1000"),
        (r#""no_discount":1"#, "no_discount 1 is neither true nor false"),
        (
            r#""ladder_percent":true"#,
            "ladder_percent true is a boolean; expected a list of whole numbers, like [0, 10, 20]",
        ),
        (
            r#""name":"\ud800""#,
            "name \"\\ud800\" is a text with an escape that is no character; expected a text in \
             quotes",
        ),
    ] {
        assert_eq!(of_item(field), expected);
    }
    for (policy, expected) in [
        (
            r#"{"afternoon_starts":14}"#,
            "afternoon_starts 14 is a number; expected a time in quotes, like \"14:00\"",
        ),
        (
            r#"{"on_doubt":false}"#,
            "on_doubt false is a boolean; expected one of mark, withhold, in quotes",
        ),
        (
            r#"{"price_endings":true}"#,
            "price_endings true is a boolean; expected a list of endings of 1 to 4 digits, like \
             [\"0\", \"5\"]",
        ),
    ] {
        assert_eq!(violations(Policy::parse(policy)), expected);
    }
    assert_eq!(
        violations(Store::parse(
            r#"{"store_id":"1","zone":1,"hours":[],"country":49,"policy":"none"}"#
        )),
        "policy \"none\" is not a JSON object; country 49 is a number; expected a country in \
         quotes, like \"DE\"; zone 1 is a number; expected a time zone in quotes, like \
         \"Europe/Berlin\"; hours [] is a list; expected opening hours in quotes, like \"mon-sat \
         07:00-18:30\""
    );
}

#[test]
fn an_invalid_store_is_refused_with_its_violations_and_those_of_its_policy() {
    for (json, expected) in [
        ("{}", "store_id is required; zone is required; hours is required"),
        (
            r#"{"store_id":"1","zone":"CET+1","hours":"always","country":"Germany",
                "policy":{"elasticity":11}}"#,
            "country \"Germany\" is not a country of ISO 3166, like DE; zone \"CET+1\" is not \
             a time zone of the IANA database, like Europe/Berlin; hours \
             \"always\" is not opening hours like \"mon-sat 07:00-18:30, sun 08:00-12:00\", on \
             five-minute marks (\"always\"); elasticity 11 is outside 0.1 to 10",
        ),
    ] {
        assert_eq!(violations(Store::parse(json)), expected, "{json}");
    }
}
