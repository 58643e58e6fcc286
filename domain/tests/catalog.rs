//! Catalogue entries: a written entry is read unchanged, and an invalid entry is refused with all
//! its violations.

use chrono::NaiveTime;
use domain::catalog::{CategoryRules, OnDoubt};
use domain::event::Unit;
use domain::experiment::RuleStep;
use domain::limits::{CHANGE_MINUTES_MAX, CHANGES_MAX, DISCOUNT_PERCENT_MAX, LADDER_STEPS_MAX};
use domain::stock::ItemUnits;
use domain::{Chain, Currency, Experiment, Item, Ladder, Money, Policy, Store};
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
    let code = select(vec!["EUR", "JPY", "KWD"]);
    let salvage = option::of(-1_000_000..1_000_000_i64);
    let rules = (
        (1..=14_u16, option::of(ladder()), any::<bool>()),
        (salvage, option::of(1..=1_000_000_i64), option::of(1..=100_i64)),
        units(),
    );
    (names, code, amounts, rules).prop_map(
        |((sku, store_id, name, category), code, (price, cost, floor), rules)| {
            let currency: Currency = code.parse().unwrap();
            let (shelf, (salvage, portion, elasticity), units) = rules;
            let (shelf_life_days, ladder, no_discount) = shelf;
            let salvage = salvage.map(|minor| Decimal::new(minor, currency.minor_digits()));
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
                no_discount,
                salvage_value: salvage
                    .map(|amount| Money::parse_signed(&amount.to_string(), currency).unwrap()),
                portion: portion.map(|thousandths| Decimal::new(thousandths, 3)),
                elasticity: elasticity.map(|tenths| Decimal::new(tenths, 1)),
                units,
            }
        },
    )
}

fn units() -> impl Strategy<Value = ItemUnits> {
    let factor = (1..=1_000_000_i64).prop_map(|factor| Decimal::new(factor, 3).normalize());
    let conversions = prop::collection::btree_map(select(Unit::ALL), factor, 0..3);
    (option::of(select(Unit::ALL)), conversions).prop_map(|(unit, mut conversions)| {
        conversions.retain(|from, _| unit.is_some_and(|unit| unit != *from));
        ItemUnits { unit, conversions }
    })
}

fn clock() -> impl Strategy<Value = NaiveTime> {
    (0..24 * 60_u32)
        .prop_map(|minute| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap())
}

fn percent() -> impl Strategy<Value = Option<u8>> {
    option::of(0..=DISCOUNT_PERCENT_MAX)
}

fn category_rules() -> impl Strategy<Value = CategoryRules> {
    let times = (any::<bool>(), option::of(clock()), option::of(clock()));
    let amounts = (option::of(0..1_000_000_i64), option::of(1..=100_i64));
    (times, option::of(ladder()), percent(), percent(), amounts).prop_map(
        |((exclude, earliest, latest), ladder, deepest, margin, (least, elasticity))| {
            CategoryRules {
                exclude,
                earliest,
                latest,
                ladder,
                max_discount_percent: deepest,
                min_price: least.map(|minor| Decimal::new(minor, 2)),
                min_margin_percent: margin,
                elasticity: elasticity.map(|tenths| Decimal::new(tenths, 1)),
            }
        },
    )
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let rule = prop::collection::btree_map(0..24 * 60_u32, 1..4_u8, 0..4);
    (any::<String>(), 0..=60_u8, 0..=40_u8, rule).prop_map(
        |(salt, control_percent, exploration_percent, rule)| {
            let mut discount_percent = 0;
            let step = |(minute, deeper)| {
                discount_percent += deeper;
                let at = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
                RuleStep { at, discount_percent }
            };
            let rule = rule.into_iter().map(step).collect();
            Experiment { salt, control_percent, exploration_percent, rule }
        },
    )
}

/// Optional rules of a policy beyond the ladder.
type OptionalRules = ((bool, bool, bool, u32), (Option<NaiveTime>, Option<i64>, Option<u32>, u32));

fn optional_rules() -> impl Strategy<Value = OptionalRules> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), 15..=1_440_u32);
    let limits =
        (option::of(clock()), option::of(0..100_000_i64), option::of(0..=CHANGES_MAX), 0..=7_u32);
    (flags, limits)
}

fn policy() -> impl Strategy<Value = Policy> {
    let categories = prop::collection::btree_map(any::<String>(), category_rules(), 0..3);
    (old_policy(), optional_rules(), experiment(), categories).prop_map(
        |(policy, (flags, limits), experiment, categories)| {
            let (enabled, shadow, withhold, doubt_after_minutes) = flags;
            let (latest_change, least, max_changes_per_hour, jitter) = limits;
            Policy {
                enabled,
                shadow,
                latest_change,
                min_price: least.map(|minor| Decimal::new(minor, 2)),
                max_changes_per_hour,
                step_jitter_minutes: 15 * jitter,
                on_doubt: if withhold { OnDoubt::Withhold } else { OnDoubt::Mark },
                doubt_after_minutes,
                experiment,
                categories,
                ..policy
            }
        },
    )
}

