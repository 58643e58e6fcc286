//! `daymark price`: the decision about each item with its reason.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::offers::CornerStore;
use crate::screens::on;
use crate::support::{ApiClient, UpProcess, event};

/// Rows of `daymark price` by item.
type Decisions = BTreeMap<String, BTreeMap<String, String>>;

/// Runs `daymark price` for the corner store. Returns the rows by item, and the notes.
fn price(corner: &CornerStore, flags: &[&str]) -> (Decisions, String) {
    let command = [&["price", "--store", "corner", "--format", "json"], flags].concat();
    let ran = corner.up.daymark(command);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let notes = ran.err.clone();
    (ran.rows().into_iter().map(|row| (row["sku"].clone(), row)).collect(), notes)
}

/// Decides about one item as at an instant. Returns the decision and its reason.
#[track_caller]
fn decided_at(corner: &CornerStore, sku: &str, at: DateTime<Utc>) -> (String, String) {
    let (rows, _) = price(corner, &["--dry-run", "--at", &at.to_rfc3339()]);
    (rows[sku]["action"].clone(), rows[sku]["reason"].clone())
}

/// Returns the instant from which the first offer holds, after waiting for it.
fn first_offer(corner: &CornerStore, flags: &[&str]) -> DateTime<Utc> {
    corner.wait_for_offer(flags);
    let listed = corner.list_command(&[flags, &["--revisions", "--format", "json"]].concat());
    corner.up.daymark(listed).rows()[0]["valid_from"].parse().expect("an instant")
}

#[test]
fn each_item_without_an_offer_has_a_reason() {
    let corner = CornerStore::open(&json!({ "min_gain": "500" }));
    let (rows, _) = price(&corner, &["--dry-run"]);
    let rye = &rows["rye"];
    assert_eq!([&rye["action"], &rye["price"], &rye["currency"]], ["none", "3.90", "EUR"]);
    assert!(rye["reason"].contains("less than min_gain"), "{rye:?}");
    assert!(rows["bun"]["reason"].contains("No stock"), "{rows:?}");
    let ran = corner.up.daymark(corner.list_command(&[]));
    assert!(ran.err.contains("daymark price --store corner --dry-run"), "{}", ran.err);
    assert!(ran.err.contains("gain less than min_gain, 500. This holds for every"), "{}", ran.err);
}

#[test]
fn an_empty_list_of_offers_names_the_cause_that_holds_for_all_items() {
    let withheld = json!({ "on_doubt": "withhold", "doubt_after_minutes": 15 });
    let rule = json!([{ "at": "19:00", "discount_percent": 30 }]);
    let control = json!({ "experiment": { "salt": "a", "control_percent": 100, "rule": rule } });
    for (policy, expected) in [
        (withheld, "No till has sent an event for doubt_after_minutes, and on_doubt is withhold."),
        (control, "takes no further step now; the next one takes 30 % off from 19:00 on."),
    ] {
        let corner = CornerStore::open(&policy);
        let ran = corner.up.daymark(corner.list_command(&[]));
        let notes = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(notes.contains(expected), "{notes}");
    }
}

#[test]
fn a_store_in_which_nothing_is_priced_has_one_reason() {
    let corner = CornerStore::open(&json!({ "enabled": false }));
    let (rows, notes) = price(&corner, &[]);
    assert!(rows.is_empty() && notes.contains("switched off for this store"), "{rows:?} {notes}");
    let ran = corner.up.daymark(corner.list_command(&[]));
    assert!(ran.err.contains("policy.enabled"), "{}", ran.err);
    // It is 15:00 in the store, which opens at 06:00 and closes at 20:00.
    for (hours, expected) in [(-5, "the afternoon begins at"), (8, "the store is closed at")] {
        let at = (corner.at + TimeDelta::hours(hours)).to_rfc3339();
        let (_, notes) = price(&corner, &["--dry-run", "--at", &at]);
        assert!(notes.contains(expected), "{expected} in {notes}");
    }
}

