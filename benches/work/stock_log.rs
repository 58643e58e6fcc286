//! Figures of the stock log: capacity units and bytes through the adapter and the endpoint of this
//! machine, memory over tables in memory.
//!
//! Memory is what the allocator hands out beyond the stored segments, without the SDK's buffers: a
//! page of 1 MB takes some 5 MB there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::Item;
use domain::ports::{
    CatalogTable, DaysTable, HistoryTable, OffersTable, QuarantineTable, StockLog, WindowsTable,
};
use pricing::Pricing;
use processors::{Closing, Processor, Rollup};

use crate::capacity_counter::Measurement;
use crate::components::{Components, MeasuredTables};
use crate::large_store::{Batch, LargeStore, Requests, batches};
use crate::{MEMORY, date};

/// Bytes that DynamoDB adds to the size of each item for its index. Source: "Amazon DynamoDB
/// pricing", storage.
pub(crate) const ITEM_OVERHEAD_BYTES: usize = 100;
/// Batching windows, in seconds.
const WINDOWS: [i64; 3] = [1, 10, 30];
/// Stores whose events share a batch.
const STORES: u64 = 2;
/// Dates of a pass of the close of day.
const CLOSED_DATES: u64 = 9;
/// Days that the longest-lived item of the pricing pass keeps.
const KEEPS_DAYS: u16 = 14;

const FORMS: [(&str, Requests, usize); 4] = [
    ("ten events a request", Requests::Of(10), 3),
    ("three events a request", Requests::Of(3), 3),
    ("one event a request", Requests::Of(1), 3),
    ("supermarket, a receipt a request", Requests::Receipts, 8),
];

const MB: f64 = 1e6;

fn large(seed: u64, events: usize, items: usize) -> LargeStore {
    LargeStore { seed, events, items, tills: 8, requests: Requests::Of(10) }
}

/// Processor whose clock is set to the instant of each batch.
struct Handler<T> {
    processor: Processor<T>,
    now: Arc<AtomicI64>,
}

impl<T: StockLog + QuarantineTable> Handler<T> {
    fn new(tables: T) -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&now);
        let clock = move || DateTime::from_timestamp_millis(read.load(Ordering::Relaxed));
        let clock = Arc::new(move || clock().expect("an instant"));
        Self { processor: Processor::new(tables, clock), now }
    }

    async fn handle(&self, batch: &Batch) {
        self.now.store(batch.invoked_at.timestamp_millis(), Ordering::Relaxed);
        let outcome = self.processor.process(&batch.records).await;
        assert!(outcome.retry_from.is_none() && outcome.quarantined == 0, "{outcome:?}");
    }
}

