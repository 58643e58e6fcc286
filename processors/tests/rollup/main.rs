//! Rollup over in-memory tables: the rows of windows are a view of the log.

mod conflicts;
mod interrupted;
mod window_rows;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use domain::quarantine::Quarantined;
use domain::record::{self, Delivered};
use domain::stock::Figures;
use domain::{Acceptance, Event, SequenceNumber, Sku, StoreId, Window};
use in_memory::Tables;
use processors::{Processor, Rollup, RollupSummary};

/// Store with its tables.
#[derive(Clone)]
struct TestStore {
    /// Instant at which the processor stores what arrives.
    now: Arc<Mutex<DateTime<Utc>>>,
    processor: Processor<Tables>,
    rollup: Rollup<Tables>,
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(future)
}

/// Instant on the test's date.
fn clock(time: &str) -> DateTime<Utc> {
    format!("2026-03-12T{time}Z").parse().expect("an instant")
}

fn store_id() -> StoreId {
    "0042".parse().expect("a store")
}

fn event_at(id: &str, fields: &str, at: DateTime<Utc>) -> Event {
    let json = format!(
        r#"{{"event_id":"{id}","store_id":"0042","terminal_id":"t",{fields},"occurred_at":"{}"}}"#,
        at.to_rfc3339()
    );
    Event::parse(&json, &Acceptance::at(at)).expect("an event")
}

/// Receipt of rye.
fn receipt(id: &str, quantity: u32, time: &str) -> Event {
    let fields = format!(r#""kind":"receipt","sku":"rye","quantity":{quantity}"#);
    event_at(id, &fields, clock(time))
}

fn correction(id: &str, corrects: &str, time: &str) -> Event {
    let fields = format!(r#""kind":"correction","corrects":"{corrects}","sku":"rye","quantity":1"#);
    event_at(id, &fields, clock(time))
}

/// Figures of one item in a row.
type View = (Window, Sku, Figures);

impl TestStore {
    fn new() -> Self {
        Self::over(Tables::default())
    }

    fn over(tables: Tables) -> Self {
        let now = Arc::new(Mutex::new(DateTime::UNIX_EPOCH));
        let clock = now.clone();
        let processor = Processor::new(tables.clone(), Arc::new(move || *clock.lock().unwrap()));
        Self { now, processor, rollup: Rollup { tables } }
    }

    fn arrive(&self, events: &[Event], now: DateTime<Utc>) {
        *self.now.lock().unwrap() = now;
        let record = Delivered {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new("1"),
            partition_key: "0042".to_owned(),
            arrived_at: now,
            data: record::pack("0042", events).data,
        };
        assert_eq!(run(self.processor.process(&[record])).retry_from, None);
    }

    fn roll_up(&self, now: DateTime<Utc>) -> RollupSummary {
        run(self.rollup.roll_up(&store_id(), now)).expect("tables that work")
    }

    /// Returns what the rows tell, without rows of no item.
    fn views(&self) -> Vec<View> {
        views(&self.rollup.tables)
    }

    /// Returns `HH:MM`, the received quantity of rye, and the count of the set.
    fn shown(&self) -> Vec<(String, String, u64)> {
        let rows = self.rollup.tables.windows.all().into_iter();
        let shown = rows.map(|row| {
            let rye = row.items.get(&"rye".parse::<Sku>().unwrap());
            let received = rye.map_or("-".to_owned(), |rye| rye.received.to_string());
            (row.window.start().format("%H:%M").to_string(), received, row.count)
        });
        shown.collect()
    }

    fn kept(&self) -> Vec<Quarantined> {
        self.rollup.tables.quarantine.kept()
    }
}

fn views(tables: &Tables) -> Vec<View> {
    let rows = tables.windows.all().into_iter();
    let views = rows.flat_map(|row| {
        let window = row.window;
        row.items.into_iter().map(move |(sku, figures)| (window, sku, figures))
    });
    views.collect()
}

fn shown(rows: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    let row = |(window, received, count): &(&str, &str, u64)| {
        ((*window).to_owned(), (*received).to_owned(), *count)
    };
    rows.iter().map(row).collect()
}
