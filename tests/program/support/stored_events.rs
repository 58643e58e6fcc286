//! Events in the stock log, compared with the events that tills sent.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::Duration;

use aws::{AwsClients, Endpoints, ResourceNames, Tables};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Acceptance;
use domain::{Event, StoreId};
use serde_json::Value;
use stock_log::read_windows;

use super::{UpProcess, eventually, now, run};

/// Delay between two reads of all windows.
const READ_INTERVAL: Duration = Duration::from_millis(500);

/// Events that tills sent.
#[derive(Default)]
pub(crate) struct EventLedger {
    /// Events sent, with or without an answer.
    pub(crate) sent: BTreeMap<EventKey, Value>,
    /// Events answered with `stored` or `duplicate`.
    pub(crate) acknowledged: BTreeSet<EventKey>,
}

/// Identity of an event: store and event id.
pub(crate) type EventKey = (String, String);

/// Returns the identity of an event.
pub(crate) fn key_of(event: &Value) -> EventKey {
    let text = |field: &str| event[field].as_str().expect("a name").to_owned();
    (text("store_id"), text("event_id"))
}

/// Events in the windows.
pub(crate) struct StoredEvents {
    /// Content of each occurrence, by identity.
    events: BTreeMap<EventKey, Vec<String>>,
}

impl StoredEvents {
    /// Loads the events of all windows of the last day.
    pub(crate) fn load(up: &UpProcess, stores: &BTreeSet<String>) -> Self {
        let names = ResourceNames::default();
        let tables = Tables::new(clients(up).dynamodb, &names);
        let at = now();
        let mut events: BTreeMap<EventKey, Vec<String>> = BTreeMap::new();
        for store in stores {
            let store_id: StoreId = store.parse().expect("a store");
            let (since, until) = (at - TimeDelta::days(1), at + TimeDelta::hours(1));
            let read = run(read_windows(&tables, &store_id, None, since, until));
            let read = read.expect("the log");
            assert_eq!(read.unreadable, [], "every segment can be read");
            for event in read.windows.iter().flat_map(|window| window.events()) {
                let id = (store.clone(), event.event_id().to_string());
                events.entry(id).or_default().push(event.canonical());
            }
        }
        Self { events }
    }

    /// Number of different events.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    fn lacks<'a>(&self, wanted: impl IntoIterator<Item = &'a EventKey>) -> Vec<EventKey> {
        let lacking = wanted.into_iter().filter(|id| !self.events.contains_key(*id));
        lacking.cloned().collect()
    }

    /// Asserts that every stored event was sent, occurs once and has the content that was sent.
    #[track_caller]
    fn assert_sent_once(&self, sent: &BTreeMap<&EventKey, String>) {
        for (id, contents) in &self.events {
            assert_eq!(contents.len(), 1, "{id:?} counts {} times: {contents:?}", contents.len());
            let sent = sent.get(id).unwrap_or_else(|| panic!("{id:?} was never sent"));
            assert_eq!(contents[0], *sent, "{id:?} is not what was sent");
        }
    }
}

/// Waits until every acknowledged event is stored. Asserts that only sent events are, each once.
#[track_caller]
pub(crate) fn assert_acknowledged_stored_once(
    up: &UpProcess,
    ledger: &EventLedger,
) -> StoredEvents {
    let stores = stores(ledger);
    let sent = ledger.sent.iter().map(|(id, event)| (id, canonical(event))).collect();
    let found = eventually("every acknowledged event is in its window", || {
        let found = StoredEvents::load(up, &stores);
        found.assert_sent_once(&sent);
        let missing = found.lacks(&ledger.acknowledged);
        if missing.is_empty() {
            return Ok(found);
        }
        // The reads compete with the processors for the tables.
        sleep(READ_INTERVAL);
        Err(summary(&missing))
    });
    assert_eq!(quarantined(up), 0, "nothing that tills sent is refused after the answer");
    found
}

/// Waits until the windows hold exactly the sent events.
#[track_caller]
pub(crate) fn assert_sent_stored_once(up: &UpProcess, ledger: &EventLedger) -> StoredEvents {
    let unanswered = ledger.sent.keys().filter(|id| !ledger.acknowledged.contains(*id)).count();
    assert_eq!(unanswered, 0, "every event has its answer by now");
    assert_acknowledged_stored_once(up, ledger)
}

fn stores(ledger: &EventLedger) -> BTreeSet<String> {
    ledger.sent.keys().map(|(store, _)| store.clone()).collect()
}

fn summary(missing: &[EventKey]) -> String {
    format!("{} missing, such as {:?}", missing.len(), &missing[..missing.len().min(10)])
}

fn canonical(event: &Value) -> String {
    let accepted = Event::parse(&event.to_string(), &Acceptance::at(now()));
    accepted.expect("a till sends valid events").canonical()
}

fn clients(up: &UpProcess) -> AwsClients {
    AwsClients::local(&Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() })
}

/// Number of entries in quarantine, of yesterday and today.
fn quarantined(up: &UpProcess) -> usize {
    let at: DateTime<Utc> = now();
    let clients = clients(up);
    [at - TimeDelta::days(1), at]
        .into_iter()
        .map(|day| {
            let query =
                clients.dynamodb.query().table_name(ResourceNames::default().table("quarantine"));
            let day = AttributeValue::S(day.date_naive().to_string());
            let query = query.key_condition_expression("pk = :day");
            let query = query.expression_attribute_values(":day", day);
            run(query.send()).expect("an answer").items().len()
        })
        .sum()
}
