//! Rules that are valid and allow no change of a price.

use std::path::Path;

use import::{CatalogFile, Catalogue, catalog_entries, plan};

/// Returns the warnings of a store with these hours and this policy, and two stored items.
fn warned(hours: &str, policy: &str) -> Vec<String> {
    let items = "sku,price,category\nrye,3.90,bread\nbun,0.60,rolls\n";
    let store = format!(
        r#"{{"store_id":"corner","country":"DE","zone":"Europe/Berlin","hours":"{hours}",
        "policy":{policy}}}"#
    );
    let mut catalogue = Catalogue::default();
    let mut import = |name: &str, text: &str| {
        let entries = catalog_entries(Path::new(name), text).expect("entries");
        let plan = plan(&mut catalogue, &[CatalogFile { name: name.to_owned(), entries }]);
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        plan.warnings.into_iter().map(|warning| warning.message).collect()
    };
    let of_items: Vec<String> = import("items.csv", items);
    assert!(of_items.is_empty(), "{of_items:?}");
    import("store.json", &store)
}

const HOURS: &str = "mon-sat 07:00-18:30";

#[test]
fn numbers_that_allow_no_change_are_warnings() {
    for name in ["max_changes", "max_changes_per_hour"] {
        let none = format!(
            "policy.{name} 0: no price ever changes; to stop the pricing of the store, set \
             policy.enabled to false"
        );
        assert_eq!(warned(HOURS, &format!(r#"{{"{name}":0}}"#)), [none]);
        assert!(warned(HOURS, &format!(r#"{{"{name}":1}}"#)).is_empty());
    }
}

#[test]
fn a_lowest_price_that_no_item_exceeds_is_a_warning() {
    let warning = |path: &str, floor: &str, of: &str, highest: &str| {
        format!(
            "{path}.min_price {floor} is not below the highest price of {of}, {highest}; no \
             discount can ever be made"
        )
    };
    let of_store = warning("policy", "50", "the store's items", "3.90");
    assert_eq!(warned(HOURS, r#"{"min_price":"50"}"#), [of_store]);
    assert!(warned(HOURS, r#"{"min_price":"3.89"}"#).is_empty());
    let of_rolls = warning("policy.categories.rolls", "0.60", "its items", "0.60");
    let policy = r#"{"categories":{"rolls":{"min_price":"0.60"},"bread":{"min_price":"0.60"}}}"#;
    assert_eq!(warned(HOURS, policy), [of_rolls]);
}

#[test]
fn times_that_leave_no_change_on_any_day_are_warnings() {
    let never = |reason: &str| format!("{reason}; no price ever changes");
    let bread =
        |rules: &str| format!(r#"{{"latest_change":"17:00","categories":{{"bread":{rules}}}}}"#);
    for (hours, policy, reason) in [
        (
            "mon-sat 10:00-20:00",
            r#"{"afternoon_starts":"07:00","latest_change":"09:00"}"#.to_owned(),
            "policy.latest_change 09:00 is before the opening on every day",
        ),
        (
            "mon 07:00-13:00, tue 17:00-21:00",
            r#"{"latest_change":"16:00"}"#.to_owned(),
            "policy.afternoon_starts 14:00 and policy.latest_change 16:00 leave no time within \
             the opening hours of any day",
        ),
        (
            HOURS,
            bread(r#"{"latest":"13:00"}"#),
            "policy.categories.bread.latest 13:00 is before policy.afternoon_starts 14:00",
        ),
        (
            HOURS,
            bread(r#"{"latest":"06:00"}"#),
            "policy.categories.bread.latest 06:00 is before the opening on every day",
        ),
        (
            HOURS,
            bread(r#"{"earliest":"18:00"}"#),
            "policy.latest_change 17:00 is before policy.categories.bread.earliest 18:00",
        ),
        (
            HOURS,
            bread(r#"{"earliest":"18:30"}"#),
            "policy.categories.bread.earliest 18:30 is after the close on every day",
        ),
    ] {
        assert_eq!(warned(hours, &policy), [never(reason)], "{hours} {policy}");
    }
    for (hours, policy) in [
        // A store that is open after midnight.
        (
            "mon-sat 20:00-04:00",
            r#"{"afternoon_starts":"23:00","latest_change":"02:00"}"#.to_owned(),
        ),
        // One day is enough.
        ("mon 07:00-13:00, tue 07:00-18:00", r#"{"latest_change":"16:00"}"#.to_owned()),
        (HOURS, bread(r#"{"latest":"18:00","earliest":"17:30"}"#)),
        (HOURS, bread(r#"{"exclude":true}"#)),
    ] {
        assert_eq!(warned(hours, &policy), [""; 0], "{hours} {policy}");
    }
}

#[test]
fn an_opening_of_24_hours_from_another_time_than_midnight_is_told() {
    let warning = "hours: an opening that begins and ends at 08:00 is 24 hours long; a day on \
                   which the store stays closed is left out";
    assert_eq!(warned("mon-sat 07:00-18:30, sun 08:00-08:00", "{}"), [warning]);
    assert_eq!(warned("mon-sun 00:00-24:00", "{}"), [""; 0]);
}

#[test]
fn a_step_of_an_experiment_after_the_close_is_a_warning() {
    let policy = r#"{"experiment":{"control_percent":20,"rule":[
        {"at":"17:00","discount_percent":30},{"at":"19:00","discount_percent":50}]}}"#;
    let late = "policy.experiment.rule: the step at 19:00 is after the close on every day";
    assert_eq!(warned(HOURS, policy), [late]);
    assert!(warned("mon-fri 07:00-18:30, sat 07:00-20:00", policy).is_empty());
}

#[test]
fn a_salvage_value_above_the_price_is_a_warning() {
    let entries = catalog_entries(
        Path::new("items.csv"),
        "sku,price,salvage_value\nrye,3.90,4.00\nbun,0.60,0.60\n",
    );
    let file = CatalogFile { name: "items.csv".to_owned(), entries: entries.expect("entries") };
    let plan = plan(&mut Catalogue::default(), &[file]);
    let warnings: Vec<String> = plan.warnings.iter().map(ToString::to_string).collect();
    let told = "items.csv:2: salvage_value 4.00 is above the price 3.90; a unit left at the close \
                would be worth more than a sold one";
    assert_eq!(warnings, [told]);
}
