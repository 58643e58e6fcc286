//! The move from the stock table to the stock log, rehearsed as docs/release.md describes it: the
//! tables of the log are empty, the stream holds the records, and the day rows are there.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::shop::Corner;
use crate::support::{
    Items, Stage, WRITE, deployed, deployed_items, deployed_stock, early_in_a_slot, eventually, now,
};

/// Events of one request.
const EVENTS_PER_REQUEST: usize = 500;

/// Command that fills the log, with the age limit of the stage.
const REDRIVE: [&str; 4] = ["redrive", "--retained", "--event-age-max", "any"];

#[test]
fn a_stage_moves_to_an_empty_log_from_its_stream_and_keeps_its_day_rows() {
    let stage = deployed().deploy("moved");
    let corner = Corner::at(now());
    let store = &corner.store_id;
    let folder = tempfile::tempdir().expect("a folder");
    let import = |name: &str, lines: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, lines).expect("written");
        stage.daymark(&["catalog", "import", &path.display().to_string()]);
    };
    import("catalogue.ndjson", &corner.catalogue);
    let switch = |is_on: bool| {
        let chain = json!({ "chain": "Corner", "enabled": is_on });
        import("chain.ndjson", &format!("{chain}\n"));
    };
    send(&stage, &corner);
    visit(&stage, &corner, 15);
    let before = Views::of(&stage, store);
    assert!(before.has_all(), "a shop with stock, windows and days");

    switch(false);
    for table in ["stock-log", "windows"] {
        empty(&stage, table);
    }
    // The close of day runs before the log is filled, and prices are not computed.
    visit(&stage, &corner, 30);
    assert_eq!(deployed_items(&stage, "days", store), before.days, "no day row is worse");
    assert_eq!(stage.invoke("pricing-schedule", &json!({ "due": now() })), json!({ "stores": 0 }));

    let told = stage.daymark(&REDRIVE);
    let events = corner.events.len();
    assert!(told.contains(&format!("{events} events written to the log")), "{told}");
    assert_eq!(deployed_stock(&stage, store), before.stock, "at once");
    visit(&stage, &corner, 45);
    let after = Views::of(&stage, store);
    assert_eq!(after.windows, before.windows);
    assert_eq!(after.days, before.days);
    // A repetition adds nothing.
    stage.daymark(&REDRIVE);
    assert_eq!(deployed_stock(&stage, store), before.stock);

    switch(true);
    let due = early_in_a_slot();
    stage.tick("pricing-schedule", due);
    eventually("the shop has offers", || match deployed_items(&stage, "offers", store).len() {
        0 => Err("nothing yet".to_owned()),
        _ => Ok(()),
    });
    stage.destroy();
}

/// Sends the events of the shop and waits until its log has all of them.
fn send(stage: &Stage, corner: &Corner) {
    let token = stage.token(&stage.till("moved", &[&corner.store_id]), WRITE);
    for some in corner.events.chunks(EVENTS_PER_REQUEST) {
        assert_eq!(stage.post(Some(&token), some).stored(), some.len() as u64);
    }
    eventually("the log has all events", || {
        let stock = deployed_stock(stage, &corner.store_id);
        let events = stock.values().filter_map(Value::as_array).map(Vec::len).sum::<usize>();
        if events == corner.events.len() { Ok(()) } else { Err(format!("{events} events")) }
    });
}

/// Has the store visited in a slot after yesterday's close, and waits until the visit has ended.
fn visit(stage: &Stage, corner: &Corner, minutes_after_close: i64) {
    let states = || {
        let mut log = stage.aws.items(&stage.of("stock-log"));
        let is_state = |sort: &str| sort.ends_with("#closed") || sort.ends_with("#rolled");
        log.retain(|[_, sort], _| is_state(sort));
        log
    };
    let before = states();
    stage.tick("day-close-schedule", corner.closed_at + TimeDelta::minutes(minutes_after_close));
    eventually("the store is visited", || match stage.messages_in("day-close.fifo") {
        0 if states() != before => Ok(()),
        messages => Err(format!("{messages} messages in the queue")),
    });
}

/// Deletes all items of a table.
fn empty(stage: &Stage, table: &str) {
    let table = stage.of(table);
    let keys: Vec<[String; 2]> = stage.aws.items(&table).into_keys().collect();
    assert!(!keys.is_empty(), "{table} had items");
    for chunk in keys.chunks(25) {
        let delete = |[pk, sk]: &[String; 2]| {
            let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
            json!({ "DeleteRequest": { "Key": key } })
        };
        let requests: Vec<Value> = chunk.iter().map(delete).collect();
        let input = json!({ "RequestItems": { &table: requests } });
        stage.aws.json("dynamodb", "DynamoDB_20120810.BatchWriteItem", &input).json();
    }
    assert_eq!(stage.aws.items(&table), BTreeMap::new());
}

/// Views of a store.
struct Views {
    stock: Items,
    windows: Items,
    days: Items,
}

impl Views {
    fn of(stage: &Stage, store: &str) -> Self {
        Self {
            stock: deployed_stock(stage, store),
            windows: deployed_items(stage, "windows", store),
            days: deployed_items(stage, "days", store),
        }
    }

    fn has_all(&self) -> bool {
        [&self.stock, &self.windows, &self.days].iter().all(|items| !items.is_empty())
    }
}
