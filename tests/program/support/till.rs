//! Events of a till.

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// Returns the system time.
#[expect(clippy::disallowed_methods, reason = "a till has a clock")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

/// Formats an instant as in an event.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns a receipt of one unit.
pub(crate) fn event(store: &str, id: &str, sku: &str, at: DateTime<Utc>) -> Value {
    json!({
        "event_id": id, "kind": "receipt", "store_id": store, "terminal_id": "t1", "sku": sku,
        "quantity": 1, "occurred_at": stamp(at),
    })
}

/// Returns a sale of one unit.
pub(crate) fn sale(store: &str, id: &str, sku: &str, price: &str, at: DateTime<Utc>) -> Value {
    let mut sale = event(store, id, sku, at);
    sale["kind"] = json!("sale");
    sale["unit_price"] = json!(price);
    sale["currency"] = json!("EUR");
    sale
}

/// Returns receipts of one unit each, spread over `skus` items.
pub(crate) fn numbered(store: &str, count: usize, skus: usize, at: DateTime<Utc>) -> Vec<Value> {
    let one =
        |number: usize| event(store, &format!("e-{number}"), &format!("sku-{}", number % skus), at);
    (0..count).map(one).collect()
}

/// Random numbers with a reproducible seed. Own code because no random crate is a dependency of the
/// tests.
pub(crate) struct Random(u64);

impl Random {
    /// Takes the seed from `DAYMARK_TEST_SEED`, or a random one, and prints the command that
    /// repeats the test.
    #[expect(clippy::print_stderr, reason = "the seed repeats a failure")]
    pub(crate) fn by_seed(test: &str) -> Self {
        let seed =
            env_number("DAYMARK_TEST_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
        eprintln!("DAYMARK_TEST_SEED={seed} cargo test --test program {test}");
        Self(seed)
    }

    /// Returns the next number. Source: SplitMix64 (Steele, Lea, Flood 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns the next number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Returns an independent generator.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }
}

/// Returns the number in an environment variable.
pub(crate) fn env_number(name: &str) -> Option<u64> {
    std::env::var_os(name).and_then(|given| given.to_str()?.parse().ok())
}
