//! Batch handler over in-memory tables. The sets of events do not depend on how a stream is cut,
//! ordered, repeated and interrupted, and refused records are kept in quarantine.

mod any_delivery;
mod corrections;
mod foreign_records;
mod marks;
mod poison;
mod replay;
mod replay_any;
mod throttling;

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::ports::StockLog;
use domain::quarantine::Quarantined;
use domain::record::{self, Delivered};
use domain::stock::{StockWindow, WindowRow};
use domain::{Event, SequenceNumber};
use in_memory::Tables;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops;
use processors::{BatchOutcome, Processor, Rollup};

/// Events by window, rows of windows and quarantine, after a rollup.
type StoredTables = (Vec<StockWindow>, Vec<WindowRow>, Vec<Quarantined>);

/// Processor with its own tables.
#[derive(Clone)]
struct TestProcessor(Processor<Tables>);

impl TestProcessor {
    fn new() -> Self {
        Self::with_tables(Tables::default())
    }

    /// Creates a processor without memory of earlier batches.
    fn with_tables(tables: Tables) -> Self {
        Self(Processor::new(tables, Arc::new(evening)))
    }

    fn process(&self, records: &[Delivered]) -> BatchOutcome {
        run(self.0.process(records))
    }

    /// Returns the events by window.
    fn windows(&self) -> Vec<StockWindow> {
        self.0.tables.log.windows()
    }

    /// Rolls up all dates.
    fn roll_up(&self) {
        roll_up(&self.0.tables);
    }

    /// Returns what the tables would hold after a rollup of all dates.
    fn stored(&self) -> StoredTables {
        let tables = self.0.tables.snapshot();
        roll_up(&tables);
        (tables.log.windows(), tables.windows.all(), tables.quarantine.kept())
    }
}

fn roll_up(tables: &Tables) {
    let rollup = Rollup { tables: tables.clone() };
    let now = evening() + TimeDelta::days(1);
    for day in tables.log.days() {
        let (store_id, date) = (day.store_id(), day.date());
        let pass = async {
            let progress = tables.query_progress(store_id, date, date).await?;
            rollup.roll_up_date(store_id, date, &progress, now).await
        };
        run(pass).expect("tables that work");
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

/// Arrival of every record: after the shops closed, so that all events are late.
fn evening() -> DateTime<Utc> {
    "2026-03-12T21:00:00Z".parse().expect("an instant")
}

/// Events of the busiest forty minutes of a shop, on four days.
static TRAFFIC: LazyLock<Vec<Vec<Event>>> = LazyLock::new(|| (0..4).map(lunch).collect());

fn lunch(seed: u64) -> Vec<Event> {
    let day = ShopDay::new(&shops::chain()[1], date(), seed).expect("an open day");
    let noon = day.hours().opens_at + TimeDelta::hours(4);
    let (mut events, _) = day.play(|_| ShelfPrices::regular());
    let end = noon + TimeDelta::minutes(40);
    events.retain(|event| (noon..end).contains(&event.occurred_at()));
    events
}

fn delivered(number: usize, data: Vec<u8>) -> Delivered {
    Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        // The length changes, so that the order of texts differs from the order of numbers.
        sequence_number: SequenceNumber::new((number + 96).to_string()),
        partition_key: "any".to_owned(),
        arrived_at: evening(),
        data,
    }
}

/// `events` packed into records of one to seven events.
fn records(events: &[Event], lengths: &[usize]) -> Vec<Delivered> {
    let mut rest = events;
    let mut records = Vec::new();
    for length in lengths.iter().cycle() {
        let (now, later) = rest.split_at(rest.len().min(*length));
        if now.is_empty() {
            break;
        }
        records.push(delivered(records.len(), record::pack("any", now).data));
        rest = later;
    }
    records
}

/// Returns an event with the same id and another content.
fn contradicting(event: &Event) -> Event {
    let till = format!("\"terminal_id\":\"{}\"", event.terminal_id());
    let other = event.canonical().replace(&till, "\"terminal_id\":\"other\"");
    Event::parse(&other, &domain::Acceptance::at(evening())).expect("an event")
}

/// Redelivers a batch from the reported record, as Lambda does.
fn redeliver(
    processor: &TestProcessor,
    records: &[Delivered],
    mut outcome: BatchOutcome,
) -> BatchOutcome {
    for _ in 0..3 {
        let Some(from) = &outcome.retry_from else { return outcome };
        let again: Vec<Delivered> =
            records.iter().filter(|record| record.sequence_number >= *from).cloned().collect();
        outcome = processor.process(&again);
    }
    outcome
}
