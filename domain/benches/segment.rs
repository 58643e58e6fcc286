//! Processor time and size of segments of the stock log.
//!
//! `cargo bench -p domain` prints the bytes an event, and the time of packing and reading each
//! segment.

use std::hint::black_box;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::stock::segment::{self, Segment};
use domain::{Acceptance, Event, StoreId, sha256};
use serde_json::json;

/// Form of the ids of the events.
#[derive(Clone, Copy)]
enum Ids {
    Random,
    Timed,
}

/// Number of items in the store.
const ITEMS: u64 = 2_000;

fn start() -> DateTime<Utc> {
    "2026-03-12T15:17:42.118Z".parse().expect("an instant")
}

/// Returns a number below `below` that looks drawn.
fn draw(name: &str, index: u64, below: u64) -> u64 {
    let digits = &sha256(format!("{name}{index}").as_bytes())[..15];
    u64::from_str_radix(digits, 16).expect("hexadecimal digits") % below
}

fn uuid(ids: Ids, index: u64, at: DateTime<Utc>) -> String {
    let random = sha256(format!("id{index}").as_bytes());
    let hex = match ids {
        Ids::Random => format!("{}4{}a{}", &random[..12], &random[12..15], &random[16..31]),
        Ids::Timed => {
            format!("{:012x}7{}a{}", at.timestamp_millis(), &random[12..15], &random[16..31])
        }
    };
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]];
    parts.join("-")
}

/// Returns sales of one till that scans an item every second or so, with sequence numbers.
fn sales(count: u64, ids: Ids) -> Vec<Event> {
    let mut at = start();
    let sale = |index: u64| {
        at += TimeDelta::milliseconds(200 + i64::try_from(draw("gap", index, 900)).expect("short"));
        let item = draw("item", index, ITEMS);
        let sku = (10_000_000 + draw("sku", item, 90_000_000)).to_string();
        let cents = 49 + 10 * draw("price", item, 90);
        let json = json!({
            "event_id": uuid(ids, index, at), "kind": "sale", "store_id": "0042",
            "terminal_id": "till-3", "sku": sku,
            "quantity": "1", "unit_price": format!("{}.{:02}", cents / 100, cents % 100),
            "currency": "EUR", "occurred_at": at.to_rfc3339(),
            "sequence": { "epoch": "2026-03-12", "number": 4_711 + index },
        });
        let acceptance = Acceptance { age_max: None, ..Acceptance::at(at) };
        Event::parse(&json.to_string(), &acceptance).expect("a valid event")
    };
    (0..count).map(sale).collect()
}

fn cut(store_id: &StoreId, date: NaiveDate, events: &[Event]) -> Vec<Segment> {
    Segment::cut(store_id, date, start(), events.iter().collect())
}

#[expect(clippy::print_stdout, reason = "the size is a result")]
fn segments(criterion: &mut Criterion) {
    let store_id: StoreId = "0042".parse().expect("an id");
    let date = start().date_naive();
    for (name, ids) in [("uuid_v4", Ids::Random), ("uuid_v7", Ids::Timed)] {
        for count in [1, 10, 100, 1000] {
            let events = sales(count, ids);
            let segments = cut(&store_id, date, &events);
            let [segment] = segments.as_slice() else { panic!("{} segments", segments.len()) };
            let size = segment.bytes.len();
            println!("{name}/{count}: {:.1} bytes an event", size as f64 / count as f64);
            assert_eq!(segment::unpack(&store_id, date, &segment.bytes).as_ref(), Ok(&events));

            let mut group = criterion.benchmark_group(name);
            group.throughput(Throughput::Elements(count));
            group.bench_function(BenchmarkId::new("pack", count), |bencher| {
                bencher.iter(|| cut(&store_id, date, black_box(&events)));
            });
            group.bench_function(BenchmarkId::new("read", count), |bencher| {
                bencher.iter(|| segment::unpack(&store_id, date, black_box(&segment.bytes)));
            });
        }
    }
}

criterion_group!(benches, segments);
criterion_main!(benches);