#[expect(clippy::print_stdout, reason = "the figures are its output")]
fn print_line(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

/// Prints all figures, or those of one part.
pub(crate) fn print(part: Option<&str>) {
    let components = Components::start();
    let is_asked = |name: &str| part.is_none_or(|part| part == name);
    if is_asked("writes") {
        writes(&components);
    }
    if is_asked("reads") {
        for events in [2_000, 20_000, 200_000] {
            read_day(&components, events);
        }
    }
    if is_asked("close") {
        close(&components);
    }
    if is_asked("pricing") {
        pricing(&components);
    }
}

fn writes(components: &Components) {
    print_line(
        "| form | window s | segments | marks and active stores | window rows and states | bytes \
         an event |",
    );
    print_line("|---|---:|---:|---:|---:|---:|");
    for (number, (name, requests, tills)) in FORMS.into_iter().enumerate() {
        for window in WINDOWS {
            let store = |seed| LargeStore { requests, tills, ..large(seed, 20_000, 8_000) };
            let stores: Vec<LargeStore> = (0..STORES).map(store).collect();
            let tables = components.tables(&format!("writes-{number}-{window}"));
            let rolls_up = window == WINDOWS[0];
            let (handler, rollup) = written(components, &tables, &stores, window, rolls_up);
            let events = (STORES * 20_000) as f64;
            let (items, bytes) = components.counter.stored(&tables.name("stock-log"));
            let a_thousand = |units: f64| units / events * 1000.0;
            let rolled = if rolls_up {
                format!("{:.1}", a_thousand(rollup.writes))
            } else {
                "–".to_owned()
            };
            print_line(format!(
                "| {name} | {window} | {:.1} | {:.1} | {rolled} | {:.1} |",
                a_thousand(handler.segment_writes),
                a_thousand(handler.mark_writes),
                (bytes + items * ITEM_OVERHEAD_BYTES) as f64 / events,
            ));
            assert_eq!((handler.stock_reads, handler.other_reads), (0.0, 0.0), "no reads");
        }
    }
}

/// Handles the day of the stores, with a rollup of each in every slot. Returns the work of both.
fn written(
    components: &Components,
    tables: &MeasuredTables<'_>,
    stores: &[LargeStore],
    window: i64,
    rolls_up: bool,
) -> (Measurement, Measurement) {
    let handler = Handler::new(tables.tables());
    let rollup = Rollup { tables: tables.tables() };
    let (mut handled, mut rolled) = (Measurement::default(), Measurement::default());
    let mut slot = date().and_hms_opt(7, 15, 0).expect("a time").and_utc();
    let mut roll_up = |slot: DateTime<Utc>| {
        for store in stores.iter().filter(|_| rolls_up) {
            let store_id = store.store_id();
            let (summary, work) = components.measure(rollup.roll_up(&store_id, slot));
            summary.expect("the tables answer");
            rolled += work;
        }
    };
    for batch in batches(stores, date(), window) {
        while slot < batch.invoked_at {
            roll_up(slot);
            slot += TimeDelta::minutes(15);
        }
        handled += components.measure(handler.handle(&batch)).1;
    }
    roll_up(slot);
    (handled, rolled)
}

async fn fill<T: StockLog + QuarantineTable>(tables: T, store: LargeStore, date: NaiveDate) {
    let handler = Handler::new(tables);
    for batch in batches(&[store], date, 1) {
        handler.handle(&batch).await;
    }
}

/// Returns the result of a run, the memory that it keeps and the most that it had, in MB.
fn memory<T>(components: &Components, run: impl Future<Output = T>) -> (T, f64, f64) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = components.runtime.block_on(run);
    let most = MEMORY.peak_usage().saturating_sub(before);
    let kept = MEMORY.current_usage().saturating_sub(before);
    (result, kept as f64 / MB, most as f64 / MB)
}

fn read_day(components: &Components, events: usize) {
    let store = large(1, events, if events > 20_000 { 100_000 } else { 8_000 });
    let (runtime, id) = (&components.runtime, store.store_id());
    let tables = components.tables(&format!("day-{events}"));
    runtime.block_on(fill(tables.tables(), store, date()));
    let adapter = tables.tables();
    let (read, work) = components.measure(stock_log::read_date(&adapter, &id, date()));
    assert_eq!(read.expect("the tables answer").day.len(), events);
    let twins = in_memory::Tables::default();
    runtime.block_on(fill(twins.clone(), store, date()));
    let (read, kept, most) = memory(components, stock_log::read_date(&twins, &id, date()));
    let (windows, _, windows_most) =
        memory(components, async { read.expect("no failure").day.into_windows().len() });
    let ends_at = (date() + Days::new(1)).and_hms_opt(1, 0, 0).expect("a time").and_utc();
    let rollup = Rollup { tables: twins };
    let (_, _, rollup_most) = memory(components, rollup.roll_up(&id, ends_at));
    print_line(format!(
        "day of {events} events: {} read units, {} pages, {:.0} ms; set {kept:.1} MB (most \
         {most:.1}); {windows} windows, {windows_most:.1} MB more; rollup most {rollup_most:.1} MB",
        work.stock_reads, work.calls, work.cpu_ms,
    ));
}

