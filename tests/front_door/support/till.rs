//! What a till has to say.

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "a till has a clock")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

/// An instant as an event writes it.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A receipt of one piece.
pub(crate) fn event(store: &str, id: &str, sku: &str, at: DateTime<Utc>) -> Value {
    json!({
        "event_id": id, "kind": "receipt", "store_id": store, "terminal_id": "t1", "sku": sku,
        "quantity": 1, "occurred_at": stamp(at),
    })
}

/// A sale of one piece.
pub(crate) fn sale(store: &str, id: &str, sku: &str, price: &str, at: DateTime<Utc>) -> Value {
    let mut sale = event(store, id, sku, at);
    sale["kind"] = json!("sale");
    sale["unit_price"] = json!(price);
    sale["currency"] = json!("EUR");
    sale
}

/// Many receipts of one piece, spread over `skus` items.
pub(crate) fn numbered(store: &str, count: usize, skus: usize, at: DateTime<Utc>) -> Vec<Value> {
    let one =
        |number: usize| event(store, &format!("e-{number}"), &format!("sku-{}", number % skus), at);
    (0..count).map(one).collect()
}

/// Random numbers that can be had again: the seed is printed, and taken from `DAYMARK_TEST_SEED`.
#[expect(clippy::print_stderr, reason = "a failure can be had again only by its seed")]
pub(crate) fn by_seed() -> impl FnMut(u64) -> u64 {
    let given = std::env::var_os("DAYMARK_TEST_SEED")
        .and_then(|seed| seed.to_str().and_then(|seed| seed.parse::<u64>().ok()));
    let mut state = given.unwrap_or_else(|| RandomState::new().hash_one(0));
    eprintln!("DAYMARK_TEST_SEED={state}");
    // SplitMix64 (Steele, Lea, Flood 2014).
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}
