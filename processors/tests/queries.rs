//! Queries over the stock log, and the metrics of freshness.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::record::{self, Delivered};
use domain::{Acceptance, DaySpan, Event, SequenceNumber};
use in_memory::Tables;
use metrics_exporter_prometheus::PrometheusBuilder;
use processors::gaps::{GapsQuery, gaps_in};
use processors::stock_query::{ItemStock, StockQuery, stock_at};
use processors::{Processor, metrics};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// An event of till `t` or `u`, with its number as its id.
fn event(number: u64, till: &str, kind: &str, sku: &str, quantity: u32, at: &str) -> Event {
    let price = if kind == "sale" { r#","unit_price":"2.40","currency":"EUR""# } else { "" };
    let json = format!(
        r#"{{"event_id":"{till}-{number}","kind":"{kind}","store_id":"s","terminal_id":"{till}",
            "sku":"{sku}","quantity":{quantity},"occurred_at":"{at}",
            "sequence":{{"epoch":"boot","number":{number}}}{price}}}"#
    );
    Event::parse(&json, &Acceptance::at(instant(at))).expect("an event")
}

/// Tables with these events, each in a segment of its own.
fn tables(events: &[Event]) -> Tables {
    let arrived_at = instant("2026-03-12T20:00:00Z");
    let processor = Processor::new(Tables::default(), Arc::new(move || arrived_at));
    for (number, event) in events.iter().enumerate() {
        let record = Delivered {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new(number.to_string()),
            partition_key: "s".to_owned(),
            arrived_at,
            data: record::pack("s", [event]).data,
        };
        assert_eq!(run(processor.process(&[record])).written, 1);
    }
    processor.tables
}

/// Two days of bread, and jam that was received on the first day.
fn two_days() -> Tables {
    tables(&[
        event(1, "t", "receipt", "jam", 6, "2026-03-11T08:00:00Z"),
        event(2, "t", "receipt", "rye", 5, "2026-03-11T09:00:00Z"),
        event(3, "t", "receipt", "rye", 9, "2026-03-12T08:00:00Z"),
        event(4, "t", "sale", "rye", 2, "2026-03-12T10:00:00Z"),
        event(7, "t", "sale", "jam", 1, "2026-03-12T10:01:00Z"),
        event(1, "u", "sale", "rye", 4, "2026-03-12T12:00:00Z"),
    ])
}

fn stock(tables: &Tables, sku: Option<&str>, at: &str) -> Vec<ItemStock> {
    let (store_id, sku) = ("s".parse().unwrap(), sku.map(|sku| sku.parse().unwrap()));
    let jam_since = instant("2026-03-11T00:00:00Z");
    let query = StockQuery {
        store_id: &store_id,
        sku: sku.as_ref(),
        since: instant("2026-03-12T00:00:00Z"),
        at: instant(at),
        on_shelf_since: BTreeMap::from([("jam".parse().unwrap(), jam_since)]),
        day_starts: Vec::new(),
        date: "2026-03-12".parse().unwrap(),
        deliveries: BTreeMap::new(),
        openings: BTreeMap::new(),
        units: BTreeMap::new(),
    };
    let stock = run(stock_at(tables, &query)).expect("tables that work");
    assert_eq!(stock.unreadable, []);
    stock.items
}

#[test]
fn the_stock_of_an_item_counts_its_shelf_life_and_its_figures_count_the_period() {
    let items = stock(&two_days(), None, "2026-03-12T20:00:00Z");
    let shown: Vec<(&str, String, String, usize)> = items
        .iter()
        .map(|item| {
            let (level, figures) = (&item.level, &item.figures);
            let received = figures.received.normalize().to_string();
            (item.sku.as_str(), level.on_hand.to_string(), received, item.windows.len())
        })
        .collect();
    let expected = [("jam", "5", "0", 1), ("rye", "3", "9", 3)];
    let expected = expected.map(|(sku, on_hand, received, windows)| {
        (sku, on_hand.to_owned(), received.to_owned(), windows)
    });
    assert_eq!(shown, expected);
}

#[test]
fn the_stock_at_an_instant_leaves_out_what_occurred_then_or_later() {
    for (at, on_hand) in
        [("2026-03-12T10:00:00Z", 9), ("2026-03-12T10:00:01Z", 7), ("2026-03-12T12:00:01Z", 3)]
    {
        let items = stock(&two_days(), Some("rye"), at);
        let [rye] = &items[..] else { panic!("{items:?}") };
        assert_eq!(rye.level.on_hand, on_hand.into(), "{at}");
    }
    assert_eq!(stock(&two_days(), Some("salt"), "2026-03-12T10:00:00Z"), []);
}

