//! Delivery disorder of real tills: events sent twice, late, out of order or after a time offline.
//! No event is lost.

use std::collections::BTreeMap;

use domain::limits::REQUEST_EVENTS_MAX;
use domain::{Event, StoreId, TerminalId};

use crate::draw::Draw;

/// Probabilities of the kinds of disorder, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisorderRates {
    /// An event is sent a second time, one to three steps after the first.
    pub duplicate: f64,
    /// An event is sent one to three steps late.
    pub late: f64,
    /// A till with events to send goes offline at a step, for two to six steps.
    pub offline: f64,
}

impl DisorderRates {
    /// Every event is sent once, in its step, in random order.
    pub const NONE: Self = Self { duplicate: 0.0, late: 0.0, offline: 0.0 };
    /// Rates of an ordinary day.
    pub const USUAL: Self = Self { duplicate: 0.02, late: 0.02, offline: 0.01 };
}

type TillKey = (StoreId, TerminalId);

/// Stage between the tills and the network. Each call of [`Disorder::pass`] is one step of time.
#[derive(Debug, Clone)]
pub struct Disorder {
    rates: DisorderRates,
    draw: Draw,
    step: u64,
    /// Events to send by step.
    due: BTreeMap<u64, Vec<Event>>,
    /// Step at which each till is online again.
    back_at: BTreeMap<TillKey, u64>,
}

impl Disorder {
    /// Creates a stage with these rates.
    #[must_use]
    pub fn new(seed: u64, rates: DisorderRates) -> Self {
        let draw = Draw::of(seed, "disorder");
        Self { rates, draw, step: 0, due: BTreeMap::new(), back_at: BTreeMap::new() }
    }

    /// Takes the events of a step and returns the requests sent in this step, each from one till.
    pub fn pass(&mut self, events: Vec<Event>) -> Vec<Vec<Event>> {
        self.step += 1;
        for (till, events) in by_till(events) {
            let back_at = self.back_at(till);
            for event in events {
                self.send(event, back_at);
            }
        }
        let later = self.due.split_off(&(self.step + 1));
        let due = std::mem::replace(&mut self.due, later);
        self.requests(due)
    }

    /// Returns the remaining requests. Afterwards every event was sent at least once.
    pub fn flush(&mut self) -> Vec<Vec<Event>> {
        let rest = std::mem::take(&mut self.due);
        self.back_at.clear();
        self.requests(rest)
    }

    /// First step in which the till can send.
    fn back_at(&mut self, till: TillKey) -> u64 {
        let back_at = self.back_at.get(&till).copied().unwrap_or_default();
        if back_at > self.step {
            return back_at;
        }
        if self.draw.happens(self.rates.offline) {
            let back_at = self.step + 2 + self.draw.below(5);
            self.back_at.insert(till, back_at);
            return back_at;
        }
        self.step
    }

    fn send(&mut self, event: Event, back_at: u64) {
        let (late, late_by) = (self.draw.happens(self.rates.late), 1 + self.draw.below(3));
        let (again, again_after) =
            (self.draw.happens(self.rates.duplicate), 1 + self.draw.below(3));
        let at = back_at + if late { late_by } else { 0 };
        if again {
            self.due.entry(at + again_after).or_default().push(event.clone());
        }
        self.due.entry(at).or_default().push(event);
    }

    fn requests(&mut self, due: BTreeMap<u64, Vec<Event>>) -> Vec<Vec<Event>> {
        let mut requests = Vec::new();
        for (_, mut events) in by_till(due.into_values().flatten().collect()) {
            self.draw.shuffle(&mut events);
            requests.extend(events.chunks(REQUEST_EVENTS_MAX).map(<[Event]>::to_vec));
        }
        self.draw.shuffle(&mut requests);
        requests
    }
}

fn by_till(events: Vec<Event>) -> BTreeMap<TillKey, Vec<Event>> {
    let mut tills: BTreeMap<TillKey, Vec<Event>> = BTreeMap::new();
    for event in events {
        let till = (event.store_id().clone(), event.terminal_id().clone());
        tills.entry(till).or_default().push(event);
    }
    tills
}
