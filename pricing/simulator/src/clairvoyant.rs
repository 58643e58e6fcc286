//! Policy with knowledge of every customer of the day: the best path of prices under the rules,
//! found by an exhaustive search.
//!
//! The search takes customers who wait for a discount to buy when they first come. In a world with
//! such customers the path is good but not always the best. In other worlds no policy earns more.

use std::collections::HashMap;

use crate::day::{SimulatedDay, minute_of};
use crate::item::{INTERVAL, SLOTS};
use crate::play::{Chooser, Moment, ShownStep};

/// Returns the policy for a day.
#[must_use]
pub fn clairvoyant(day: &SimulatedDay) -> Chooser<'_> {
    let mut search = Search::of(day);
    Box::new(move |moment: &Moment<'_>| {
        let slot = usize::from(moment.minute - minute_of(0)) / usize::from(INTERVAL);
        search.best(slot, moment.on_hand, moment.shelf).1
    })
}

struct Search<'a> {
    day: &'a SimulatedDay,
    /// Units wanted, by slot and step.
    wanted: Vec<Vec<u64>>,
    gap: u16,
    changes_max: u32,
    known: HashMap<(usize, u64, ShownStep), (i64, usize)>,
}

impl<'a> Search<'a> {
    fn of(day: &'a SimulatedDay) -> Self {
        let mut wanted = vec![vec![0; day.steps.len()]; SLOTS];
        for customer in &day.customers {
            let minute = (customer.at / 60_000) as u16;
            let slot = usize::from((minute - minute_of(0)) / INTERVAL);
            for (wanted, response) in wanted[slot].iter_mut().zip(&day.responses) {
                *wanted += if customer.reach < *response { customer.wants } else { 0 };
            }
        }
        let rules = day.world.rules.rules();
        Self {
            day,
            wanted,
            gap: rules.min_minutes_between_changes as u16,
            changes_max: rules.max_changes.unwrap_or(u32::MAX),
            known: HashMap::new(),
        }
    }

    /// Returns the highest revenue still possible in cents, and the shallowest step that leads to
    /// it.
    fn best(&mut self, slot: usize, on_hand: u64, shelf: ShownStep) -> (i64, usize) {
        if slot == SLOTS || on_hand == 0 {
            return (self.day.item.salvage * on_hand as i64, shelf.step);
        }
        let minute = minute_of(slot);
        // A change before the minimum gap has no effect any more.
        let since = shelf.since.filter(|since| minute - since < self.gap);
        let state = (slot, on_hand, ShownStep { since, ..shelf });
        if let Some(known) = self.known.get(&state) {
            return *known;
        }
        let may_change = since.is_none() && shelf.changes < self.changes_max;
        let deepest = if may_change { self.day.steps.len() - 1 } else { shelf.step };
        let mut best: Option<(i64, usize)> = None;
        for step in shelf.step..=deepest {
            let next = if step == shelf.step {
                ShownStep { since, ..shelf }
            } else {
                ShownStep { step, since: Some(minute), changes: shelf.changes + 1 }
            };
            let sold = self.wanted[slot][step].min(on_hand);
            let now = sold as i64 * self.day.steps[step].price;
            let value = now + self.best(slot + 1, on_hand - sold, next).0;
            if best.is_none_or(|(most, _)| value > most) {
                best = Some((value, step));
            }
        }
        let best = best.expect("keeping the price is always allowed");
        self.known.insert(state, best);
        best
    }
}
