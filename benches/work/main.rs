//! Measurement of the components' work in the units that AWS charges: calls, capacity units, bytes
//! and processor time. `daymark cost` multiplies the results by prices.
//!
//! `DAYMARK_BREAD_BASKET=… cargo bench --bench work` prints the content of `tuning/src/work.json`
//! within some minutes, `cargo bench --bench work -- stock-log` the figures of
//! `docs/stock-log-figures.md`, and `… -- stock-log close` one part of them (`writes`, `reads`,
//! `close` or `pricing`). The DynamoDB endpoint of this machine reports capacity units by AWS's
//! rules. Processor time is that of this machine.

mod capacity_counter;
mod components;
mod handler;
mod large_store;
mod scaled_shop;
mod stock_log;

use std::fs;

use chrono::{Days, NaiveDate, TimeDelta};
use domain::{Event, Store};
use peak_alloc::PeakAlloc;
use rust_decimal::Decimal;
use tuning::{BatchGroupWork, PassWork, RequestWork, StoreDayWork, Work};

use crate::capacity_counter::Measurement;
use crate::components::{Components, IngestMeasurement};
use crate::scaled_shop::ScaledShop;
use crate::stock_log::ITEM_OVERHEAD_BYTES;

/// Sizes of a store, in bakeries of twelve items.
const SIZES: [usize; 3] = [1, 2, 4];
/// Store whose batches are measured.
const USUAL: ScaledShop = ScaledShop { copies: 4 };
/// Numbers of events in a till's request.
const REQUESTS: [usize; 6] = [1, 5, 10, 40, 100, 400];
/// Numbers of events of one store in one batch.
const GROUPS: [usize; 7] = [1, 5, 10, 40, 100, 400, 1_000];
/// Number of days before the measured day.
const HISTORY_DAYS: u64 = 14;
/// Number of events in a request, unless it is varied.
const IN_REQUEST: usize = 10;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

#[expect(clippy::print_stdout, reason = "the figures are its output")]
fn main() {
    let mut words = std::env::args().skip_while(|word| word != "stock-log");
    if words.next().is_some() {
        let part = words.find(|word| !word.starts_with('-'));
        return stock_log::print(part.as_deref());
    }
    let components = Components::start();
    let figures = Work {
        made_by: "cargo bench --bench work".to_owned(),
        measured_on: components::now().date_naive().to_string(),
        processor: processor(),
        store_days: SIZES.map(|copies| store_day(&components, ScaledShop { copies })).into(),
        requests: REQUESTS.map(|in_request| request(&components, in_request)).into(),
        batches: batches(&components),
        bakery: bakery(&components),
    };
    println!("{}", serde_json::to_string_pretty(&figures).expect("JSON"));
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{}, {}", model.unwrap_or("unknown"), std::env::consts::ARCH)
}

/// Rounds a figure to four decimal places.
fn figure(value: f64) -> Decimal {
    format!("{value:.4}").parse::<Decimal>().expect("a number").normalize()
}

/// Measures the mean of the requests of a day, each with a number of events.
fn request(components: &Components, in_request: usize) -> RequestWork {
    let events = USUAL.day(date());
    let whole = events.len() / in_request * in_request;
    // The first requests warm up caches and connections.
    components.ingest(&events[..whole.min(400 * in_request)], in_request);
    let puts = components.ingest(&events[..whole], in_request);
    let mean = |of: &dyn Fn(&IngestMeasurement) -> f64| {
        figure(puts.iter().map(of).sum::<f64>() / puts.len() as f64)
    };
    let records = |put: &IngestMeasurement, of: fn(usize) -> usize| -> f64 {
        put.records.iter().map(|bytes| of(*bytes) as f64).sum()
    };
    RequestWork {
        events: in_request.into(),
        cpu_ms: mean(&|put| put.cpu_ms),
        records: mean(&|put| put.records.len() as f64),
        record_bytes: mean(&|put| records(put, |bytes| bytes)),
        record_kilobytes: mean(&|put| records(put, |bytes| bytes.div_ceil(1024))),
        put_units: mean(&|put| records(put, |bytes| bytes.div_ceil(25 * 1024))),
        body_bytes: mean(&|put| put.body_bytes as f64),
        reply_bytes: mean(&|put| put.reply_bytes as f64),
    }
}

/// Measures the batches of a day, for each number of events of the store in a batch.
fn batches(components: &Components) -> Vec<BatchGroupWork> {
    let events = USUAL.day(date());
    let groups = GROUPS.map(|in_group| {
        let tables = components.tables(&format!("group-{in_group}"));
        // The first batch of a date marks the store as active.
        tables.process(&events[..1], 1);
        let before = components.counter.stored(&tables.name("stock-log"));
        let whole = events.len() / in_group * in_group;
        let mut sum = Measurement::default();
        for group in events[..whole].chunks(in_group) {
            sum += tables.process(group, IN_REQUEST);
        }
        let after = components.counter.stored(&tables.name("stock-log"));
        group_work(in_group, &sum, (after.0 - before.0, after.1 - before.1))
    });
    groups.into()
}

