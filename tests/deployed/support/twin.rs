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
        let stored = up.counter("daymark_processor_events_total{outcome=\"written\"}");
        if stored == events as u64 { Ok(()) } else { Err(format!("{stored} of {events}")) }
    });
}

/// Items of a store in a table of a stage.
pub(crate) fn deployed_items(stage: &Stage, table: &str, store: &str) -> Items {
    of_store(stage.aws.items(&stage.of(table)), store)
}

/// Keeps the items of a store: other tests have other stores. Leaves out when an offer was decided,
/// and how many events of its date were known when a window row was written.
fn of_store(mut items: Items, store: &str) -> Items {
    items.retain(|[partition, _], _| partition.split('#').next() == Some(store));
    for item in items.values_mut() {
        let item = item.as_object_mut().expect("an item");
        for name in ["valid_from", "n"] {
            item.remove(name);
        }
    }
    items
}

/// Waits until a stage keeps of a store the same rows as `daymark up`, and gives them.
#[track_caller]
pub(crate) fn kept_alike(stage: &Stage, up: &UpProcess, table: &str, store: &str) -> Items {
    let rows_of = || [kept_by(up, table, store), deployed_items(stage, table, store)];
    alike(&format!("{table} of {store}"), rows_of)
}

/// Waits until both have the same rows, and gives them.
#[track_caller]
pub(super) fn alike(what: &str, rows_of: impl Fn() -> [Items; 2]) -> Items {
    eventually(&format!("{what} is the same, deployed and on one machine"), || {
        let [here, there] = rows_of();
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
