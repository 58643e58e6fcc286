//! What real tills do to a stream: they send again what was not answered, send late, send out of
//! order, and are offline for a while. Nothing is ever lost by it.

use std::collections::BTreeMap;

use domain::limits::REQUEST_EVENTS_MAX;
use domain::{Event, StoreId, TerminalId};

use crate::draw::Draw;

/// How much disorder, as probabilities from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// That an event is sent a second time, one to three steps after the first.
    pub duplicate: f64,
    /// That an event is sent one to three steps late.
    pub late: f64,
    /// That a till which has something to send goes offline at a step, for two to six steps.
    pub offline: f64,
}

impl Mix {
    /// Every event once, in its step, in any order.
    pub const CALM: Self = Self { duplicate: 0.0, late: 0.0, offline: 0.0 };
    /// An ordinary day.
    pub const USUAL: Self = Self { duplicate: 0.02, late: 0.02, offline: 0.01 };
}

type Till = (StoreId, TerminalId);

/// A stage between the tills and the network. Time is counted in steps: the calls of
/// [`Disorder::pass`].
#[derive(Debug, Clone)]
pub struct Disorder {
    mix: Mix,
    draw: Draw,
    step: u64,
    /// What is still to be sent, by step.
    due: BTreeMap<u64, Vec<Event>>,
    /// When each till that was offline is back.
    back_at: BTreeMap<Till, u64>,
}

impl Disorder {
    /// A stage with this much disorder.
    #[must_use]
    pub fn new(seed: u64, mix: Mix) -> Self {
        let draw = Draw::of(seed, "disorder");
        Self { mix, draw, step: 0, due: BTreeMap::new(), back_at: BTreeMap::new() }
    }

    /// Takes the events of a step and gives the requests that are sent in it, each from one till.
    pub fn pass(&mut self, events: Vec<Event>) -> Vec<Vec<Event>> {
        self.step += 1;
        for (till, events) in by_till(events) {
            let back_at = self.back_at(till);
            for event in events {
                self.send(event, back_at);
            }
        }
        let later = self.due.split_off(&(self.step + 1));
        let now = std::mem::replace(&mut self.due, later);
        self.requests(now)
    }

    /// Gives what is still to be sent. Afterwards everything was sent at least once.
    pub fn flush(&mut self) -> Vec<Vec<Event>> {
        let rest = std::mem::take(&mut self.due);
        self.back_at.clear();
        self.requests(rest)
    }

    /// The step in which what the till has to say can be sent.
    fn back_at(&mut self, till: Till) -> u64 {
        let back_at = self.back_at.get(&till).copied().unwrap_or_default();
        if back_at > self.step {
            return back_at;
        }
        if self.draw.happens(self.mix.offline) {
            let back_at = self.step + 2 + self.draw.below(5);
            self.back_at.insert(till, back_at);
            return back_at;
        }
        self.step
    }

    fn send(&mut self, event: Event, back_at: u64) {
        let (late, late_by) = (self.draw.happens(self.mix.late), 1 + self.draw.below(3));
        let (again, again_after) = (self.draw.happens(self.mix.duplicate), 1 + self.draw.below(3));
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

fn by_till(events: Vec<Event>) -> BTreeMap<Till, Vec<Event>> {
    let mut tills: BTreeMap<Till, Vec<Event>> = BTreeMap::new();
    for event in events {
        let till = (event.store_id().clone(), event.terminal_id().clone());
        tills.entry(till).or_default().push(event);
    }
    tills
}
