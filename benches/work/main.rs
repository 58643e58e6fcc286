//! What Daymark does for its events, in the units that AWS charges: calls, capacity units, bytes
//! and processor time. `daymark cost` makes dollars of it.
//!
//! `DAYMARK_BREAD_BASKET=… cargo bench --bench work` prints what stands in `tuning/src/work.json`;
//! it takes some minutes. Capacity units are those that the DynamoDB endpoint of this machine
//! reports, by AWS's rule; processor time is this machine's.

mod count;
mod shop;
mod stations;

use std::fs;

use chrono::{Days, NaiveDate, TimeDelta};
use domain::Event;
use serde_json::{Map, Value, json};

use crate::count::Work;
use crate::shop::Shop;
use crate::stations::Stations;

/// Sizes of a store, in bakeries of twelve items.
const SIZES: [usize; 3] = [1, 2, 4];
/// The store of which batches are measured.
const USUAL: Shop = Shop { copies: 4 };
/// Events in a till's request.
const REQUESTS: [usize; 6] = [1, 5, 10, 40, 100, 400];
/// Events of one store in one batch.
const GROUPS: [usize; 7] = [1, 5, 10, 40, 100, 400, 1_000];
/// How many days are behind the measured one.
const HISTORY_DAYS: u64 = 14;
/// Events in a request where it is not what is measured.
const IN_REQUEST: usize = 10;

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

#[expect(clippy::print_stdout, reason = "the figures are its output")]
fn main() {
    let stations = Stations::start();
    let store_days: Vec<Value> = SIZES.map(|copies| store_day(&stations, Shop { copies })).into();
    let figures = json!({
        "made_by": "cargo bench --bench work",
        "measured_on": stations::now().date_naive(),
        "processor": processor(),
        "requests": requests(&stations),
        "batches": batches(&stations),
        "store_days": store_days,
        "bakery": bakery(&stations),
    });
    println!("{figures:#}");
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{}, {}", model.unwrap_or("unknown"), std::env::consts::ARCH)
}

