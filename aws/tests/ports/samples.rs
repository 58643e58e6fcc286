//! Events, rows, offers and entries of the catalogue to store.

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Reason;
use domain::ports::LogEntry;
use domain::stock::{Segment, SegmentKey, StockWindow, WindowKey};
use domain::{Acceptance, Arm, Event, Inputs, Item, Kind, Money, Offer, Outlook, Store, Trust};
use domain::{Version, Window};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// An event from its JSON.
pub(crate) fn event(json: &Value) -> Event {
    let lenient = Acceptance { age_max: None, ..Acceptance::at(at("2200-01-01T00:00:00Z")) };
    Event::parse(&json.to_string(), &lenient).expect("a valid event")
}

/// A sale of one piece of `sku` in store s1.
pub(crate) fn sale(event_id: impl ToString, sku: &str, occurred_at: DateTime<Utc>) -> Event {
    event(&json!({
        "event_id": event_id.to_string(), "kind": "sale", "store_id": "s1", "terminal_id": "t1",
        "sku": sku, "quantity": 1, "unit_price": "2.40", "currency": "EUR",
        "occurred_at": occurred_at.to_rfc3339(),
    }))
}

/// The window that these events make.
pub(crate) fn row(events: impl IntoIterator<Item = Event>) -> StockWindow {
    let mut events = events.into_iter().peekable();
    let key = WindowKey::of(events.peek().expect("at least one"));
    let mut row = StockWindow::new(key);
    events.for_each(|event| row.insert(event));
    row
}

/// A segment of any bytes, as far as its key is concerned: it matches them.
pub(crate) fn segment(store_id: &str, arrived_at: &str, bytes: &[u8]) -> Segment {
    let arrived_at = at(arrived_at);
    let key = SegmentKey {
        store_id: store_id.parse().expect("a store"),
        date: arrived_at.date_naive(),
        arrived_at,
        digest: Version::of(bytes),
    };
    Segment { key, event_count: 3, bytes: bytes.to_vec() }
}

/// Entries of events that arrived when the last of them occurred.
pub(crate) fn entries<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<LogEntry> {
    let events: Vec<&Event> = events.into_iter().collect();
    let last = events.iter().max_by_key(|event| event.occurred_at()).expect("at least one");
    let (store_id, arrived_at) = (last.store_id().clone(), last.occurred_at());
    let segments = Segment::cut(&store_id, arrived_at.date_naive(), arrived_at, events);
    segments.into_iter().map(LogEntry::Segment).collect()
}

fn outlook(figures: [&str; 3]) -> Outlook {
    let [units, revenue, waste] = figures.map(|text| text.parse().expect("a number"));
    Outlook { units, revenue, waste }
}

