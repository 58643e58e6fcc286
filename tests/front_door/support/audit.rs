//! What is in the tables, event by event, held against what tills sent.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::Duration;

use aws::{AwsClients, Endpoints, ResourceNames, Tables};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Acceptance;
use domain::ports::StockTable;
use domain::{Event, StoreId};
use serde_json::Value;

use super::{Up, eventually, now, run};

/// Pause between two looks at everything.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What tills know of their events.
#[derive(Default)]
pub(crate) struct Books {
    /// Everything that was ever sent.
    pub(crate) sent: BTreeMap<Id, Value>,
    /// What was answered `stored`, or `duplicate` of what was stored.
    pub(crate) acknowledged: BTreeSet<Id>,
}

/// Store and event id: what makes an event the same.
pub(crate) type Id = (String, String);

/// The name of an event as it is sent.
pub(crate) fn id_of(event: &Value) -> Id {
    let text = |field: &str| event[field].as_str().expect("a name").to_owned();
    (text("store_id"), text("event_id"))
}

/// What the windows hold.
pub(crate) struct Found {
    /// By name, the content of each occurrence.
    events: BTreeMap<Id, Vec<String>>,
}

impl Found {
    /// Reads every window of the stores that began in the last day.
    pub(crate) fn in_windows(up: &Up, stores: &BTreeSet<String>) -> Self {
        let names = ResourceNames::default();
        let tables = Tables::new(clients(up).dynamodb, &names);
        let at = now();
        let mut events: BTreeMap<Id, Vec<String>> = BTreeMap::new();
        for store in stores {
            let store_id: StoreId = store.parse().expect("a store");
            let (since, until) = (at - TimeDelta::days(1), at + TimeDelta::hours(1));
            let rows =
                run(tables.query_stock(&store_id, None, since, until, at)).expect("the rows");
            for event in rows.iter().flat_map(|row| row.events()) {
                let id = (store.clone(), event.event_id().to_string());
                events.entry(id).or_default().push(event.canonical());
            }
        }
        Self { events }
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    fn lacks<'a>(&self, wanted: impl IntoIterator<Item = &'a Id>) -> Vec<Id> {
        let lacking = wanted.into_iter().filter(|id| !self.events.contains_key(*id));
        lacking.cloned().collect()
    }

    /// Nothing is there twice, nothing that was never sent, and nothing with other content.
    #[track_caller]
    fn holds_only_once(&self, sent: &BTreeMap<&Id, String>) {
        for (id, contents) in &self.events {
            assert_eq!(contents.len(), 1, "{id:?} counts {} times: {contents:?}", contents.len());
            let sent = sent.get(id).unwrap_or_else(|| panic!("{id:?} was never sent"));
            assert_eq!(contents[0], *sent, "{id:?} is not what was sent");
        }
    }
}

/// Waits until everything acknowledged is in its window; nothing else but what was sent may be.
#[track_caller]
pub(crate) fn everything_acknowledged_is_there_once(up: &Up, books: &Books) -> Found {
    let stores = stores(books);
    let sent = books.sent.iter().map(|(id, event)| (id, canonical(event))).collect();
    let found = eventually("every acknowledged event is in its window", || {
        let found = Found::in_windows(up, &stores);
        found.holds_only_once(&sent);
        let missing = found.lacks(&books.acknowledged);
        if missing.is_empty() {
            return Ok(found);
        }
        // Reading every row is work for the tables, which have the processors to serve.
        sleep(LOOK_EVERY);
        Err(few(&missing))
    });
    assert_eq!(quarantined(up), 0, "nothing that tills sent is refused after the answer");
    found
}

/// Waits until the windows hold exactly what was sent.
#[track_caller]
pub(crate) fn everything_sent_is_there_once(up: &Up, books: &Books) -> Found {
    let unanswered = books.sent.keys().filter(|id| !books.acknowledged.contains(*id)).count();
    assert_eq!(unanswered, 0, "every event has its answer by now");
    everything_acknowledged_is_there_once(up, books)
}

fn stores(books: &Books) -> BTreeSet<String> {
    books.sent.keys().map(|(store, _)| store.clone()).collect()
}

fn few(missing: &[Id]) -> String {
    format!("{} missing, such as {:?}", missing.len(), &missing[..missing.len().min(10)])
}

fn canonical(event: &Value) -> String {
    let accepted = Event::parse(&event.to_string(), &Acceptance::at(now()));
    accepted.expect("a till sends good events").canonical()
}

fn clients(up: &Up) -> AwsClients {
    AwsClients::local(&Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() })
}

/// How much lies in quarantine, yesterday's and today's.
fn quarantined(up: &Up) -> usize {
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
