//! Events of the tills of a store, one after the other, from a seed.
//!
//! The events of a store depend only on the seed, the store and the instants of its requests. So
//! any process computes them again from the record of a run, and holds the stored ones against
//! them. Unlike [`crate::shop_day`], which plays customers, this traffic has any rate.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::event::Kind;

use crate::draw::Draw;
use crate::scenario::Mix;
use crate::shops::{Basket, ShopModel};

/// Events that a store may repeat: its last ones.
const REPEATABLE: usize = 64;
/// Oldest event of a late request.
const LATE_MS_MAX: u64 = 30 * 60 * 1000;
/// Oldest event of a spell without network.
const OFFLINE_MS_MAX: u64 = 2 * 3600 * 1000;
/// Requests that a store sends after a spell without network.
const OFFLINE_REQUESTS: u64 = 4;
/// Longest time between an event and the request that carries it.
const PROMPT_MS_MAX: u64 = 2_000;
/// Quantity of a receipt.
const RECEIPT_THOUSANDTHS: i64 = 60_000;

/// Event of a till. Quantities are thousandths of the item's unit, amounts minor units of its
/// currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TillEvent {
    /// Number of the event in its store, from 0.
    pub number: u64,
    /// Kind. Only sales, receipts, returns, waste, counts and corrections occur.
    pub kind: Kind,
    /// Index of the item in the shop.
    pub item: u16,
    /// Quantity; 0 in a correction.
    pub thousandths: i64,
    /// Instant, in milliseconds since 1970.
    pub at_ms: i64,
    /// Till, from 0.
    pub till: u8,
    /// Number of the event in its till, from 1.
    pub sequence: u64,
    /// Number of the event that a correction voids.
    pub corrects: Option<u64>,
    /// `true` if the event breaks a rule and must be refused.
    pub is_poison: bool,
}

/// Traffic of one store.
#[derive(Debug, Clone)]
pub struct StoreTraffic {
    draw: Draw,
    mix: Mix,
    /// Cumulative weights of the items.
    weights: Vec<u64>,
    /// Stock by item, in thousandths.
    shelf: Vec<i64>,
    baskets: Vec<Basket>,
    /// Next sequence number of each till.
    sequences: Vec<u64>,
    next: u64,
    /// Events that are due before new ones: the rest of a correction.
    due: Vec<TillEvent>,
    recent: Vec<TillEvent>,
    /// Requests left of a spell without network, and the age of their events.
    offline: (u64, u64),
}

impl StoreTraffic {
    /// Creates the traffic of the store with this index.
    #[must_use]
    pub fn new(shop: &ShopModel, mix: &Mix, seed: u64, index: u32) -> Self {
        let mut sum = 0;
        let weights = shop.items.iter().map(|line| {
            let sales = line.expected_sales_per_day.ceil();
            sum += u64::try_from(sales.mantissa()).unwrap_or(1).max(1);
            sum
        });
        Self {
            draw: Draw::of(seed, &format!("store {index}")),
            mix: mix.clone(),
            weights: weights.collect(),
            shelf: vec![0; shop.items.len()],
            baskets: shop.items.iter().map(|line| line.basket).collect(),
            sequences: vec![1; usize::from(shop.tills.max(1))],
            next: 0,
            due: Vec::new(),
            recent: Vec::new(),
            offline: (0, 0),
        }
    }

    /// Returns the events of the next request, which is planned for an instant. The events are up
    /// to some seconds older; those of a late request and of a spell without network are older.
    pub fn request(&mut self, at_ms: i64) -> Vec<TillEvent> {
        let age = self.age();
        let count = self.mix.events_per_request;
        let mut events = Vec::with_capacity(count as usize);
        while events.len() < count as usize {
            let event = match self.due.pop() {
                Some(due) => self.number(due),
                None if !self.recent.is_empty() && self.draw.happens(self.mix.repeat) => {
                    let place = self.draw.below(self.recent.len() as u64) as usize;
                    self.recent[place]
                }
                None => self.event(at_ms - age),
            };
            if self.recent.len() == REPEATABLE {
                self.recent.remove(0);
            }
            self.recent.push(event);
            events.push(event);
        }
        events
    }

    /// Draws the age of the events of a request.
    fn age(&mut self) -> i64 {
        if self.offline.0 == 0 && self.draw.happens(self.mix.offline) {
            self.offline = (OFFLINE_REQUESTS, self.draw.below(OFFLINE_MS_MAX));
        }
        if self.offline.0 > 0 {
            self.offline.0 -= 1;
            return self.offline.1 as i64;
        }
        let longest = if self.draw.happens(self.mix.late) { LATE_MS_MAX } else { PROMPT_MS_MAX };
        self.draw.below(longest) as i64
    }