/// An offer of store s1 for rye.
pub(crate) fn offer(offer_id: &str, price: &str, currency: &str) -> Offer {
    let money = |text| Money::parse_price(text, currency.parse().expect("a code")).expect(text);
    Offer {
        offer_id: offer_id.parse().expect("an id"),
        slot: at("2026-03-12T15:15:00Z"),
        valid_from: at("2026-03-12T15:15:20.125Z"),
        valid_until: at("2026-03-12T19:00:00Z"),
        regular_price: money("9"),
        was_price: money("8"),
        lowest_price: Some(money("8")),
        price: money(price),
        discount_percent: 30,
        on_hand: "12.375".parse().expect("a number"),
        portion: "0.25".parse().expect("a number"),
        expected: outlook(["12.25", "47.78", "0"]),
        if_unchanged: outlook(["3.875", "34.88", "8.375"]),
        reason: "12.4 left; at 9 about 4 would sell until closing".to_owned(),
        arm: Arm::Policy,
        trust: Trust::Full,
        shadow: false,
        policy_version: Version::of(b"rules"),
        inputs: Inputs { request: r#"{"sku":"rye"}"#.to_owned(), answer: "{}".to_owned() },
    }
}

pub(crate) fn item(json: &Value) -> Item {
    Item::parse(&json.to_string()).expect("a valid item")
}

pub(crate) fn store(store_id: &str) -> Store {
    let entry = json!({
        "store_id": store_id, "name": "Kö", "zone": "Europe/Berlin",
        "hours": "mon-sat 07:00-18:30", "policy": { "max_changes": "unlimited" },
    });
    Store::parse(&entry.to_string()).expect("a valid store")
}

/// Holds `promise` against a few dozen generated values; a failure names the smallest one found.
pub(crate) fn for_any<S: Strategy>(strategy: &S, promise: impl Fn(S::Value)) {
    let config = Config { failure_persistence: None, ..Config::with_cases(48) };
    let outcome = TestRunner::new(config).run(strategy, |value| {
        promise(value);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._:-]{1,64}"
}

/// A window with events of every kind, with everything that an event may carry.
pub(crate) fn any_row() -> impl Strategy<Value = StockWindow> {
    // Up to the end of the year 2100, so that every instant has a window and a time to live.
    let window = (946_684_800_i64..4_133_980_800).prop_map(|seconds| {
        Window::of(DateTime::from_timestamp(seconds, 0).expect("a valid instant"))
    });
    (id(), id(), window, prop::collection::vec(any_event(), 1..12)).prop_map(
        |(store_id, sku, window, events)| {
            row(events.into_iter().map(|(mut json, offset_ms)| {
                let occurred_at = window.start() + TimeDelta::milliseconds(offset_ms);
                json["store_id"] = json!(store_id);
                json["sku"] = json!(sku);
                json["occurred_at"] = json!(occurred_at.to_rfc3339());
                event(&json)
            }))
        },
    )
}

/// An event but for its place, and the milliseconds it lies behind its window's start.
fn any_event() -> impl Strategy<Value = (Value, i64)> {
    let needed = (id(), id(), prop::sample::select(Kind::ALL), 0..=1_000_000_000_u64, 0..300_000);
    let price = any_price();
    let optional = (
        prop::option::of("[!-~]{1,20}"),
        prop::option::of((id(), any::<u64>())),
        prop::option::of(0..20_000_i64),
        prop::option::of(any::<prop::sample::Index>()),
        prop::sample::select(vec!["EA", "KGM", "LTR"]),
        any::<bool>(),
    );
    (needed, price, optional).prop_map(|(needed, price, optional)| {
        let (event_id, terminal_id, kind, thousandths, offset_ms) = needed;
        let (lot, sequence, expires_days, reason, unit, bare) = optional;
        let mut event = json!({
            "event_id": event_id, "kind": kind.as_str(), "terminal_id": terminal_id,
            "quantity": format!("{}.{:03}", thousandths / 1000, thousandths % 1000),
            "unit_price": price.0, "currency": price.1, "unit": unit,
            "corrects": "another",
        });
        if !bare {
            let reasons: Vec<Reason> = Reason::of(kind).collect();
            let reason = reason.filter(|_| !reasons.is_empty());
            event["lot"] = json!(lot);
            event["sequence"] = json!(sequence.map(|(epoch, number)| json!({
                "epoch": epoch, "number": number,
            })));
            event["expires_on"] = json!(expires_days.map(|days| {
                (at("2020-01-01T00:00:00Z") + TimeDelta::days(days)).date_naive().to_string()
            }));
            event["reason"] = json!(reason.map(|index| index.get(&reasons).as_str()));
            event["gtin"] = json!("4006381333931");
            event["offer_id"] = json!("2026-03-12/s1/rye/2");
        }
        (event, i64::from(offset_ms))
    })
}

/// A price as text, and its currency.
pub(crate) fn any_price() -> impl Strategy<Value = (String, &'static str)> {
    let currencies = prop::sample::select(vec![("EUR", 2), ("JPY", 0), ("KWD", 3)]);
    (0..=1_000_000_u64, 0..1_000_u64, currencies).prop_map(|(whole, part, (currency, digits))| {
        let part = if whole == 1_000_000 { 0 } else { part % 10_u64.pow(digits) };
        let digits = digits as usize;
        let text = if digits == 0 { whole.to_string() } else { format!("{whole}.{part:0digits$}") };
        (text, currency)
    })
}
