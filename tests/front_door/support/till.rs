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

/// Random numbers that can be had again.
pub(crate) struct Random(u64);

impl Random {
    /// Begins with `DAYMARK_TEST_SEED`, or else anywhere; prints how to have the same again.
    #[expect(clippy::print_stderr, reason = "a failure can be had again only by its seed")]
    pub(crate) fn by_seed(test: &str) -> Self {
        let seed = setting("DAYMARK_TEST_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
        eprintln!("DAYMARK_TEST_SEED={seed} cargo test --test front_door {test}");
        Self(seed)
    }

    /// The next one. SplitMix64 (Steele, Lea, Flood 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next one below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Others, for somebody else.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }
}

/// A number that whoever runs the tests may set.
pub(crate) fn setting(name: &str) -> Option<u64> {
    std::env::var_os(name).and_then(|given| given.to_str()?.parse().ok())
}
