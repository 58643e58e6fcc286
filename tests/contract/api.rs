//! The routers of the API over a log and tables in memory.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use chrono::{DateTime, Utc};
use domain::ports::{CatalogTable, EventLog, Failure, OffersTable, PutOutcome};
use domain::record::{Record, SequenceNumber, open};
use domain::{
    Acceptance, Arm, Authority, Event, Inputs, Item, Money, Offer, Outlook, Store, Trust, Version,
};
use in_memory::{CallEnd, CallInjector, CallPlan, Tables};
use ingest::{IngestService, IngestSettings};
use pricing::api::OffersService;
use reader::api::ReaderService;
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;
use tower::ServiceExt;

/// Instant of every request.
pub(crate) const NOW: &str = "2026-03-12T15:20:00Z";
/// Store of the catalogue, with an offer.
pub(crate) const STORE: &str = "0042";
/// Store whose records the log does not take, because it is busy.
pub(crate) const BUSY_STORE: &str = "busy";
/// Store whose records the log does not take, because it is out of reach.
pub(crate) const UNREACHABLE_STORE: &str = "unreachable";

/// Log that takes all records but those of two stores.
struct StoreLog {
    readiness: Result<(), Failure>,
    /// Events of the records taken, as their texts.
    taken: Arc<Mutex<Vec<String>>>,
}

impl EventLog for StoreLog {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        let put = |record: &Record| match record.partition_key.as_str() {
            BUSY_STORE => PutOutcome::Failed(Failure::Throttled("Rate exceeded".to_owned())),
            UNREACHABLE_STORE => PutOutcome::Failed(Failure::Unavailable("refused".to_owned())),
            _ => {
                let mut taken = self.taken.lock().expect("no panic");
                taken.extend(open(&record.data).expect("a record").iter().map(ToString::to_string));
                PutOutcome::Stored {
                    shard_id: "shardId-000000000000".to_owned(),
                    sequence_number: SequenceNumber::new(format!("4965{:052}", taken.len())),
                }
            }
        };
        Ok(records.iter().map(put).collect())
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        self.readiness.clone()
    }
}

/// Request with the stores of its sender.
pub(crate) struct Sent {
    pub(crate) request: Request<Body>,
    /// `None`: the sender is not authenticated.
    pub(crate) authority: Option<Authority>,
}

impl Sent {
    /// Creates a request without a body.
    pub(crate) fn bare(method: &str, path: &str) -> Self {
        Self::new(method, path, &[], Body::empty())
    }

    /// Creates a request of a sender who may act for every store.
    pub(crate) fn new(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Self {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        Self { request, authority: Some(Authority::everything()) }
    }

    /// Returns the request of a sender who may act for these stores; `None` for a sender who is
    /// not authenticated.
    pub(crate) fn by(self, stores: Option<&str>) -> Self {
        Self { authority: stores.map(|stores| stores.parse().expect("stores")), ..self }
    }
}

/// Answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// Parses the body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// The API, with two stores, an offer and a closed date.
pub(crate) struct Api {
    readiness: Result<(), Failure>,
    tables: Tables,
    taken: Arc<Mutex<Vec<String>>>,
    runtime: tokio::runtime::Runtime,
}

impl Api {
    /// Creates an API whose services answer.
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let tables = Tables::default();
        let store = format!(
            r#"{{"store_id":"{STORE}","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}}"#
        );
        runtime.block_on(async {
            tables.put_store(&Store::parse(&store).expect("a store")).await.expect("stored");
            tables.publish_offer(&offer("2026-03-12")).await.expect("stored");
            closed_chain(&tables).await;
        });
        Self { readiness: Ok(()), tables, taken: Arc::default(), runtime }
    }

    /// Creates an API whose log and tables are out of reach.
    pub(crate) fn cut_off() -> Self {
        let unavailable = || Failure::Unavailable("connection refused".to_owned());
        let plan = move || CallPlan {
            request_delay: Duration::ZERO,
            response_delay: Duration::ZERO,
            end: CallEnd::Failed(unavailable()),
        };
        let api = Self::new();
        let tables = Tables { calls: CallInjector::new(plan), ..api.tables.clone() };
        Self { readiness: Err(unavailable()), tables, ..api }
    }

    /// `true` for the paths of the routers; the program has pages beside them.
    pub(crate) fn serves(path: &str) -> bool {
        path != "/metrics" && !path.starts_with("/docs")
    }

