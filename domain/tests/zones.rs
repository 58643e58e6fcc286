//! Business days in time zones: offsets of half hours, clock changes of half an hour or at
//! midnight, and closing times after midnight.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Hours, Store};
use proptest::prelude::*;

fn store(zone: &str, hours: &str) -> Store {
    let policy = r#"{"afternoon_starts":"14:00"}"#;
    let json = format!(r#"{{"store_id":"1","zone":"{zone}","hours":"{hours}","policy":{policy}}}"#);
    Store::parse(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Asserts start, opening and close of a business day, in UTC.
fn check(zone: &str, hours: &str, date: &str, expected: [&str; 3]) {
    let day = store(zone, hours).day(date.parse().unwrap()).expect("an open day");
    let found = [day.starts_at, day.opens_at, day.closes_at];
    let found = found.map(|at| at.format("%m-%dT%H:%M").to_string());
    assert_eq!(found, expected, "{zone} {hours} {date}");
}

#[test]
fn a_day_follows_the_clock_of_the_store() {
    let all = "mon-sun 07:00-19:00";
    check("Asia/Kolkata", all, "2026-03-12", ["03-11T18:30", "03-12T01:30", "03-12T13:30"]);
    check("Asia/Kathmandu", all, "2026-03-12", ["03-11T18:15", "03-12T01:15", "03-12T13:15"]);
    check("America/St_Johns", all, "2026-01-15", ["01-15T03:30", "01-15T10:30", "01-15T22:30"]);
    check("Pacific/Kiritimati", all, "2026-03-12", ["03-11T10:00", "03-11T17:00", "03-12T05:00"]);
    check("Pacific/Pago_Pago", all, "2026-03-12", ["03-12T11:00", "03-12T18:00", "03-13T06:00"]);
}

#[test]
fn a_day_follows_every_kind_of_clock_change() {
    let all = "mon-sun 07:00-19:00";
    // A change of half an hour at two: the shorter and the longer day.
    check("Australia/Lord_Howe", all, "2026-10-04", ["10-03T13:30", "10-03T20:00", "10-04T08:00"]);
    check("Australia/Lord_Howe", all, "2026-04-05", ["04-04T13:00", "04-04T20:30", "04-05T08:30"]);
    // An offset of half hours with a change of a whole hour.
    check("Australia/Adelaide", all, "2026-10-04", ["10-03T14:30", "10-03T20:30", "10-04T08:30"]);
    // Midnight does not exist: the day starts at one.
    check("Africa/Cairo", all, "2026-04-24", ["04-23T22:00", "04-24T04:00", "04-24T16:00"]);
    // The southern hemisphere.
    check("America/New_York", all, "2026-11-01", ["11-01T04:00", "11-01T12:00", "11-02T00:00"]);
}

#[test]
fn the_hours_after_midnight_belong_to_the_day_of_the_opening() {
    let late = "mon-sun 18:00-02:30";
    check("Europe/Lisbon", late, "2026-03-12", ["03-12T02:30", "03-12T18:00", "03-13T02:30"]);
    // The clock skips the hour of the close.
    check("Europe/Berlin", late, "2026-03-28", ["03-28T01:30", "03-28T17:00", "03-29T01:30"]);
    // The local time of the close occurs twice; the first counts.
    check("Europe/Berlin", late, "2026-10-24", ["10-24T00:30", "10-24T16:00", "10-25T00:30"]);
    let around = "mon-sun 06:00-06:00";
    check("Europe/Berlin", around, "2026-03-12", ["03-12T05:00", "03-12T05:00", "03-13T05:00"]);
}

#[test]
fn the_afternoon_lasts_from_its_start_to_the_close() {
    let kolkata = store("Asia/Kolkata", "mon-sat 07:00-19:00");
    let date = |time: &str| kolkata.afternoon_at(at(time)).map(|day| day.date.to_string());
    assert_eq!(date("2026-03-12T08:29:59.999Z"), None);
    assert_eq!(date("2026-03-12T08:30:00Z"), Some("2026-03-12".to_owned()));
    assert_eq!(date("2026-03-12T13:29:59.999Z"), Some("2026-03-12".to_owned()));
    assert_eq!(date("2026-03-12T13:30:00Z"), None);
    // Sunday.
    assert_eq!(date("2026-03-15T09:00:00Z"), None);
    // The afternoon continues after midnight.
    let bar = store("Europe/Lisbon", "mon-sun 11:00-02:00");
    let open = bar.afternoon_at(at("2026-03-13T01:00:00Z")).unwrap();
    assert_eq!(open.date.to_string(), "2026-03-12");
    // The afternoon of a store that is open at night may start after midnight.
    let night = r#"{"store_id":"night","zone":"Europe/Lisbon","hours":"mon-sun 18:00-02:00",
        "policy":{"afternoon_starts":"00:30"}}"#;
    let night = domain::Store::parse(night).unwrap();
    assert_eq!(night.afternoon_at(at("2026-03-12T18:00:00Z")), None);
    assert_eq!(night.afternoon_at(at("2026-03-13T00:29:59Z")), None);
    let open = night.afternoon_at(at("2026-03-13T00:30:00Z")).unwrap();
    assert_eq!(open.date.to_string(), "2026-03-12");
}

#[test]
fn an_instant_belongs_to_the_open_day_or_else_to_its_date() {
    let bar = store("Europe/Lisbon", "mon-sat 11:00-02:00");
    let date = |time: &str| bar.day_at(at(time)).map(|day| day.date.to_string());
    assert_eq!(date("2026-03-13T01:00:00Z"), Some("2026-03-12".to_owned()));
    assert_eq!(date("2026-03-13T02:00:00Z"), Some("2026-03-13".to_owned()));
    // Sunday, after the night of Saturday.
    assert_eq!(date("2026-03-15T01:59:00Z"), Some("2026-03-14".to_owned()));
    assert_eq!(date("2026-03-15T12:00:00Z"), None);
}

#[test]
fn the_shelf_life_counts_business_days() {
    let berlin = store("Europe/Berlin", "mon-sun 07:00-19:00");
    let monday = berlin.day("2026-03-30".parse().unwrap()).unwrap();
    assert_eq!(berlin.shelf_since(&monday, 1), monday.starts_at);
    assert_eq!(berlin.shelf_since(&monday, 2), at("2026-03-28T23:00:00Z"));
    // Across the clock change.
    assert_eq!(berlin.shelf_since(&monday, 3), at("2026-03-27T23:00:00Z"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn days_follow_one_another_in_every_zone(
        zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        date in 0..365 * 12_u64,
        (opens, length) in (0..48_u32, 1..=48_u32),
    ) {
        let first: NaiveDate = "2015-01-01".parse().unwrap();
        let date = first + chrono::Days::new(date);
        let clock = |half: u32| format!("{:02}:{:02}", half / 2 % 24, half % 2 * 30);
        let hours: Hours =
            format!("mon-sun {}-{}", clock(opens), clock(opens + length)).parse().unwrap();
        let day = hours.day(zone, date).unwrap();
        let next = hours.day(zone, date.succ_opt().unwrap()).unwrap();
        // No instant lies in two days, and no day ends before its start.
        prop_assert!(day.starts_at <= day.opens_at, "{day:?}");
        prop_assert!(day.closes_at <= next.starts_at, "{day:?} {next:?}");
        prop_assert!(day.starts_at < next.starts_at, "{day:?} {next:?}");
        prop_assert_eq!(hours.to_string().parse::<Hours>().unwrap(), hours.clone());
        // The day is found from its opening to the last instant before its close.
        if day.opens_at < day.closes_at {
            let last = day.closes_at - chrono::TimeDelta::milliseconds(1);
            for open in [day.opens_at, last] {
                let found = hours.open_day_at(zone, open).map(|day| day.date);
                prop_assert_eq!(found, Some(date));
            }
        }
        prop_assert_ne!(hours.open_day_at(zone, day.closes_at).map(|day| day.date), Some(date));
    }
}
