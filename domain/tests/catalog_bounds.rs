//! Catalogue entries with which no decision is possible are refused.

use domain::limits::{CHANGE_MINUTES_MAX, CHANGES_MAX};
use domain::{Policy, Store};

#[test]
fn a_policy_accepts_only_limits_that_a_decision_accepts() {
    let parse = |json: &str| Policy::parse(json).map_err(|error| error.to_string());
    let largest = parse(&format!(
        r#"{{"min_minutes_between_changes":{CHANGE_MINUTES_MAX},"max_changes":{CHANGES_MAX}}}"#
    ));
    assert_eq!(largest.map(|policy| policy.max_changes), Ok(Some(CHANGES_MAX)));
    let beyond = r#"{"min_minutes_between_changes":10081,"max_changes":1001}"#;
    let error = parse(beyond).expect_err("limits");
    assert!(error.contains("min_minutes_between_changes 10081 is outside 0 to 10080 minutes"));
    assert!(error.contains("max_changes 1001 is outside 0 to 1000 changes"), "{error}");
}

#[test]
fn a_latest_time_before_the_earliest_is_refused_unless_the_store_closes_after_midnight() {
    let parse = |hours: &str, policy: &str| {
        let json = format!(
            r#"{{"store_id":"1","zone":"Europe/Berlin","hours":"{hours}","policy":{policy}}}"#
        );
        Store::parse(&json).map(|_| ()).map_err(|error| error.to_string())
    };
    let latest = r#"{"afternoon_starts":"22:00","latest_change":"01:30"}"#;
    let category = r#"{"categories":{"bread":{"earliest":"23:00","latest":"01:00"}}}"#;
    let by_day = "mon-fri 07:00-23:30";
    let refused = parse(by_day, latest).expect_err("backward");
    assert_eq!(refused, "latest_change 01:30 is before afternoon_starts 22:00");
    let refused = parse(by_day, category).expect_err("backward");
    assert_eq!(refused, "categories bread: latest 01:00 is before earliest 23:00");
    for policy in [latest, category] {
        assert_eq!(parse("mon-sat 18:00-02:00", policy), Ok(()));
    }
    let at_once = r#"{"afternoon_starts":"14:00","latest_change":"14:00"}"#;
    assert_eq!(parse(by_day, at_once), Ok(()));
}

#[test]
fn a_time_of_24_00_is_refused_with_the_times_that_pass() {
    let error = Policy::parse(r#"{"latest_change":"24:00"}"#).expect_err("24:00").to_string();
    let rule = "is not a time like 14:00; the first minute of a day is 00:00, the last one 23:59";
    assert_eq!(error, format!("latest_change \"24:00\" {rule}"));
}
