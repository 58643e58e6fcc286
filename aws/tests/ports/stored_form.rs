//! Stored forms of all items. Tables outlive this program, so a change here is a change of format;
//! see docs/stored-formats.md.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use domain::ports::{
    CatalogTable, LogEntry, OffersTable, QuarantineTable, Saved, StockLog, WindowsTable,
};
use domain::stock::{CloseState, RollupState, quarantined_conflict};
use domain::{Event, Item, Version, Window};
use serde_json::{Value, json};

use crate::samples::{at, event, item, offer, segment, store};
use crate::windows::row_of;
use crate::world::{World, readable};

fn sample(event_id: &str, kind: &str, more: Value) -> Event {
    let mut json = json!({
        "event_id": event_id, "kind": kind, "store_id": "s1", "terminal_id": "t1", "sku": "rye",
        "quantity": "2.5", "unit": "KGM", "unit_price": "3.90", "currency": "EUR",
        "occurred_at": "2026-03-12T15:17:30.125Z",
    });
    for (field, value) in more.as_object().expect("an object") {
        json[field] = value.clone();
    }
    event(&json)
}

/// The packed events are a format of their own, which the crate `domain` tests.
#[tokio::test]
async fn the_stock_log() {
    let world = World::start().await;
    let log = world.tables();
    let noon = at("2026-03-12T12:00:00.125Z");
    let (store_id, date) = (store("s1").store_id, noon.date_naive());
    let segment = segment("s1", "2026-03-12T12:00:00.125Z", &[1, 0, 254, 255]);
    let entries = [
        LogEntry::LateMark(segment.key.clone()),
        LogEntry::Segment(segment),
        LogEntry::ActiveStore { stored_on: date, store_id: store_id.clone() },
    ];
    assert_eq!(log.append(&entries).await, [Ok(()), Ok(()), Ok(())]);
    let closed = CloseState {
        store_id: store_id.clone(),
        date,
        read_at: noon,
        late: Version::of(b"marks"),
        inputs: Version::of(b"hours"),
        is_complete: false,
        revision: 1,
    };
    assert_eq!(log.save_close_state(&closed).await, Ok(Saved::Done));
    let window = |minutes| Window::of(at("2026-03-12T00:00:00Z") + TimeDelta::minutes(minutes));
    let rolled = RollupState {
        store_id,
        date,
        read_at: noon,
        late: Version::of(b"marks"),
        count: 12,
        conflicts: 1,
        unmet: [format!("{date}/s1#e5#470ef917837a6029").parse().unwrap()].into(),
        windows: [(window(0), 1), (window(65), 0xFEDC_BA98), (window(1_435), 2)].into(),
    };
    log.put_rollup_state(&rolled).await.unwrap();
    let items = world.items("stock-log").await;
    assert_eq!(items.iter().map(readable).collect::<Vec<_>>().join("\n"), STOCK_LOG.trim_start());
}

const STOCK_LOG: &str = r#"
expires_at N 1781136000
pk S #2026-03-12
sk S s1

event_count N 3
events B 0100feff
expires_at N 1781136000
pk S s1#2026-03-12
sk S 2026-03-12T12:00:00.125Z#dd8b10d263a3a65c4bfc3680c3378c52

expires_at N 1781136000
pk S s1#late
sk S 2026-03-12#2026-03-12T12:00:00.125Z#dd8b10d263a3a65c4bfc3680c3378c52

business_date S 2026-03-12
expires_at N 1781136000
inputs S 404314b1f4bd8fa2ff42a84cd851ddc0
is_complete BOOL false
late S e3d11da4dd6ea5b4e328df9a80ad217a
pk S s1#late
read_at S 2026-03-12T12:00:00.125Z
revision N 1
sk S 2026-03-12#closed
store_id S s1

conflicts N 1
expires_at N 1781136000
late S e3d11da4dd6ea5b4e328df9a80ad217a
n N 12
pk S s1#late
read_at S 2026-03-12T12:00:00.125Z
sk S 2026-03-12#rolled
store_id S s1
unmet SS 2026-03-12/s1#e5#470ef917837a6029
utc_date S 2026-03-12
windows B 0101200000000000 0000000000000000 0000000000000000 0000000000000000
    0000000080000000 01fedcba98000000 02
"#;

#[tokio::test]
async fn a_row_of_a_window() {
    let world = World::start().await;
    let row = row_of(
        40,
        [
            sample(
                "e1",
                "receipt",
                json!({ "quantity": 12, "occurred_at": "2026-03-12T15:15:00Z" }),
            ),
            sample("e2", "count", json!({ "quantity": 20, "occurred_at": "2026-03-12T15:16:00Z" })),
            sample("e3", "sale", json!({})),
            sample("e4", "sale", json!({})),
            sample("e5", "correction", json!({ "corrects": "e4" })),
            sample("e6", "waste", json!({ "quantity": "0.125", "reason": "damaged" })),
        ],
    );
    world.tables().put_window(&row).await.unwrap();
    assert_eq!(readable(&world.item("windows").await), WINDOW_ROW);
}

const WINDOW_ROW: &str = "expires_at N 1776352800
items M rye M counted N 20, counted_at S 2026-03-12T15:16:00.000Z, event_count N 5, moved
    N -2.625, received N 12, revenue M EUR N 9.75, sold N 2.5, voided_count N 1, wasted N
    0.125