    fn event(&mut self, at_ms: i64) -> TillEvent {
        let item = self.item();
        let choice = self.draw.unit();
        let event = |kind, thousandths| TillEvent {
            number: 0,
            kind,
            item: item as u16,
            thousandths,
            at_ms,
            till: 0,
            sequence: 0,
            corrects: None,
            is_poison: false,
        };
        if self.draw.happens(self.mix.poison) {
            return self.number(TillEvent { is_poison: true, ..event(Kind::Sale, 1_000) });
        }
        if choice < self.mix.count {
            return self.number(event(Kind::Count, self.shelf[item].max(0)));
        }
        let wanted = self.wanted(item);
        if self.shelf[item] < wanted {
            self.shelf[item] += RECEIPT_THOUSANDTHS;
            return self.number(event(Kind::Receipt, RECEIPT_THOUSANDTHS));
        }
        let choice = self.draw.unit();
        if choice < 0.01 {
            self.shelf[item] += wanted;
            return self.number(event(Kind::Return, wanted));
        }
        self.shelf[item] -= wanted;
        if choice < 0.03 {
            return self.number(event(Kind::Waste, wanted));
        }
        if !self.draw.happens(self.mix.correction) {
            return self.number(event(Kind::Sale, wanted));
        }
        let wrong = self.number(event(Kind::Sale, wanted + 1_000));
        // A correction repeats the instant of the event that it voids.
        let corrects = Some(wrong.number);
        let void = TillEvent { corrects, ..event(Kind::Correction, 0) };
        let right = event(Kind::Sale, wanted);
        // The last one is due first.
        self.due = vec![right, void];
        wrong
    }

    /// Completes an event with its number, its till and its sequence number.
    fn number(&mut self, event: TillEvent) -> TillEvent {
        let till = self.draw.below(self.sequences.len() as u64) as usize;
        let sequence = self.sequences[till];
        self.sequences[till] += 1;
        let number = self.next;
        self.next += 1;
        TillEvent { number, till: till as u8, sequence, ..event }
    }

    fn item(&mut self) -> usize {
        let place = self.draw.below(self.weights.last().copied().unwrap_or(1));
        self.weights.partition_point(|weight| *weight <= place)
    }

    fn wanted(&mut self, item: usize) -> i64 {
        match self.baskets[item] {
            Basket::Pieces(shares) => {
                let place = self.draw.below(shares.iter().map(|share| u64::from(*share)).sum());
                let [one, two, _] = shares.map(u64::from);
                1_000 * (1 + i64::from(place >= one) + i64::from(place >= one + two))
            }
            Basket::Measured { from, to, .. } => {
                i64::from(from) + self.draw.below(u64::from(to - from + 1)) as i64
            }
        }
    }
}

/// Names in the events of a store.
#[derive(Debug, Clone)]
pub struct TillNames<'a> {
    /// Store.
    pub store_id: &'a str,
    /// Shop with the items.
    pub shop: &'a ShopModel,
    /// Id of the run.
    pub run_id: &'a str,
}

impl TillNames<'_> {
    /// Appends the id of an event: unique in the store for all runs.
    pub fn write_event_id(&self, number: u64, text: &mut String) {
        // Writing to a String never fails.
        let _ = write!(text, "{}-{number}", self.run_id);
    }

    /// Appends an event in JSON, without a line break.
    pub fn write_event(&self, event: &TillEvent, text: &mut String) {
        let line = &self.shop.items[usize::from(event.item)];
        text.push_str("{\"event_id\":\"");
        self.write_event_id(event.number, text);
        let at = DateTime::<Utc>::from_timestamp_millis(event.at_ms).unwrap_or_default();
        let (store_id, sku, kind) = (self.store_id, &line.item.sku, event.kind.as_str());
        let _ = write!(
            text,
            "\",\"kind\":\"{kind}\",\"store_id\":\"{store_id}\",\"terminal_id\":\"{}-till-{}\",\
             \"sku\":\"{sku}\",\"occurred_at\":\"{}\",\
             \"sequence\":{{\"epoch\":\"{}\",\"number\":{}}}",
            self.run_id,
            event.till + 1,
            at.to_rfc3339_opts(SecondsFormat::Millis, true),
            self.run_id,
            event.sequence,
        );
        if event.is_poison {
            // More decimal places than a quantity has.
            text.push_str(",\"quantity\":\"1.00001\"");
        } else {
            let _ = write!(text, ",\"quantity\":\"{}\"", Thousandths(event.thousandths));
        }
        let _ = write!(text, ",\"unit\":\"{}\"", line.unit().as_str());
        if matches!(event.kind, Kind::Sale | Kind::Return) {
            let (price, currency) = (line.item.price, line.item.price.currency());
            let _ = write!(text, ",\"unit_price\":\"{price}\",\"currency\":\"{currency}\"");
        }
        match event.kind {
            Kind::Waste => text.push_str(",\"reason\":\"expired\""),
            Kind::Count => text.push_str(",\"reason\":\"cycle_count\""),
            Kind::Correction => text.push_str(",\"reason\":\"incorrect_data\""),
            _ => {}
        }
        if let Some(number) = event.corrects {
            text.push_str(",\"corrects\":\"");
            self.write_event_id(number, text);
            text.push('"');
        }
        text.push('}');
    }
}

/// Decimal of a number of thousandths, without trailing zeros.
struct Thousandths(i64);

impl std::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / 1_000, self.0 % 1_000);
        match (rest, rest % 100, rest % 10) {
            (0, ..) => write!(f, "{whole}"),
            (_, 0, _) => write!(f, "{whole}.{}", rest / 100),
            (_, _, 0) => write!(f, "{whole}.{:02}", rest / 10),
            _ => write!(f, "{whole}.{rest:03}"),
        }
    }
}
