//! A closed day is a function of its windows and of what the day before left.

mod events;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use domain::calendar::Hours;
use domain::closed_day::{Carried, DayContext, DaySlots, SlotKey, SlotSales, pack, unpack};
use domain::limits::KEPT_DELIVERIES_MAX;
use domain::stock::{Delivery, StockWindow, WindowKey};
use domain::{ClosedDay, DayKey, DaySpan, Event, Money};
use events::{at, event, events_of_row, of_row};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn span() -> DaySpan {
    let hours: Hours = "mon-sun 07:00-14:00".parse().unwrap();
    hours.span(chrono_tz::Europe::Berlin, "2026-03-12".parse().unwrap())
}

fn morning(before: Option<&ClosedDay>, span: DaySpan, shelf_life_days: u16) -> DayContext<'_> {
    let zone = chrono_tz::Europe::Berlin;
    let opens_at = Some(span.closes_at - TimeDelta::hours(7));
    DayContext { before, span, opens_at, zone, shelf_life_days, is_stored: false }
}

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

fn carried(days: &[(u32, i64)]) -> Carried {
    days.iter().map(|(day, quantity)| (date(*day), Decimal::from(*quantity))).collect()
}

fn close(carried: &Carried, life: u16, events: &[Event]) -> ClosedDay {
    let mut windows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
    for event in events {
        let key = WindowKey::of(event);
        let window = windows.entry(key.clone()).or_insert_with(|| StockWindow::new(key));
        window.insert(event.clone());
    }
    let key = |date| {
        let WindowKey { store_id, sku, .. } = WindowKey::of(&event(&of_row(json!({}))));
        DayKey { store_id, sku, date }
    };
    // The day before with one event, so that it has a row.
    let morning = morning(None, span(), 14);
    let count = StockWindow::new(WindowKey::of(&event(&of_row(json!({})))));
    let mut before = ClosedDay::of(key(span().date), &morning, &[&count], &[]).expect("a row");
    before.carried = carried.clone();
    let morning = self::morning(Some(&before), span(), life);
    let windows: Vec<&StockWindow> = windows.values().collect();
    ClosedDay::of(key(span().date), &morning, &windows, &[]).expect("a row")
}

/// An event at a clock time of the day, Berlin's.
fn said(id: &str, kind: &str, quantity: &str, clock: &str, more: Value) -> Event {
    event(&events::with(
        of_row(json!({
            "event_id": id, "kind": kind, "quantity": quantity,
            "occurred_at": format!("2026-03-12T{clock}:00+01:00"),
        })),
        more,
    ))
}

fn sold(id: &str, quantity: &str, clock: &str, price: &str) -> Event {
    said(id, "sale", quantity, clock, json!({ "unit_price": price, "currency": "EUR" }))
}

#[test]
fn a_discount_on_a_line_is_revenue_and_no_other_price() {
    let line = |id: &str, clock: &str, quantity: &str, amount: &str| {
        let charge = json!({ "unit_price": "2.00", "amount": amount, "currency": "EUR" });
        said(id, "sale", quantity, clock, charge)
    };
    let events = [
        said("a", "receipt", "10", "06:00", json!({})),
        line("b", "09:01", "1", "2.00"),
        line("c", "09:02", "3", "5.00"),
        said(
            "d",
            "return",
            "3",
            "09:03",
            json!({
                "unit_price": "2.00", "amount": "5.00", "currency": "EUR",
            }),
        ),
        line("e", "09:04", "2", "3.20"),
    ];
    let day = close(&carried(&[]), 1, &events);
    let eur = "EUR".parse().unwrap();
    assert_eq!(day.figures.revenue[&eur], Decimal::new(520, 2));
    // The lowest price of 30 days is taken from these.
    assert_eq!(day.sold_at, BTreeMap::from([((eur, Decimal::new(200, 2)), Decimal::from(6))]));
    // The response of demand to prices is estimated from these.
    let slots = day.slots.values();
    let sold = slots.clone().map(|slot| slot.sold).sum::<Decimal>();
    let at_label = slots.map(|slot| slot.paid).sum::<Decimal>();
    assert_eq!((sold, at_label), (Decimal::from(3), Decimal::from(6)));
    assert_eq!(day.regular_price.unwrap().to_string(), "2.00");
}