#[test]
fn a_slot_is_decided_once_and_a_look_back_sees_only_the_offers_of_its_time() {
    let corner = CornerStore::open(&json!({ "min_minutes_between_changes": 600 }));
    let from = first_offer(&corner, &[]);
    let decided = ["decided", "This slot has an offer already: revision 1."].map(str::to_owned);
    assert_eq!(<[String; 2]>::from(decided_at(&corner, "rye", from)), decided);
    let (decision, reason) = decided_at(&corner, "rye", from + TimeDelta::minutes(15));
    assert_eq!(decision, "keep", "{reason}");
    assert!(reason.starts_with("49 left; at ") && !reason.contains("at 3.90 EUR"), "{reason}");
    // The offer was made after this instant, in the same slot or a later one.
    let (decision, reason) = decided_at(&corner, "rye", corner.at);
    assert_eq!(decision, "would change", "{reason}");
    // Whatever slot it is now, a pass publishes no second revision.
    for _ in 0..2 {
        price(&corner, &[]);
    }
    let revisions = corner.up.daymark(corner.list_command(&["--revisions", "--format", "json"]));
    assert_eq!(revisions.rows().len(), 1);
}

#[test]
fn a_store_in_shadow_mode_has_decisions_and_no_offers() {
    let corner = CornerStore::open(&json!({ "shadow": true }));
    let from = first_offer(&corner, &["--shadows"]);
    let (decision, reason) = decided_at(&corner, "rye", from);
    assert_eq!(decision, "decided");
    let expected = "This slot has a shadow decision, which is not published: revision 1.";
    assert_eq!(reason, expected);
    let ran = corner.up.daymark(corner.list_command(&[]));
    assert!(ran.err.contains("--shadows shows 1 decision"), "{}", ran.err);
    assert!(ran.err.contains("not published"), "{}", ran.err);
    let (rows, notes) = price(&corner, &[]);
    assert_ne!(rows["rye"]["action"], "change", "nothing changes in the shop");
    assert!(notes.contains("published: 0"), "{notes}");
}

#[test]
fn a_change_of_currency_under_an_offer_is_named() {
    let corner = CornerStore::open(&json!({}));
    let from = first_offer(&corner, &[]);
    let rye = json!({ "sku": "rye", "price": "4.10", "currency": "CHF", "category": "bread" });
    corner.import(&rye);
    let at = (from + TimeDelta::minutes(15)).to_rfc3339();
    let (rows, _) = price(&corner, &["--dry-run", "--at", &at]);
    let rye = &rows["rye"];
    assert_eq!([&rye["action"], &rye["currency"]], ["none", "EUR"], "{rye:?}");
    let expected = "Today's offer is in EUR, and the catalogue's price is in CHF now";
    assert!(rye["reason"].contains(expected), "{rye:?}");
    let table = corner.up.daymark(["price", "--store", "corner", "--dry-run", "--at", &at]);
    assert!(table.success().contains("currency"));
}

#[test]
fn weighed_goods_are_shown_in_their_unit_in_every_decision() {
    let corner = CornerStore::open(&json!({}));
    let items = [("gouda", "KGM", "19.53", "0"), ("brie", "KGM", "24.00", "24.00")];
    let poured = [("oil", "LTR", "11.90", "2.00")];
    let mut events = Vec::new();
    for (sku, unit, price, floor) in items.into_iter().chain(poured) {
        corner.import(&json!({ "sku": sku, "price": price, "floor": floor }));
        let mut receipt =
            event("corner", &format!("r-{sku}"), sku, corner.at - TimeDelta::hours(5));
        (receipt["quantity"], receipt["unit"]) = (json!("8.189"), json!(unit));
        events.push(receipt);
    }
    assert_eq!(ApiClient::new(&corner.up).post_lines(&events).stored(), 3);
    let date = corner.date.parse().expect("a date");
    for sku in ["gouda", "brie", "oil"] {
        corner.up.wait_for("corner", date, sku, ("on_hand", "8.189"));
    }
    let reason = |sku| decided_at(&corner, sku, corner.at);
    let rest = "Counted in portions of 0.25 kg; the rest of 0.189 kg counts as left.";
    let (decision, gouda) = reason("gouda");
    assert_eq!(decision, "would change", "{gouda}");
    assert!(gouda.starts_with("8.189 kg left; at 19.53 EUR/kg about "), "{gouda}");
    assert!(gouda.contains(rest), "{gouda}");
    // Every deeper step is below the floor, so the price is kept.
    let (decision, brie) = reason("brie");
    assert_eq!(decision, "keep", "{brie}");
    assert!(brie.starts_with("8.189 kg left; at 24.00 EUR/kg about "), "{brie}");
    assert!(brie.contains("Deeper steps are below the floor.") && brie.contains(rest), "{brie}");
    let (_, oil) = reason("oil");
    assert!(oil.starts_with("8.189 l left; at 11.90 EUR/l about "), "{oil}");

    // The offers of the next pass are explained in the same units.
    price(&corner, &[]);
    let listed = corner.up.daymark(corner.list_command(&["--format", "json"])).rows();
    let offer = listed.iter().find(|offer| offer["sku"] == "gouda").expect("an offer");
    let parts = ["expected_units", "expected_waste"]
        .map(|name| -> f64 { offer[name].parse().expect("a number") });
    assert!((parts[0] + parts[1] - 8.189).abs() < 1e-9, "{offer:?}");
    let explained = corner.up.daymark(["offers", "explain", &offer["offer_id"]]).success();
    for expected in [
        " EUR/kg, the ",
        "8.189 kg, counted in portions of 0.25 kg; the rest of 0.189 kg counts as left",
        "price in EUR per kg; expected: units and waste in kg, revenue and value in EUR",
        "On the shelf, kg",
        "Price, EUR/kg",
    ] {
        assert!(explained.contains(expected), "{expected} in {explained}");
    }
    let replayed = corner.up.daymark(["offers", "replay", &offer["offer_id"]]);
    assert_eq!(replayed.out.matches("identical, byte for byte").count(), 2, "{}", replayed.out);
    let request = ["offers", "explain", &offer["offer_id"], "--request"];
    let request = corner.up.daymark(request).success();
    let answer = corner.up.daymark_with_input(&request, ["decide"]).success();
    let answer: Value = serde_json::from_str(&answer).expect("a decision");
    assert_eq!(answer["reason"], offer["reason"]);
    assert_eq!(answer["expected_revenue"], offer["expected_revenue"]);
}

