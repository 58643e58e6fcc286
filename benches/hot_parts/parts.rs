//! The hot parts: the code in which an event spends its time, each over input that never changes.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use aws::KinesisBatch;
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use domain::stock::Segment;
use domain::{Acceptance, Authority, Event, EventRef, record};
use ingest::{IngestService, IngestSettings, router};
use processors::{OpenedEvents, Place, Processor, parts};
use replay::{BatchWindows, Input, Options};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::input::{Batch, StoreEvents, date, end_of_day};
use crate::null_ports::NullPorts;

/// Number of events of a batch.
const EVENTS: usize = 1_000;
/// Number of events of a record of several events, which is compressed.
const IN_RECORD: usize = 10;
/// Number of events of a store in a batch.
const STORE_EVENTS: usize = 200;
/// Number of events of a replay.
const REPLAYED_EVENTS: usize = 5_000;

/// Code in which an event spends its time.
pub(crate) struct HotPart {
    /// Name in `benches/allocations.toml`.
    pub(crate) name: &'static str,
    /// Unit of the work: an event or a record.
    pub(crate) unit: &'static str,
    /// Number of units of a run.
    pub(crate) units: u64,
    /// Does the work once.
    pub(crate) run: Box<dyn FnMut()>,
}

fn part<T>(
    name: &'static str,
    unit: &'static str,
    units: u64,
    mut work: impl FnMut() -> T + 'static,
) -> HotPart {
    let run = Box::new(move || {
        black_box(work());
    });
    HotPart { name, unit, units, run }
}

/// Returns all hot parts, in the order in which an event passes them.
pub(crate) fn all() -> Vec<HotPart> {
    let events = StoreEvents::generate();
    let (plain, packed) = (events.batch(EVENTS, 1), events.batch(EVENTS / IN_RECORD, IN_RECORD));
    let (first, all) = (events.of_one_store(STORE_EVENTS), events.of_all_stores(EVENTS));
    vec![
        parse("parse_plain_event", PLAIN_EVENT),
        parse("parse_unusual_event", UNUSUAL_EVENT),
        pack("pack_record_of_1", &first[..1]),
        pack("pack_record_of_10", &first[..IN_RECORD]),
        ingest("ingest_request_of_1", &first[..1]),
        ingest("ingest_request_of_100", &first[..100]),
        read_payload("payload_of_plain_records", &plain),
        read_payload("payload_of_packed_records", &packed),
        open("open_plain_records", &plain),
        open("open_packed_records", &packed),
        sum_windows(all),
        cut_segments(first),
        process("process_plain_records", &plain),
        process("process_packed_records", &packed),
        replay_file(&events),
    ]
}

const PLAIN_EVENT: &str = concat!(
    r#"{"event_id":"0b8f3c52-7d3a-4d0e-9a51-6c1f2f9f3e10","kind":"sale","store_id":"0042","#,
    r#""terminal_id":"till-3","sku":"BRT-1180","quantity":"2","unit_price":"2.50","#,
    r#""currency":"EUR","occurred_at":"2026-03-12T15:15:00Z","#,
    r#""sequence":{"epoch":"2026-03-12","number":4711}}"#
);
/// The same event with an escape, which the reader of plain events does not read.
const UNUSUAL_EVENT: &str = concat!(
    r#"{"event_id":"0b8f3c52-7d3a-4d0e-9a51-6c1f2f9f3e10","kind":"sale","store_id":"\u0030042","#,
    r#""terminal_id":"till-3","sku":"BRT-1180","quantity":"2","unit_price":"2.50","#,
    r#""currency":"EUR","occurred_at":"2026-03-12T15:15:00Z","#,
    r#""sequence":{"epoch":"2026-03-12","number":4711}}"#
);

fn parse(name: &'static str, json: &'static str) -> HotPart {
    let acceptance = Acceptance::at(end_of_day());
    assert_eq!(EventRef::read(json, &acceptance).is_some(), json == PLAIN_EVENT, "{name}");
    part(name, "event", 1, move || Event::parse(json, &acceptance).expect("a valid event"))
}

