//! `daymark price`: the decision about each item with its reason.

use std::collections::BTreeMap;

use serde_json::json;

use crate::offers::CornerStore;
use crate::support::UpProcess;

/// Runs `daymark price` for the corner store. Returns the rows by item, and the notes.
fn price(corner: &CornerStore, flags: &[&str]) -> (BTreeMap<String, [String; 2]>, String) {
    let command = [&["price", "--store", "corner", "--format", "json"], flags].concat();
    let ran = corner.up.daymark(command);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let notes = ran.err.clone();
    let row = |row: BTreeMap<String, String>| {
        (row["sku"].clone(), [row["decision"].clone(), row["reason"].clone()])
    };
    (ran.rows().into_iter().map(row).collect(), notes)
}

#[test]
fn each_item_without_an_offer_has_a_reason() {
    let corner = CornerStore::open(&json!({ "min_gain": "500" }));
    let (rows, _) = price(&corner, &["--dry-run"]);
    let [decision, reason] = &rows["rye"];
    assert_eq!(decision, "none");
    assert!(reason.contains("less than min_gain"), "{reason}");
    assert!(rows["bun"][1].contains("No stock"), "{rows:?}");
    let ran = corner.up.daymark(corner.list_command(&[]));
    assert!(ran.err.contains("daymark price --store corner --dry-run"), "{}", ran.err);
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
        let at = (corner.at + chrono::TimeDelta::hours(hours)).to_rfc3339();
        let (_, notes) = price(&corner, &["--dry-run", "--at", &at]);
        assert!(notes.contains(expected), "{expected} in {notes}");
    }
}

#[test]
fn a_decision_is_published_once_for_each_slot() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    let (rows, _) = price(&corner, &[]);
    let [decision, reason] = &rows["rye"];
    // The slot of the offer may have ended meanwhile.
    assert!(["decided", "keep", "change"].contains(&decision.as_str()), "{decision}: {reason}");
    assert!(!reason.is_empty());
    let (again, _) = price(&corner, &[]);
    assert_ne!(again["rye"][0], "change", "{again:?}");
}

#[test]
fn an_instant_needs_a_dry_run_and_a_store_an_entry() {
    let up = UpProcess::start(&["--memory"]);
    let at = "2026-03-12T16:00:00+01:00";
    let ran = up.daymark(["price", "--store", "corner", "--at", at]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--dry-run"), "{}", ran.err);
    let ran = up.daymark(["price", "--store", "corner"]);
    assert!(ran.err.contains("store corner is not in the catalogue"), "{}", ran.err);
}