#[test]
fn a_day_adds_up_by_price_and_tells_when_it_was_sold_out() {
    let events = [
        said("a", "receipt", "10", "06:00", json!({})),
        sold("b", "4", "09:00", "2.40"),
        said("c", "return", "1", "09:30", json!({ "unit_price": "2.40", "currency": "EUR" })),
        sold("d", "9", "12:00", "1.20"),
        sold("e", "1", "12:01", "1.20"),
        said("f", "correction", "0", "12:01", json!({ "corrects": "e" })),
        said("g", "waste", "1", "15:00", json!({})),
    ];
    let day = close(&carried(&[(11, 3)]), 3, &events);
    assert_eq!((day.opening, day.closing), (Decimal::from(3), Decimal::ZERO));
    let at_price = |text: &str| ("EUR".parse().unwrap(), text.parse::<Decimal>().unwrap());
    let expected = [(at_price("1.20"), Decimal::from(9)), (at_price("2.40"), Decimal::from(4))];
    assert_eq!(day.sold_at, BTreeMap::from(expected));
    assert_eq!(day.sell_through(), Some("0.9231".parse().unwrap()));
    // One was left when the doors closed.
    assert_eq!((day.sold_out_at, day.figures.voided), (None, 1));

    let sold_out = [&events[..3], &[sold("d", "10", "12:00", "1.20")]].concat();
    let day = close(&carried(&[(11, 3)]), 3, &sold_out);
    assert_eq!(day.sold_out_at, Some(at("2026-03-12T11:00:00Z")));
    let refilled = [&sold_out[..], &[said("h", "receipt", "1", "13:00", json!({}))]].concat();
    assert_eq!(close(&carried(&[(11, 3)]), 3, &refilled).sold_out_at, None);
    // Sold, and never received nor counted: that says nothing of the shelf.
    let unknown = [sold("b", "4", "09:00", "2.40")];
    assert_eq!(close(&carried(&[]), 3, &unknown).sold_out_at, None);
    let counted = [&unknown[..], &[said("c", "count", "0", "10:00", json!({}))]].concat();
    assert_eq!(close(&carried(&[]), 3, &counted).sold_out_at, Some(at("2026-03-12T08:00:00Z")));
}

#[test]
fn goods_that_were_discarded_or_sent_away_before_the_close_are_not_sold_out() {
    let morning = [said("a", "receipt", "40", "06:00", json!({})), sold("b", "5", "09:00", "2.40")];
    for kind in ["waste", "transfer_out"] {
        let events = [&morning[..], &[said("c", kind, "35", "13:30", json!({}))]].concat();
        let day = close(&carried(&[]), 1, &events);
        assert_eq!((day.closing, day.sold_out_at), (Decimal::ZERO, None), "{kind}");
        // A sale after it shows that one was still there.
        let sold_later = [&events[..], &[sold("d", "1", "13:45", "2.40")]].concat();
        let sold_out_at = close(&carried(&[]), 1, &sold_later).sold_out_at;
        assert_eq!(sold_out_at, Some(at("2026-03-12T12:45:00Z")), "{kind}");
    }
}

#[test]
fn what_is_left_is_what_came_last_and_is_carried_while_it_can_be_sold() {
    let morning = carried(&[(10, 5), (11, 5)]);
    let came = said("a", "receipt", "5", "06:00", json!({}));
    let sales = |quantity: &str| [came.clone(), sold("b", quantity, "09:00", "2.40")];
    // Of life 3, the goods of the 10th are sold until the 12th.
    let check = |quantity: &str, life, left: &[(u32, i64)], expired: i64| {
        let day = close(&morning, life, &sales(quantity));
        assert_eq!((day.carried.clone(), day.expired()), (carried(left), Decimal::from(expired)));
    };
    check("0", 3, &[(11, 5), (12, 5)], 5);
    check("3", 3, &[(11, 5), (12, 5)], 2);
    check("7", 3, &[(11, 3), (12, 5)], 0);
    check("12", 3, &[(12, 3)], 0);
    check("15", 3, &[], 0);
    check("3", 1, &[], 12);
    check("3", 4, &[(10, 2), (11, 5), (12, 5)], 0);
    // More sold than was ever there: an event is missing, and nothing is carried.
    check("17", 4, &[], 0);
}

#[test]
fn there_is_no_row_of_what_did_not_move_within_its_life() {
    let said = said("a", "receipt", "5", "06:00", json!({}));
    let first = close(&carried(&[]), 3, &[said]);
    let mut before = Some(first);
    let mut dates = Vec::new();
    for date in date(12).iter_days().skip(1).take(5) {
        let hours: Hours = "mon-sun 07:00-14:00".parse().unwrap();
        let span = hours.span(chrono_tz::Europe::Berlin, date);
        let morning = morning(before.as_ref(), span, 3);
        let key = DayKey { date, ..close(&carried(&[]), 3, &[]).key };
        before = ClosedDay::of(key, &morning, &[], &[]);
        dates.extend(before.iter().map(|day| (day.key.date.day(), day.closing, day.expired())));
    }
    let five = Decimal::from(5);
    assert_eq!(dates, [(13, five, Decimal::ZERO), (14, five, five)]);
}

