//! `daymark up` beside the deployed system: what goes into both must come out of both alike.

use std::collections::BTreeMap;

use serde_json::Value;

use super::aws::Aws;
use super::program::UpProcess;
use super::{Stage, eventually};

/// Items of a table by their keys, to the last attribute.
pub(crate) type Items = BTreeMap<[String; 2], Value>;

/// Items of a store in a table of `daymark up`.
pub(crate) fn kept_by(up: &UpProcess, table: &str, store: &str) -> Items {
    of_store(Aws::root(&up.dynamodb).items(&format!("daymark-{table}")), store)
}

/// Waits until `daymark up` has stored so many events.
#[track_caller]
pub(crate) fn has_processed(up: &UpProcess, events: usize) {
    eventually("one machine has processed everything", || {
        let stored = up.counter("daymark_processor_events_total{outcome=\"stored\"}");
        if stored == events as u64 { Ok(()) } else { Err(format!("{stored} of {events}")) }
    });
}

/// Items of a store in a table of a stage.
pub(crate) fn deployed_items(stage: &Stage, table: &str, store: &str) -> Items {
    of_store(stage.aws.items(&stage.of(table)), store)
}

/// Other tests have other stores. From when on an offer holds is when somebody decided it.
fn of_store(mut items: Items, store: &str) -> Items {
    items.retain(|[partition, _], _| partition.split('#').next() == Some(store));
    for item in items.values_mut() {
        item.as_object_mut().expect("an item").remove("valid_from");
    }
    items
}

/// Waits until a stage keeps of a store what `daymark up` does, byte for byte, and gives it.
#[track_caller]
pub(crate) fn kept_alike(stage: &Stage, up: &UpProcess, table: &str, store: &str) -> Items {
    eventually(&format!("{table} of {store} is the same, deployed and on one machine"), || {
        let [here, there] = [kept_by(up, table, store), deployed_items(stage, table, store)];
        match difference(&here, &there) {
            None => Ok(there),
            Some(difference) => Err(difference),
        }
    })
}

/// The first difference, told with how many rows there are.
fn difference(here: &Items, there: &Items) -> Option<String> {
    let keys = here.keys().chain(there.keys());
    let wrong = keys.into_iter().find(|key| here.get(*key) != there.get(*key))?;
    let [this, that] = [here, there].map(|items| items.get(wrong));
    let counts = format!("{} rows on one machine, {} deployed", here.len(), there.len());
    Some(format!("{counts}; {wrong:?} is {this:?} and {that:?}"))
}