    /// Answers a request.
    pub(crate) fn answer(&self, sent: Sent) -> Answer {
        let now: DateTime<Utc> = NOW.parse().expect("an instant");
        self.runtime.block_on(async {
            let start = Instant::now();
            let service = IngestService {
                log: StoreLog { readiness: self.readiness.clone(), taken: self.taken.clone() },
                settings: IngestSettings::default(),
                clock: Arc::new(move || now),
                monotonic: Arc::new(move || start.elapsed()),
                entropy: Arc::new(|| 2),
            };
            let offers =
                OffersService { tables: self.tables.clone(), clock: Arc::new(move || now) };
            let figures =
                ReaderService { tables: self.tables.clone(), clock: Arc::new(move || now) };
            let mut router = ingest::router(Arc::new(service))
                .merge(pricing::api::router(Arc::new(offers)).reset_fallback())
                .merge(reader::api::router(Arc::new(figures)));
            if let Some(authority) = sent.authority {
                router = router.layer(Extension(authority));
            }
            let (head, body) = router.oneshot(sent.request).await.expect("an answer").into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
            Answer { status: head.status.as_u16(), headers: head.headers, body }
        })
    }

    /// Removes and returns the events that the log has taken.
    pub(crate) fn take_stored(&self) -> Vec<Value> {
        let texts = std::mem::take(&mut *self.taken.lock().expect("no panic"));
        texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
    }
}

/// Adds items, a store with other prices, and a closed date of both stores.
async fn closed_chain(tables: &Tables) {
    let date = "2026-03-11";
    let store = r#"{"store_id":"us","zone":"America/New_York","hours":"mon-sat 07:00-18:30"}"#;
    tables.put_store(&Store::parse(store).expect("a store")).await.expect("stored");
    tables.publish_offer(&offer(date)).await.expect("stored");
    for (store_id, currency, hour) in [(STORE, "EUR", 15), ("us", "USD", 19)] {
        let item = format!(
            r#"{{"store_id":"{store_id}","sku":"BRT-1180","name":"Rye loaf","category":"bread",
                "price":"3.10","cost":"0.80","currency":"{currency}"}}"#
        );
        tables.put_item(&Item::parse(&item).expect("an item")).await.expect("stored");
        let event = |id: &str, kind: &str, quantity: u8, hour: u8, paid: &str| {
            let json = format!(
                r#"{{"event_id":"{id}","kind":"{kind}","store_id":"{store_id}","sku":"BRT-1180",
                    "terminal_id":"t1","quantity":{quantity}{paid},
                    "occurred_at":"{date}T{hour:02}:40:00Z"}}"#
            );
            Event::parse(&json, &Acceptance::at(NOW.parse().expect("an instant"))).expect(kind)
        };
        let paid = format!(r#","unit_price":"2.17","currency":"{currency}""#);
        let events = [event("r", "receipt", 20, 12, ""), event("s", "sale", 3, hour, &paid)];
        tables.save_events(events).await.expect("stored");
        let store = tables.load_store(&store_id.parse().expect("an id")).await.expect("read");
        let closing = processors::Closing { tables: tables.clone() };
        let (date, now) = (date.parse().expect("a date"), NOW.parse().expect("an instant"));
        let store = store.expect("a store");
        closing.close_dates(&store, date, date, now).await.expect("closed");
    }
}

fn offer(date: &str) -> Offer {
    let money = |text: &str| Money::parse_price(text, domain::Currency::EUR).expect("a price");
    let at = |time: &str| format!("{date}T{time}:00Z").parse().expect("an instant");
    Offer {
        offer_id: format!("{date}/{STORE}/BRT-1180/2").parse().expect("an id"),
        slot: at("14:15"),
        valid_from: at("14:15"),
        valid_until: at("17:30"),
        regular_price: money("3.10"),
        was_price: money("3.10"),
        lowest_price: None,
        price: money("2.17"),
        discount_percent: 30,
        on_hand: 14.into(),
        portion: 1.into(),
        expected: Outlook::default(),
        if_unchanged: Outlook::default(),
        reason: "14 left".to_owned(),
        arm: Arm::Policy,
        trust: Trust::Full,
        shadow: false,
        policy_version: Version::of(b"rules"),
        inputs: Inputs { request: "{}".to_owned(), answer: "{}".to_owned() },
    }
}
