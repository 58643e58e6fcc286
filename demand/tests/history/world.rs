//! Days of a shop that somebody made up, and what became of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::closed_day::DayContext;
use domain::history::DayKind;
use domain::offer::{Inputs, Outlook, Trust};
use domain::stock::{StockWindow, WindowKey};
use domain::{
    Acceptance, Arm, ClosedDay, DayKey, Event, History, Money, Offer, OfferId, Store, Version,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use serde_json::json;

pub(crate) const THROUGH: &str = "2026-03-12";

pub(crate) fn store(hours: &str) -> Store {
    let json = format!(r#"{{"store_id":"0042","zone":"Europe/Berlin","hours":"{hours}"}}"#);
    Store::parse(&json).expect("a store")
}

pub(crate) fn euro(text: &str) -> Money {
    Money::parse_price(text, "EUR".parse().unwrap()).unwrap()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// Events of one day.
#[derive(Default)]
pub(crate) struct DayEvents {
    events: Vec<Event>,
    offers: Vec<Offer>,
}

impl DayEvents {
    pub(crate) fn event(
        &mut self,
        kind: &str,
        quantity: &str,
        at: DateTime<Utc>,
        price: Option<&str>,
    ) {
        let json = json!({
            "event_id": format!("e-{}", self.events.len()), "kind": kind, "quantity": quantity,
            "store_id": "0042", "terminal_id": "till-1", "sku": "BRT-1180",
            "unit_price": price, "currency": price.map(|_| "EUR"),
            "occurred_at": at.to_rfc3339(),
        });
        let event = Event::parse(&json.to_string(), &Acceptance::at(at));
        self.events.push(event.expect("a valid event"));
    }

    pub(crate) fn offer(&mut self, from: DateTime<Utc>, percent: u8, price: &str) {
        let revision = self.offers.len() as u32 + 1;
        self.offers.push(Offer {
            offer_id: OfferId {
                date: from.date_naive(),
                store_id: "0042".parse().unwrap(),
                sku: "BRT-1180".parse().unwrap(),
                revision,
            },
            slot: from,
            valid_from: from,
            valid_until: from + TimeDelta::hours(3),
            regular_price: euro("2.00"),
            price: euro(price),
            discount_percent: percent,
            on_hand: Decimal::TEN,
            was_price: euro("2.00"),
            lowest_price: None,
            portion: Decimal::ONE,
            expected: Outlook::default(),
            if_unchanged: Outlook::default(),
            reason: "a test".to_owned(),
            arm: Arm::Policy,
            trust: Trust::Full,
            shadow: false,
            policy_version: Version::of(b"rules"),
            inputs: Inputs { request: "{}".to_owned(), answer: "{}".to_owned() },
        });
    }

    pub(crate) fn close(&self, store: &Store, date: NaiveDate) -> Option<ClosedDay> {
        let mut windows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
        for event in &self.events {
            let key = WindowKey::of(event);
            let window = windows.entry(key.clone()).or_insert_with(|| StockWindow::new(key));
            window.insert(event.clone());
        }
        let context = DayContext {
            before: None,
            span: store.span(date),
            opens_at: store.day(date).map(|day| day.opens_at),
            zone: store.zone,
            shelf_life_days: 1,
            is_stored: false,
        };
        let key =
            DayKey { store_id: store.store_id.clone(), sku: "BRT-1180".parse().unwrap(), date };
        let windows: Vec<&StockWindow> = windows.values().collect();
        let offers: Vec<&Offer> = self.offers.iter().collect();
        ClosedDay::of(key, &context, &windows, &offers)
    }
}

pub(crate) fn folded(rows: &[ClosedDay]) -> History {
    let key = &rows.first().expect("a row").key;
    demand::item_history(&key.store_id, &key.sku, date(THROUGH), rows).expect("a history")
}

/// A world: what a quarter of an hour sells on a usual weekday, and how much a day is one.
pub(crate) struct World {
    pub(crate) slots: u32,
    pub(crate) per_slot: f64,
    pub(crate) elasticity: f64,
    pub(crate) day_cv: f64,
    pub(crate) baked: u32,
    pub(crate) discounts: bool,
}

pub(crate) const WORLD: World = World {
    slots: 46,
    per_slot: 0.8,
    elasticity: 2.2,
    day_cv: 0.3,
    baked: 1_000,
    discounts: false,
};

impl World {
    pub(crate) fn hours(&self) -> Store {
        store("mon-sun 07:00-18:30")
    }

    /// More at noon than in the afternoon.
    pub(crate) fn mean(&self, slot: u32) -> f64 {
        self.per_slot * if (16..24).contains(&slot) { 1.5 } else { 1.0 }
    }

    pub(crate) fn level_of(kind: DayKind) -> f64 {
        match kind {
            DayKind::Weekday => 1.0,
            DayKind::Saturday => 1.6,
            DayKind::Sunday => 0.5,
        }
    }

    /// The last `days` dates.
    pub(crate) fn rows(&self, days: u64, seed: u64) -> Vec<ClosedDay> {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let first = date(THROUGH) - Days::new(days - 1);
        let dates = first.iter_days().take(days as usize);
        dates
            .filter_map(|date| self.day_events(date, &mut draw).close(&self.hours(), date))
            .collect()
    }

    fn day_events(&self, date: NaiveDate, draw: &mut ChaCha8Rng) -> DayEvents {
        let mut recorded = DayEvents::default();
        let opens = self.hours().day(date).unwrap().opens_at;
        recorded.event("receipt", &self.baked.to_string(), opens - TimeDelta::hours(1), None);
        let spread = (1.0 + self.day_cv * self.day_cv).ln();
        let level = World::level_of(DayKind::of(date))
            * (spread.sqrt() * normal(draw) - spread / 2.0).exp();
        let mut left = self.baked;
        let mut shelf = (0.0, "2.00");
        let mut expected = 0.0;
        for slot in 0..self.slots {
            let start = opens + TimeDelta::minutes(15 * i64::from(slot));
            let steps = [(32, 30, "1.40"), (40, 50, "1.00")];
            // Offers go to days that are weak so far.
            let usual = World::level_of(DayKind::of(date)) * expected;
            let is_weak = f64::from(self.baked - left) < 1.1 * usual;
            expected += self.mean(slot);
            let step = steps.iter().find(|(at, ..)| *at == slot && self.discounts && is_weak);
            if let Some((_, percent, price)) = step {
                recorded.offer(start, *percent, price);
                shelf = (f64::from(*percent) / 100.0, price);
            }
            let rate = level * self.mean(slot) * (self.elasticity * shelf.0).exp();
            let mut millis: Vec<i64> =
                (0..poisson(draw, rate)).map(|_| draw.random_range(0..900_000)).collect();
            millis.sort_unstable();
            for millis in millis.into_iter().take(left as usize) {
                left -= 1;
                recorded.event("sale", "1", start + TimeDelta::milliseconds(millis), Some(shelf.1));
            }
        }
        recorded
    }
}

fn normal(draw: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| draw.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

/// Arrivals within a time of `mean`, one unit apart on average.
pub(crate) fn poisson(draw: &mut ChaCha8Rng, mean: f64) -> u32 {
    let mut wait = || -(1.0 - draw.random_range(0.0..1.0_f64)).ln();
    let (mut count, mut at) = (0, wait());
    while at < mean {
        count += 1;
        at += wait();
    }
    count
}
