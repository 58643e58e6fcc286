//! Input of the hot parts, the same in every run: events of the load generator's shops, in records
//! and in payloads of Lambda.
//!
//! Each input lives as long as the process, so that parts may borrow from it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::record::DeliveredRef;
use domain::{Delivered, Event, EventRef, SequenceNumber, record};
use load_generator::disorder::{Disorder, DisorderRates};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops;

/// Copies of the three shops of the load generator.
const COPIES: u32 = 4;

/// Date of all events, in UTC.
pub(crate) fn date() -> NaiveDate {
    end_of_day().date_naive()
}

/// Instant after all events, within their age limit.
pub(crate) fn end_of_day() -> DateTime<Utc> {
    "2026-03-12T23:00:00Z".parse().expect("an instant")
}

/// Events of a date by store, each store's in the order in which its tills send them.
pub(crate) struct StoreEvents(Vec<Vec<Event>>);

/// Records as the event source mapping delivers them.
pub(crate) struct Batch {
    pub(crate) payload: &'static str,
    pub(crate) records: &'static [DeliveredRef<'static>],
    /// Number of events in all records.
    pub(crate) events: u64,
}

impl StoreEvents {
    /// Returns the events of several stores.
    pub(crate) fn generate() -> Self {
        let of_shop = |shop: &shops::ShopModel| {
            let day = ShopDay::new(shop, date(), 1).expect("an open day");
            let (events, _) = day.play(|_| ShelfPrices::regular());
            disordered(&events)
        };
        Self(shops::scaled(COPIES).iter().map(of_shop).collect())
    }

    /// Returns the first events of the first store.
    pub(crate) fn of_one_store(&self, count: usize) -> &'static [Event] {
        self.0[0][..count].to_vec().leak()
    }

    /// Returns the first events of all stores.
    pub(crate) fn of_all_stores(&self, count: usize) -> &'static [EventRef<'static>] {
        let mut events: Vec<Event> = self.0.iter().flatten().cloned().collect();
        events.sort_by_key(Event::occurred_at);
        assert!(events.len() >= count, "{} events", events.len());
        events.truncate(count);
        events.leak().iter().map(Event::as_event_ref).collect::<Vec<_>>().leak()
    }

    /// Returns the first records of all stores, of `in_record` events each.
    pub(crate) fn batch(&self, records: usize, in_record: usize) -> Batch {
        let sent = self.0.iter().flat_map(|events| events.chunks(in_record));
        let mut sent: Vec<&[Event]> = sent.collect();
        sent.sort_by_key(|events| events.iter().map(Event::occurred_at).max());
        assert!(sent.len() >= records, "{} records", sent.len());
        sent.truncate(records);
        let events = sent.iter().map(|events| events.len() as u64).sum();
        let delivered: Vec<_> =
            sent.iter().zip(0..).map(|(events, number)| delivered(events, number)).collect();
        let delivered: &'static [Delivered] = delivered.leak();
        let records: Vec<_> = delivered.iter().map(DeliveredRef::from).collect();
        Batch { payload: payload(&records).leak(), records: records.leak(), events }
    }
}

/// Returns the events of a store slightly out of order, some of them twice.
fn disordered(events: &[Event]) -> Vec<Event> {
    let mut disorder = Disorder::new(1, DisorderRates::USUAL);
    let windows = events.chunk_by(|left, right| left.window() == right.window());
    let mut sent: Vec<Event> =
        windows.flat_map(|events| disorder.pass(events.to_vec()).concat()).collect();
    sent.extend(disorder.flush().concat());
    sent
}

/// Returns a record that arrives a second after its newest event.
fn delivered(events: &[Event], number: u64) -> Delivered {
    let record = record::pack(events[0].store_id().as_str(), events);
    let newest = events.iter().map(Event::occurred_at).max().expect("an event");
    Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: SequenceNumber::new(format!("4966{number:052}")),
        partition_key: record.partition_key,
        arrived_at: newest + TimeDelta::seconds(1),
        data: record.data,
    }
}

/// Returns the payload of an invocation as Lambda writes it.
fn payload(records: &[DeliveredRef<'_>]) -> String {
    let records: Vec<String> = records.iter().map(mapped_record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

fn mapped_record(record: &DeliveredRef<'_>) -> String {
    let DeliveredRef { shard_id, sequence_number, partition_key, arrived_at, data } = record;
    let seconds = arrived_at.timestamp_millis() as f64 / 1e3;
    let data = STANDARD.encode(data);
    format!(
        concat!(
            r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"{}","#,
            r#""sequenceNumber":"{}","data":"{}","approximateArrivalTimestamp":{}}},"#,
            r#""eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"{}:{}","#,
            r#""eventName":"aws:kinesis:record","#,
            r#""invokeIdentityArn":"arn:aws:iam::123456789012:role/processor","#,
            r#""awsRegion":"eu-central-1","#,
            r#""eventSourceARN":"arn:aws:kinesis:eu-central-1:123456789012:stream/events"}}"#
        ),
        partition_key, sequence_number, data, seconds, shard_id, sequence_number
    )
}