#[test]
fn a_count_decides_how_much_is_left_and_more_than_was_known_came_today() {
    let morning = carried(&[(11, 5)]);
    let counted =
        |quantity| close(&morning, 3, &[said("a", "count", quantity, "13:30", json!({}))]);
    assert_eq!(counted("3").carried, carried(&[(11, 3)]));
    assert_eq!(counted("8").carried, carried(&[(11, 5), (12, 3)]));
    assert_eq!(counted("8").opening, Decimal::from(5));
}

#[test]
fn the_version_names_everything_the_day_was_closed_from() {
    let one = said("a", "receipt", "5", "06:00", json!({}));
    let day = close(&carried(&[]), 1, std::slice::from_ref(&one));
    assert_eq!(day, close(&carried(&[]), 1, std::slice::from_ref(&one)));
    let more = close(&carried(&[]), 1, &[one.clone(), sold("b", "1", "09:00", "2.40")]);
    let longer = close(&carried(&[]), 2, std::slice::from_ref(&one));
    let begun = close(&carried(&[(11, 1)]), 1, &[one]);
    let versions = [day.version, more.version, longer.version, begun.version];
    let different: std::collections::BTreeSet<String> =
        versions.iter().map(ToString::to_string).collect();
    assert_eq!(different.len(), 4);
}

/// A delivery at a minute of the day, with its expiry date in March.
fn delivered(id: &str, quantity: &str, minute: u32, expires_on: Option<u32>) -> Event {
    let clock = format!("{:02}:{:02}", 6 + minute / 60, minute % 60);
    let expires_on = expires_on.map(|day| date(day).to_string());
    said(id, "receipt", quantity, &clock, json!({ "expires_on": expires_on }))
}

#[test]
fn deliveries_are_kept_from_the_first_one_with_an_expiry_date_on() {
    let undated = [delivered("a", "5", 0, None), delivered("b", "6", 1, None)];
    assert_eq!(close(&carried(&[]), 5, &undated).deliveries, Some(vec![]));
    let goods = |expires_on: Option<u32>, quantity: i64| Delivery {
        came: date(12),
        expires_on: expires_on.map(date),
        quantity: quantity.into(),
    };
    let voided = delivered("g", "7", 6, Some(13));
    let voids = said("h", "correction", "0", "06:06", json!({ "corrects": "g" }));
    let events = [
        &undated[..],
        &[
            delivered("c", "3.0", 2, Some(14)),
            delivered("d", "2", 3, Some(14)),
            delivered("e", "4", 4, None),
            delivered("f", "1", 5, Some(14)),
            voided,
            voids,
        ],
    ]
    .concat();
    let day = close(&carried(&[]), 5, &events);
    let expected = vec![goods(Some(14), 5), goods(None, 4), goods(Some(14), 1)];
    assert_eq!(day.deliveries, Some(expected));
    // What cannot be sold tomorrow is of no use.
    assert_eq!(close(&carried(&[]), 1, &events).deliveries, Some(vec![]));
    // The versions tell days apart that follow from other deliveries.
    let next = |before: &ClosedDay| {
        let span = morning(None, span(), 5).span;
        let key = before.key.clone();
        ClosedDay::of(key, &morning(Some(before), span, 5), &[], &[]).expect("a row")
    };
    let other = ClosedDay { deliveries: Some(vec![]), ..day.clone() };
    assert_ne!(next(&day).version, next(&other).version);
}