/// A figure as the calculator reads it: exact, with four digits at most after the point.
fn figure(value: f64) -> Value {
    let text = format!("{value:.4}");
    Value::String(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

fn row(fields: &[(&str, f64)]) -> Value {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), figure(*value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The mean of one request, by its number of events.
fn requests(stations: &Stations) -> Vec<Value> {
    let events = USUAL.day(date());
    let measured = REQUESTS.map(|in_request| {
        let whole = events.len() / in_request * in_request;
        stations.ingest(&events[..whole.min(400 * in_request)], in_request);
        let puts = stations.ingest(&events[..whole], in_request);
        let mean = |of: &dyn Fn(&stations::Sent) -> f64| {
            puts.iter().map(of).sum::<f64>() / puts.len() as f64
        };
        let records = |put: &stations::Sent, of: fn(usize) -> usize| -> f64 {
            put.records.iter().map(|bytes| of(*bytes) as f64).sum()
        };
        row(&[
            ("events", in_request as f64),
            ("cpu_ms", mean(&|put| put.cpu_ms)),
            ("records", mean(&|put| put.records.len() as f64)),
            ("record_bytes", mean(&|put| records(put, |bytes| bytes))),
            ("record_kilobytes", mean(&|put| records(put, |bytes| bytes.div_ceil(1024)))),
            ("put_units", mean(&|put| records(put, |bytes| bytes.div_ceil(25 * 1024)))),
            ("body_bytes", mean(&|put| put.body_bytes as f64)),
            ("reply_bytes", mean(&|put| put.reply_bytes as f64)),
        ])
    });
    measured.into()
}

/// The mean of one store's part in a batch, by its number of events, over a day.
fn batches(stations: &Stations) -> Value {
    let events = USUAL.day(date());
    let mut stored = (0, 0);
    let groups = GROUPS.map(|in_group| {
        let tables = stations.tables(&format!("group-{in_group}"));
        tables.process(&USUAL.day(date() - Days::new(1))[..in_group], IN_REQUEST);
        let whole = events.len() / in_group * in_group;
        let mut sum = Work::default();
        for group in events[..whole].chunks(in_group) {
            sum += tables.process(group, IN_REQUEST);
        }
        stored = stations.counter.stored(&tables.name("stock"));
        group_of(in_group as f64, &sum)
    });
    json!({
        "events_per_store_day": figure(events.len() as f64),
        "items": figure(USUAL.items().len() as f64),
        "stored_bytes_per_event": figure(stored.1 as f64 / events.len() as f64),
        "groups": groups,
    })
}

fn group_of(events: f64, sum: &Work) -> Value {
    let each = |total: f64| total / sum.times;
    row(&[
        ("events", events),
        ("cpu_ms", each(sum.cpu_ms)),
        ("rows", each(sum.rows)),
        ("reads", each(sum.stock_reads)),
        ("writes", each(sum.writes)),
        ("calls", each(sum.calls)),
    ])
}

/// A store's day with its afternoon and its close, after two weeks.
fn store_day(stations: &Stations, shop: Shop) -> Value {
    let tables = stations.tables(&format!("store-day-{}", shop.copies));
    let store = tables.open(shop);
    let process = |events: &[Event]| {
        events.chunks(100).for_each(|group| {
            tables.process(group, IN_REQUEST);
        });
    };
    for date in date().iter_days().rev().skip(1).take(HISTORY_DAYS as usize).collect::<Vec<_>>() {
        process(&shop.day(date));
    }
    let mut earlier = date() - Days::new(HISTORY_DAYS);
    while earlier < date() {
        tables.close(&store, store.span(earlier).closes_at + TimeDelta::minutes(15));
        earlier = earlier + Days::new(1);
    }
    let day = store.day(date()).expect("an open day");
    let mut events = &shop.day(date())[..];
    let count = events.len();
    let (mut passes, mut offers, mut slot) = (Work::default(), 0, day.opens_at);
    while slot < day.closes_at {
        let so_far = events.partition_point(|event| event.occurred_at() < slot);
        let (before, after) = events.split_at(so_far);
        process(before);
        events = after;
        if store.afternoon_at(slot).is_some() {
            let (published, work) = tables.price(&store, slot);
            passes += work;
            offers += published;
        }
        slot += TimeDelta::minutes(15);
    }
    process(events);
    let stored_offers = stations.counter.stored(&tables.name("offers"));
    let days_before = stations.counter.stored(&tables.name("days"));
    let close = tables.close(&store, day.closes_at + TimeDelta::minutes(10));
    let days = stations.counter.stored(&tables.name("days"));
    let again = tables.close(&store, day.closes_at + TimeDelta::minutes(25));
    json!({
        "items": figure(shop.items().len() as f64),
        "events": figure(count as f64),
        "passes": figure(passes.times),
        "offers": figure(offers as f64),
        "offer_bytes": figure(stored_offers.1 as f64 / stored_offers.0.max(1) as f64),
        "day_row_bytes":
            figure((days.1 - days_before.1) as f64 / (days.0 - days_before.0).max(1) as f64),
        "pass": pass_of(&passes),
        "close": pass_of(&close),
        "close_again": pass_of(&again),
    })
}

fn pass_of(sum: &Work) -> Value {
    let each = |total: f64| total / sum.times;
    row(&[
        ("cpu_ms", each(sum.cpu_ms)),
        ("stock_reads", each(sum.stock_reads)),
        ("other_reads", each(sum.other_reads)),
        ("writes", each(sum.writes)),
        ("calls", each(sum.calls)),
    ])
}

/// The whole file of the real bakery, ten events at a time: a store far smaller than the usual
/// one, to hold the calculator against.
fn bakery(stations: &Stations) -> Value {
    let Some(events) = shop::bread_basket() else {
        panic!("no till lines of the bakery; DAYMARK_BREAD_BASKET names the file");
    };
    let tables = stations.tables("bakery");
    let mut sum = Work::default();
    for group in events.chunks(IN_REQUEST) {
        sum += tables.process(group, IN_REQUEST);
    }
    let stored = stations.counter.stored(&tables.name("stock"));
    let mut group = group_of(IN_REQUEST as f64, &sum);
    group["all_events"] = figure(events.len() as f64);
    group["stored_bytes_per_event"] = figure(stored.1 as f64 / events.len() as f64);
    group
}