fn group_work(events: usize, sum: &Measurement, (items, bytes): (usize, usize)) -> BatchGroupWork {
    let mean = |total: f64| figure(total / sum.invocations);
    BatchGroupWork {
        events: events.into(),
        cpu_ms: mean(sum.cpu_ms),
        rows: mean(sum.rows),
        writes: mean(sum.writes),
        stored_bytes: mean((bytes + items * ITEM_OVERHEAD_BYTES) as f64),
    }
}

/// Measures the pricing and the close of a store's day, after two weeks of history.
fn store_day(components: &Components, shop: ScaledShop) -> StoreDayWork {
    let tables = components.tables(&format!("store-day-{}", shop.copies));
    let store = tables.open(shop);
    let process = |events: &[Event]| {
        events.chunks(IN_REQUEST).for_each(|group| {
            tables.process(group, IN_REQUEST);
        });
    };
    for date in date().iter_days().rev().skip(1).take(HISTORY_DAYS as usize).collect::<Vec<_>>() {
        process(&shop.day(date));
    }
    let mut earlier = date() - Days::new(HISTORY_DAYS);
    while earlier < date() {
        tables.visit(&store, store.span(earlier).closes_at + TimeDelta::minutes(15));
        earlier = earlier + Days::new(1);
    }
    let day = store.day(date()).expect("an open day");
    let mut events = &shop.day(date())[..];
    let count = events.len();
    let (mut visits, mut passes) = (Measurement::default(), Measurement::default());
    let (mut offers, mut slot) = (0, day.opens_at);
    while slot < day.closes_at {
        let so_far = events.partition_point(|event| event.occurred_at() < slot);
        let (before, after) = events.split_at(so_far);
        process(before);
        events = after;
        visits += tables.visit(&store, slot);
        if store.afternoon_at(slot).is_some() {
            let (published, work) = tables.price(&store, slot);
            passes += work;
            offers += published;
        }
        slot += TimeDelta::minutes(15);
    }
    process(events);
    let mean = |(count, bytes): (usize, usize)| figure(bytes as f64 / count.max(1) as f64);
    let offer_bytes = mean(components.counter.stored(&tables.name("offers")));
    let before = components.counter.stored(&tables.name("days"));
    let close = tables.visit(&store, day.closes_at + TimeDelta::minutes(10));
    let after = components.counter.stored(&tables.name("days"));
    let again = tables.visit(&store, day.closes_at + TimeDelta::minutes(25));
    let windows = components.counter.stored_of(&tables.name("windows"), &window_partition(&store));
    let window_bytes = windows.1 + windows.0 * ITEM_OVERHEAD_BYTES;
    StoreDayWork {
        items: shop.items().len().into(),
        events: count.into(),
        offers: offers.into(),
        offer_bytes,
        day_row_bytes: mean((after.0 - before.0, after.1 - before.1)),
        window_bytes: figure(window_bytes as f64),
        pass: pass_work(&passes),
        visit: pass_work(&visits),
        close: pass_work(&close),
        close_again: pass_work(&again),
    }
}

/// Returns the partition key of the windows of the measured day.
fn window_partition(store: &Store) -> String {
    format!("{}#{}", store.store_id, date())
}

fn pass_work(sum: &Measurement) -> PassWork {
    let mean = |total: f64| figure(total / sum.invocations);
    PassWork {
        cpu_ms: mean(sum.cpu_ms),
        stock_reads: mean(sum.stock_reads),
        other_reads: mean(sum.other_reads),
        window_writes: mean(sum.window_writes),
        writes: mean(sum.writes - sum.window_writes),
        calls: mean(sum.calls),
    }
}

/// Measures the whole file of the real bakery, ten events at a time. The store is far smaller than
/// the usual one, so the tests of `tuning` can compare the interpolation with it.
#[expect(clippy::print_stderr, reason = "a note beside the figures")]
fn bakery(components: &Components) -> BatchGroupWork {
    let Some(events) = scaled_shop::bread_basket() else {
        eprintln!("DAYMARK_BREAD_BASKET names no till lines: the bakery's figures stay");
        return Work::measured().bakery;
    };
    let tables = components.tables("bakery");
    let mut sum = Measurement::default();
    for group in events.chunks(IN_REQUEST) {
        sum += tables.process(group, IN_REQUEST);
    }
    group_work(IN_REQUEST, &sum, components.counter.stored(&tables.name("stock-log")))
}