#[test]
fn gaps_are_found_in_the_log_of_all_tills_or_of_one() {
    let tables = two_days();
    let day = |start: &str| {
        let starts_at = instant(start);
        let ends_at = starts_at + TimeDelta::days(1);
        DaySpan { date: starts_at.date_naive(), starts_at, closes_at: ends_at, ends_at }
    };
    let days = [day("2026-03-11T00:00:00Z"), day("2026-03-12T00:00:00Z")];
    let store_id = "s".parse().unwrap();
    let found = |till: Option<&str>, days: &[DaySpan]| {
        let terminal_id = till.map(|till| till.parse().unwrap());
        let query = GapsQuery { store_id: &store_id, terminal_id: terminal_id.as_ref(), days };
        let tills = run(gaps_in(&tables, &query)).unwrap();
        let numbers = tills.into_iter().map(|till| {
            let missing = till.epochs.values().map(|numbers| numbers.missing_count()).sum::<u64>();
            (till.terminal_id.to_string(), missing)
        });
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(found(None, &days), [("t".to_owned(), 2), ("u".to_owned(), 0)]);
    assert_eq!(found(Some("t"), &days), [("t".to_owned(), 2)]);
    assert_eq!(found(None, &[]), []);
}

#[test]
fn a_segment_that_cannot_be_read_is_told_and_the_others_count() {
    let tables = two_days();
    let (key, _) = tables.log.segments().pop_last().expect("a segment");
    tables.log.put_bytes(key.clone(), b"damaged".to_vec());
    let store_id = "s".parse().unwrap();
    let query = StockQuery {
        store_id: &store_id,
        sku: None,
        since: instant("2026-03-12T00:00:00Z"),
        at: instant("2026-03-12T20:00:00Z"),
        on_shelf_since: BTreeMap::new(),
        day_starts: Vec::new(),
        date: "2026-03-12".parse().unwrap(),
        deliveries: BTreeMap::new(),
        openings: BTreeMap::new(),
        units: BTreeMap::new(),
    };
    let stock = run(stock_at(&tables, &query)).expect("tables that work");
    let [unreadable] = &stock.unreadable[..] else { panic!("{:?}", stock.unreadable) };
    assert_eq!((unreadable.date, &unreadable.sort_key), (key.1, &key.2));
    let events: u64 = stock.items.iter().map(|item| item.figures.events).sum();
    assert_eq!(events, 3);
}

#[test]
fn the_age_of_stored_events_is_recorded_under_described_names() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recorded_here = ::metrics::set_default_local_recorder(&recorder);
    metrics::describe();
    let now = instant("2026-03-12T20:00:00Z");
    metrics::count_freshness(&[now - TimeDelta::seconds(3), now - TimeDelta::seconds(5)], now);
    let rendered = recorder.handle().render();
    for line in [
        "# HELP daymark_processor_freshness_seconds Age of events when they were stored",
        "daymark_processor_freshness_seconds_sum 8",
        "daymark_processor_freshness_seconds_count 2",
    ] {
        assert!(rendered.contains(line), "{line} in {rendered}");
    }
}

#[test]
fn stock_begins_with_what_the_day_before_left_also_of_items_without_an_event() {
    let store_id = "s".parse().unwrap();
    let opening = |sku: &str, quantity: u32| (sku.parse().unwrap(), quantity.into());
    let query = StockQuery {
        store_id: &store_id,
        sku: None,
        since: instant("2026-03-12T00:00:00Z"),
        at: instant("2026-03-12T20:00:00Z"),
        on_shelf_since: BTreeMap::new(),
        day_starts: Vec::new(),
        date: "2026-03-12".parse().unwrap(),
        deliveries: BTreeMap::new(),
        openings: BTreeMap::from([opening("jam", 6), opening("honey", 3), opening("tea", 0)]),
        units: BTreeMap::new(),
    };
    let stock = run(stock_at(&two_days(), &query)).expect("tables that work");
    let found = stock.items.iter().map(|item| (item.sku.as_str(), item.level.on_hand.to_string()));
    let expected = [("honey", "3"), ("jam", "5"), ("rye", "3")];
    assert!(found.eq(expected.map(|(sku, on_hand)| (sku, on_hand.to_owned()))));
}
