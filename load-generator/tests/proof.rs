//! Disorder loses no event, and the ledger finds every wrong window.

mod common;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use common::{day, forty_percent_off_after_four, played, thursday};
use domain::event::Kind;
use domain::stock::{WindowKey, level_at};
use domain::{Acceptance, Event, EventId, StockWindow};
use load_generator::disorder::{Disorder, DisorderRates};
use load_generator::ledger::{Ledger, LedgerDifference};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shops::chain;
use proptest::prelude::*;

/// One Thursday in Berlin.
fn events(seed: u64) -> Vec<Event> {
    let shop = &chain()[0];
    played(shop, thursday(), seed, forty_percent_off_after_four(shop)).0
}

fn ledger_of(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::new();
    for event in events {
        ledger.acknowledge(event);
    }
    ledger
}

fn rows(events: impl IntoIterator<Item = Event>) -> BTreeMap<WindowKey, StockWindow> {
    let mut rows = BTreeMap::new();
    for event in events {
        let key = WindowKey::of(&event);
        rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
    }
    rows
}

/// Differences between the ledger of `acknowledged` and the windows of `stored`.
fn differences(acknowledged: &[Event], stored: impl IntoIterator<Item = Event>) -> Vec<String> {
    let found = ledger_of(acknowledged).compare(rows(stored).values());
    found.iter().map(LedgerDifference::to_string).collect()
}

/// Returns the event with some text of its JSON replaced.
fn changed(event: &Event, from: &str, to: &str) -> Event {
    let json = event.canonical();
    assert!(json.contains(from), "{from} in {json}");
    Event::parse(&json.replacen(from, to, 1), &Acceptance::at(event.occurred_at())).unwrap()
}

/// Index of a sale of one piece that is the only event of its window.
fn lonely_sale(events: &[Event]) -> usize {
    let rows = rows(events.to_vec());
    let lonely = |event: &Event| {
        event.action().kind() == Kind::Sale
            && event.quantity().to_string() == "1"
            && rows[&WindowKey::of(event)].len() == 1
    };
    events.iter().position(lonely).expect("a quiet window")
}

fn by_id(requests: impl IntoIterator<Item = Vec<Event>>) -> BTreeMap<EventId, Event> {
    let events = requests.into_iter().flatten();
    events.map(|event| (event.event_id().clone(), event)).collect()
}

/// Events and requests of one day of all shops, by step. The last requests are those of the flush.
fn sent(seed: u64, rates: DisorderRates) -> (Vec<Vec<Event>>, Vec<Vec<Vec<Event>>>) {
    let mut days: Vec<_> = chain().iter().map(|shop| day(shop, thursday(), seed)).collect();
    let mut windows: Vec<_> = days.iter().flat_map(|day| day.windows()).collect();
    windows.sort();
    windows.dedup();
    let mut disorder = Disorder::new(seed, rates);
    let (mut produced, mut sent) = (Vec::new(), Vec::new());
    for window in windows {
        let step: Vec<Event> =
            days.iter_mut().flat_map(|day| day.step(window, &ShelfPrices::regular())).collect();
        produced.push(step.clone());
        sent.push(disorder.pass(step));
    }
    let close: Vec<Event> = days.iter_mut().flat_map(|day| day.close()).collect();
    produced.push(close.clone());
    sent.push(disorder.pass(close));
    sent.push(disorder.flush());
    assert!(disorder.flush().is_empty());
    (produced, sent)
}

#[test]
fn the_ledger_agrees_with_correct_windows() {
    let events = events(3);
    assert_eq!(differences(&events, events.clone()), Vec::<String>::new());
    assert_eq!(ledger_of(&events).len(), events.len());
}

#[test]
fn the_ledger_counts_an_event_once() {
    let events = events(3);
    let mut ledger = ledger_of(&events);
    assert!(events.iter().all(|event| !ledger.acknowledge(event)));
    assert_eq!(ledger.len(), events.len());
    assert!(Ledger::new().is_empty());
}

#[test]
fn the_ledger_finds_a_doubled_sale() {
    let events = events(3);
    let sale = &events[lonely_sale(&events)];
    let twin = changed(sale, sale.event_id().as_str(), "twin");
    let price = sale.action().charge().unwrap().unit_price().unwrap().amount();
    let row = WindowKey::of(sale);
    let stored = events.iter().cloned().chain([twin]);
    let twice = rust_decimal::Decimal::TWO * price;
    assert_eq!(
        differences(&events, stored),
        [
            format!("{row}: sold must be 1 and is 2"),
            format!("{row}: events must be 1 and is 2"),
            format!(
                "{row}: revenue in EUR must be {} and is {}",
                price.normalize(),
                twice.normalize()
            ),
        ]
    );
}

#[test]
fn the_ledger_finds_a_missing_and_an_unexpected_window() {
    let events = events(3);
    let mut fewer = events.clone();
    let lost = fewer.remove(lonely_sale(&events));
    let row = WindowKey::of(&lost);
    assert_eq!(
        differences(&events, fewer.clone()),
        [format!("{row}: the row of 1 events is missing")]
    );
    assert_eq!(
        differences(&fewer, events),
        [format!("{row}: a row of 1 events that were never acknowledged")]
    );
}