#[test]
fn a_day_row_keeps_a_bounded_number_of_deliveries() {
    let many: Vec<Event> = (0..500)
        .map(|minute| delivered(&format!("e{minute:03}"), "1", minute, Some(14 + minute % 2)))
        .collect();
    let kept = close(&carried(&[]), 5, &many).deliveries.expect("deliveries");
    assert_eq!(kept.len(), KEPT_DELIVERIES_MAX);
    let expires_on = |minute: u32| Some(date(14 + minute % 2));
    assert!(kept.iter().map(|goods| goods.expires_on).eq((100..500).map(expires_on)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_is_carried_or_expired_and_nothing_else(
        events in events_of_row(),
        before in prop::collection::btree_map(5..12_u32, 1..30_i64, 0..5),
        life in 1..14_u16,
    ) {
        let morning: Vec<(u32, i64)> = before.into_iter().collect();
        let day = close(&carried(&morning), life, &events);
        let left: Decimal = day.carried.values().sum();
        prop_assert_eq!(left + day.expired(), day.closing.max(Decimal::ZERO));
        prop_assert!(day.expired() >= Decimal::ZERO);
        prop_assert!(day.carried.values().all(|quantity| *quantity > Decimal::ZERO));
        let last_sold = |came: &NaiveDate| *came + chrono::Days::new(u64::from(life) - 1);
        prop_assert!(day.carried.keys().all(|came| last_sold(came) > day.key.date));
        // By the plainest of rules: the latest count and what moved after it.
        let naive: Decimal = naive_closing(&morning, &events);
        prop_assert_eq!(day.closing, naive);
    }
}

fn naive_closing(morning: &[(u32, i64)], events: &[Event]) -> Decimal {
    let mut kept: BTreeMap<&str, &Event> = BTreeMap::new();
    for event in events {
        let known = kept.entry(event.event_id().as_str()).or_insert(event);
        if event.canonical() < known.canonical() {
            *known = event;
        }
    }
    let voided = |event: &Event| {
        let names = |other: &Event| other.action().corrects() == Some(event.event_id());
        event.action().corrects().is_none()
            && kept.values().any(|other| names(other) && other.occurred_at() == event.occurred_at())
    };
    let mut counting: Vec<(DateTime<Utc>, &str, &Event)> = kept
        .values()
        .filter(|event| !voided(event))
        .map(|event| (event.occurred_at(), event.event_id().as_str(), *event))
        .collect();
    counting.sort_by_key(|(at, id, _)| (*at, *id));
    let mut level: Decimal = morning.iter().map(|(_, quantity)| Decimal::from(*quantity)).sum();
    for (_, _, event) in counting {
        let quantity = event.quantity().get();
        match event.action().kind().as_str() {
            "sale" | "waste" | "transfer_out" => level -= quantity,
            "receipt" | "return" | "transfer_in" => level += quantity,
            "count" => level = quantity,
            _ => {}
        }
    }
    level
}

/// Version 1 as it stands in tables: a change of these bytes makes stored days unreadable, also to
/// the other version of a function that runs beside this one.
#[test]
fn version_1_of_the_slots_is_written_like_this() {
    let sales = |seconds, sold: &str, paid: &str| SlotSales {
        seconds,
        sold: sold.parse().unwrap(),
        paid: paid.parse().unwrap(),
    };
    let slots = DaySlots::from([
        (SlotKey { slot: 60, revision: 0 }, sales(900, "3", "7.2")),
        (SlotKey { slot: 61, revision: 2 }, sales(600, "0.375", "0.63")),
    ]);
    let regular_price = Money::price("2.40".parse().unwrap(), "EUR".parse().unwrap()).ok();
    #[rustfmt::skip]
    let expected = [
        1, 2,
        60, 0, 0, 0xB8, 0x17, 0,
        61, 2, 0xD8, 0x04, 0xF7, 0x02, 1, 0xF0, 0xB9, 0x26,
    ];
    assert_eq!(pack(&slots, regular_price), expected);
    assert_eq!(unpack(&expected, regular_price), Ok(slots));
}

#[test]
fn a_row_whose_events_are_gone_is_left_over_and_has_nothing() {
    let key = |row: &ClosedDay| row.key.clone();
    let row = close(&carried(&[]), 3, &[said("e1", "receipt", "5", "08:00", json!({}))]);
    assert!(!row.is_left_over());
    let morning = morning(None, span(), 3);
    assert_eq!(ClosedDay::of(key(&row), &morning, &[], &[]), None, "without a stored row");
    let stored = DayContext { is_stored: true, ..morning };
    let left = ClosedDay::of(key(&row), &stored, &[], &[]).expect("a row");
    assert!(left.is_left_over());
    assert_eq!((left.opening, left.closing, left.figures.events), (0.into(), 0.into(), 0));
}

#[test]
fn the_unit_of_a_first_day_is_that_of_its_events_as_on_any_other_day() {
    let sale = said("a", "receipt", "2", "09:10", json!({}));
    let key = WindowKey::of(&sale);
    let mut window = StockWindow::new(key.clone());
    window.insert(sale.clone());
    let WindowKey { store_id, sku, .. } = key;
    let key = DayKey { store_id, sku, date: span().date };
    let first = ClosedDay::of(key, &morning(None, span(), 14), &[&window], &[]).expect("a row");
    assert_eq!(first.unit, Some(sale.unit()));
    assert_eq!(close(&carried(&[]), 14, &[sale]).unit, first.unit);
}