n N 40
parts N 1
pk S s1#2026-03-12
sk S 15:15
store_id S s1
window_start S 2026-03-12T15:15:00.000Z
";

#[tokio::test]
async fn an_offer() {
    let world = World::start().await;
    world.tables().publish_offer(&offer("2026-03-12/s1/rye/2", "3.90", "EUR")).await.unwrap();
    assert_eq!(readable(&world.item("offers").await), OFFER);
}

const OFFER: &str = r#"arm S policy
business_date S 2026-03-12
currency S EUR
discount_percent N 30
expected_revenue N 47.78
expected_units N 12.25
expected_waste N 0
inputs B 28b52ffd20108100 007b22736b75223a 22727965227d0a7b 7d
inputs_digest S c1724d3c029bee698bca916d55f38c8402fec8b29209d9107be7715e1c32c36e
label_percent_off S 51
label_was_price S 8.00
lowest_price N 8
offer_id S 2026-03-12/s1/rye/2
on_hand N 12.375
piece N 0.25
pk S s1#2026-03-12
policy_version S 6c621d1a05138a7888d37d9269a9da8e
price N 3.9
reason S 12.4 left; at 9 about 4 would sell until closing
regular_price N 9
revision N 2
shadow BOOL false
sk S rye#000002
sku S rye
slot S 2026-03-12T15:15:00.000Z
store_id S s1
trust S full
unchanged_revenue N 34.88
unchanged_units N 3.875
unchanged_waste N 8.375
valid_from S 2026-03-12T15:15:20.125Z
valid_until S 2026-03-12T19:00:00.000Z
was_price N 8
"#;

#[tokio::test]
async fn the_catalogue() {
    let world = World::start().await;
    let rye = item(&json!({ "sku": "rye", "price": "3.9", "cost": "1.10", "name": "Rye" }));
    let own = Item { store_id: Some("s1".parse().unwrap()), ..rye.clone() };
    world.tables().put_item(&rye).await.unwrap();
    world.tables().put_item(&own).await.unwrap();
    world.tables().put_store(&store("s1")).await.unwrap();
    let mut items = world.items("catalog").await;
    let version = items.iter_mut().find_map(|item| item.get_mut("version")).expect("a version");
    let random = version.as_s().expect("a text");
    assert!(random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{random}");
    *version = AttributeValue::S("random".to_owned());
    assert_eq!(items.iter().map(readable).collect::<Vec<_>>().join("\n"), CATALOG.trim_start());
}

const CATALOG: &str = r#"
entry S {"category":null,"conversions":null,"cost":"1.10","currency":"EUR",
    "elasticity":null,"floor":null,"ladder_percent":null,"name":"Rye","no_discount":false,
    "portion":null,"price":"3.90","salvage_value":null,"shelf_life_days":1,"sku":"rye",
    "store_id":null,"unit":null}
pk S chain
sk S item#rye

pk S chain
sk S items
version S random

entry S {}
pk S chain
sk S store#s1

entry S {"category":null,"conversions":null,"cost":"1.10","currency":"EUR",
    "elasticity":null,"floor":null,"ladder_percent":null,"name":"Rye","no_discount":false,
    "portion":null,"price":"3.90","salvage_value":null,"shelf_life_days":1,"sku":"rye",
    "store_id":"s1","unit":null}
pk S store#s1
sk S item#rye

entry S {"country":null,"hours":"mon 07:00-18:30, tue 07:00-18:30, wed 07:00-18:30, thu
    07:00-18:30, fri 07:00-18:30, sat 07:00-18:30","name":"Kö",
    "policy":{"afternoon_starts":"14:00","categories":{},"doubt_after_minutes":60,
    "elasticity":"2.2","enabled":true,"experiment":{"control_percent":0,
    "exploration_percent":0,"rule":[],"salt":""},"ladder_percent":[0,10,20,30,40,50,60,
    70],"latest_change":null,"max_changes":"unlimited","max_changes_per_hour":null,
    "max_discount_percent":95,"min_gain":"0","min_gain_percent":0,
    "min_margin_percent":null,"min_minutes_between_changes":30,"min_on_hand":"1",
    "min_price":null,"on_doubt":"mark","price_endings":[],"shadow":false,
    "step_jitter_minutes":0},"store_id":"s1","zone":"Europe/Berlin"}
pk S store#s1
sk S settings
"#;

#[tokio::test]
async fn a_quarantine_entry() {
    let world = World::start().await;
    let refused = sample("e3", "waste", json!({ "occurred_at": at("2026-03-12T15:17:30Z") }));
    world.tables().put_quarantined(&quarantined_conflict(&refused)).await.unwrap();
    assert_eq!(readable(&world.item("quarantine").await), REFUSED);
}

const REFUSED: &str = r#"at S 2026-03-12T15:17:30.000Z
byte_count N 150
bytes B {"event_id":"e3","kind":"waste","store_id":"s1","terminal_id":"t1","sku":"rye",
    "quantity":"2.5","unit":"KGM","occurred_at":"2026-03-12T15:17:30.000Z"}
message S event e3 of store s1 came with two contents; the one that sorts first counts
pk S 2026-03-12
reason S conflicting_duplicate
sk S s1#e3#470ef917837a6029
"#;
