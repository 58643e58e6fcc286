//! Stored forms of all items. Tables outlive this program, so a change here is a change of format;
//! see docs/stored-formats.md.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{CatalogTable, OffersTable, QuarantineTable, StockTable};
use domain::stock::Conflict;
use domain::{Event, Item};
use serde_json::{Value, json};

use crate::samples::{at, event, item, offer, row, store};
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

#[tokio::test]
async fn a_stock_row() {
    let world = World::start().await;
    let row = row([
        sample("e1", "receipt", json!({ "quantity": 12, "occurred_at": "2026-03-12T15:15:00Z" })),
        sample("e2", "count", json!({ "quantity": 20, "occurred_at": "2026-03-12T15:16:00Z" })),
        sample("e3", "sale", json!({})),
        sample("e4", "sale", json!({})),
        sample("e5", "correction", json!({ "corrects": "e4" })),
        sample("e6", "waste", json!({ "quantity": "0.125", "reason": "damaged" })),
    ]);
    world.tables().save_stock(&row, None).await.unwrap();
    assert_eq!(readable(&world.item("stock").await), STOCK_ROW);
}

const STOCK_ROW: &str = r#"counted N 20
counted_at S 2026-03-12T15:16:00.000Z
event_count N 5
events B 0106026531027431 00e05d0102000000 0000026532027431 e0d403a09c010104
    0000000000000265 33027431ed9409c4 1301008603455552 0000000000026534 027431ed9409c413
    0100860345555200 0000000002653502 7431ed9409000107 0265340000000000 00026536027431ed
    94097d0103010000 00000000
expires_at N 1807888800
moved N -2.625
pk S s1#2026-03-12
received N 12
returned N 0
revenue M EUR N 9.75
sk S rye#15:15
sku S rye
sold N 2.5
store_id S s1
transferred_in N 0
transferred_out N 0
version S 4ceb8ee586d333204a55a8e23619dab8
voided_count N 1
wasted N 0.125
window_start S 2026-03-12T15:15:00.000Z
"#;

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
    let conflict = Conflict { refused, replaced: false };
    world.tables().put_quarantined(&conflict.quarantined()).await.unwrap();
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