#[test]
fn the_ledger_finds_a_changed_sale() {
    let mut events = events(3);
    let place = lonely_sale(&events);
    let acknowledged = events.clone();
    let row = WindowKey::of(&events[place]);
    let price = events[place].action().charge().unwrap().unit_price().unwrap().amount().normalize();
    events[place] = changed(&events[place], r#""quantity":"1""#, r#""quantity":"3""#);
    let paid = price * rust_decimal::Decimal::from(3);
    assert_eq!(
        differences(&acknowledged, events),
        [
            format!("{row}: sold must be 1 and is 3"),
            format!("{row}: revenue in EUR must be {price} and is {}", paid.normalize()),
        ]
    );
}

#[test]
fn the_ledger_finds_a_lost_correction() {
    let events = (0..)
        .map(events)
        .find(|events| events.iter().any(|event| event.action().kind() == Kind::Correction));
    let events = events.expect("sooner or later something is corrected");
    let forgotten =
        events.iter().position(|event| event.action().corrects().is_some()).expect("found above");
    let mut stored = events.clone();
    stored.remove(forgotten);
    let found = differences(&events, stored);
    assert!(
        found.iter().any(|line| line.contains("voided events must be 1 and is 0")),
        "{found:?}"
    );
    assert!(found.iter().any(|line| line.contains("sold must be")), "{found:?}");
}

#[test]
fn the_ledger_finds_a_repeated_window() {
    let events = events(3);
    let rows = rows(events.clone());
    let first = rows.values().next().unwrap();
    let found = ledger_of(&events).compare(rows.values().chain([first]));
    let found: Vec<String> = found.iter().map(LedgerDifference::to_string).collect();
    assert_eq!(found, [format!("{}: the row came more than once", first.key())]);
}

#[test]
fn without_disorder_every_event_is_sent_once_in_its_step() {
    let (produced, sent) = sent(5, DisorderRates::NONE);
    assert_eq!(sent.len(), produced.len() + 1);
    for (produced, sent) in produced.iter().zip(&sent) {
        assert_eq!(sent.iter().map(Vec::len).sum::<usize>(), produced.len());
        assert_eq!(by_id(sent.clone()), by_id([produced.clone()]));
    }
}

#[test]
fn the_usual_rates_give_duplicates_and_late_requests() {
    let (produced, sent) = sent(5, DisorderRates::USUAL);
    let produced: usize = produced.iter().map(Vec::len).sum();
    let sent_in_all: usize = sent.iter().flatten().map(Vec::len).sum();
    assert!(sent_in_all > produced, "duplicates: {sent_in_all} against {produced}");
    // Number of windows in a request. An offline till collects several.
    let windows = |request: &Vec<Event>| {
        let mut windows: Vec<_> = request.iter().map(Event::window).collect();
        windows.sort();
        windows.dedup();
        windows.len()
    };
    assert!(sent.iter().flatten().any(|request| windows(request) > 2), "a till was offline");
    let out_of_order = |request: &Vec<Event>| !request.is_sorted_by_key(Event::occurred_at);
    assert!(sent.iter().flatten().any(out_of_order));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn disorder_loses_nothing(
        seed: u64, duplicate in 0.0..=1.0, late in 0.0..=1.0, offline in 0.0..=1.0,
    ) {
        let rates = DisorderRates { duplicate, late, offline };
        let (produced, steps) = sent(seed, rates);
        let sent_at = steps.concat();
        prop_assert_eq!(by_id(produced.clone()), by_id(sent_at.clone()));
        for request in &sent_at {
            prop_assert!(!request.is_empty());
            prop_assert!(request.iter().all(|e| e.terminal_id() == request[0].terminal_id()));
            prop_assert!(request.iter().all(|e| e.store_id() == request[0].store_id()));
        }
        prop_assert_eq!(steps, sent(seed, rates).1, "the same seed, the same disorder");
        let all: Vec<Event> = produced.concat();
        prop_assert_eq!(differences(&all, sent_at.concat()), Vec::<String>::new());
    }

    #[test]
    fn the_ledger_and_the_shelf_and_the_windows_agree_at_every_instant(
        seed: u64, place in 0..3_usize, minutes in 0..800_i64,
    ) {
        let shop = &chain()[place];
        let prices = forty_percent_off_after_four(shop);
        let mut day = day(shop, thursday(), seed);
        let asked = day.hours().opens_at + TimeDelta::minutes(minutes);
        let mut events = Vec::new();
        for window in day.windows().take_while(|window| window.end() <= asked) {
            events.extend(day.step(window, &prices(window)));
        }
        let ledger = ledger_of(&events);
        let rows = rows(events);
        for line in &shop.items {
            let sku = &line.item.sku;
            let on_hand = ledger.on_hand(&shop.store.store_id, sku, asked);
            prop_assert_eq!(on_hand, day.on_shelf(sku));
            let of_item = rows.values().filter(|row| row.key().sku == *sku);
            prop_assert_eq!(on_hand, level_at(of_item, asked).on_hand);
        }
    }
}