fn old_policy() -> impl Strategy<Value = Policy> {
    let numbers = (percent(), 0..=DISCOUNT_PERCENT_MAX, 0..=CHANGE_MINUTES_MAX);
    let rest = (option::of(0..=CHANGES_MAX), 0..=1_000_000_000_i64, 1..=100_i64);
    let endings = prop::collection::vec("[0-9]{1,4}", 0..4);
    (clock(), ladder(), numbers, endings, rest).prop_map(
        |(
            afternoon_starts,
            ladder,
            (margin, deepest, gap),
            price_endings,
            (changes, least, elasticity),
        )| {
            Policy {
                afternoon_starts,
                ladder,
                max_discount_percent: deepest,
                min_margin_percent: margin,
                price_endings,
                min_minutes_between_changes: gap,
                max_changes: changes,
                min_on_hand: Decimal::new(least, 3).normalize(),
                elasticity: Decimal::new(elasticity, 1),
                ..Policy::default()
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
        let read = Policy::parse(&policy.to_value().to_string());
        prop_assert_eq!(read.as_ref().map(Policy::version), Ok(policy.version()));
        prop_assert_eq!(read, Ok(policy));
    }

    #[test]
    fn a_chain_reads_back_as_it_was(
        name in any::<String>(),
        enabled in any::<bool>(),
        perishables_exempt in prop::collection::btree_set("[A-Z]{2}", 0..4),
    ) {
        let chain = Chain { name, enabled, perishables_exempt };
        prop_assert_eq!(Chain::parse(&chain.to_json()), Ok(chain));
    }

    #[test]
    fn a_store_reads_back_as_it_was(
        mut policy in policy(),
        id in "[A-Za-z0-9._:-]{1,64}",
        name in option::of(any::<String>()),
        country in option::of("[A-Z]{2}"),
        zone in select(&chrono_tz::TZ_VARIANTS[..]),
        hours in select(vec!["mon-sun 00:00-00:00", "sat-mon 18:00-02:00", "wed 7:05-12:00"]),
    ) {
        let store_id = id.parse().unwrap();
        let hours = hours.parse().unwrap();
        // Contradictory times are refused.
        policy.latest_change = None;
        policy.categories.values_mut().for_each(|rules| rules.latest = None);
        let store = Store { store_id, name, country, zone, hours, policy };
        prop_assert_eq!(Store::parse(&store.to_json()), Ok(store));
    }

    #[test]
    fn a_ladder_starts_at_0_and_ascends_within_its_limit(
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
    // All whole percents up to the deepest discount.
    let all: Vec<u8> = (0..=DISCOUNT_PERCENT_MAX).collect();
    assert!(all.len() <= LADDER_STEPS_MAX);
    assert!(Ladder::new(all).is_ok());
}

fn violations<T>(result: Result<T, domain::catalog::CatalogError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn an_invalid_item_is_refused_with_its_violations() {
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
            r#"{"sku":"A","price":"2.40","shelf_life_days":61}"#,
            "shelf_life_days 61 is outside 1 to 60 days",
        ),
        (
            r#"{"sku":"A","price":"2.40","salvage_value":"-0.055","portion":0,"elasticity":11,
                "no_discount":"perhaps"}"#,
            "no_discount \"perhaps\" is neither true nor false; salvage_value \"-0.055\" has 3 \
             decimal places; at most 2 are allowed (an amount in EUR, either sign); portion 0 is \
             outside 0.001 to 1000; elasticity 11 is outside 0.1 to 10",
        ),
        (
            r#"{"sku":"A","price":"2.40","salvage_value":-0.05,"portion":"0.1",
                "no_discount":"TRUE"}"#,
            "",
        ),
        (
            r#"{"sku":"A","price":"2.40","shelf_life_days":"a week"}"#,
            "shelf_life_days \"a week\" is not a whole number from 1 to 60 days",
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
             a decimal number; write it like 2 or 0.375, with a point, and without \
             currency and blanks (a price in EUR); \
             store_id \"\" is empty; expected 1 to 64 characters of A-Za-z0-9._:-",
        ),
    ] {
        assert_eq!(violations(Item::parse(json)), expected, "{json}");
    }
}