fn pack(name: &'static str, events: &'static [Event]) -> HotPart {
    part(name, "event", events.len() as u64, move || record::pack("0042", events))
}

/// The router of the ingest API for a request of JSON lines, the request and the answer included.
fn ingest(name: &'static str, events: &'static [Event]) -> HotPart {
    let body = events.iter().map(Event::canonical).collect::<Vec<_>>().join("\n");
    let body: &'static str = body.leak();
    let service = IngestService {
        log: NullPorts,
        settings: IngestSettings::default(),
        clock: Arc::new(end_of_day),
        monotonic: Arc::new(Duration::default),
        entropy: Arc::new(|| 0),
    };
    let router = router(Arc::new(service)).layer(Extension(Authority::everything()));
    let runtime = runtime();
    part(name, "event", events.len() as u64, move || {
        let request = Request::post("/v1/events")
            .header("content-type", "application/x-ndjson")
            .body(Body::from(body))
            .expect("a request");
        runtime.block_on(async {
            let response = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(response.status(), StatusCode::ACCEPTED);
            to_bytes(response.into_body(), usize::MAX).await.expect("bytes")
        })
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn read_payload(name: &'static str, batch: &Batch) -> HotPart {
    let payload = batch.payload;
    let read = move || KinesisBatch::parse(payload).expect("a batch");
    part(name, "record", batch.records.len() as u64, read)
}

fn open(name: &'static str, batch: &Batch) -> HotPart {
    let (records, events) = (batch.records, batch.events);
    part(name, "event", events, move || {
        let (parts, rest) = parts(records, Place::default());
        let opened_events = OpenedEvents::of(records, &parts, None);
        let count = opened_events.plain().len();
        assert_eq!((rest, count as u64), (None, events), "plain events");
        count
    })
}

fn sum_windows(events: &'static [EventRef<'static>]) -> HotPart {
    part("windows_of_batch", "event", events.len() as u64, move || BatchWindows::of(events))
}

fn cut_segments(events: &'static [Event]) -> HotPart {
    let refs: &'static [EventRef<'static>] =
        events.iter().map(Event::as_event_ref).collect::<Vec<_>>().leak();
    let store_id = events[0].store_id().clone();
    part("cut_segments", "event", refs.len() as u64, move || {
        Segment::cut_refs(&store_id, date(), end_of_day(), refs.iter().collect())
    })
}

/// The batch handler of a warm function, which knows the stores, at an instant before the first
/// event is late.
fn process(name: &'static str, batch: &Batch) -> HotPart {
    let records = batch.records;
    let now = records.iter().map(|record| record.arrived_at).min().expect("a record");
    let processor = Processor::new(NullPorts, Arc::new(move || now));
    let runtime = runtime();
    part(name, "event", batch.events, move || {
        let outcome = runtime.block_on(processor.process(records.iter().copied()));
        assert!(outcome.retry_from.is_none() && outcome.quarantined == 0, "{outcome:?}");
        outcome
    })
}

/// A replay with one thread. The file keeps the position of the replay before.
fn replay_file(events: &StoreEvents) -> HotPart {
    let file = file(events).expect("a temporary file");
    let options = Options { threads: 1, ..Options::default() };
    part("replay_file", "event", REPLAYED_EVENTS as u64, move || {
        let mut file = file.try_clone().expect("a file");
        file.rewind().expect("a file");
        let input = Input::new(file).expect("a regular file");
        let summary = replay::replay(input, &mut io::sink(), &options, |_| ());
        let summary = summary.expect("a readable file");
        assert_eq!((summary.events, summary.invalid), (REPLAYED_EVENTS as u64, 0));
        summary
    })
}

fn file(events: &StoreEvents) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    for event in events.of_all_stores(REPLAYED_EVENTS) {
        writeln!(file, "{}", event.to_event().canonical())?;
    }
    Ok(file)
}