#[test]
fn an_unknown_store_is_an_error_with_the_nearest_known_one() {
    let corner = CornerStore::open(&json!({ "enabled": false }));
    let commands: [&[&str]; 7] = [
        &["price"],
        &["offers"],
        &["days"],
        &["history"],
        &["effect"],
        &["catalog", "list"],
        &["rebuild", "history"],
    ];
    for (store, advice) in [("cornr", "did you mean corner?"), ("0042", "daymark catalog import")] {
        for command in commands {
            let ran = corner.up.daymark(command.iter().chain(&["--store", store]));
            assert_eq!(ran.out, "", "{command:?}");
            let message = ran.failure();
            let unknown = format!("store {store} is not in the catalogue");
            assert!(message.contains(&unknown), "{command:?}: {message}");
            assert!(message.contains(advice), "{command:?}: {message}");
        }
        // The first events of a store may be on their way.
        for command in ["stock", "gaps"] {
            let ran = corner.up.daymark([command, "--store", store, "--format", "json"]);
            let told = ran.err.clone();
            assert!(ran.rows().is_empty() && told.contains(advice), "{command}: {told}");
        }
    }
    let item = corner.up.daymark(["catalog", "show", "rye", "--store", "cornr"]).failure();
    assert!(item.contains("did you mean corner?"), "{item}");
}

#[test]
fn an_instant_needs_a_dry_run_and_a_store_an_entry() {
    let up = UpProcess::start(&["--memory"]);
    let at = "2026-03-12T16:00:00+01:00";
    let ran = up.daymark(["price", "--store", "corner", "--at", at]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--dry-run"), "{}", ran.err);
    for (at, expected) in [
        ("2026-03-12T16:00:00", "the offset from UTC is missing: append Z or one like +01:00"),
        ("at four", "an instant is like 2026-03-12T16:00:00+01:00"),
    ] {
        for command in [["price", "--dry-run"], ["stock", "--sku=rye"]] {
            let ran = up.daymark(command.into_iter().chain(["--store", "corner", "--at", at]));
            assert_eq!(ran.code, Some(2));
            assert!(ran.err.contains(expected), "{}", ran.err);
        }
    }
    let unknown = up.daymark(["price", "--store", "corner"]).failure();
    assert!(unknown.contains("store corner is not in the catalogue"), "{unknown}");
    // Notes are wrapped like the tables.
    let mut narrow = on(&up, &["price", "--store", "corner"]);
    let told = narrow.env("COLUMNS", "40").output().expect("the program runs").stderr;
    let told = String::from_utf8(told).expect("text");
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words, unknown.split_whitespace().collect::<Vec<_>>().join(" "));
    assert!(told.lines().count() > 1, "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 40), "{told}");
}
