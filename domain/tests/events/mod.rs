//! Events for tests: single ones and generators.
#![allow(dead_code, reason = "every test file takes a part of it")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::stock::{StockWindow, WindowKey};
use domain::{Acceptance, Event, EventId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Arrival of all events.
pub(crate) const RECEIVED_AT: &str = "2026-03-12T15:30:00Z";

/// Start of the window of the events of a row.
const WINDOW_START: &str = "2026-03-12T15:15:00Z";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Parses an event of any age.
pub(crate) fn event(json: &Value) -> Event {
    let anytime = Acceptance { age_max: None, ..Acceptance::at(at(RECEIVED_AT)) };
    Event::parse(&json.to_string(), &anytime).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Returns a valid sale.
pub(crate) fn sale() -> Value {
    json!({
        "event_id": "e-1", "kind": "sale", "store_id": "0042", "terminal_id": "till-1",
        "sku": "BRT-1180", "quantity": "1", "unit_price": "2.40", "currency": "EUR",
        "occurred_at": "2026-03-12T15:15:00Z",
    })
}

/// Returns `base` with the fields of `change`.
pub(crate) fn with(mut base: Value, change: Value) -> Value {
    let change = change.as_object().expect("an object").clone();
    base.as_object_mut().expect("an object").extend(change);
    base
}

/// Returns a row with `events`.
pub(crate) fn row<'a>(events: impl IntoIterator<Item = &'a Event>) -> StockWindow {
    let mut row = StockWindow::new(WindowKey::of(&event(&of_row(json!({ "event_id": "none" })))));
    for event in events {
        row.insert(event.clone());
    }
    row
}

/// Returns a receipt of one unit in the row, with the fields of `change`.
pub(crate) fn of_row(change: Value) -> Value {
    with(with(sale(), json!({ "kind": "receipt", "occurred_at": WINDOW_START })), change)
}

/// Generates events of every kind, with every optional field present or absent.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let id = "[A-Za-z0-9._:-]{1,64}";
    let instant = (at("2000-01-01T00:00:00Z").timestamp_millis()
        ..=at(RECEIVED_AT).timestamp_millis())
        .prop_map(|millis| DateTime::from_timestamp_millis(millis).expect("an instant"));
    let names = (id, id, id, id);
    let details = (
        option::of(select(vec!["4006381333931", "96385074", "00012345600012"])),
        option::of("[!-~]{1,20}"),
        option::of((2000..2100, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"))),
        option::of((id, any::<u64>()).prop_map(|(epoch, n)| json!({"epoch": epoch, "number": n}))),
        option::of((id, id, 1..99_u32).prop_map(|(s, i, n)| format!("2026-03-12/{s}/{i}/{n}"))),
    );
    let ties = (option::of((id, option::of(0..=1_000_000_u32))), option::of(id), option::of(id));
    (names, action(id), quantity(), instant, details, ties).prop_map(
        |(names, action, quantity, instant, details, (receipt, transfer_id, import_id))| {
            let (event_id, store_id, terminal_id, sku) = names;
            let (gtin, lot, expires_on, sequence, offer_id) = details;
            let (receipt, line) = receipt.unzip();
            let rest = json!({
                "event_id": event_id, "store_id": store_id, "terminal_id": terminal_id,
                "sku": sku, "quantity": quantity, "occurred_at": instant.to_rfc3339(),
                "gtin": gtin, "lot": lot, "expires_on": expires_on, "sequence": sequence,
                "offer_id": offer_id, "receipt": receipt, "line": line.flatten(),
                "transfer_id": transfer_id, "import_id": import_id,
            });
            event(&with(rest, action))
        },
    )
}

/// Generates events of one row. The few ids often repeat, with equal and with other content, and
/// many events share one of the few instants.
pub(crate) fn events_of_row() -> impl Strategy<Value = Vec<Event>> {
    let offset = prop_oneof![0..3_i64, Just(299_999), 0..300_000_i64];
    events_of(offset, Just("BRT-1180"))
}

/// Generates events of one UTC date. The few ids often repeat, also across items and windows.
pub(crate) fn events_of_date() -> impl Strategy<Value = Vec<Event>> {
    let since_midnight = at("2026-03-12T00:00:00Z") - at(WINDOW_START);
    let offset = prop_oneof![0..3_i64, Just(300_000), since_midnight.num_milliseconds()..300_000];
    events_of(offset, select(vec!["BRT-1180", "RYE", "bun"]))
}

/// Generates events at offsets from the start of the window, in milliseconds.
fn events_of(
    offset: impl Strategy<Value = i64>,
    sku: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = Vec<Event>> {
    let instant = offset.prop_map(|offset| {
        (at(WINDOW_START) + chrono::TimeDelta::milliseconds(offset)).to_rfc3339()
    });
    let import = option::weighted(0.3, select(vec!["import-1", "import-2", "import-3"]));
    let one = (0..12_u8, action("e-(1?[0-9])"), quantity(), instant, import, sku).prop_map(
        |(id, action, quantity, instant, import, sku)| {
            let id = format!("e-{id}");
            let change = json!({
                "event_id": id, "quantity": quantity, "occurred_at": instant, "import_id": import,
                "sku": sku,
            });
            event(&of_row(with(change, action)))
        },
    );
    vec(one, 0..40)
}

/// Returns the event that counts for each id: the one whose content sorts first, under the earliest
/// of its imports.
pub(crate) fn that_count(events: &[Event]) -> BTreeMap<EventId, Event> {
    let mut first: BTreeMap<EventId, Event> = BTreeMap::new();
    for event in events {
        let known = first.entry(event.event_id().clone()).or_insert_with(|| event.clone());
        let rank = |event: &Event| (event.content(), event.details().import_id.clone());
        if rank(event) < rank(known) {
            *known = event.clone();
        }
    }
    first
}

/// Generates a kind with its own fields.
fn action(corrects: &'static str) -> impl Strategy<Value = Value> {
    let price = select(vec![("2.40", "EUR"), ("0.05", "EUR"), ("240", "JPY"), ("1.125", "KWD")]);
    let reason = |words: &'static [&'static str]| option::of(select(words));
    prop_oneof![
        (select(vec!["sale", "return"]), price.clone()).prop_map(|(kind, (price, currency))| {
            json!({ "kind": kind, "unit_price": price, "currency": currency })
        }),
        (select(vec!["sale", "return"]), price.clone()).prop_map(|(kind, (amount, currency))| {
            let amount = json!({ "kind": kind, "amount": amount, "currency": currency });
            with(amount, json!({ "unit_price": null }))
        }),
        // A discounted line; the quantity is here, because the amount is below price by quantity.
        (select(vec!["sale", "return"]), price).prop_map(|(kind, (price, currency))| {
            let line = json!({ "kind": kind, "unit_price": price, "amount": price });
            with(line, json!({ "currency": currency, "quantity": "3" }))
        }),
        select(vec!["receipt", "transfer_in", "transfer_out"])
            .prop_map(|kind| json!({ "kind": kind })),
        reason(&["damaged", "expired", "recall"])
            .prop_map(|reason| json!({ "kind": "waste", "reason": reason })),
        reason(&["cycle_count", "recount"])
            .prop_map(|reason| json!({ "kind": "count", "reason": reason })),
        (corrects, reason(&["did_not_occur", "incorrect_data"])).prop_map(|(corrects, reason)| {
            json!({ "kind": "correction", "corrects": corrects, "reason": reason })
        }),
    ]
}

/// Generates a quantity with a unit: whole or weighed, small or at the limit.
fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..20_u32).prop_map(|whole| whole.to_string()),
        (0..5_000_u32).prop_map(|grams| format!("{}.{:03}", grams / 1000, grams % 1000)),
        Just("1000000".to_owned()),
    ]
}
