//! Processor time of the stock processor for a batch: open the records, group the events, merge
//! them with the stored rows, and pack the rows. The tables are in memory, so no call waits for a
//! network.
//!
//! `cargo bench --bench batch` prints the time of a batch and its events per second.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use domain::{Delivered, Event, SequenceNumber, record};
use in_memory::Tables;
use load_generator::disorder::{Disorder, DisorderRates};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops;
use processors::Processor;
use tokio::runtime::{Builder, Runtime};

const RECORDS: usize = 100;
/// Number of events that a store's tills send together.
const EVENTS_PER_RECORD: usize = 40;

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

fn arrived_at() -> DateTime<Utc> {
    "2026-03-12T23:00:00Z".parse().expect("an instant")
}

/// Returns a batch of the events of several stores, which arrive slightly out of order.
fn batch() -> Vec<Delivered> {
    let mut batch = Vec::new();
    for shop in shops::scaled(4) {
        let day = ShopDay::new(&shop, date(), 1).expect("an open day");
        let (events, _) = day.play(|_| ShelfPrices::regular());
        for events in disordered(events).chunks(EVENTS_PER_RECORD) {
            let record = record::pack(shop.store.store_id.as_str(), events);
            batch.push(Delivered {
                shard_id: "shardId-000000000000".to_owned(),
                sequence_number: SequenceNumber::new(batch.len().to_string()),
                partition_key: record.partition_key,
                arrived_at: arrived_at(),
                data: record.data,
            });
        }
    }
    // Some records of every store.
    let step = batch.len() / RECORDS;
    batch.into_iter().step_by(step).take(RECORDS).collect()
}

fn disordered(events: Vec<Event>) -> Vec<Event> {
    let mut disorder = Disorder::new(1, DisorderRates::USUAL);
    let windows = events.chunk_by(|left, right| left.window() == right.window());
    let mut sent: Vec<Event> =
        windows.flat_map(|events| disorder.pass(events.to_vec()).concat()).collect();
    sent.extend(disorder.flush().concat());
    sent
}

fn events_in(batch: &[Delivered]) -> u64 {
    batch.iter().map(|record| record::open(&record.data).expect("a record").len() as u64).sum()
}

fn processor() -> Processor<Tables> {
    Processor::new(Tables::default())
}

fn process(runtime: &Runtime, processor: &Processor<Tables>, batch: &[Delivered]) {
    let outcome = runtime.block_on(processor.process(batch));
    assert!(outcome.retry_from.is_none() && outcome.quarantined == 0, "{outcome:?}");
}

fn benches(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let batch = batch();
    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Elements(events_in(&batch)));
    group.measurement_time(Duration::from_secs(5));

    group.bench_function("fresh rows", |bencher| {
        let run = |processor| process(&runtime, &processor, &batch);
        bencher.iter_batched(processor, run, BatchSize::LargeInput);
    });

    // Every row already holds other events, as in the middle of its window.
    let (earlier, later): (Vec<_>, Vec<_>) =
        batch.iter().cloned().enumerate().partition(|(number, _)| number % 2 == 0);
    let records = |part: Vec<(usize, Delivered)>| part.into_iter().map(|(_, record)| record);
    let (earlier, later): (Vec<_>, Vec<_>) = (records(earlier).collect(), records(later).collect());
    group.throughput(Throughput::Elements(events_in(&later)));
    group.bench_function("growing rows", |bencher| {
        let half_full = || {
            let processor = processor();
            process(&runtime, &processor, &earlier);
            processor
        };
        let run = |processor| process(&runtime, &processor, &later);
        bencher.iter_batched(half_full, run, BatchSize::LargeInput);
    });

    group.throughput(Throughput::Elements(events_in(&batch)));
    group.bench_function("redelivered rows", |bencher| {
        let processor = processor();
        process(&runtime, &processor, &batch);
        bencher.iter(|| process(&runtime, &processor, &batch));
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