async fn catalogue<T: CatalogTable>(tables: &T, store: LargeStore, items: Vec<Item>) {
    tables.put_store(&store.store()).await.expect("written");
    for item in items {
        tables.put_item(&item).await.expect("written");
    }
}

fn dates(count: u64) -> impl Iterator<Item = NaiveDate> {
    (date() - Days::new(count - 1)).iter_days().take(count as usize)
}

fn close(components: &Components) {
    let store = large(2, 20_000, 8_000);
    let id = store.store_id();
    let at = date().and_hms_opt(19, 15, 0).expect("a time").and_utc();
    let prepare = async |tables: &dyn Fn() -> in_memory::Tables| {
        catalogue(&tables(), store, store.listed(400, 1)).await;
        for date in dates(CLOSED_DATES) {
            fill(tables(), store, date).await;
        }
    };
    let twins = in_memory::Tables::default();
    components.runtime.block_on(prepare(&|| twins.clone()));
    // The rows that the pass writes stay in the tables in memory.
    let closing = Closing { tables: twins.clone() };
    let (closed, kept, most) = memory(components, closing.close_store(&id, at));
    let rows = closed.expect("no failure").closed;
    print_line(format!(
        "close of {CLOSED_DATES} dates x 20,000 events: {rows} rows, most {most:.1} MB, of which \
         {kept:.1} MB are rows in the table"
    ));
    let later = at + TimeDelta::minutes(15);
    let (_, _, most) = memory(components, closing.close_store(&id, later));
    print_line(format!("  unchanged look: most {most:.1} MB"));

    let tables = components.tables("close");
    components.runtime.block_on(async {
        catalogue(&tables.tables(), store, store.listed(400, 1)).await;
        for date in dates(CLOSED_DATES) {
            fill(tables.tables(), store, date).await;
        }
    });
    let closing = Closing { tables: tables.tables() };
    for (name, at) in [("close", at), ("unchanged look", later)] {
        let (summary, work) = components.measure(closing.close_store(&id, at));
        summary.expect("the tables answer");
        print_line(format!("  {name} over the adapter: {work:?}"));
    }
}

fn pricing(components: &Components) {
    for (items, events, days) in [(1_000, 20_000, u64::from(KEEPS_DAYS)), (10_000, 200_000, 1)] {
        let store = large(3, events, items);
        let listed = || store.listed(items, if days > 1 { KEEPS_DAYS } else { 1 });
        let twins = in_memory::Tables::default();
        components.runtime.block_on(prepared(&twins, store, listed(), days));
        let slot = date().and_hms_opt(15, 0, 0).expect("a time").and_utc();
        let id = store.store_id();
        let pass = Pricing { tables: twins.clone() };
        let (priced, _, most) = memory(components, pass.price_store(&id, slot, slot));
        priced.expect("no failure");
        print_line(format!("pricing pass of {items} items, {days} days: most {most:.1} MB"));
        drop((pass, twins));
        let tables = components.tables(&format!("pricing-{items}"));
        components.runtime.block_on(prepared(&tables.tables(), store, listed(), days));
        let pass = Pricing { tables: tables.tables() };
        let (priced, work) = components.measure(pass.price_store(&id, slot, slot));
        priced.expect("the tables answer");
        print_line(format!("  over the adapter: {work:?}"));
    }
}

/// Fills the tables with closed days and with the events of a day.
async fn prepared<T>(tables: &T, store: LargeStore, items: Vec<Item>, days: u64)
where
    T: CatalogTable + StockLog + WindowsTable + DaysTable + HistoryTable + OffersTable,
    T: QuarantineTable + Clone,
{
    catalogue(tables, store, items).await;
    let closing = Closing { tables: tables.clone() };
    for day in dates(days + 1) {
        fill(tables.clone(), store, day).await;
        if day < date() {
            let at = day.and_hms_opt(19, 15, 0).expect("a time").and_utc();
            closing.close_store(&store.store_id(), at).await.expect("closed");
        }
    }
}
