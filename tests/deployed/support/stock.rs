//! Stock of a store: the windows in the segments of its log. Two logs with the same events differ
//! in how batches cut them, so windows are compared and not items.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::Event;
use domain::stock::{StoreDay, segment};
use serde_json::{Value, json};

use super::Stage;
use super::program::UpProcess;
use super::twin::{Items, alike, deployed_items, kept_by};

/// Windows of a store in a stage by item and start, each with its events.
pub(crate) fn deployed_stock(stage: &Stage, store: &str) -> Items {
    windows_of(&deployed_items(stage, "stock-log", store))
}

/// Waits until a store has the same windows in a stage as in `daymark up`, and gives them.
#[track_caller]
pub(crate) fn stock_alike(stage: &Stage, up: &UpProcess, store: &str) -> Items {
    alike(&format!("stock of {store}"), || {
        [windows_of(&kept_by(up, "stock-log", store)), deployed_stock(stage, store)]
    })
}

/// Takes the union of the segments among the items of a log.
fn windows_of(log: &Items) -> Items {
    let mut dates: BTreeMap<&str, StoreDay> = BTreeMap::new();
    for ([partition, _], item) in log {
        // Marks and states have no events.
        let Some(packed) = item["events"]["B"].as_str() else { continue };
        let (store, date) = partition.rsplit_once('#').expect("a store and a date");
        let (store, date) = (store.parse().expect("an id"), date.parse().expect("a date"));
        let bytes = BASE64.decode(packed).expect("base64");
        let events = segment::unpack(&store, date, &bytes).expect("a segment");
        let day = dates.entry(partition).or_insert_with(|| StoreDay::new(store, date));
        for event in events {
            day.insert(event);
        }
    }
    let windows = dates.into_values().flat_map(StoreDay::into_windows).map(|window| {
        let key = window.key();
        let mut events: Vec<String> = window.events().map(Event::canonical).collect();
        events.sort();
        ([key.sku.to_string(), key.window.start().to_rfc3339()], json!(events))
    });
    windows.collect::<BTreeMap<[String; 2], Value>>()
}