#[test]
fn an_invalid_policy_is_refused_with_its_violations() {
    assert_eq!(Policy::parse("{}"), Ok(Policy::default()));
    for (json, expected) in [
        (r#"{"max_changes":"unlimited","price_endings":"0 5","elasticity":2}"#, ""),
        (r#"{"afternoon_starts":"2 pm"}"#, "afternoon_starts \"2 pm\" is not a time like 14:00"),
        (r#"{"max_discount_percent":96}"#, "max_discount_percent 96 is outside 0 to 95 percent"),
        (
            r#"{"max_discount_percent":300}"#,
            "max_discount_percent 300 is not a whole number from 0 to 95 percent",
        ),
        (r#"{"min_margin_percent":99}"#, "min_margin_percent 99 is outside 0 to 95 percent"),
        (
            r#"{"price_endings":["x"]}"#,
            "price_endings [\"x\"] is not a list of endings of 1 to 4 digits, like [\"0\", \"5\"]",
        ),
        (r#"{"max_changes":-1}"#, "max_changes -1 is not a whole number from 0 to 1000 changes"),
        (r#"{"elasticity":"0"}"#, "elasticity \"0\" is outside 0.1 to 10"),
        (r#"{"min_on_hand":-1}"#, "min_on_hand -1 is outside 0 to 1000000"),
    ] {
        assert_eq!(violations(Policy::parse(json)), expected, "{json}");
    }
    assert_eq!(Policy::parse(r#"{"max_changes":"unlimited"}"#).unwrap().max_changes, None);
}

#[test]
fn invalid_optional_rules_of_a_policy_are_refused_with_their_violations() {
    for (json, expected) in [
        (
            r#"{"enabled":"false","shadow":true,"latest_change":"18:15","min_price":0.5,
                "max_changes_per_hour":12,"step_jitter_minutes":"15","on_doubt":"withhold"}"#,
            "",
        ),
        (
            r#"{"enabled":"no","latest_change":"25:00","min_price":"-1","max_changes_per_hour":-1,
                "step_jitter_minutes":10,"on_doubt":"ignore","doubt_after_minutes":5}"#,
            "enabled \"no\" is neither true nor false; latest_change \"25:00\" is not a time like \
             14:00; min_price \"-1\" is outside 0 to 1000000; max_changes_per_hour -1 is not a \
             whole number from 0 to 1000 changes; step_jitter_minutes 10 is not a multiple of 15 \
             minutes; on_doubt \"ignore\" is not one of mark, withhold; doubt_after_minutes 5 is \
             outside 15 to 1440 minutes",
        ),
        (r#"{"step_jitter_minutes":120}"#, "step_jitter_minutes 120 is outside 0 to 105 minutes"),
        (r#"{"categories":["bread"]}"#, "categories [\"bread\"] is not a JSON object"),
        (
            r#"{"categories":{"bread":1}}"#,
            "categories {\"bread\":1} is not a JSON object of objects",
        ),
        (
            r#"{"categories":{"bread":{"ladder_percent":[10],"earliest":"4 pm"}}}"#,
            "categories bread: earliest \"4 pm\" is not a time like 14:00; categories bread: \
             ladder_percent [10] is not a ladder: 1 to 100 steps, starting with 0, each deeper \
             than the one before, none above 95",
        ),
        (
            r#"{"experiment":{"control_percent":60,"exploration_percent":41}}"#,
            "experiment exploration_percent 41 is with control_percent more than 100",
        ),
        (
            r#"{"experiment":{"rule":[{"at":"17:00","discount_percent":30},{"at":"16:00"}]}}"#,
            "experiment rule [{\"at\":\"17:00\",\"discount_percent\":30},{\"at\":\"16:00\"}] is \
             not a list of at most 24 steps like [{\"at\": \"17:00\", \"discount_percent\": 30}], \
             each deeper than the one before, none above 95",
        ),
    ] {
        assert_eq!(violations(Policy::parse(json)), expected, "{json}");
    }
}

#[test]
fn a_table_cell_may_hold_categories_and_an_experiment() {
    let cells = r#"{"categories":"{\"bread\":{\"exclude\":true}}",
        "experiment":"{\"salt\":\"a\",\"control_percent\":10}"}"#;
    let policy = Policy::parse(cells).unwrap();
    assert!(policy.categories["bread"].exclude);
    assert_eq!(policy.experiment.control_percent, 10);
}

#[test]
fn an_invalid_chain_is_refused_with_its_violations() {
    assert_eq!(violations(Chain::parse("{}")), "chain is required");
    assert_eq!(
        violations(Chain::parse(
            r#"{"chain":"Winterfeldt","enabled":2,"perishables_exempt":"de IE"}"#
        )),
        "enabled 2 is neither true nor false; perishables_exempt \"de IE\" is not a list of \
         countries of ISO 3166 like [\"DE\", \"IE\"]"
    );
    let chain = Chain::parse(r#"{"chain":"W","perishables_exempt":"IE DE"}"#).unwrap();
    assert!(chain.enabled && chain.exempts(Some("DE")));
    assert!(!chain.exempts(Some("AT")) && !chain.exempts(None));
}
