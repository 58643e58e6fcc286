//! Processor time of the stock processor for a batch: open the records, group the events by store
//! and date, and pack the segments. The log keeps nothing, so no call waits.
//!
//! `cargo bench --bench batch` prints the time of a batch and its events per second.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use domain::ports::{Failure, LogEntry, QuarantineTable, Saved, SegmentPage, StockLog};
use domain::quarantine::{QuarantineId, Quarantined};
use domain::stock::{CloseState, Progress, RollupState};
use domain::{Delivered, Event, SequenceNumber, StoreId, record};
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

/// Log that accepts everything and keeps nothing.
struct NoTables;

impl StockLog for NoTables {
    async fn append(&self, entries: &[LogEntry]) -> Vec<Result<(), Failure>> {
        entries.iter().map(|_| Ok(())).collect()
    }

    async fn query_segments(
        &self,
        _: &StoreId,
        _: NaiveDate,
        _: Option<&str>,
    ) -> Result<SegmentPage, Failure> {
        Ok(SegmentPage::default())
    }

    async fn query_progress(
        &self,
        _: &StoreId,
        _: NaiveDate,
        _: NaiveDate,
    ) -> Result<Progress, Failure> {
        Ok(Progress::default())
    }

    async fn save_close_state(&self, _: &CloseState) -> Result<Saved<CloseState>, Failure> {
        Ok(Saved::Done)
    }

    async fn put_rollup_state(&self, _: &RollupState) -> Result<(), Failure> {
        Ok(())
    }

    async fn query_active_stores(&self, _: NaiveDate) -> Result<Vec<StoreId>, Failure> {
        Ok(Vec::new())
    }
}

impl QuarantineTable for NoTables {
    async fn put_quarantined(&self, _: &Quarantined) -> Result<(), Failure> {
        Ok(())
    }

    async fn list_quarantined(&self) -> Result<Vec<Quarantined>, Failure> {
        Ok(Vec::new())
    }

    async fn query_quarantined(&self, _: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        Ok(Vec::new())
    }

    async fn load_quarantined(&self, _: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        Ok(None)
    }

    async fn remove_quarantined(&self, _: &QuarantineId) -> Result<(), Failure> {
        Ok(())
    }
}

fn processor() -> Processor<NoTables> {
    Processor::new(NoTables, Arc::new(arrived_at))
}

fn process(runtime: &Runtime, processor: &Processor<NoTables>, batch: &[Delivered]) {
    let outcome = runtime.block_on(processor.process(batch));
    assert!(outcome.retry_from.is_none() && outcome.quarantined == 0, "{outcome:?}");
}

fn benches(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let batch = batch();
    let mut group = criterion.benchmark_group("batch");
    group.measurement_time(Duration::from_secs(5));
    // The events of all records, and those of a tenth of them.
    for records in [RECORDS, RECORDS / 10] {
        let batch = &batch[..records];
        group.throughput(Throughput::Elements(events_in(batch)));
        group.bench_function(format!("{records} records"), |bencher| {
            let run = |processor| process(&runtime, &processor, batch);
            bencher.iter_batched(processor, run, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
