//! The catalogue's entries: they read back as they were written, and what is wrong is told.

use chrono::NaiveTime;
use domain::limits::{DISCOUNT_PERCENT_MAX, LADDER_STEPS_MAX};
use domain::{Currency, Item, Ladder, Money, Policy, Store};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

fn ladder() -> impl Strategy<Value = Ladder> {
    prop::collection::btree_set(1..=DISCOUNT_PERCENT_MAX, 0..12).prop_map(|steps| {
        Ladder::new(std::iter::once(0).chain(steps).collect()).expect("ascending from 0")
    })
}

fn money(currency: Currency, minor: i64) -> Money {
    Money::price(Decimal::new(minor, currency.minor_digits()), currency).expect("a price")
}

fn item() -> impl Strategy<Value = Item> {
    let id = "[A-Za-z0-9._:-]{1,64}";
    let names = (id, option::of(id), option::of(any::<String>()), option::of("\\PC{0,20}"));
    let amounts = (1..100_000_i64, option::of(0..100_000_i64), option::of(0..=100_u8));
    (names, select(vec!["EUR", "JPY", "KWD"]), amounts, 1..=14_u16, option::of(ladder())).prop_map(
        |((sku, store_id, name, category), code, (price, cost, floor), shelf_life_days, ladder)| {
            let currency: Currency = code.parse().unwrap();
            Item {
                sku: sku.parse().unwrap(),
                store_id: store_id.map(|id| id.parse().unwrap()),
                name,
                category,
                price: money(currency, price),
                cost: cost.map(|cost| money(currency, cost)),
                shelf_life_days,
                ladder,
                floor: floor.map(|percent| money(currency, price * i64::from(percent) / 100)),
            }
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let numbers = (option::of(0..=DISCOUNT_PERCENT_MAX), 0..=DISCOUNT_PERCENT_MAX, any::<u32>());
    let rest = (option::of(any::<u32>()), 0..=1_000_000_000_i64, 1..=100_i64);
    let endings = prop::collection::vec("[0-9]{1,4}", 0..4);
    ((0..24 * 60_u32), ladder(), numbers, endings, rest).prop_map(
        |(minute, ladder, (margin, deepest, gap), price_endings, (changes, least, elasticity))| {
            Policy {
                afternoon_starts: NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap(),
                ladder,
                max_discount_percent: deepest,
                min_margin_percent: margin,
                price_endings,
                min_minutes_between_changes: gap,
                max_changes: changes,
                min_on_hand: Decimal::new(least, 3),
                elasticity: Decimal::new(elasticity, 1),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_item_reads_back_as_it_was(item in item()) {
        prop_assert_eq!(Item::parse(&item.to_json()), Ok(item));
    }

    #[test]
    fn a_policy_reads_back_as_it_was(policy in policy()) {
        prop_assert_eq!(Policy::parse(&policy.to_value().to_string()), Ok(policy));
    }

    #[test]
    fn a_store_reads_back_as_it_was(
        policy in policy(),
        id in "[A-Za-z0-9._:-]{1,64}",
        name in option::of(any::<String>()),
        zone in select(&chrono_tz::TZ_VARIANTS[..]),
        hours in select(vec!["mon-sun 00:00-00:00", "sat-mon 18:00-02:00", "wed 7:05-12:00"]),
    ) {
        let store_id = id.parse().unwrap();
        let store = Store { store_id, name, zone, hours: hours.parse().unwrap(), policy };
        prop_assert_eq!(Store::parse(&store.to_json()), Ok(store));
    }

    #[test]
    fn a_ladder_starts_at_0_and_goes_down_within_its_cap(
        steps in prop::collection::vec(0..=99_u8, 0..6),
    ) {
        let valid = steps.first() == Some(&0)
            && steps.windows(2).all(|pair| pair[0] < pair[1])
            && steps.iter().all(|step| *step <= DISCOUNT_PERCENT_MAX);
        prop_assert_eq!(Ladder::new(steps).is_ok(), valid);
    }
}

#[test]
fn a_ladder_has_at_most_100_steps() {
    // All that the deepest discount leaves room for.
    let all: Vec<u8> = (0..=DISCOUNT_PERCENT_MAX).collect();
    assert!(all.len() <= LADDER_STEPS_MAX);
    assert!(Ladder::new(all).is_ok());
}

fn told<T>(result: Result<T, domain::catalog::CatalogError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn an_item_is_told_what_is_wrong() {
    for (json, expected) in [
        (r#"{"sku":"A","price":"2.40"}"#, ""),
        (r#"{"sku":"A","price":2.40,"cost":1,"floor":"2.40","ladder_percent":"0 10 20"}"#, ""),
        ("{}", "sku is required; price is required"),
        (r#"{"sku":"A","price":"0"}"#, "price \"0\" must be above 0"),
        (
            r#"{"sku":"A","price":"2.405"}"#,
            "price \"2.405\" has 3 decimal places; at most 2 are allowed (a price in EUR)",
        ),
        (
            r#"{"sku":"A","price":"240.5","currency":"JPY"}"#,
            "price \"240.5\" has 1 decimal places; at most 0 are allowed (a price in JPY)",
        ),
        (
            r#"{"sku":"A","price":"2.40","floor":"2.41"}"#,
            "floor \"2.41\" is above the price 2.40; no discount could ever be given",
        ),
        (
            r#"{"sku":"A","price":"2.40","shelf_life_days":15}"#,
            "shelf_life_days 15 is outside 1 to 14 days",
        ),
        (
            r#"{"sku":"A","price":"2.40","shelf_life_days":"a week"}"#,
            "shelf_life_days \"a week\" is not a whole number that can stand here",
        ),
        (
            r#"{"sku":"A","price":"2.40","ladder_percent":[10,20]}"#,
            "ladder_percent [10,20] is not a ladder: 1 to 100 steps, starting with 0, each deeper \
             than the one before, none above 95",
        ),
        (
            r#"{"sku":"A","price":"2.40","ladder_percent":["0"]}"#,
            "ladder_percent [\"0\"] is not a list of whole numbers, like [0, 10, 20]",
        ),
        (
            r#"{"sku":"a b","price":"x","store_id":""}"#,
            "sku \"a b\" has the character ' '; only A-Za-z0-9._:- are allowed; price \"x\" is not \
             a decimal number; write it like 2 or 0.375, without exponent (a price in EUR); \
             store_id \"\" is empty; expected 1 to 64 characters of A-Za-z0-9._:-",
        ),
    ] {
        assert_eq!(told(Item::parse(json)), expected, "{json}");
    }
}

#[test]
fn a_policy_is_told_what_is_wrong() {
    assert_eq!(Policy::parse("{}"), Ok(Policy::default()));
    for (json, expected) in [
        (r#"{"max_changes":"unlimited","price_endings":"0 5","elasticity":2}"#, ""),
        (r#"{"afternoon_starts":"2 pm"}"#, "afternoon_starts \"2 pm\" is not a time like 14:00"),
        (r#"{"max_discount_percent":96}"#, "max_discount_percent 96 is outside 0 to 95 percent"),
        (
            r#"{"max_discount_percent":300}"#,
            "max_discount_percent 300 is not a whole number that can stand here",
        ),
        (r#"{"min_margin_percent":99}"#, "min_margin_percent 99 is outside 0 to 95 percent"),
        (
            r#"{"price_endings":["x"]}"#,
            "price_endings [\"x\"] is not a list of endings of 1 to 4 digits, like [\"0\", \"5\"]",
        ),
        (r#"{"max_changes":-1}"#, "max_changes -1 is not a whole number that can stand here"),
        (r#"{"elasticity":"0"}"#, "elasticity \"0\" is outside 0.1 to 10"),
        (r#"{"min_on_hand":-1}"#, "min_on_hand -1 is outside 0 to 1000000"),
    ] {
        assert_eq!(told(Policy::parse(json)), expected, "{json}");
    }
    assert_eq!(Policy::parse(r#"{"max_changes":"unlimited"}"#).unwrap().max_changes, None);
}

#[test]
fn a_store_is_told_what_is_wrong_also_in_its_policy() {
    for (json, expected) in [
        (r#"{"store_id":"1","zone":"Asia/Kolkata","hours":"mon 07:00-19:00"}"#, ""),
        ("{}", "store_id is required; zone is required; hours is required"),
        (
            r#"{"store_id":"1","zone":"CET+1","hours":"always","policy":{"elasticity":11}}"#,
            "zone \"CET+1\" is not a time zone of the IANA database, like Europe/Berlin; hours \
             \"always\" is not opening hours like \"mon-sat 07:00-18:30, sun 08:00-12:00\", on \
             five-minute marks (\"always\"); elasticity 11 is outside 0.1 to 10",
        ),
    ] {
        assert_eq!(told(Store::parse(json)), expected, "{json}");
    }
}
